"""A screen that is laid out for the terminal as it is now, never as it was a moment ago, and is left once.

A layout for a new size makes Textual send the screen itself a Resize with that size. When two sizes meet in
the screen's queue (a window that is dragged, a start on a busy machine), these echoes chase each other: the
screen flickers between both, or stays in the old one.
"""

from __future__ import annotations

from textual import events
from textual.await_complete import AwaitComplete
from textual.geometry import Size
from textual.screen import Screen, ScreenResultType

from coze_tui.tui.terminal.compositor import LineCompositor


class OnceLeftScreen(Screen[ScreenResultType]):
    """A screen that can be left but once."""

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Leave the screen; when that has happened already (Enter, then Esc) the one below stays."""
        return super().dismiss(result) if self in self.app.screen_stack else AwaitComplete()


class CurrentSizeScreen(OnceLeftScreen[ScreenResultType]):
    """A screen that takes every Resize as news that there is a size, and asks the app which."""

    def __init__(self, name: str | None = None, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(name, id, classes)
        self._compositor = LineCompositor()

    def _screen_resized(self, size: Size) -> None:
        super()._screen_resized(self.app.size)

    def _on_mount(self, event: events.Mount) -> None:
        """Before the first layout: Textual gives a screen the classes of its size only after that."""
        width, height = self.app.size
        for length, breakpoints in (
            (width, self.HORIZONTAL_BREAKPOINTS),
            (height, self.VERTICAL_BREAKPOINTS),
        ):
            for name in self._get_breakpoint_classes(length, breakpoints or []):
                self.add_class(name)

    def _on_resize(self, event: events.Resize) -> None:  # type: ignore[override]
        """Textual's own handler comes after this one and gives the classes of the size in the event."""
        event.size = self.app.size
