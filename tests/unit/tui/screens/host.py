"""A small app that the screens are tried in: our themes and styles, and that what fails is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePath
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.pilot import Pilot
from textual.screen import Screen

import coze_tui.tui
from coze_tui.advice import advice
from coze_tui.errors import CozeTuiError
from coze_tui.i18n import N_
from coze_tui.tui.themes import DARK_THEME, theme_variable_defaults, themes
from tests.support.shown import drawn_text, toasts_of

STYLES = Path(coze_tui.tui.__file__).parent / "styles"
NAMES = (
    *("key_footer", "text_box", "field", "rows", "passage", "json_view"),
    *("bot_list", "panel", "dialogs", "bots", "first_run", "tool_request", "help"),
)
SIZES = ((60, 20), (80, 24), (120, 40))
HOSTILE = "a[/]b [@click=app.quit]x[/] list[int] \x1b]52;c;eA==\x07\u202e[ERROR]"
"""Text as it may come from outside."""
HARMLESS = "a[/]b [@click=app.quit]x[/] list[int]"
"""What is to be read of it."""


class Host(App[None]):
    """Shows one screen over an empty one; `results` holds what the screen gave."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [STYLES / f"{name}.tcss" for name in NAMES]
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", N_("quit"), id="app.quit", show=False, priority=True)
    ]

    def __init__(self, screen: Callable[[], Screen[Any]] | None = None, *, theme: str = DARK_THEME) -> None:
        super().__init__()
        for each in themes():
            self.register_theme(each)
        self.theme = theme
        self.results: list[object] = []
        self._make = screen

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variable_defaults(self.current_theme)

    def on_mount(self) -> None:
        if self._make is not None:
            self.push_screen(self._make(), self.results.append)

    def tell_failure(self, error: CozeTuiError) -> None:
        """As the whole app does."""
        self.notify(advice(error, base_url="").text, severity="error", markup=False)

    @property
    def text(self) -> str:
        """What is on the screen, without the spaces at the line ends."""
        return drawn_text(self)

    @property
    def told(self) -> list[str]:
        """The notifications."""
        return toasts_of(self)


async def until(pilot: Pilot[Any], condition: Callable[[], object]) -> None:
    """Wait for a state; fail with what is on the screen if it never comes."""
    for _attempt in range(500):
        await pilot.pause(0.01)
        if condition():
            await pilot.pause()
            return
    app = pilot.app
    raise AssertionError(f"it never came; on the screen:\n{app.text if isinstance(app, Host) else app}")
