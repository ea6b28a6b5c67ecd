"""A list to choose from, drawn as lines: headings, rows of one or two lines, a cursor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from coze_tui.text.i18n import N_
from coze_tui.tui.widgets.line_widget import LineWidget, Part


@dataclass(frozen=True, slots=True)
class Row:
    """What stands in the list. Texts are clean and on one line."""

    key: str | None
    """What a choice of it gives; None for a heading or a remark, which cannot be chosen."""
    left: tuple[Part, ...]
    right: tuple[Part, ...] = ()
    below: tuple[Part, ...] = ()
    """A second line."""

    @property
    def height(self) -> int:
        """Lines it takes."""
        return 2 if self.below else 1


class SelectList(LineWidget, can_focus=True):
    """As high as its rows; put it into a scrolling container. Without a row to choose, moving scrolls.

    Args:
        is_led: Another widget has the focus and leads the cursor by `move` and `choose`.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", N_("up"), id="rows.up", show=False),
        Binding("down,j", "move(1)", N_("down"), id="rows.down", show=False),
        Binding("pageup", "page(-1)", N_("page up"), id="rows.page_up", show=False),
        Binding("pagedown", "page(1)", N_("page down"), id="rows.page_down", show=False),
        Binding("home,g", "edge(False)", N_("first row"), id="rows.first", show=False),
        Binding("end,G", "edge(True)", N_("last row"), id="rows.last", show=False),
        Binding("enter", "choose", N_("choose"), id="rows.choose"),
    ]
    PART = N_("List")

    class Chosen(Message):
        """Enter or a click on a row."""

        def __init__(self, rows: SelectList, key: str) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> SelectList:
            """The list."""
            return self.rows

    class Moved(Message):
        """The cursor stands on another row, or on none."""

        def __init__(self, rows: SelectList, key: str | None) -> None:
            super().__init__()
            self.rows = rows
            self.key = key

        @property
        def control(self) -> SelectList:
            """The list."""
            return self.rows

    def __init__(self, rows: Sequence[Row] = (), *, is_led: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self.can_focus = not is_led
        self._is_led = is_led
        self._rows: tuple[Row, ...] = ()
        self._tops: list[int] = [0]
        self._at: list[int] = []
        self._cursor: int | None = None
        self._put(tuple(rows), None)

    @property
    def rows(self) -> Sequence[Row]:
        """All of them, headings too."""
        return self._rows

    @property
    def current(self) -> str | None:
        """The key of the row with the cursor."""
        return None if self._cursor is None else self._rows[self._cursor].key

    def show(self, rows: Sequence[Row], *, current: str | None = None) -> None:
        """Show these; the cursor goes to `current`, else stays on its row if that is still there."""
        rows = tuple(rows)
        if rows != self._rows or (current is not None and current != self.current):
            self._put(rows, current or self.current)
            self._follow()
            self.refresh(layout=True)

    def go_to(self, key: str) -> None:
        """Put the cursor on a row."""
        self.show(self._rows, current=key)

    # --- moving ---

    def move(self, step: int) -> None:
        """Put the cursor on another row; after the last comes the first."""
        keys = self._choosable()
        if not keys or self._cursor is None:
            self._scroll(step)
            return
        self._go((keys.index(self._cursor) + step) % len(keys))

    def action_move(self, step: int) -> None:
        """The same from a key."""
        self.move(step)

    def action_page(self, step: int) -> None:
        """Move by as much as is seen at once."""
        parent = self.parent
        page = parent.scrollable_content_region.height if isinstance(parent, ScrollableContainer) else 10
        keys = self._choosable()
        if not keys or self._cursor is None:
            self._scroll(step * max(1, page - 1))
            return
        target = self._tops[self._cursor] + step * max(1, page - 1)
        nearest = min(range(len(keys)), key=lambda place: abs(self._tops[keys[place]] - target))
        if keys[nearest] == self._cursor:  # nothing to choose so near
            nearest = max(0, min(len(keys) - 1, nearest + step))
        self._go(nearest)

    def action_edge(self, last: bool) -> None:
        """Go to the first or the last row."""
        if self._choosable():
            self._go(-1 if last else 0)
        else:
            self._scroll(len(self._at) if last else -len(self._at))

    def choose(self) -> None:
        """Choose the row with the cursor."""
        if self.current is not None:
            self.post_message(self.Chosen(self, self.current))

    def action_choose(self) -> None:
        """The same from a key."""
        self.choose()

    def on_click(self, click: events.Click) -> None:
        """Choose the row under the mouse."""
        offset = click.get_content_offset(self)
        if offset is None or offset.y >= len(self._at):
            return
        index = self._at[offset.y]
        if self._rows[index].key is not None:
            self._cursor = index
            self.refresh()
            self.choose()

    def _go(self, place: int) -> None:
        before = self._cursor
        self._cursor = self._choosable()[place]
        if self._cursor != before:
            self._follow()
            self.refresh()
            self.post_message(self.Moved(self, self.current))

    def _choosable(self) -> list[int]:
        return [index for index, row in enumerate(self._rows) if row.key is not None]

    def _put(self, rows: tuple[Row, ...], current: str | None) -> None:
        self._rows = rows
        self._tops = [0, *accumulate(row.height for row in rows)]
        self._at = [index for index, row in enumerate(rows) for _line in range(row.height)]
        keys = self._choosable()
        self._cursor = next(
            (index for index in keys if rows[index].key == current), keys[0] if keys else None
        )
        self.styles.height = max(1, len(self._at))

    # --- scrolling ---

    def on_mount(self) -> None:
        """Show the row with the cursor."""
        self._follow()

    def _follow(self) -> None:
        """Bring the row with the cursor into view, and for the first one also what stands above it."""
        if self._cursor is None or not self.is_attached:
            return
        first = self._choosable()[0] == self._cursor
        top = 0 if first else self._tops[self._cursor]
        region = Region(0, top, 1, self._tops[self._cursor + 1] - top)
        self.call_after_refresh(self._reveal, region)

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
        """Draw a line of a row."""
        if y >= len(self._at):
            return self.line([])
        index = self._at[y]
        row = self._rows[index]
        is_current = index == self._cursor
        is_lit = is_current and (self.has_focus or self._is_led)
        is_first = y == self._tops[index]
        right = (*row.right, (" ", "text")) if is_first and row.right else ()
        drawn = self.line(
            [("  ", "text"), *(row.left if is_first else row.below)], right, "selected" if is_lit else ""
        )
        if not is_current or not drawn.cell_length:
            return drawn
        # Where the cursor is shown by reversing, the bar is not reversed with the rest.
        bar = self.rich_style + self.style_of("bot" if is_lit else "line")
        if is_lit:
            bar += Style(bgcolor=self.style_of("selected").bgcolor)
        return Strip.join([Strip([Segment("▌", bar)], 1), drawn.crop(1)])
