"""The base of all lists that draw their own lines: keys, cursor, and the scrolling that follows it."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from coze_tui.text.i18n import N_
from coze_tui.tui.widgets.line_widget import LineWidget


def list_keys(
    part: str,
    first: tuple[str, str],
    last: tuple[str, str],
    *,
    up: str = N_("up"),
    down: str = N_("down"),
    pages: tuple[str, str] = ("pageup", "pagedown"),
    is_led: bool = False,
) -> list[BindingType]:
    """Return the bindings of `move`, `page` and `edge`, the same in all lists.

    Args:
        part: The prefix of their IDs: `frames` results in `frames.up` and so on.
        first: End of the ID, and description, of the key to the first row; `last` likewise.
        pages: Keys that move up and down by a page.
        is_led: Whether the focus is in a field above the list, which needs letters, Home and End itself.
    """
    lines = ("up", "down") if is_led else ("up,k", "down,j")
    ends = ("ctrl+home", "ctrl+end") if is_led else ("home,g", "end,G")
    return [
        Binding(lines[0], "move(-1)", up, id=f"{part}.up", show=False),
        Binding(lines[1], "move(1)", down, id=f"{part}.down", show=False),
        Binding(pages[0], "page(-1)", N_("page up"), id=f"{part}.page_up", show=False),
        Binding(pages[1], "page(1)", N_("page down"), id=f"{part}.page_down", show=False),
        Binding(ends[0], "edge(False)", first[1], id=f"{part}.{first[0]}", show=False),
        Binding(ends[1], "edge(True)", last[1], id=f"{part}.{last[0]}", show=False),
    ]


class LineList(LineWidget, ScrollView, can_focus=True):
    """Rows with a cursor; draws only the visible lines.

    A subclass defines `row_count` and `render_line`, and `lines_of` if a row has more than one line.
    It calls `lay_out` after each change.
    """

    HEAD: ClassVar[int] = 0
    """Lines at the top that do not scroll."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._cursor = 0

    # --- defined by subclasses ---

    @property
    @abstractmethod
    def row_count(self) -> int:
        """Return the number of rows that the cursor can be on."""

    @property
    def line_count(self) -> int:
        """Return the number of lines that scroll."""
        return self.row_count

    def lines_of(self, row: int) -> tuple[int, int]:
        """Return the first line of a row that must be visible, and the line after the last one."""
        return row, row + 1

    def cursor_moved(self) -> None:
        """Handle that the cursor is on another row."""

    # --- the cursor ---

    @property
    def cursor(self) -> int:
        """Return the index of the row under the cursor."""
        return self._cursor

    @property
    def room(self) -> int:
        """Return the number of visible lines that scroll."""
        return self.scrollable_content_region.height - self.HEAD

    def go(self, row: int) -> None:
        """Put the cursor on a row, or on the nearest row if the number is out of range."""
        before, self._cursor = self._cursor, max(0, min(self.row_count - 1, row))
        self.follow()
        self.refresh()
        if self._cursor != before:
            self.cursor_moved()

    def move(self, step: int) -> None:
        """Move the cursor by a number of rows."""
        self.go(self.cursor + step)

    def action_move(self, step: int) -> None:
        """Move the cursor by a number of rows."""
        self.move(step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a page."""
        self.move(step * max(1, self.room - 1))

    def action_edge(self, is_end: bool) -> None:
        """Move the cursor to the first or the last row."""
        self.go(self.row_count - 1 if is_end else 0)

    def line_at(self, click: events.Click) -> int | None:
        """Return the number of the line under the mouse; None outside of the lines that scroll."""
        offset = click.get_content_offset(self)
        if offset is None or offset.y < self.HEAD:
            return None
        line = self.scroll_offset.y + offset.y - self.HEAD
        return line if line < self.line_count else None

    # --- scrolling ---

    def lay_out(self) -> None:
        """Apply a change of the lines, and keep the cursor visible."""
        if self.size:  # if it is hidden, `on_resize` comes before it is shown
            self.virtual_size = Size(self.line_width, self.line_count + self.HEAD)
            self.follow()
            self.refresh()

    def follow(self) -> None:
        """Scroll until the row under the cursor is visible."""
        if self.room < 1 or not self.row_count:
            return
        first, end = self.lines_of(self.cursor)
        top = self.scroll_offset.y
        if first < top or end - first > self.room:
            self.scroll_to(y=first, animate=False)
        elif end > top + self.room:
            self.scroll_to(y=end - self.room, animate=False)

    def on_resize(self) -> None:
        """Scroll to keep the cursor visible."""
        self.lay_out()

    # --- looks ---

    @property
    def line_width(self) -> int:
        """Return the cells of a line, without the scroll bar."""
        return self.scrollable_content_region.width

    def on_focus(self) -> None:
        """Show the cursor bright."""
        self.refresh()

    def on_blur(self) -> None:
        """Show the cursor dim."""
        self.refresh()

    def with_cursor(self, line: Strip, role: str = "", *, column: int = 0) -> Strip:
        """Return a selected line with the bar of the cursor in one of its cells.

        Args:
            role: Color of the bar; by default it shows whether the list has the focus.
        """
        if line.cell_length < 2:
            return line
        # Themes that show the selection by reversing must not reverse the bar with the rest.
        style = self.rich_style + self.style_of(role or ("bot" if self.has_focus else "muted"))
        style += Style(bgcolor=self.style_of("selected").bgcolor)
        bar = Strip([Segment("▌", style)], 1)
        return Strip.join([line.crop(0, column), bar, line.crop(column + 1)])
