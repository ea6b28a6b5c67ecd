"""The app: its screens, themes and global keys, and how the program quits."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar

from rich.console import Console
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.messages import ExitApp
from textual.screen import Screen
from textual.worker import Worker

from coze_tui.config.startup import Startup
from coze_tui.garbage import resume_collection
from coze_tui.terminal.hyperlinks import supports_hyperlinks
from coze_tui.terminal.signals import ExitGuard
from coze_tui.terminal.textual_overrides import is_known_textual, private_override
from coze_tui.terminal.window import POP_TITLE, has_window
from coze_tui.text.i18n import N_, _
from coze_tui.tui.commands import OfferedCommand, slash_commands
from coze_tui.tui.context import AppContext, ContextApp, LaunchTarget
from coze_tui.tui.screens.chat import ChatScreen
from coze_tui.tui.screens.coze_screen import CozeScreen, handle_failure
from coze_tui.tui.screens.log_screen import terminal_link
from coze_tui.tui.themes import AUTO_THEME, theme_variable_defaults, themes
from coze_tui.tui.widgets.prompt.prompt import Prompt

if TYPE_CHECKING:
    from coze_tui.tui.chat_sources import ChatSource

_STYLES = Path(__file__).parent / "styles"
FIRST_STYLES = (
    *("app", "header", "banner", "message_log", "event_sidebar", "status_strip", "note_line"),
    "attachment_strip",
    *(
        "queue_strip",
        "edit_strip",
        "completion",
        "text_box",
        "prompt_area",
        "key_footer",
        "search_bar",
        "chat",
    ),
)
"""The style sheets of the first frame. All others are read after it, always in this order."""
OTHER_STYLES = (
    *("panel", "field", "rows", "passage", "json_view", "dialogs", "bot_list", "bots", "picker"),
    *("first_run", "tool_request", "help", "doctor", "history", "timeline_bar", "inspector"),
    *("replay", "difference", "statistics", "side_by_side", "saved_prompts"),
)


class CozeApp(ContextApp):
    """The app that shows the screens of the program."""

    PART = N_("Global")

    TITLE = "coze-tui"
    CSS_PATH: ClassVar[list[str | PurePath]] = [_STYLES / f"{name}.tcss" for name in FIRST_STYLES]
    ENABLE_COMMAND_PALETTE = False  # Textual's
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+p", "command_palette", N_("commands"), id="app.commands", tooltip=N_("command palette")
        ),
        Binding("ctrl+q", "quit", N_("quit"), id="app.quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", N_("suspend"), id="app.suspend", show=False),
        Binding("ctrl+l", "repaint", N_("repaint"), id="app.repaint", show=False),
    ]

    _knows_theme = _is_styled = False

    def __init__(self, startup: Startup, *, target: LaunchTarget | None = None) -> None:
        super().__init__()
        settings = startup.settings
        self.context = AppContext(self, startup, target)
        self.partial_redraw = settings.partial_redraw
        if self.frame_display is not None and (
            settings.hyperlinks == "always"
            or (settings.hyperlinks == "auto" and supports_hyperlinks(startup.environment))
        ):
            self.frame_display.link_of = terminal_link
        self.crash: BaseException | None = None
        """A fault of our own that ended the program."""
        self.exit_guard: ExitGuard | None = None
        self._is_quitting = False
        self._exit_status = 0
        for theme in themes():
            self.register_theme(theme)
        self.theme = self.theme_for(settings.theme)
        if has_window(startup.environment):
            self.window.has_title = settings.window_title
            self.window.asks_background = settings.theme == AUTO_THEME and not self.no_color
        # Before anything is parsed: Textual would do all of it again once the theme is shown.
        self._knows_theme = self._is_styled = True
        self.stylesheet.set_variables(self.get_css_variables())
        self.set_keymap(dict(settings.keys))
        if not is_known_textual():
            self.error_console = Console(file=io.StringIO())  # the same traceback, discarded

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        handle_failure(event, self.context.notify_failure)

    # --- themes ---

    def get_css_variables(self) -> dict[str, str]:
        # Textual asks before our themes can be known; nothing is made of the answer.
        return super().get_css_variables() if self._knows_theme else {}

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variable_defaults(self.current_theme)

    def refresh_css(self, animate: bool = True) -> None:
        """Parse and apply the style sheets again, unless they are in the current theme already."""
        if self._is_styled:
            self._is_styled = False
        else:
            super().refresh_css(animate=animate)

    # --- help and the command palette ---

    def action_help(self) -> None:
        """Show the keys, and the slash commands if they can be typed on this screen."""
        from coze_tui.tui.screens.help import HelpScreen

        commands = slash_commands() if isinstance(self.screen, ChatScreen) else ()
        shown = [(command.usage, _(command.help)) for command in commands]
        self.push_screen(HelpScreen(self.screen, shown, self._vi_keys()))

    def _vi_keys(self) -> Sequence[tuple[str, str]]:
        """Return the keys of vi, or if they are off the setting that turns them on; none without a prompt."""
        if not self.screen.query(Prompt):
            return ()
        if self.context.settings.edit_mode != "vi":
            return [('edit_mode = "vi"', _("in the settings file: the prompt has the keys of vi"))]
        from coze_tui.tui.widgets.prompt.vi.commands import VI_KEYS

        return [(keys, _(does)) for keys, does in VI_KEYS]

    def action_command_palette(self) -> None:
        """Open the command palette for the screen and what has the focus on it."""
        from coze_tui.tui.screens.palette import CommandPalette, palette_entries

        screen = self.screen
        if isinstance(screen, CommandPalette):
            return
        entries = palette_entries(screen, self._offered_commands(screen), self._run_binding)

        def run(key: str | None) -> None:
            if key is not None:
                entries[int(key)].run()

        self.push_screen(CommandPalette(entries), run)

    def _offered_commands(self, screen: Screen[object]) -> Sequence[OfferedCommand]:
        """Return the commands of the chat, or those that do the same on every screen."""
        if isinstance(screen, ChatScreen):
            return screen.commands.offered()
        from coze_tui.tui.screens.look import choose_language, choose_theme

        everywhere: Mapping[str, Callable[[], object]] = {
            "/theme": partial(choose_theme, self.context),
            "/lang": partial(choose_language, self.context),
            "/help": self.action_help,
            "/quit": lambda: self.run_worker(self.action_quit(), exit_on_error=False),
        }
        return [
            OfferedCommand(command, everywhere[command.name])
            for command in slash_commands()
            if command.name in everywhere
        ]

    def _run_binding(self, action: str, node: DOMNode) -> None:
        self.call_later(self.run_action, action, node)

    # --- life ---

    def get_default_screen(self) -> Screen[None]:
        return ChatScreen()

    def on_mount(self) -> None:
        self.call_after_refresh(self.call_after_refresh, self._bring_up_the_rest)
        if self.exit_guard is not None:
            self.exit_guard.undo = POP_TITLE if self.window.is_pushed else ""
            self.exit_guard.attach(asyncio.get_running_loop(), self.leave)

    def _bring_up_the_rest(self) -> None:
        """Read the other style sheets and start the engine, which would delay the first frame and keys."""
        resume_collection()
        self.stylesheet.read_all([_STYLES / f"{name}.tcss" for name in OTHER_STYLES])
        self.stylesheet.parse()
        self.context.engine_thread.start()

    def action_help_quit(self) -> None:
        """Do nothing: this is Textual's hint in English, for Ctrl+C on a screen that has no use for it."""

    def action_repaint(self) -> None:
        """Draw the whole screen again, because another program may have written over it."""
        self.repaint()

    async def action_quit(self) -> None:
        """Store the drafts, close the engine, and exit."""
        if self._is_quitting:
            return
        self._is_quitting = True
        try:
            for screen in reversed(self.screen_stack):  # a screen may leave a text to the screen below it
                if isinstance(screen, CozeScreen):
                    await screen.before_leaving()
        finally:  # a failed save never blocks quitting
            await asyncio.to_thread(self.context.engine_thread.close, 5.0)
            self.exit(return_code=self._exit_status)

    async def on_exit_app(self, event: ExitApp) -> None:
        """Quit as the user does if the page in the browser is closed: it saves the drafts."""
        if self.is_web and not self._is_quitting:
            event.prevent_default()
            await self.action_quit()

    def leave(self, code: int) -> None:
        """Quit with an exit status, because a signal ends the program."""
        self._exit_status = code
        self.run_worker(self.action_quit(), group="leave", exit_on_error=False)

    def terminal_is_gone(self) -> None:
        super().terminal_is_gone()
        if self.exit_guard is not None:
            self.exit_guard.hung_up()

    def background_reported(self, is_light: bool) -> None:
        self.context.follow_background(is_light)

    def _handle_exception(self, error: Exception, *more: Any, **named: Any) -> None:
        # With any Textual, and with whatever it passes: without this no crash would be reported.
        if self.return_code is not None and isinstance(error, NoMatches):
            return  # a screen that was opened while the program exits has no widgets
        self.crash = self.crash or error
        super()._handle_exception(error, *more, **named)

    @private_override
    def _fatal_error(self) -> None:
        """Exit. Textual would print a traceback with every local variable, secrets included.

        See docs/textual.md 7.1.
        """
        self._return_code = 1
        self._close_messages_no_wait()

    async def on_unmount(self) -> None:
        # reached without action_quit on a signal or a crash: the store must be closed all the same
        await asyncio.to_thread(self.context.engine_thread.close, 5.0)


class ReplayApp(CozeApp):
    """The program as a player of one chat, which ends with its replay. Needs no token and no network."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [
        *CozeApp.CSS_PATH,
        *(_STYLES / f"{name}.tcss" for name in ("timeline_bar", "replay")),
    ]

    def __init__(self, startup: Startup, source: ChatSource, *, pace: float = 1.0) -> None:
        super().__init__(startup)
        self._source = source
        self._pace = pace

    def get_default_screen(self) -> Screen[None]:
        from coze_tui.tui.screens.inspector import inspector_at
        from coze_tui.tui.screens.replay import ReplayScreen

        return ReplayScreen(self._source, inspector_at, pace=self._pace)
