"""A stage for single widgets: a small app with our themes and all our styles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path, PurePath
from typing import ClassVar

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.color import Color
from textual.filter import LineFilter
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from coze_tui.tui.themes import theme_variable_defaults, themes

STYLES = Path(__file__).parents[4] / "coze_tui" / "tui" / "styles"


class _CountLines(LineFilter):
    count = 0

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        self.count += 1
        return segments


class StageApp(App[None]):
    """Shows the widgets it is given and keeps the messages that reach it."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [*sorted(STYLES.glob("*.tcss"))]
    ENABLE_COMMAND_PALETTE = False
    AUTO_FOCUS = None

    def __init__(self, widgets: Sequence[Widget], heard: type[Message] | tuple[type[Message], ...]) -> None:
        super().__init__()
        for theme in themes():
            self.register_theme(theme)
        self.theme = "coze-dark"
        self.widgets = widgets
        self.heard = heard
        self.told: list[Message] = []
        self._lines = _CountLines()

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme_variable_defaults(self.current_theme)

    def get_line_filters(self) -> Sequence[LineFilter]:
        return [*super().get_line_filters(), self._lines]

    def compose(self) -> ComposeResult:
        yield from self.widgets

    async def _dispatch_message(self, message: Message) -> None:
        if isinstance(message, self.heard):
            self.told.append(message)
        await super()._dispatch_message(message)

    @property
    def painted(self) -> int:
        """Lines of widgets rendered so far."""
        return self._lines.count


Stage = Callable[..., AbstractAsyncContextManager[tuple[StageApp, Pilot[None]]]]


@pytest.fixture
def stage() -> Stage:
    """`async with stage(widget, size=(80, 24), heard=Widget.Told) as (app, pilot):`"""

    @asynccontextmanager
    async def staged(
        *widgets: Widget,
        size: tuple[int, int] = (80, 24),
        heard: type[Message] | tuple[type[Message], ...] = (),
    ) -> AsyncIterator[tuple[StageApp, Pilot[None]]]:
        app = StageApp(widgets, heard)
        async with app.run_test(size=size, tooltips=True, notifications=True) as pilot:
            await pilot.pause()
            yield app, pilot

    return staged
