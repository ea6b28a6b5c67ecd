"""A list to choose from: headings and choices of one or two lines, with a cursor on a choice."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from coze_tui.text.i18n import N_
from coze_tui.tui.widgets.line_list import LineList, list_keys
from coze_tui.tui.widgets.line_widget import Part
from coze_tui.values import valueclass


@valueclass
class ListRow:
    """A heading, a remark or a choice. Texts are clean and have no line ends."""

    key: str | None
    """Identifies the choice; None for a heading or a remark, which cannot be chosen."""
    left: tuple[Part, ...]
    right: tuple[Part, ...] = ()
    below: tuple[Part, ...] = ()
    """A second line."""

    @property
    def height(self) -> int:
        """Return the number of lines of the row."""
        return 2 if self.below else 1


class SelectList(LineList):
    """A list as high as its rows, for a scrolling container. Without choices the keys scroll the container.

    Args:
        is_led: Another widget has the focus and calls `move` and the actions.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys("rows", ("first", N_("first row")), ("last", N_("last row"))),
        Binding("enter", "choose", N_("choose"), id="rows.choose"),
    ]
    PART = N_("List")

    class Chosen(Message):
        """Enter or a click on a choice."""

        def __init__(self, rows: SelectList, key: str) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> SelectList:
            """Return the list."""
            return self.rows

    class Moved(Message):
        """The cursor is on another choice, or on none."""

        def __init__(self, rows: SelectList, key: str | None) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> SelectList:
            """Return the list."""
            return self.rows

    def __init__(self, rows: Sequence[ListRow] = (), *, is_led: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.can_focus = not is_led
        self._is_led = is_led
        self._rows: tuple[ListRow, ...] = ()
        self._tops: list[int] = [0]
        """The first line of each row, and the number of all lines."""
        self._row_at: list[int] = []
        """The row of each line."""
        self._choices: list[int] = []
        """The rows with a key."""
        self._put(tuple(rows), None)

    @property
    def rows(self) -> Sequence[ListRow]:
        """Return all rows, including those that cannot be chosen."""
        return self._rows

    @property
    def current(self) -> str | None:
        """Return the key of the choice under the cursor; None if there are no choices."""
        return self._rows[self._choices[self._cursor]].key if self._choices else None

    def show(self, rows: Sequence[ListRow], *, current: str | None = None) -> None:
        """Show these rows, the cursor on `current`, or else where it is if that row is still there."""
        rows = tuple(rows)
        if rows != self._rows or (current is not None and current != self.current):
            self._put(rows, current or self.current)
            self.follow()
            self.refresh(layout=True)

    def go_to(self, key: str) -> None:
        """Put the cursor on a choice."""
        self.show(self._rows, current=key)

    def _put(self, rows: tuple[ListRow, ...], current: str | None) -> None:
        self._rows = rows
        self._tops = [0, *accumulate(row.height for row in rows)]
        self._row_at = [index for index, row in enumerate(rows) for _line in range(row.height)]
        self._choices = [index for index, row in enumerate(rows) if row.key is not None]
        keys = [rows[index].key for index in self._choices]
        self._cursor = keys.index(current) if current in keys else 0
        self.styles.height = max(1, self.line_count)

    # --- moving ---

    @property
    def row_count(self) -> int:
        """Return the number of choices."""
        return len(self._choices)

    @property
    def line_count(self) -> int:
        """Return the number of lines of all rows."""
        return len(self._row_at)

    def lines_of(self, row: int) -> tuple[int, int]:
        """Return the lines of a choice; those of the first one begin at the top of the list."""
        index = self._choices[row]
        return self._tops[index] if row else 0, self._tops[index + 1]

    def cursor_moved(self) -> None:
        """Post the choice under the cursor."""
        self.post_message(self.Moved(self, self.current))

    def move(self, step: int) -> None:
        """Move the cursor by choices, from the last to the first."""
        if self._choices:
            self.go((self._cursor + step) % self.row_count)
        else:
            self._scroll(step)

    def action_page(self, step: int) -> None:
        """Move the cursor by a page, at least by one choice."""
        parent = self.parent
        seen = parent.scrollable_content_region.height if isinstance(parent, ScrollableContainer) else 10
        lines = step * max(1, seen - 1)
        if not self._choices:
            self._scroll(lines)
            return
        target = self._tops[self._choices[self._cursor]] + lines
        nearest = min(range(self.row_count), key=lambda row: abs(self._tops[self._choices[row]] - target))
        self.go(nearest if nearest != self._cursor else nearest + step)

    def action_edge(self, is_end: bool) -> None:
        """Go to the first or the last choice."""
        if self._choices:
            super().action_edge(is_end)
        else:
            self._scroll(self.line_count if is_end else -self.line_count)

    def action_choose(self) -> None:
        """Choose the row under the cursor."""
        if self.current is not None:
            self.post_message(self.Chosen(self, self.current))

    def on_click(self, click: events.Click) -> None:
        """Choose the row under the mouse."""
        line = self.line_at(click)
        if line is not None and self._row_at[line] in self._choices:
            self._cursor = self._choices.index(self._row_at[line])
            self.refresh()
            self.action_choose()

    # --- scrolling: the container does it ---

    def on_mount(self) -> None:
        """Scroll until the cursor is visible."""
        self.follow()

    def on_resize(self) -> None:
        """Do nothing: the list has all its lines at any size."""

    def follow(self) -> None:
        """Scroll until the choice under the cursor is visible; for the first one, from the top."""
        if self._choices and self.is_attached:
            first, end = self.lines_of(self._cursor)
            self.call_after_refresh(self._reveal, Region(0, first, 1, end - first))

    def _reveal(self, region: Region) -> None:
        parent = self.parent
        if isinstance(parent, ScrollableContainer):
            within = region.translate(self.virtual_region.offset)
            # What is docked in the container hides rows.
            parent.scroll_to_region(within, spacing=self.dock_gutter, animate=False, force=True)

    def _scroll(self, lines: int) -> None:
        parent = self.parent
        if isinstance(parent, ScrollableContainer):
            parent.scroll_relative(y=lines, animate=False, force=True)

    # --- looks ---

    def render_line(self, y: int) -> Strip:
        """Return a line of a row."""
        if y >= self.line_count:
            return self.line([])
        index = self._row_at[y]
        row = self._rows[index]
        is_first = y == self._tops[index]
        left = [("  ", "text"), *(row.left if is_first else row.below)]
        right = (*row.right, (" ", "text")) if is_first and row.right else ()
        if not self._choices or index != self._choices[self._cursor]:
            return self.line(left, right)
        if self.has_focus or self._is_led:
            return self.with_cursor(self.line(left, right, "selected"), "bot")
        return self.line([("▌", "line"), (" ", "text"), *left[1:]], right)
