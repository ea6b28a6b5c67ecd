"""One frame or a run of deltas: name, facts, and its data as colored JSON that folds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.strip import Strip

from coze_tui.api.json_values import mapping_of, text_of
from coze_tui.engine.analysis.frames_table import FrameLine, FrameRow
from coze_tui.engine.model.gaps import STALL_US
from coze_tui.render.json_tree import JsonTree, Node, TreeLine, source_of
from coze_tui.render.palette import Palette
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import count_ms, duration, milliseconds, size, thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.themes import palette_of
from coze_tui.tui.widgets.frame_list import frame_problem_text
from coze_tui.tui.widgets.head import HeadLine
from coze_tui.tui.widgets.line_list import LineList, list_keys
from coze_tui.tui.widgets.line_widget import Part


class JsonTreeView(LineList):
    """Shows one text as JSON, with a cursor that folds."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys("json", ("top", N_("to the top")), ("end", N_("to the end"))),
        Binding("enter,space", "fold", N_("fold"), id="json.fold"),
        Binding("left,h", "close", N_("fold, or go to the parent"), id="json.close", show=False),
        Binding("right,l", "open", N_("unfold"), id="json.open", show=False),
    ]
    PART = N_("Data")

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tree_of_text = JsonTree("")
        self._palette: tuple[str, Palette] | None = None

    def show(self, text: str) -> None:
        """Show another text from its top."""
        if text != self.tree_of_text.text:
            self.tree_of_text = JsonTree(text)
            self._cursor = 0
            self.scroll_to(y=0, animate=False)
            self.lay_out()

    @property
    def chosen_text(self) -> str:
        """Return the text or the JSON of the value under the cursor; without one, the whole text."""
        node = self._at.node if self._at is not None else None
        return source_of(node) if node is not None else self.tree_of_text.text

    @property
    def line_width(self) -> int:
        """Return the cells of a line; one is left free before the scroll bar, or the edge."""
        return max(0, self.scrollable_content_region.width - 1)

    @property
    def row_count(self) -> int:
        """Return the number of visible lines."""
        return len(self._lines)

    @property
    def _lines(self) -> Sequence[TreeLine]:
        theme = self.app.current_theme
        if self._palette is None or self._palette[0] != theme.name:
            self._palette = theme.name, palette_of(theme)
        return self.tree_of_text.lines(self.line_width, self._palette[1])

    @property
    def _at(self) -> TreeLine | None:
        lines = self._lines
        return lines[min(self._cursor, len(lines) - 1)] if lines else None

    # --- keys ---

    def action_fold(self) -> None:
        """Fold or unfold the value of the line; on a line that stands for more values, show more of them."""
        at = self._at
        if at is not None and self.tree_of_text.toggle(at):
            self._go_to(at.node)

    def action_close(self) -> None:
        """Fold the value; if it cannot be folded, go to the value that contains it."""
        node = self._at.node if self._at is not None else None
        if node is not None and not self.tree_of_text.fold(node, is_open=False):
            node = node.parent
        if node is not None:
            self._go_to(node)

    def action_open(self) -> None:
        """Unfold the value."""
        node = self._at.node if self._at is not None else None
        if node is not None and self.tree_of_text.fold(node, is_open=True):
            self.lay_out()

    def on_click(self, click: events.Click) -> None:
        """Put the cursor on a line; a second click folds."""
        line = self.line_at(click)
        if line is not None:
            self.go(line)
            if click.chain == 2:
                self.action_fold()

    def _go_to(self, node: Node | None) -> None:
        lines = self._lines
        head = next((n for n, line in enumerate(lines) if line.is_head and line.node is node), self._cursor)
        self._cursor = min(head, len(lines) - 1)
        self.lay_out()

    # --- looks ---

    def render_line(self, y: int) -> Strip:
        """Return a visible line."""
        lines = self._lines
        index = self.scroll_offset.y + y
        width = self.line_width
        if index >= len(lines):
            return self.line([])
        is_current = self.has_focus and index == self._cursor
        base = self.rich_style + self.style_of("selected") if is_current else self.rich_style
        strip = Strip(lines[index].line.paint(width), width).apply_style(base)
        return self.with_cursor(strip) if is_current else strip


class FrameView(Vertical):
    """Shows the frame or the run of frames under the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._head = HeadLine()
        self.data = JsonTreeView(id="data")
        self._run: list[FrameRow] = []
        """The frames that `_text` was read from."""
        self._text = ""
        self.read_frames = 0
        """Frames whose text was read so far: the work done."""

    def compose(self) -> ComposeResult:
        """Yield head and data."""
        yield self._head
        yield self.data

    def show(self, line: FrameLine | None, run: list[FrameRow]) -> None:
        """Show a frame, or a run with all of its frames."""
        if line is None:
            self._head.show_lines()
            self.data.show("")
        elif line.is_delta_run:
            self._show_head(clean_line(line.row.frame.event), _run_facts(line, run))
            self.data.show(self._text_of(run))
        else:
            self._show_head(clean_line(line.row.frame.event) or _("unnamed"), _facts(line))
            self.data.show(line.row.frame.data)

    def _show_head(self, name: str, facts: list[Part]) -> None:
        self._head.show_lines(([(name, "text bold")], ()), (facts, ()))

    def _text_of(self, run: list[FrameRow]) -> str:
        """Return the joined text of a run; for audio, which has no text, the data of the first frame."""
        if run[0].kind == "audio":
            return run[0].frame.data
        known = len(self._run)
        if known > len(run) or not known or self._run[0] is not run[0]:
            known, self._text = 0, ""
        self._text += _joined(run[known:])  # of a run that grows only what is new is read
        self.read_frames += len(run) - known
        self._run = run
        return self._text


def _facts(line: FrameLine) -> list[Part]:
    row = line.row
    parts: list[Part] = [(f"#{row.number} · ", "muted")]
    if row.problem:
        parts += [(frame_problem_text(line), "attention"), (" · ", "muted")]
    parts.append((f"{milliseconds(row.frame.at_us)} · ", "muted"))
    gap = _("gap {time}").format(time=duration(row.gap_us))
    parts.append((gap, "attention" if row.gap_us > STALL_US else "muted"))
    parts.append((f" · {size(row.frame.bytes)}", "muted"))
    if row.is_retrieved:
        parts.append((" · " + _("fetched later"), "muted"))
    return parts


def _run_facts(line: FrameLine, run: list[FrameRow]) -> list[Part]:
    count = ngettext("{n} delta", "{n} deltas", line.count).format(n=thousands(line.count))
    start = count_ms(line.row.frame.at_us)
    last = line.row.number + line.count - 1
    longest = max((row.gap_us for row in run[1:]), default=0)
    gap = _("longest gap {time}").format(time=duration(longest))
    return [
        (f"#{line.row.number}–{last} · {count} · {start}–{milliseconds(line.until_us)} · ", "muted"),
        (gap, "attention" if longest > STALL_US else "muted"),
        (f" · {size(line.bytes)}", "muted"),
    ]


def _joined(run: list[FrameRow]) -> str:
    """Return the pieces of text in deltas."""
    pieces = []
    for row in run:
        try:
            data = mapping_of(json.loads(row.frame.data))
        except (ValueError, RecursionError):
            continue
        pieces.append(text_of(data.get("content")) or text_of(data.get("reasoning_content")))
    return "".join(pieces)
