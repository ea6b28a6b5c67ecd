"""The first run: it asks for site, token, bot, and perhaps for the key that sends; or starts the demo."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Literal

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer, Vertical

from coze_tui.config import coercion
from coze_tui.config.addresses import COZE_CN, COZE_COM, site_name
from coze_tui.config.tokens import OAuthPair, Secret
from coze_tui.render.cells import cell_len
from coze_tui.render.wrap import rows_of
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _, clause
from coze_tui.tui.context import AppContext
from coze_tui.tui.screens.bots import looked_up, workspace_sections
from coze_tui.tui.screens.coze_screen import CozeScreen, Heading
from coze_tui.tui.screens.log_in import TOKEN_PAGES, DeviceLogin, LogIn, TokenStep
from coze_tui.tui.widgets.bot_list import BotList, BotSection, ListedBot
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.head import HeadLine
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.line_widget import Part
from coze_tui.tui.widgets.select_list import ListRow, SelectList
from coze_tui.tui.widgets.text_views import Paragraphs
from coze_tui.values import valueclass

Step = Literal["site", "token", "bot", "keys"]

_NAMES: Mapping[Step, str] = {
    "site": N_("Site"),
    "token": N_("Token"),
    "bot": N_("Bot"),
    "keys": N_("Keys"),
}


@valueclass
class FirstRunChoice:
    """The choices of the first run. The token is saved already."""

    base_url: str
    bot_id: str
    bot_name: str = ""
    """Not cleaned; empty if it is not known."""
    send_key: str = ""
    """The setting `send_key`; empty if it was not asked."""

    @property
    def changes(self) -> dict[str, str]:
        """Return the fields of Settings that change, with their values."""
        changes = {"base_url": self.base_url, "bot_id": self.bot_id}
        return changes | ({"send_key": self.send_key} if self.send_key else {})


def types_with_input_method(environment: Mapping[str, str]) -> bool:
    """Return True if the locale's language is typed with an input method, which uses Enter itself."""
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    locale = next((value for name in names if (value := environment.get(name))), "")
    return locale[:2].casefold() in ("zh", "ja", "ko")


def first_run(context: AppContext, notice: str = "") -> FirstRun:
    """Return the screen that asks for site, token and bot; `use_choice` takes its result."""
    is_new = context.settings.source_of("send_key").kind == "default"
    asks_key = is_new and types_with_input_method(context.startup.environment)
    return FirstRun(ask_send_key=asks_key, notice=notice)


async def use_choice(context: AppContext, choice: FirstRunChoice | Literal["demo"] | None) -> bool:
    """Use what was chosen on the first-run screen.

    Returns:
        True if a choice is in use; False if the user closed the screen, or chose the demo: the program quits.
    """
    if choice == "demo" and context.app.is_web:  # the page ends with the program
        context.app.notify(_("For the demo run `coze-tui web demo`."), markup=False)
        choice = None
    if choice is None or choice == "demo":
        settings = context.settings  # a token may have been tried
        await context.engine_thread.call(lambda engine: engine.site.use(settings, context.connect))
        if choice == "demo":
            context.wants_demo = True
            await context.app.action_quit()
        return False
    settings = replace(context.settings, base_url=choice.base_url, bot_id=choice.bot_id)
    if choice.send_key:
        context.remember("send_key", choice.send_key)
        settings = replace(settings, send_key=choice.send_key)
    await context.use(settings)
    return True


def missing_texts() -> tuple[str, str]:
    """Return the sentences about a missing token and a missing bot, and the commands that help."""
    return (
        _("No token is set yet. Set one with /login, or run `coze-tui demo`, which needs none."),
        _("No bot is selected yet. Choose one with /bot or /login."),
    )


async def what_is_missing(context: AppContext) -> str:
    """Return a sentence about a missing token or bot, or an empty text if nothing is missing."""
    no_token, no_bot = missing_texts()
    # In a thread, because it may run a command.
    problem = await asyncio.to_thread(context.startup.token_problem, context.settings)
    if problem is not None:
        return no_token
    return "" if context.settings.bot_id else no_bot


def _step_parts(step: Step, state: Literal["done", "present", "ahead"], value: str) -> list[Part]:
    """Return the line of a step; one that is done shows the value that was chosen."""
    name = _(_NAMES[step])
    match state:
        case "done":
            return [("✓ ", "good"), (name, "muted"), (f"  {clean_line(value)}", "text")]
        case "present":
            return [("● ", "bot"), (name, "text bold")]
        case "ahead":
            return [("○ ", "muted"), (name, "muted")]


class FirstRun(CozeScreen[FirstRunChoice | Literal["demo"] | None]):
    """Asks step by step. Esc goes back one step; in the first one it closes the screen with None.

    Args:
        ask_send_key: Whether to ask also for the key that sends.
        notice: Why the screen is shown, if not only because a token is missing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", N_("continue"), id="first_run.go_on"),
        Binding(
            "ctrl+o",
            "device",
            N_("browser login"),
            id="first_run.device",
            tooltip=N_("log in with a browser, without a token"),
        ),
        Binding("ctrl+t", "try_other", N_("try the other site"), id="first_run.try_other"),
        Binding("up", "to_sites", N_("up"), id="first_run.up", show=False),
        Binding("pageup", "scroll(-1)", N_("page up"), id="first_run.page_up", show=False),
        Binding("pagedown", "scroll(1)", N_("page down"), id="first_run.page_down", show=False),
        Binding("escape", "back", N_("back"), id="first_run.back"),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-wide")]  # noqa: RUF012 Textual's type is off
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-high")]  # noqa: RUF012
    PART = N_("First run")

    heading = getters.query_one(Heading)
    notice = getters.query_one("#notice", Paragraphs)
    sites = getters.query_one("#sites", SelectList)
    address = getters.query_one("#address", Field)
    token_step = getters.query_one(TokenStep)
    bots = getters.query_one(BotList)
    send_keys = getters.query_one("#send-keys", SelectList)

    def __init__(self, *, ask_send_key: bool = False, notice: str = "") -> None:
        super().__init__()
        self._settings = settings = self.context.settings
        """Their values are proposed."""
        self._log_in = LogIn(self.context)
        self._notice = notice
        self._steps: tuple[Step, ...] = ("site", "token", "bot", *(("keys",) if ask_send_key else ()))
        self._at = 0
        self._done: dict[Step, str] = {}
        self._base_url = settings.base_url
        self._doubted = ""
        self._bot_id, self._bot_name = "", ""

    def compose(self) -> ComposeResult:
        """Yield a line and a body for each step."""
        with ScrollableContainer(classes="column", can_focus=False):
            yield Heading(_("Welcome to coze-tui"))
            yield Paragraphs(id="notice")
            yield HeadLine(id="step-site")
            with Vertical(id="body-site", classes="step"):
                yield SelectList(_site_rows(), id="sites")
                # Over the line that the list leaves free under the self-hosted site.
                yield Field(placeholder=_("https://coze.example.com, or http://localhost:8888"), id="address")
            yield HeadLine(id="step-token")
            yield TokenStep(self._log_in, id="body-token", classes="step")
            yield HeadLine(id="step-bot")
            with Vertical(id="body-bot", classes="step"):
                yield BotList(self._base_url)
            if "keys" in self._steps:
                yield HeadLine(id="step-keys")
                with Vertical(id="body-keys", classes="step"):
                    yield Paragraphs(_("Input methods use Enter to confirm text. Which key should send?"), "")
                    yield SelectList(_send_key_rows(), id="send-keys")
        yield KeyFooter(
            ("rows.choose", "bots.choose", "first_run.go_on", "first_run.try_other"), last="first_run.back"
        )

    def on_mount(self) -> None:
        """Show the step of the site, with the site of the settings."""
        is_set = self._settings.source_of("base_url").kind != "default"
        if is_set and self._base_url not in TOKEN_PAGES:
            self.address.put(self._base_url)
            self.sites.go_to("own")
        else:
            self.sites.go_to(self._base_url)
        self._go_to(0)

    # --- going from step to step ---

    @property
    def step(self) -> Step:
        """Return the current step."""
        return self._steps[self._at]

    def _go_to(self, number: int) -> None:
        self._at = number
        count = _("step {n} of {all}").format(n=number + 1, all=len(self._steps))
        self.heading.show_remark(count)
        intro = self._notice or _("Set up a site, a token and a bot once, or try it without them first.")
        self.notice.show(*([intro, ""] if self.step == "site" else []))
        for place, step in enumerate(self._steps):
            state: Literal["done", "present", "ahead"] = "present"
            if place != number:
                state = "done" if place < number else "ahead"
            parts = _step_parts(step, state, self._done.get(step, ""))
            self.query_one(f"#step-{step}", HeadLine).show(parts)
            self.query_one(f"#body-{step}").display = place == number
        match self.step:
            case "site":
                self._show_address()
                (self.address if self.sites.current == "own" and self.address.value else self.sites).focus()
            case "token":
                self.token_step.begin(self._base_url)
            case "bot":
                self._show_bots([BotSection(_("WORKSPACE"), is_loading=True)])
                self.bots.focus_field()
                self._load_bots()
            case "keys":
                self.send_keys.focus()
        self.refresh_bindings()

    def _finish_step(self, value: str) -> None:
        self._done[self.step] = value
        if self._at + 1 < len(self._steps):
            self._go_to(self._at + 1)
        else:
            send_key = self.send_keys.current or "" if "keys" in self._steps else ""
            self.dismiss(FirstRunChoice(self._base_url, self._bot_id, self._bot_name, send_key))

    def action_back(self) -> None:
        """Go back one step. Typed text remains; a token and a filter only for the same site."""
        self.workers.cancel_group(self, "check")
        self.workers.cancel_group(self, "bots")
        if self.step == "site" and self.address.has_focus:
            self.sites.focus()
        elif self._at:
            self._go_to(self._at - 1)
        else:
            self.dismiss(None)

    def action_go_on(self) -> None:
        """Accept the typed text."""
        if self.step == "site":
            self._take_address()
        elif self.step == "token":
            self._take_token()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer the actions of the current step only."""
        if action == "try_other":
            return bool(self.token_step.other_site) and self.step == "token"
        if action == "device":
            return self.step == "token"
        if action == "to_sites":
            return self.step == "site"
        return True

    def action_scroll(self, pages: int) -> None:
        """Scroll by pages."""
        column = self.query_one(".column", ScrollableContainer)
        column.scroll_relative(y=pages * (column.size.height - 1), animate=False)

    # --- the site ---

    @on(SelectList.Moved, "#sites")
    def _show_address(self) -> None:
        self.address.display = self.sites.current == "own"
        self._show_site_problem("")

    def _show_site_problem(self, text: str) -> None:
        """Show what is wrong with the URL under its field, or nothing."""
        rows = rows_of(text, max(1, self.sites.line_width - 4)) if text else []
        self.sites.show(_site_rows([text[row.start : row.end] for row in rows]))

    @on(SelectList.Chosen, "#sites")
    def _site_chosen(self, chosen: SelectList.Chosen) -> None:
        match chosen.key:
            case "demo":
                self.dismiss("demo")
            case "own":
                self._show_address()
                self.address.focus()
            case base_url:
                self._take_site(base_url)

    def action_to_sites(self) -> None:
        """Move the focus from the URL to the sites."""
        self.sites.focus()

    def _take_address(self) -> None:
        try:
            base_url = coercion.base_url(self.address.value, Path())
        except coercion.WrongValueError as wrong:
            typed = clean_line(self.address.value.strip()) or _("the URL")
            self._show_site_problem(clause(typed, wrong.problem))
        else:
            self._take_site(str(base_url))

    def _take_site(self, base_url: str) -> None:
        if base_url != self._base_url:
            self.token_step.forget()
            self.bots.clear_field()
        self._base_url = base_url
        self._finish_step(site_name(base_url))

    # --- the token ---

    def _take_token(self) -> None:
        if self.token_step.is_done:
            self._finish_step(self._done.get("token", ""))
        elif (secret := self.token_step.read()) is not None:
            self._check(secret)

    @work(exclusive=True, group="check", exit_on_error=False)
    async def action_device(self) -> None:
        """Log in with a browser; check and save the tokens like one that was pasted."""
        form = DeviceLogin(self._log_in, self._base_url, self._settings.oauth_client_id)
        pair = await self.app.push_screen_wait(form)
        if pair is not None:
            self._check(pair)

    @work(exclusive=True, group="check", exit_on_error=False)
    async def _check(self, token: Secret | OAuthPair) -> None:
        if (owner := await self.token_step.check(token)) is not None:
            self._finish_step(owner)

    def action_try_other(self) -> None:
        """Try the same token on the other site."""
        if other := self.token_step.other_site:
            self._base_url = other
            self._done["site"] = site_name(other)
            self.sites.go_to(other)
            self._go_to(self._at)
            self._take_token()

    # --- the bot ---

    @work(exclusive=True, group="bots", exit_on_error=False)
    async def _load_bots(self) -> None:
        async for sections in workspace_sections(self.context.engine_thread, self._settings.bot_id):
            self._show_bots(sections)

    def _show_bots(self, sections: Sequence[BotSection]) -> None:
        given = self._settings.bot_id
        if given and not any(entry.bot_id == given for each in sections for entry in each.entries):
            entry = ListedBot(f"set {given}", given, given, is_current=True)
            sections = [BotSection(_("FROM SETTINGS"), (entry,)), *sections]
        self._entries = {entry.key: entry for each in sections for entry in each.entries}
        self.bots.show(sections, base_url=self._base_url)

    @on(BotList.Picked)
    def _bot_picked(self, picked: BotList.Picked) -> None:
        entry = self._entries[picked.key]
        self._take_bot(entry.bot_id, "" if entry.title == entry.bot_id else entry.title)

    @on(BotList.Typed)
    def _bot_typed(self, typed: BotList.Typed) -> None:
        bot_id = typed.address.bot_id
        if bot_id == self._doubted:
            self._take_bot(bot_id, "")
        else:
            self._look_up(bot_id)

    @work(exclusive=True, group="check", exit_on_error=False)
    async def _look_up(self, bot_id: str) -> None:
        self.bots.show_message(_("checking…"))
        bot, doubt = await looked_up(self.context.engine_thread, bot_id, self._base_url)
        if doubt:
            self._doubted = bot_id
            self.bots.show_message(doubt)
        else:
            self._take_bot(bot.id, bot.name)

    def _take_bot(self, bot_id: str, name: str) -> None:
        self._bot_id, self._bot_name = bot_id, name
        self._finish_step(name or bot_id)

    # --- the key that sends ---

    @on(SelectList.Chosen, "#send-keys")
    def _send_key_chosen(self, chosen: SelectList.Chosen) -> None:
        self._finish_step(chosen.key)


def _site_rows(problem: Sequence[str] = ()) -> list[ListRow]:
    """Return the sites, with a free line for the URL, what is wrong with it, and the demo.

    Args:
        problem: Lines.
    """
    sites = [
        (COZE_CN, "coze.cn", _("扣子, mainland China")),
        (COZE_COM, "coze.com", _("international")),
        ("own", _("Self-hosted"), _("your own Coze Studio")),
    ]
    column = max(cell_len(label) for _key, label, _detail in sites) + 2
    rows = [
        ListRow(key, ((label, "text"), (" " * (column - cell_len(label)) + detail, "muted")))
        for key, label, detail in sites
    ]
    demo = ((_("Try it without a token"), "bot"), ("  " + _("local demo"), "muted"))
    rows.append(ListRow(None, ()))
    if problem:
        rows += [ListRow(None, ((f"  {line}", "failure"),)) for line in problem]
        rows.append(ListRow(None, ()))
    return [*rows, ListRow("demo", demo)]


def _send_key_rows() -> list[ListRow]:
    def row(key: str, label: str, detail: str) -> ListRow:
        below: tuple[Part, ...] = ((detail, "muted"),)
        return ListRow(key, ((label, "text"),), below=below)

    return [
        row("enter", _("Enter sends"), _("Ctrl+J inserts a new line")),
        row("ctrl+j", _("Ctrl+J sends"), _("Enter inserts a new line, so nothing is sent by accident")),
    ]
