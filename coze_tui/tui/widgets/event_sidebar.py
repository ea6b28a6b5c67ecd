"""The event sidebar of one chat: a line for each event, and the figures below."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.text.format import tail
from coze_tui.text.i18n import N_, _
from coze_tui.tui.widgets import event_rows
from coze_tui.tui.widgets.event_rows import Parts
from coze_tui.tui.widgets.line_list import list_keys
from coze_tui.tui.widgets.line_widget import LineWidget

_BESIDE = 64
"""Cells from which the figures are beside the rows."""
_BROAD = 140
"""Columns of the screen from which the sidebar has room for whole IDs and the details of its rows."""
_LEAST_ROWS = 8
"""Event lines that remain if the figures need more lines than there are."""


class EventSidebar(LineWidget, can_focus=True):
    """Shows one `TurnFigures`. Call `flush` whenever it may have changed: only lines that differ are painted.

    The view follows the newest event until the cursor is moved away from the last line.
    """

    PART = N_("Events")
    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys("events", ("first", N_("first event")), ("last", N_("last event"))),
        Binding(
            "enter", "choose", N_("frames"), id="events.open", tooltip=N_("show the frames of the event")
        ),
        Binding("i", "copy_ids", N_("copy IDs"), id="events.copy_ids"),
    ]

    @dataclass
    class RowChosen(Message):
        """Enter or a double click on a row asks for its frames."""

        frame_number: int
        """Number of the first frame of the row, from 1; 0 for a row of the program."""

    @dataclass
    class IdsAsked(Message):
        """A key asks to copy the IDs of the chat."""

        figures: TurnFigures

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._figures: TurnFigures | None = None
        self._now_us: int | None = None
        self._lines: list[Parts] = []
        self._lines_size = Size(0, 0)
        """The size for which they were laid out."""
        self._top = 0
        self._cursor: int | None = None
        self._rows_room = 0

    @property
    def figures(self) -> TurnFigures | None:
        """Return the displayed metrics, or None."""
        return self._figures

    @property
    def cursor(self) -> int | None:
        """Return the index of the row under the cursor, by default of the last one; None without rows."""
        count = len(self._figures.rows) if self._figures is not None else 0
        return min(count - 1, self._cursor if self._cursor is not None else count - 1) if count else None

    def adapt_to(self, columns: int) -> None:
        """Set the width for a screen of this many columns."""
        self.set_class(columns >= _BROAD, "-broad")

    def show(self, figures: TurnFigures | None) -> None:
        """Show another turn, or none."""
        self._figures = figures
        self._cursor = None
        self._top = 0
        self._now_us = None
        self.flush()

    def flush(self, now_us: int | None = None) -> None:
        """Paint the lines that have changed since the last call.

        Args:
            now_us: Microseconds since sending, for the rate of the running turn.
        """
        self._now_us = now_us
        if not self.is_attached or not self.content_size.height:
            return
        before = self._lines
        self._lay_out()
        width = self.content_size.width
        changed = [
            Region(0, y, width, 1)
            for y in range(max(len(before), len(self._lines)))
            if y >= len(before) or y >= len(self._lines) or before[y] != self._lines[y]
        ]
        if changed:
            self.refresh(*changed)

    def lines(self) -> list[str]:
        """Return the lines as plain text."""
        return [self.render_line(y).text.rstrip() for y in range(len(self._lines))]

    def render_line(self, y: int) -> Strip:
        """Return a line."""
        if self._lines_size != self.content_size:  # Textual paints before it reports another size
            self._lay_out()
        if y >= len(self._lines):
            return self.line([])
        return self.line(*self._lines[y])

    # --- layout ---

    def _lay_out(self) -> None:
        self._lines, self._lines_size = self._laid_out(), self.content_size

    def _laid_out(self) -> list[Parts]:
        width, height = self.content_size
        figures = self._figures
        if figures is None:
            return [event_rows.title(""), Parts([(_("no events yet"), "muted")])][:height]
        is_beside = width >= _BESIDE
        below = event_rows.figure_lines(
            figures, self._now_us, event_rows.FIGURES_WIDTH if is_beside else width
        )
        wanted = len(figures.rows) + len(figures.expected)
        room = max(0, height - 1)
        self._rows_room = room if is_beside else min(wanted, max(room - len(below), min(room, _LEAST_ROWS)))
        row_width = event_rows.row_width(width) if is_beside else width
        rows = self._row_lines(figures, row_width)
        if figures.lacks_events:
            rows = event_rows.no_events(row_width)
        if is_beside:
            pairs = zip_longest(rows, below[1 : room + 1])
            rows, below = [event_rows.beside(row, figure, width) for row, figure in pairs], []
        return [event_rows.title(tail(figures.chat_id)), *rows, *below][:height]

    def _row_lines(self, figures: TurnFigures, width: int) -> list[Parts]:
        rows, expected = figures.rows, figures.expected
        self._scroll(len(rows), len(rows) + len(expected))
        stop = self._top + self._rows_room
        marked = self.cursor if self.has_focus else None
        lines = [
            event_rows.event_line(rows[index], width, is_selected=index == marked)
            for index in range(self._top, min(stop, len(rows)))
        ]
        coming = expected[max(0, self._top - len(rows)) : max(0, stop - len(rows))]
        lines += map(event_rows.expected_line, coming)
        if self._top and len(lines) > 1:
            lines[0] = event_rows.earlier(self._top + 1)
        return lines

    def _scroll(self, count: int, wanted: int) -> None:
        """Choose the first visible row so that the cursor, or the newest row, is visible."""
        if self._cursor is None:
            newest = count if wanted > count else count - 1
            self._top = max(0, newest - self._rows_room + 1)
        else:
            self._cursor = min(self._cursor, max(0, count - 1))
            # The first line counts the earlier ones, so the cursor stays below it.
            top = self._cursor - 1 if self._cursor > 1 else 0
            self._top = max(min(self._top, top), self._cursor - self._rows_room + 1)
        self._top = max(0, min(self._top, wanted - self._rows_room))

    # --- keys and mouse ---

    def on_resize(self) -> None:
        """Lay out and paint everything again."""
        self.flush(self._now_us)
        self.refresh()

    def watch_has_focus(self, has_focus: bool) -> None:
        """Show the cursor, or hide it and follow the newest row again."""
        super().watch_has_focus(has_focus)
        if not has_focus:
            self._cursor = None
        self.flush(self._now_us)

    def action_move(self, step: int) -> None:
        """Move the cursor by `step` rows."""
        here = self.cursor
        if here is None or self._figures is None:
            return
        last = len(self._figures.rows) - 1
        self._cursor = max(0, here + step) if here + step < last else None
        self.flush(self._now_us)

    def action_page(self, step: int) -> None:
        """Move the cursor by a page."""
        self.action_move(step * max(1, self._rows_room - 2))

    def action_edge(self, is_end: bool) -> None:
        """Move the cursor to the first or the last row."""
        count = len(self._figures.rows) if self._figures is not None else 0
        self.action_move(count if is_end else -count)

    def action_choose(self) -> None:
        """Ask for the frames of the row under the cursor."""
        if self.cursor is not None and self._figures is not None:
            row = self._figures.rows[self.cursor]
            self.post_message(self.RowChosen(row.frame_number))

    def action_copy_ids(self) -> None:
        """Ask to copy the IDs."""
        if self._figures is not None:
            self.post_message(self.IdsAsked(self._figures))

    def on_click(self, click: events.Click) -> None:
        """Put the cursor on a row; a second click opens it."""
        offset = click.get_content_offset(self)
        if offset is None or self._figures is None:
            return
        index = self._top + offset.y - 1
        if 1 <= offset.y <= self._rows_room and index < len(self._figures.rows):
            self._cursor = index
            self.flush(self._now_us)
            if click.chain == 2:
                self.action_choose()

    def on_mouse_scroll_up(self, scroll: events.MouseScrollUp) -> None:
        """Scroll to earlier rows."""
        scroll.stop()
        self.action_move(-3)

    def on_mouse_scroll_down(self, scroll: events.MouseScrollDown) -> None:
        """Scroll to later rows."""
        scroll.stop()
        self.action_move(3)
