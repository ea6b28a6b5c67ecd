"""Draws single lines of the message pane as strips, each cached until something in it changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.cells import split_graphemes
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.scroll_view import ScrollView
from textual.strip import Strip

from coze_tui.render.cells import crop_runs, slice_cells
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.text.format import thousands
from coze_tui.text.i18n import ngettext
from coze_tui.tui.log.blocks import EntryBlock, HeaderBlock, style_of
from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.search import Match, highlighted, is_part_of, split_match_parts
from coze_tui.tui.widgets.line_widget import plain

GUTTER = 3
"""Cells left of the text: a margin, the bar, a space."""
MARGIN = 2
"""Cells right of the text: a blank one, and the scrollbar."""
_MOST_STRIPS = 600
_CARET = Style(bold=True, underline=True, reverse=True)
"""Visible on top of a selection, with and without colors."""


class LogLine(NamedTuple):
    """A line of the message pane and its position."""

    entry: Entry
    number: int
    """The index of the line in its entry."""
    is_last: bool
    """Whether it is the blank line after its entry."""
    line: Line
    block: EntryBlock | None
    """None for a blank line between two blocks or after the entry."""
    row: int
    """The index of the line in its block."""


class Mark(NamedTuple):
    """The marking of the cursor."""

    entry: Entry
    """The entry drawn with a strong bar."""
    row: int
    """The line drawn as selected."""
    code: range = range(0)
    """The lines of the code block under the cursor."""
    label: str = ""
    """The text at the right end of the first of these lines in the view."""


class LogPainter:
    """A painter of lines with a cache. Callers that change what a line shows call `forget`.

    Args:
        log: The widget whose size, styles, focus and selection the lines show.
    """

    def __init__(self, log: ScrollView, palette: Palette) -> None:
        self._log = log
        self.palette = palette
        self.query = ""
        """The text to highlight; empty for none."""
        self.match: Match | None = None
        """The current match, drawn in its own color."""
        self.caret: tuple[int, int] | None = None
        """Line and character of the end of the selection that keys move."""
        self._mark: Mark | None = None
        self._shifts: dict[tuple[int, int], int] = {}
        """Cells by which wide lines are scrolled sideways, by (id of the block, index in its document)."""
        self._strips: dict[int, Strip] = {}
        self._blank_strip: Strip | None = None
        self._ground: tuple[Style, Color] | None = None
        """Style and background of the pane, cached because Textual computes them from all ancestors."""

    def clear(self) -> None:
        """Discard all strips, the current match, and the sideways scrolling."""
        self._strips.clear()
        self._shifts.clear()
        self.match = self._mark = self.caret = None

    def set_mark(self, mark: Mark | None) -> None:
        """Set how the cursor is drawn."""
        before, self._mark = self._mark, mark
        if mark == before:
            return
        # The bar of a whole message or code block changes, not only the row of the cursor.
        if mark is None or before is None or (mark.entry, mark.code) != (before.entry, before.code):
            self._strips.clear()
            return
        for row in (before.row, mark.row):
            self._strips.pop(row, None)

    def forget(self, start: int = 0) -> None:
        """Discard the strips from line `start` on."""
        # A strip of Textual has nine caches, all of which the garbage collector visits: keep few.
        if not start or len(self._strips) > _MOST_STRIPS:
            self._strips.clear()
        for number in [number for number in self._strips if number >= start]:
            del self._strips[number]

    def forget_styles(self) -> None:
        """Discard all strips and styles because the colors have changed."""
        self._strips.clear()
        self._blank_strip = self._ground = None

    def shift_of(self, line: Line, block: EntryBlock | None) -> int:
        """Return how many cells a line is scrolled to the left."""
        return self._shifts.get((id(block), line.block), 0) if block is not None else 0

    def scroll_sideways(self, line: Line, block: EntryBlock, step: int, most: int) -> None:
        """Scroll the wide block of a line by `step` cells, but at most `most` cells in all."""
        # All lines of a code block scroll together.
        key = (id(block), line.block)
        self._shifts[key] = max(0, min(most, self._shifts.get(key, 0) + step))

    def blank(self) -> Strip:
        """Return the strip for lines after the end; always the same object."""
        log = self._log
        if self._blank_strip is None or self._blank_strip.cell_length != log.size.width:
            self._blank_strip = Strip.blank(log.size.width, log.rich_style)
        return self._blank_strip

    def strip(self, number: int, line_of: Callable[[int], LogLine]) -> Strip:
        """Return the strip of a line, painting it if it is not cached.

        Args:
            line_of: Finds a line by its number; called only if the line must be painted.
        """
        strip = self._strips.get(number)
        if strip is None:
            strip = self._strips[number] = self._paint(number, line_of(number))
        return strip

    def _paint(self, number: int, log_line: LogLine) -> Strip:
        log = self._log
        width = log.size.width
        entry, _number, is_last, line, block, _row = log_line
        shift = self.shift_of(line, block)
        body = line.paint(max(0, width - GUTTER - MARGIN), shift)
        # Names and times are no part of the messages in which the store searches.
        if self.query and block is not None and not isinstance(block, HeaderBlock):
            body = self._with_matches(body, log_line, shift)
        mark = self._mark
        is_chosen = mark is not None and entry is mark.entry and not is_last
        if mark is not None and number in mark.code:
            body = self._with_code_mark(body, mark.label if number == mark.row else "")
        if self._ground is None:
            self._ground = log.rich_style, log.background_colors[1]
        background, color = self._ground
        # Otherwise it would look selected.
        is_row = mark is not None and number == mark.row and self.caret is None
        over = self.palette.selected if is_row else None
        if over is not None and over.reverse:
            body = [Segment(segment.text, plain(segment.style or Style.null())) for segment in body]
        segments = [*self._bar(entry, is_chosen, is_last), *body, Segment(" " * MARGIN)]
        strip = Strip(Segment.apply_style(segments, background, over), width)
        selection = log.text_selection
        if selection is not None and (span := selection.get_span(number)) is not None:
            strip = _with_selection(strip, span, log.screen.get_component_rich_style("screen--selection"))
        if self.caret is not None and number == self.caret[0]:
            strip = _with_caret(strip, self.caret[1])
        # Textual's cache of strips applies these (NO_COLOR, `TerminalGuard`), but the pane bypasses it.
        for line_filter in log.get_line_filters():
            strip = strip.apply_filter(line_filter, color)
        return strip

    def _with_matches(self, body: list[Segment], log_line: LogLine, shift: int) -> list[Segment]:
        """Return a painted line with the query and the current match highlighted."""
        line = log_line.line
        lead = sum(len(segment.text) for segment in line.lead)
        # Only lines that do not wrap scroll sideways, so no match in them is split.
        parts = [] if shift else split_match_parts(log_line.entry, log_line.number, self.query)
        also = [(start + lead, end + lead) for start, end in parts]
        body = highlighted(body, self.query, self.palette.search_hit, also)
        span = self.match.part_in(log_line.block, log_line.row) if self.match is not None else None
        if span is None or not is_part_of(line.text[slice(*span)], self.query):
            return body  # the text of the row has changed since
        hidden = len(line.text) - len(slice_cells(line.text, shift, None)) if shift else 0
        start, end = (max(lead, offset + lead - hidden) for offset in span)
        return highlighted(body, "", self.palette.search_match, [(start, end)])

    def _bar(self, entry: Entry, is_chosen: bool, is_last: bool) -> list[Segment]:
        if entry.bar is None or is_last:
            return [Segment(" " * GUTTER)]
        style = style_of(self.palette, entry.bar)
        if is_chosen:
            style += Style(bold=True)
        return [Segment(" "), Segment("▌" if is_chosen else "▎", style), Segment(" ")]

    def _with_code_mark(self, body: Sequence[Segment], label: str) -> list[Segment]:
        """Return a line of the selected code block with a bar, and a label at the right end if it fits."""
        width = sum(segment.cell_length for segment in body)
        bar = Segment("▌", self.palette.attention + Style(bold=True))
        marked = [bar, *crop_runs(body, 1, width - 1)]
        chip = Segment(f" {label} ", self.palette.attention + Style(bold=True, reverse=True))
        room = width - chip.cell_length
        if not label or room < 1:
            return marked
        return [*crop_runs(marked, 0, room), chip]

    def with_chip(self, strip: Strip, new_lines: int) -> Strip:
        """Return the strip with a chip that counts the new lines below, if there is room for it."""
        words = ngettext("{n} new line", "{n} new lines", new_lines).format(n=thousands(new_lines))
        style = self._log.get_component_rich_style("log--chip")
        chip = Strip([Segment(f" ↓ {words} (Ctrl+End) ", style)])
        width = self._log.size.width
        room = width - chip.cell_length - 2
        # Better no chip than one that hides all of the line.
        if room < 0:
            return strip
        return Strip.join([strip.crop(0, room), chip, strip.crop(room + chip.cell_length, width)])


def _with_selection(strip: Strip, span: tuple[int, int], style: Style) -> Strip:
    start = cell_of(strip, span[0])
    end = strip.cell_length if span[1] == -1 else cell_of(strip, span[1])
    # The bar is not copied, so it must not look selected.
    start = max(start, GUTTER)
    if end <= start:
        return strip
    middle = strip.crop(start, end).apply_style(Style.null())
    lit_up = Strip(
        [Segment(text, (old or Style.null()) + style) for text, old, _ in middle], middle.cell_length
    )
    return Strip.join([strip.crop(0, start), lit_up, strip.crop(end, strip.cell_length)])


def _with_caret(strip: Strip, offset: int) -> Strip:
    """Return the strip with the caret on the character at an offset, or on the cell after the text."""
    start = cell_of(strip, offset)
    clusters = split_graphemes(strip.text[offset:])[0]
    end = cell_of(strip, offset + (clusters[0][1] if clusters else 1))
    middle = Strip(
        [Segment(text, (style or Style.null()) + _CARET) for text, style, _ in strip.crop(start, end)]
    )
    return Strip.join([strip.crop(0, start), middle, strip.crop(end, strip.cell_length)])


def cell_of(strip: Strip, offset: int) -> int:
    """Return the cell in which the character at an offset starts."""
    text = strip.text[:offset]
    # Measuring cells is slow, and ASCII has as many as characters.
    return len(text) if text.isascii() else Segment(text).cell_length
