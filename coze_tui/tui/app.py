"""CozeApp: screens, themes, global keys, and how the program is left."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar, Protocol

from textual import work
from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.worker import Worker

from coze_tui.api.objects import Bot
from coze_tui.config.app_state import AppState, AppStateFile
from coze_tui.config.credentials import OAuthPair, Secret
from coze_tui.config.locations import Paths
from coze_tui.config.settings import Settings
from coze_tui.diagnostics.explain import advice
from coze_tui.engine.session.thread import EngineThread
from coze_tui.errors import CozeTuiError, InternalError, StoreError
from coze_tui.render.palette import Palette
from coze_tui.terminal.app import TerminalApp
from coze_tui.terminal.signals import ExitGuard
from coze_tui.terminal.throttle import over_ssh
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _, current_language, languages, use_language
from coze_tui.tui.screens.chat import ChatScreen
from coze_tui.tui.screens.coze_screen import CozeScreen, take_failure
from coze_tui.tui.themes import (
    ANSI_THEME,
    DARK_THEME,
    LIGHT_THEME,
    palette_of,
    theme_variable_defaults,
    themes,
)

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine
    from coze_tui.engine.model.dialects import Feature
    from coze_tui.engine.session.site import Connection
    from coze_tui.tui.screens.bots import BotChoice

_STYLES = Path(__file__).parent / "styles"
_FIRST_STYLES = (
    *("app", "header", "banner", "message_log", "event_sidebar", "status_strip", "attachment_strip"),
    *("queue_strip", "completion", "text_box", "prompt_area", "key_footer", "search_bar", "chat"),
)
"""Of what the first frame shows; all others are read after it, always in this order."""
_OTHER_STYLES = (
    *("panel", "field", "rows", "passage", "json_view", "dialogs", "bot_list", "bots"),
    *("first_run", "tool_request", "help", "doctor", "history", "timeline_bar", "inspector"),
    *("replay", "difference", "statistics", "side_by_side"),
)


class Access(Protocol):
    """What the screens may do outside of themselves; made by the command line."""

    paths: Paths
    memory: AppStateFile
    environment: Mapping[str, str]

    def connect(self, settings: Settings) -> Connection:
        """A client for these settings, with the token of their profile."""

    def connect_with(self, settings: Settings, token: Secret | OAuthPair) -> Connection:
        """A client with a token that is not kept yet."""

    def has_token(self, settings: Settings) -> bool:
        """Whether there is a token for the profile."""

    def settings_of(self, profile: str) -> Settings:
        """The settings of another profile."""

    def keep_token(self, settings: Settings, token: Secret | OAuthPair) -> None:
        """Keep a token that was checked. Raises CredentialsError."""


@dataclass(frozen=True, slots=True)
class LaunchTarget:
    """Which conversation to begin with."""

    conversation: str = ""
    go_on: bool = False


class CozeApp(TerminalApp[None]):
    """The program on the screen."""

    PART = N_("Everywhere")

    TITLE = "coze-tui"
    CSS_PATH: ClassVar[list[str | PurePath]] = [_STYLES / f"{name}.tcss" for name in _FIRST_STYLES]
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+p", "command_palette", N_("commands"), id="app.commands", tooltip=N_("command palette")
        ),
        Binding("ctrl+q", "quit", N_("quit"), id="app.quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", N_("suspend"), id="app.suspend", show=False),
        Binding("ctrl+l", "repaint", N_("repaint"), id="app.repaint", show=False),
    ]

    _knows_theme = _is_styled = False

    def __init__(
        self,
        settings: Settings,
        access: Access,
        *,
        wish: LaunchTarget | None = None,
        problems: Sequence[CozeTuiError] = (),
    ) -> None:
        super().__init__()
        self.settings = settings
        self.access = access
        self.wish = wish or LaunchTarget()
        self.problems = tuple(problems)
        self.left_conversation = ""
        """Key of the conversation that was open at the end, if anything was said in it."""
        self.differences = settings.differences
        self.engine_thread: EngineThread[Engine] = EngineThread(self._build_engine, _leave_engine)
        self.crash: BaseException | None = None
        """A fault of our own that has ended the program."""
        self.lifeline: ExitGuard | None = None
        self.wants_demo = False
        """Leave, and run the demo instead."""
        self._is_quitting = False
        self._memory_thread = ThreadPoolExecutor(1, "memory")
        """Writes what is remembered, in order: a slow disk, or another program at it, holds up no key."""
        self._told_limits: set[tuple[str, Feature]] = set()
        for theme in themes():
            self.register_theme(theme)
        self.theme = settings.theme if settings.theme in self.available_themes else DARK_THEME
        # Before anything is parsed: Textual would do all of it again once the theme is shown.
        self._knows_theme = self._is_styled = True
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_keymap(dict(settings.keys))

    # --- the engine ---

    async def _build_engine(self) -> Engine:
        """In the engine's thread: what it imports is not on the way of the first frame."""
        from coze_tui.engine.engine import Engine

        engine = Engine(self.settings, self.access.connect, self._store_failed)
        await engine.open(self.access.paths.database_file)
        return engine

    # --- what fails ---

    def words_for(self, error: CozeTuiError) -> str:
        """What to tell about an error, at the site in use."""
        return advice(error, base_url=self.settings.base_url).text

    def notify_failure(self, error: CozeTuiError, what: str = "") -> None:
        """Tell the person in a toast, perhaps with what came of it here."""
        self.notify(f"{what} {self.words_for(error)}".strip(), severity="error", markup=False)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        take_failure(event, self.notify_failure)

    def _store_failed(self, error: CozeTuiError) -> None:
        """From the engine's thread."""
        self.call_later(self._notify_store_failure, error)

    def _notify_store_failure(self, error: CozeTuiError) -> None:
        text = self.words_for(error)
        if isinstance(error, InternalError):
            text = f"{text} {self._reported(error.fault)}"
        for screen in self.screen_stack:
            if isinstance(screen, ChatScreen):
                screen.show_trouble(text)

    def _reported(self, fault: BaseException) -> str:
        """Write a report of what went wrong by our own fault; where it is."""
        from coze_tui.diagnostics.crash import write_crash_report

        try:
            report = write_crash_report(self.access.paths.crashes, fault, self.access.environment)
        except OSError as failure:
            reason = failure.strerror or type(failure).__name__
            return _("No report could be written: {reason}").format(reason=reason)
        return _("A report without secrets: {path}").format(path=report)

    # --- looks and language ---

    @property
    def palette(self) -> Palette:
        """The colours of rendered text in the theme in use."""
        wish, in_tmux = self.settings.simple_emoji, "TMUX" in self.access.environment
        simple = wish == "on" or (wish == "auto" and in_tmux)
        return replace(palette_of(self.current_theme), simple_emoji=simple)

    @property
    def frames_per_second(self) -> int:
        """Redraws of a stream a second."""
        return self.settings.frame_rate(over_ssh=over_ssh(self.access.environment))

    def get_css_variables(self) -> dict[str, str]:
        # Textual asks before our themes can be known; nothing is made of the answer.
        return super().get_css_variables() if self._knows_theme else {}

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variable_defaults(self.current_theme)

    def refresh_css(self, animate: bool = True) -> None:
        """Parse and apply the style sheets anew; not for the theme that they are in already."""
        if self._is_styled:
            self._is_styled = False
        else:
            super().refresh_css(animate=animate)

    def remember(self, name: str, value: str) -> None:
        """Keep a choice for the next time; a folder that cannot be written is no reason to stop."""
        self._remember(lambda: self.access.memory.choose(name, value)).add_done_callback(self._is_remembered)

    def _remember(self, change: Callable[[], AppState]) -> asyncio.Future[AppState]:
        return asyncio.get_running_loop().run_in_executor(self._memory_thread, change)

    def _is_remembered(self, change: asyncio.Future[AppState]) -> None:
        try:
            change.result()
        except (StoreError, OSError):
            self.notify(_("The choice could not be kept for the next time."), severity="warning")

    def choose_theme(self, name: str) -> None:
        """Change the looks now and from now on."""
        self.theme = name
        self.settings = replace(self.settings, theme=name)
        self.remember("theme", name)
        for screen in self.screen_stack:
            if isinstance(screen, ChatScreen):
                screen.theme_changed()

    def choose_language(self, code: str) -> None:
        """Change the language now and from now on."""
        use_language(code)
        self.settings = replace(self.settings, language=code)
        self.remember("language", code)
        for screen in self.screen_stack:
            if isinstance(screen, ChatScreen):
                screen.language_changed()

    def choose_sidebar(self, choice: str) -> None:
        """Show or hide the sidebar now and from now on."""
        self.settings = replace(self.settings, sidebar=choice)
        self.remember("sidebar", choice)

    def remember_bot(self, bot: Bot) -> None:
        """Keep the bot as the last one of its profile."""
        settings, name = self.settings, clean_line(bot.name)
        self._remember(
            lambda: self.access.memory.use_bot(settings.profile, settings.base_url, bot.id, name)
        ).add_done_callback(asyncio.Future.exception)  # only a convenience is lost

    # --- choosing a bot, a site, a token ---

    async def choose_bot(self, text: str) -> str | None:
        """Take the bot that was typed or picked; its id, or None when nothing was chosen."""
        choice = await self.pick_bot(text)
        if choice is None:
            return None
        if choice.profile:
            settings = self.access.settings_of(choice.profile)
        else:
            settings = replace(self.settings, bot_id=choice.bot_id)
        await self._use(settings)
        return self.settings.bot_id

    async def pick_bot(self, text: str = "", *, with_profiles: bool = True) -> BotChoice | None:
        """Ask for a bot, of this site or of another profile; None when nothing was chosen."""
        from coze_tui.tui.screens.bots import BotPicker

        remembered = await self._remember(self.access.memory.read)
        settings = self.settings if with_profiles else replace(self.settings, profiles=())
        return await self.push_screen_wait(BotPicker(self.engine_thread, settings, remembered, text))

    async def _use(self, settings: Settings) -> None:
        self.settings = settings
        await self.engine_thread.call(lambda engine: engine.site.use(settings))

    async def first_run(self, notice: str = "") -> bool:
        """Ask for site, token and bot; whether they are known now."""
        from coze_tui.tui.logging_in import AppLogIn
        from coze_tui.tui.screens.first_run import FirstRun, types_with_input_method

        is_new = self.settings.source_of("send_key").kind == "default"
        screen = FirstRun(
            self.engine_thread,
            self.settings,
            AppLogIn(self),
            ask_send_key=is_new and types_with_input_method(self.access.environment),
            notice=notice,
        )
        choice = await self.push_screen_wait(screen)
        if choice is None or choice == "demo":
            settings = self.settings  # a token may have been tried
            await self.engine_thread.call(lambda engine: engine.site.use(settings, self.access.connect))
            if choice == "demo":
                self.wants_demo = True
                await self.action_quit()
            return False
        settings = replace(self.settings, base_url=choice.base_url, bot_id=choice.bot_id)
        if choice.send_key:
            self.remember("send_key", choice.send_key)
            settings = replace(settings, send_key=choice.send_key)
        await self._use(settings)
        return True

    async def notify_limit(self, feature: Feature) -> None:
        """Say what a server of this kind does not do, where that is about to be used; once for each site."""
        site = self.settings.site
        found = await self.engine_thread.call(lambda engine: engine.limit(feature))
        if found is not None and (site, feature) not in self._told_limits:
            self._told_limits.add((site, feature))
            self.notify(found.text, severity="warning", markup=False)

    # --- copying and links ---

    @work(group="copy", exit_on_error=False)
    async def copy_and_tell(self, text: str, what: str) -> None:
        """Copy, and say which way was taken and what could not be known."""
        from coze_tui.terminal.clipboard import copy
        from coze_tui.tui.copying import copied_words

        copied = await copy(
            text,
            write=self.write_to_terminal,
            folder=self.access.paths.copies,
            env=self.access.environment,
        )
        self.notify(copied_words(copied, what), markup=False)

    @work(group="link", exclusive=True, exit_on_error=False)
    async def show_link(self, url: str) -> None:
        """Show a link whole; it is opened only on request, and never over SSH, where no person sits."""
        from coze_tui.tui.links import open_link, openable
        from coze_tui.tui.screens.dialogs import ShowLink

        target = openable(url)
        may_open = bool(target) and not over_ssh(self.access.environment)
        wish = await self.push_screen_wait(ShowLink(clean_line(url), may_open=may_open))
        if wish == "copy":
            self.copy_and_tell(clean_line(url), _("link"))
        elif wish == "open" and target and not await open_link(target):
            self.notify(_("No program to open links was found."), severity="warning", markup=False)

    @work(group="export", exclusive=True, exit_on_error=False)
    async def export(self, keys: Sequence[str]) -> None:
        """Write conversations to files."""
        from coze_tui.tui.export_flow import export_and_tell

        await export_and_tell(self, keys)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the command palette offers."""
        if isinstance(screen, ChatScreen):
            for command in screen.slash_commands():
                yield SystemCommand(_(command.title), _(command.help), command.palette_action(screen))
        for name in (DARK_THEME, LIGHT_THEME, ANSI_THEME):
            if name != self.theme:
                title = _("Theme: {name}").format(name=name)
                yield SystemCommand(title, _("Change the colours"), lambda name=name: self.choose_theme(name))
        for code, name in languages().items():
            if code != current_language():
                title = _("Language: {name}").format(name=name)
                yield SystemCommand(
                    title, _("Change the language"), lambda code=code: self.choose_language(code)
                )

    # --- life ---

    def get_default_screen(self) -> Screen[None]:
        return ChatScreen(self.settings)

    def on_mount(self) -> None:
        self.call_after_refresh(self.call_after_refresh, self._bring_up_the_rest)
        if self.lifeline is not None:
            self.lifeline.attach(asyncio.get_running_loop(), self.leave)

    def _bring_up_the_rest(self) -> None:
        """What would hold up the first frame and the first keys."""
        self.stylesheet.read_all([_STYLES / f"{name}.tcss" for name in _OTHER_STYLES])
        self.stylesheet.parse()
        self.engine_thread.start()

    def action_command_palette(self) -> None:
        """What can be done here, by name."""
        from coze_tui.tui.screens.commands import Commands

        if not isinstance(self.screen, CommandPalette):
            self.push_screen(Commands(id="--command-palette"))

    def action_repaint(self) -> None:
        """Draw everything anew: another program may have written over the screen."""
        self.repaint()

    async def action_quit(self) -> None:
        """Stop what runs, keep what is typed, and leave."""
        if self._is_quitting:
            return
        self._is_quitting = True
        try:
            for screen in reversed(self.screen_stack):  # what one leaves to the one below is kept there
                if isinstance(screen, CozeScreen):
                    await screen.before_leaving()
        finally:  # who wants to leave can leave, whatever could not be kept
            await asyncio.to_thread(self.engine_thread.close, 5.0)
            self.exit()

    def leave(self, code: int) -> None:
        """A signal ends the program: save what is to be saved, and exit with this code."""
        self._return_code = code
        self.run_worker(self._leave(code), group="leave", exit_on_error=False)

    async def _leave(self, code: int) -> None:
        await self.action_quit()
        self._return_code = code

    def terminal_is_gone(self) -> None:
        super().terminal_is_gone()
        if self.lifeline is not None:
            self.lifeline.hung_up()

    def _handle_exception(self, error: Exception) -> None:
        """A fault of our own. None is that a screen opened while the program ends has no parts."""
        if not (self._exit and isinstance(error, NoMatches)):
            super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Textual would print a traceback with every local variable, secrets included.

        See docs/textual.md 7.1.
        """
        self.crash = sys.exc_info()[1] or self._exception
        self._return_code = 1
        self._close_messages_no_wait()

    async def on_unmount(self) -> None:
        # reached without action_quit on a signal or a crash: the store must be closed all the same
        await asyncio.to_thread(self.engine_thread.close, 5.0)


async def _leave_engine(engine: Engine) -> None:
    await engine.close()
