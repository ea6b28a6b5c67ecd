"""Small apps with our themes and style sheets, in which single screens and widgets are tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path, PurePath
from typing import Any, ClassVar

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.filter import LineFilter
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from coze_tui.config.startup import Startup
from coze_tui.text.i18n import N_
from coze_tui.tui.context import AppContext, ContextApp
from coze_tui.tui.screens.help import HelpScreen
from coze_tui.tui.themes import ANSI_THEME, DARK_THEME, LIGHT_THEME, theme_variable_defaults, themes
from tests.support import waiting
from tests.support.samples import STYLES
from tests.support.shown import drawn_text, toasts_of
from tests.support.startup import startup_under

SIZES = ((60, 20), (80, 24), (120, 40))
LOOKS = tuple(zip(SIZES, (ANSI_THEME, LIGHT_THEME, DARK_THEME), strict=True))
"""Each size and each theme once: no fault needs one size and one theme together."""


class _CountLines(LineFilter):
    count = 0

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        self.count += 1
        return segments


def sheets(*names: str) -> list[str | PurePath]:
    """Return the paths of these style sheets; reading all of them takes an app longer than its test."""
    return [STYLES / f"{name}.tcss" for name in names]


class ThemedApp(App[None]):
    """An app with the themes of the program; a subclass chooses the style sheets."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(self, theme: str = DARK_THEME) -> None:
        super().__init__()
        for each in themes():
            self.register_theme(each)
        self.theme = theme
        self._lines = _CountLines()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variable_defaults(self.current_theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._lines]

    @property
    def painted(self) -> int:
        """Lines of widgets rendered so far."""
        return self._lines.count


class Host(ThemedApp, ContextApp):
    """Shows one screen over an empty one; `results` holds what the screen gave."""

    CSS_PATH: ClassVar[list[str | PurePath]] = sheets(
        *("header", "key_footer", "text_box", "field", "rows", "passage", "json_view", "bot_list"),
        *("panel", "dialogs", "bots", "first_run", "tool_request", "help"),
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", N_("quit"), id="app.quit", show=False, priority=True)
    ]

    def __init__(
        self,
        screen: Callable[[], Screen[Any]] | None = None,
        *,
        theme: str = DARK_THEME,
        startup: Startup | None = None,
    ) -> None:
        super().__init__(theme)
        self.context = AppContext(self, startup or startup_under(Path("/nowhere")))
        self.results: list[object] = []
        self._make = screen

    def on_mount(self) -> None:
        if self._make is not None:
            self.push_screen(self._make(), self.results.append)

    def action_help(self) -> None:
        """Do as the program does."""
        self.push_screen(HelpScreen(self.screen))

    @property
    def text(self) -> str:
        """What is on the screen, without the spaces at the line ends."""
        return drawn_text(self)

    @property
    def told(self) -> list[str]:
        """The notifications."""
        return toasts_of(self)


class WidgetHost(ThemedApp):
    """Shows the widgets it is given and keeps the messages that reach it."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [*sorted(STYLES.glob("*.tcss"))]
    AUTO_FOCUS = None

    def __init__(self, widgets: Sequence[Widget], heard: type[Message] | tuple[type[Message], ...]) -> None:
        super().__init__()
        self.widgets = widgets
        self.heard = heard
        self.told: list[Message] = []

    def compose(self) -> ComposeResult:
        yield from self.widgets

    async def _dispatch_message(self, message: Message) -> None:
        if isinstance(message, self.heard):
            self.told.append(message)
        await super()._dispatch_message(message)


Stage = Callable[..., AbstractAsyncContextManager[tuple[WidgetHost, Pilot[None]]]]
"""Called with widgets, `size` and `heard`: the messages to keep."""


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Wait for a state and for what follows from it; fail with what is on the screen if it never comes."""
    app = pilot.app
    await waiting.until(pilot, condition, seen=lambda: app.text if isinstance(app, Host) else repr(app))
    await pilot.pause()
