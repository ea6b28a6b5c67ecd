"""A scrollbar that is cheap while text grows: it draws only changed rows."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.strip import Strip


class SteadyScrollBar(ScrollBar):
    """A vertical scrollbar; it looks and works as Textual's."""

    def __init__(self, name: str | None = None, *, thickness: int = 1) -> None:
        super().__init__(vertical=True, name=name, thickness=thickness)
        self._drawn_for: tuple[object, ...] = ()
        self._rows: list[Segment] = []

    def show_position(self, *, total: int, height: int, position: float) -> None:
        """Set the number of lines, the number of visible ones, and the first visible one."""
        self.set_reactive(ScrollBar.window_virtual_size, total)
        self.set_reactive(ScrollBar.window_size, height)
        self.set_reactive(ScrollBar.position, self.validate_position(position))
        before, after = self._rows, self._bar()
        if len(before) != len(after):
            self.refresh()
        elif changed := [y for y, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]:
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed))

    def render_line(self, y: int) -> Strip:
        """Return one row."""
        rows = self._bar()
        if y >= len(rows):
            return Strip.blank(self.size.width)
        return Strip(Segment.apply_style([rows[y]], self.rich_style), self.size.width)

    def _bar(self) -> list[Segment]:
        """Return all rows; cached until something about them changes."""
        look = self.render()
        assert isinstance(look, ScrollBarRender)
        style, (width, height) = look.style, self.size
        drawn_for = (width, height, look.virtual_size, look.window_size, look.position, style)
        if drawn_for != self._drawn_for:
            assert isinstance(style, Style)
            assert style.bgcolor is not None
            assert style.color is not None
            self._drawn_for = drawn_for
            self._rows = look.render_bar(
                size=height,
                virtual_size=look.virtual_size,
                window_size=look.window_size,
                position=look.position,
                thickness=width,
                back_color=style.bgcolor,
                bar_color=style.color,
            ).segments
        return self._rows


def move_thumb(bar: ScrollBar, *, total: int, height: int, position: float) -> None:
    """Set the number of lines, the number of visible ones, and the first visible one."""
    if isinstance(bar, SteadyScrollBar):
        bar.show_position(total=total, height=height, position=position)
    else:
        bar.window_virtual_size, bar.window_size, bar.position = total, height, position
