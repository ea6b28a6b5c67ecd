"""The frames of a chat as a list that draws lines: of any length, growing, folded, with a cursor."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from coze_tui.engine.analysis.frames_table import FrameLine, FrameTable, preview
from coze_tui.engine.model.gaps import STALL_US
from coze_tui.render.cells import cell_len, pad, shorten
from coze_tui.text.format import count_ms, duration, size, thousands
from coze_tui.text.i18n import N_, _
from coze_tui.tui.widgets.line_list import LineList, list_keys
from coze_tui.tui.widgets.line_widget import Part
from coze_tui.values import valueclass

_LEAST_EVENT, _MOST_EVENT = 12, 24
_LEAST_TYPE, _MOST_TYPE = 4, 14
"""Cells of a name and of a type; as many as the longest one takes."""
_BYTES = 7
_LEAST_PREVIEW = 8
_PREVIEWED = 24
"""The most frames of a run that are read for its preview."""
_MOST_PREVIEWS = 2_000
_ROLES = {"good": "good", "tool": "attention", "attention": "attention", "error": "failure"}


@valueclass
class _Columns:
    """The cells of each column; 0 if there is no room for it."""

    number: int
    at: int
    gap: int
    event: int
    type: int
    bytes: int
    preview: int


class FrameList(LineList):
    """Shows one `FrameTable`. Call `flush` when that has grown.

    The cursor follows the newest frame until it is moved away from the last line.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys("frames", ("first", N_("first frame")), ("last", N_("last frame"))),
        Binding("enter", "choose", N_("open"), id="frames.open", show=False),
        Binding("space", "fold", N_("fold or unfold"), id="frames.fold", show=False),
        Binding("asterisk", "fold_all", N_("fold or unfold all"), id="frames.fold_all", show=False),
    ]
    HEAD = 1
    PART = N_("Frames")

    class Moved(Message):
        """The cursor has moved to another line, or its line has changed."""

    class Chosen(Message):
        """Enter or a second click on a single frame."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.table = FrameTable()
        self._number: int | None = None
        """Number of the frame at the cursor; None follows the last line."""
        self._is_at_head = True
        """Whether the cursor is on the head of the run that contains the frame."""
        self._previews: dict[tuple[int, int], str] = {}
        """Previews by the number of the frame and of the frames it covers: some frames are megabytes."""
        self._shown: FrameLine | None = None
        self._widest = 0

    # --- read ---

    @property
    def current(self) -> FrameLine | None:
        """Return the line under the cursor, or None."""
        return self.table.line(self.cursor) if self.row_count else None

    @property
    def row_count(self) -> int:
        """Return the number of visible lines of the table."""
        return self.table.line_count

    @property
    def follows(self) -> bool:
        """Return whether the cursor is at the newest frame and follows new ones."""
        return self._number is None

    # --- changed ---

    def show(self, table: FrameTable, number: int = 0) -> None:
        """Show these frames, with the cursor on the frame `number`; 0 for the first line."""
        self.table = table
        self._previews.clear()
        self._number, self._is_at_head = max(1, number), number == 0
        self._shown = None
        self.flush()

    def flush(self) -> None:
        """Repaint the rows that have changed since the last call."""
        self._widest = len(str(len(self.table.rows)))
        self.lay_out()
        if self.current != self._shown:
            self._shown = self.current
            self.post_message(self.Moved())

    def set_filter(self, text: str) -> None:
        """Show only matching frames; the cursor stays or moves to the next one."""
        here = self.current
        self.table.set_filter(text)
        if here is not None and self._number is not None:
            self._number, self._is_at_head = here.row.number, not text
        self.flush()

    def go_to(self, number: int) -> None:
        """Put the cursor on a frame, and unfold the run that contains it."""
        if not 0 < number <= len(self.table.rows):
            return
        self.table.reveal(number)
        self._number, self._is_at_head = number, False
        self.flush()

    # --- moving ---

    @property
    def cursor(self) -> int:
        """Return the index of the line under the cursor; -1 without lines."""
        last = self.row_count - 1
        if self._number is None:
            return last
        line = min(last, self.table.line_of(self._number))
        if self._is_at_head and line and self.table.line(line).is_inside:
            above = self.table.line(line - 1)
            return line - 1 if above.is_delta_run and above.row.number == self._number else line
        return line

    def go(self, row: int) -> None:
        """Put the cursor on a line."""
        last = self.row_count - 1
        if last < 0:
            return
        row = max(0, min(last, row))
        at = self.table.line(row)
        is_same = row == self.cursor and self._number is not None
        self._number, self._is_at_head = at.row.number, at.is_delta_run
        if not is_same or row == last:
            self.flush()

    def action_edge(self, is_end: bool) -> None:
        """Go to the first frame, or to the last and follow new ones."""
        super().action_edge(is_end)
        if is_end:
            self._number = None
            self.flush()

    def action_fold(self) -> None:
        """Open or close the run at the cursor."""
        at = self.current
        if at is None:
            return
        number = at.row.number
        first = self.table.run_of(number)[0].number
        if self.table.toggle(number):
            self._number, self._is_at_head = first, True
            self._shown = None
            self.flush()

    def action_fold_all(self) -> None:
        """Open all runs, or close them."""
        at = self.current
        self.table.toggle_all()
        if at is not None and self._number is not None:
            self._number, self._is_at_head = at.row.number, at.is_delta_run
        self.flush()

    def action_choose(self) -> None:
        """Open or close a run; ask for the data of a frame."""
        at = self.current
        if at is not None and at.is_delta_run:
            self.action_fold()
        elif at is not None:
            self.post_message(self.Chosen())

    def on_click(self, click: events.Click) -> None:
        """Go to the line under the mouse; a second click opens it."""
        line = self.line_at(click)
        if line is not None:
            self.go(line)
            if click.chain == 2:
                self.action_choose()

    def on_resize(self) -> None:
        """Scroll to keep the cursor visible."""
        self.flush()

    # --- looks ---

    def render_line(self, y: int) -> Strip:
        """Return the line with the heads of the columns, or a visible line."""
        columns = self._columns()
        if not y:
            return self.line(self._heads(columns))
        index = self.scroll_offset.y + y - 1
        if index >= self.table.line_count:
            if y == 2 and not self.table.line_count:
                empty = _("no matching frames") if self.table.filter else _("no frames yet")
                return self.line([(f"   {empty}", "muted")])
            return self.line([])
        line = self.table.line(index)
        is_current = index == self.cursor
        drawn = self.line(*self._parts(line, columns, is_current), "selected" if is_current else "")
        return self.with_cursor(drawn) if is_current else drawn

    def _columns(self) -> _Columns:
        rows = self.table.rows
        number = max(3, self._widest)
        at = max(5, cell_len(count_ms(self.table.latest_us)))
        longest = rows[self.table.longest_gap - 1].gap_us if rows else 0
        gap = max(5, cell_len(count_ms(longest)))
        event = max(_LEAST_EVENT, min(_MOST_EVENT, self.table.longest_event))
        kind = max(_LEAST_TYPE, min(_MOST_TYPE, self.table.longest_kind))
        room = self.line_width - 3 - number - 2 - at - event - 2
        gap = gap + 2 if room >= gap + 2 else 0
        room -= gap
        type_ = kind + 1 if room > kind else 0
        room -= type_
        bytes_ = _BYTES + 1 if room > _BYTES else 0
        room -= bytes_
        preview_ = room - 3 if room >= _LEAST_PREVIEW + 3 else 0
        return _Columns(number, at, gap, event, type_, bytes_, preview_)

    def _heads(self, columns: _Columns) -> list[Part]:
        heads = "   " + pad("#", columns.number, right=True) + "  " + pad(_("ms"), columns.at, right=True)
        if columns.gap:
            heads += pad(_("gap"), columns.gap, right=True)
        heads += "  " + pad(_("event"), columns.event)
        if columns.type:
            heads += " " + pad(_("type"), columns.type - 1)
        if columns.bytes:
            heads += pad(_("bytes"), columns.bytes, right=True)
        if columns.preview:
            heads += "  " + shorten(_("preview"), columns.preview)
        return [(heads, "muted")]

    def _parts(self, line: FrameLine, columns: _Columns, is_current: bool) -> tuple[list[Part], list[Part]]:
        row = line.row
        sign, sign_role = _sign(line)
        role = _ROLES.get(row.level, "text")
        weight = " bold" if is_current else ""
        number = str(row.number)
        parts: list[Part] = [
            (" ", "text"),
            (f"{sign} ", sign_role),
            (pad(number, columns.number, right=True), "muted"),
            ("  " + pad(count_ms(row.frame.at_us), columns.at, right=True), "text" + weight),
        ]
        if columns.gap:
            gap = pad(count_ms(row.gap_us), columns.gap, right=True)
            parts.append((gap, "attention" if row.gap_us > STALL_US else "muted"))
        event = ("  " if line.is_inside else "") + (row.event or _("unnamed"))
        count = f" ×{thousands(line.count)}" if line.is_delta_run else ""
        event = shorten(event, columns.event - cell_len(count)) + count
        parts.append(("  " + pad(event, columns.event), role + weight))
        if columns.type:
            parts.append((" " + pad(shorten(row.kind, columns.type - 1), columns.type - 1), "muted"))
        if columns.bytes:
            parts.append((pad(size(line.bytes), columns.bytes, right=True), "muted"))
        if columns.preview:
            parts += [("  ", "text"), self._preview(line, columns.preview)]
        return parts, []

    def _preview(self, line: FrameLine, room: int) -> Part:
        if line.longest_gap_us > STALL_US:
            text = _("stall {time}").format(time=duration(line.longest_gap_us))
            return shorten(text, room), "attention"
        if line.row.problem:
            return shorten(frame_problem_text(line), room), "attention"
        return shorten(self._previewed(line), room), "muted"

    def _previewed(self, line: FrameLine) -> str:
        count = min(line.count, _PREVIEWED)
        key = (line.row.number, count if line.is_delta_run else 0)
        if key not in self._previews:
            if len(self._previews) > _MOST_PREVIEWS:
                self._previews.clear()
            rows = self.table.run_of(line.row.number)[:count] if line.is_delta_run else [line.row]
            self._previews[key] = preview(*rows)
        return self._previews[key]


def frame_problem_text(line: FrameLine) -> str:
    """Return which part of a frame could not be read; empty if it was read completely."""
    match line.row.problem:
        case "name":
            return _("unknown event")
        case "data":
            return _("invalid JSON")
        case "type":
            return _("unknown message type")
        case _:
            return ""


def _sign(line: FrameLine) -> Part:
    """Return a one-cell sign with the same meaning as the color."""
    if line.is_delta_run:
        return ("▾" if line.is_open else "▸", "muted")
    if line.row.problem:
        return "?", "attention"
    if line.row.level == "error":
        return "✗", "failure"
    if line.row.level == "tool":
        return "◆", "attention"
    return ("↻", "muted") if line.row.is_retrieved else (" ", "muted")
