"""The bot picker: profiles, recent bots, the bots of the workspaces, or one that is pasted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import getters, on, work
from textual.binding import BindingType
from textual.widget import Widget

from coze_tui.api.objects import Bot
from coze_tui.config.addresses import site_name
from coze_tui.config.app_state import AppState, bot_key
from coze_tui.config.settings import Settings
from coze_tui.engine.model.dialects import Feature, unserved
from coze_tui.engine.thread import EngineThread
from coze_tui.errors import CozeTuiError
from coze_tui.text.i18n import N_, _
from coze_tui.tui.context import AppContext
from coze_tui.tui.explained import explain
from coze_tui.tui.screens.coze_screen import Panel
from coze_tui.tui.widgets.bot_list import BotList, BotSection, ListedBot
from coze_tui.values import valueclass

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine


@valueclass
class BotChoice:
    """A bot of the site in use, or a profile with its own site and bot."""

    bot_id: str = ""
    name: str = ""
    """Not cleaned; empty if it is not known."""
    profile: str = ""
    """If it is set, the other fields are empty and the settings of this profile apply."""


def bot_picker(
    context: AppContext, text: str = "", *, with_profiles: bool = True, taken: Collection[str] = ()
) -> BotPicker:
    """Return the picker; its result is the bot that the user chooses, or None.

    Push it while its key is handled, so that it receives what is typed next.

    Args:
        text: The initial text of the field.
        with_profiles: Offer the other profiles, too.
        taken: IDs of bots on which the cursor does not start.
    """
    settings = context.settings if with_profiles else replace(context.settings, profiles=())
    return BotPicker(context.engine_thread, settings, context.app_state, text, taken=taken)


async def use_choice(context: AppContext, choice: BotChoice) -> None:
    """Use a chosen bot or profile from now on."""
    if choice.profile:
        await context.use(context.startup.settings_of(choice.profile))
    else:
        await use_bot(context, Bot(id=choice.bot_id, name=choice.name))


async def use_bot(context: AppContext, bot: Bot) -> None:
    """Use a bot of the site in use from now on; its name may be empty."""
    await context.use(replace(context.settings, bot_id=bot.id))
    if bot.name and bot.name != bot.id and not context.known_bot().name:
        context.note_bot(bot)


async def workspace_sections(
    engine_thread: EngineThread, current: str = ""
) -> AsyncIterator[list[BotSection]]:
    """Yield the bots of the token's workspaces, each time more of them; a remark says what cannot be listed.

    Args:
        current: ID of the bot in use.
    """
    if limit := await engine_thread.call(lambda engine: engine.limit(Feature.BOT_LIST)):
        yield [BotSection(_("WORKSPACE"), remark=limit.text)]
        return
    try:
        workspaces = await engine_thread.call(lambda engine: engine.site.workspaces())
    except CozeTuiError as error:
        yield [BotSection(_("WORKSPACE"), remark=_problem(error))]
        return
    if not workspaces:
        yield [BotSection(_("WORKSPACE"), remark=_("this token has no access to any workspace"))]
    sections = [BotSection(workspace.name or workspace.id, is_loading=True) for workspace in workspaces]
    for number, workspace in enumerate(workspaces):
        yield list(sections)
        try:
            bots = await engine_thread.call(_bots_of(workspace.id))
        except CozeTuiError as error:
            sections[number] = replace(sections[number], remark=_problem(error), is_loading=False)
        else:
            remark = "" if bots else _("no bot in this workspace is published to the API channel")
            entries = tuple(_entry(bot, f"workspace {workspace.id}", current) for bot in bots)
            sections[number] = replace(sections[number], entries=entries, remark=remark, is_loading=False)
    yield sections


def _bots_of(workspace_id: str) -> Callable[[Engine], Awaitable[Sequence[Bot]]]:
    return lambda engine: engine.site.bots_of(workspace_id)


def _problem(error: CozeTuiError) -> str:
    limit = unserved(error, Feature.BOT_LIST)
    return limit.text if limit else explain(error, base_url="").title


def _entry(bot: Bot, origin: str, current: str) -> ListedBot:
    return ListedBot(
        f"{origin} {bot.id}",
        bot.name or bot.id,
        bot.id,
        description=bot.description,
        is_current=bot.id == current,
    )


async def looked_up(engine_thread: EngineThread, bot_id: str, base_url: str) -> tuple[Bot, str]:
    """Look up a bot by its ID; return it, and a warning if it may not exist, or an empty text."""
    try:
        bot = await engine_thread.call(lambda engine: engine.site.bot(bot_id))
    except CozeTuiError as error:
        return Bot(id=bot_id), explain(error, base_url=base_url).text
    if bot.name:
        return bot, ""
    return bot, _(
        "Coze did not return this bot's name: the ID may be wrong, the bot not published to the "
        "API channel, or the token not allowed to look it up. Press Enter to use it anyway."
    )


class BotPicker(Panel[BotChoice | None]):
    """Asks for a bot or a profile. Changes nothing itself.

    Args:
        engine_thread: The thread of the engine, which uses the site of `settings`.
        app_state: Returns what is remembered: the recent bots and the sites of the profiles.
        text: What is typed already, from `/bot ID`.
        taken: IDs of bots on which the cursor does not start.
    """

    BINDINGS: ClassVar[list[BindingType]] = []
    PART = N_("Choose a bot")
    bots = getters.query_one(BotList)

    def __init__(
        self,
        engine_thread: EngineThread,
        settings: Settings,
        app_state: Callable[[], Awaitable[AppState]],
        text: str = "",
        *,
        taken: Collection[str] = (),
    ) -> None:
        super().__init__(_("Choose a bot"), is_tall=True)
        self._engine_thread = engine_thread
        self._settings = settings
        self._app_state = app_state
        self._remembered = AppState()
        self._text = text
        self._taken = taken
        self._choices: dict[str, BotChoice] = {}
        self._doubted = ""

    def body(self) -> Iterable[Widget]:
        """Yield the list."""
        yield BotList(self._settings.base_url, text=self._text, taken=self._taken)

    def on_mount(self) -> None:
        """Show the known bots, and load the others."""
        self.heading.show_remark(self._settings.site)
        self.bots.show([BotSection(_("RECENT"), is_loading=True)])
        self.bots.focus_field()
        self._load()

    @work(exclusive=True, group="bots", exit_on_error=False)
    async def _load(self) -> None:
        self._remembered = await self._app_state()
        self._show([BotSection(_("WORKSPACE"), is_loading=True)], current=self._first_other())
        async for sections in workspace_sections(self._engine_thread, self._settings.bot_id):
            self._show(sections)

    def _show(self, workspaces: list[BotSection], current: str | None = None) -> None:
        sections = [*self._profile_sections(), *self._recent_sections(), *workspaces]
        for section in sections:
            for entry in section.entries:
                name = entry.title if entry.title != entry.bot_id else ""
                if entry.bot_id:
                    self._choices[entry.key] = BotChoice(entry.bot_id, name)
        self.bots.show(sections, current=current)

    def _profile_sections(self) -> list[BotSection]:
        if len(self._settings.profiles) < 2:
            return []
        entries = []
        for name in self._settings.profiles:
            is_current = name == self._settings.profile
            base_url = self._settings.base_url if is_current else self._remembered.sites.get(name, "")
            site = site_name(base_url) if base_url else ""
            entry = ListedBot(f"profile {name}", name, detail=site, is_current=is_current)
            self._choices[entry.key] = BotChoice(profile=name)
            entries.append(entry)
        return [BotSection(_("PROFILES"), entries)]

    def _recent_sections(self) -> list[BotSection]:
        entries = [
            ListedBot(f"recent {bot_id}", name or bot_id, bot_id, is_current=bot_id == self._settings.bot_id)
            for bot_id, name in self._recent()
        ]
        return [BotSection(_("RECENT"), entries)] if entries else []

    def _recent(self) -> list[tuple[str, str]]:
        """Return IDs and names of this site's recent bots, the latest first, but the one in use last.

        So the first row is the bot used before, on which the cursor begins: Enter switches back and forth.
        """
        suffix = bot_key("", self._settings.base_url)
        recent = list(self._remembered.recent_bots.items())[::-1]
        bots = [
            (key.removesuffix(suffix), name) for key, name in recent if key.endswith(suffix) and key != suffix
        ]
        return sorted(bots, key=lambda bot: bot[0] == self._settings.bot_id)

    def _first_other(self) -> str | None:
        """Return the key of the bot used before the current one; None if there is none."""
        others = (bot_id for bot_id, _name in self._recent() if bot_id != self._settings.bot_id)
        return next((f"recent {bot_id}" for bot_id in others), None)

    @on(BotList.Picked)
    def _picked(self, picked: BotList.Picked) -> None:
        self.dismiss(self._choices[picked.key])

    @on(BotList.Typed)
    def _typed(self, typed: BotList.Typed) -> None:
        if typed.address.bot_id == self._doubted:
            self.dismiss(BotChoice(self._doubted))
        else:
            self._look_up(typed.address.bot_id)

    @work(exclusive=True, group="look up", exit_on_error=False)
    async def _look_up(self, bot_id: str) -> None:
        self.bots.show_message(_("checking…"))
        bot, doubt = await looked_up(self._engine_thread, bot_id, self._settings.base_url)
        if doubt:
            self._doubted = bot_id
            self.bots.show_message(doubt)
        else:
            self.dismiss(BotChoice(bot.id, bot.name))
