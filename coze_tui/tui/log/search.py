"""Finds and highlights a query in the entries of the message pane. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.text.matching import fold, spans
from coze_tui.tui.log.blocks import EntryBlock, FoldBlock, HeaderBlock
from coze_tui.tui.log.entries import Entry
from coze_tui.values import valueclass


@valueclass
class Match:
    """An occurrence of a query in an entry."""

    entry: Entry
    line: int
    """The line of the entry in the current layout."""
    block: EntryBlock
    row: int
    start: int
    """Offset in the text of the row, like `end`."""
    end: int
    rest: int = 0
    """Characters of the match that a wrap has moved to the next row."""

    def part_in(self, block: EntryBlock | None, row: int) -> tuple[int, int] | None:
        """Return start and end of the match in a row; None if it is not in that row."""
        if block is not self.block:
            return None
        if row == self.row:
            return self.start, self.end
        return (0, self.rest) if row == self.row + 1 and self.rest else None

    def is_at_or_after(self, place: tuple[int, int]) -> bool:
        """Return whether the match starts at or after a row, given as indexes of block and row."""
        return (self.entry.blocks.index(self.block), self.row) >= place


def matches_in(entry: Entry, query: str, width: int, palette: Palette) -> list[Match]:
    """Return the matches in an entry in order, including those that wrap to the next line.

    Lays out the rest of a long entry; call `LogViewport.complete` before to avoid blocking keys.
    """
    height = entry.lay_out(width, palette)
    if entry.is_behind:
        while entry.is_behind:
            entry.advance()
        height = entry.lay_out(width, palette)
    lines = [entry.line(number) for number in range(height)]
    found = []
    for number, (line, block, row) in enumerate(lines):
        # The store does not search names and times, and its counts must agree with these.
        if block is None or isinstance(block, HeaderBlock) or not line.text:
            continue
        text, length = line.text, len(line.text)
        below, joint = "", 0
        # A match may continue behind a wrap.
        if number + 1 < height and lines[number + 1][1] is block:
            below = _continuation(lines[number + 1][0])
            joint = len(below) - len(lines[number + 1][0].text) if below else 0
        for start, end in spans(text + below, query):
            if start < length:
                # The joint is what the wrap has removed, so it is drawn on neither row.
                rest = max(0, end - length - joint)
                found.append(Match(entry, number, block, row, start, min(end, length), rest))
    return found


def _continuation(line: Line) -> str:
    return f"{line.joint}{line.text}" if line.continues else ""


def split_match_parts(entry: Entry, number: int, query: str) -> list[tuple[int, int]]:
    """Return the offsets of the parts of a line that belong to matches split by a wrap.

    `Line.continues` identifies wrapped lines; `Line.joint` is the text that the wrap removed.
    """
    line, block, _place = entry.line(number)
    before = after = ""
    if number and line.continues:
        above, above_block, _place = entry.line(number - 1)
        before = f"{above.text}{line.joint}" if above_block is block else ""
    below, below_block, _place = entry.line(number + 1)
    if below_block is block:
        after = _continuation(below)
    return split_spans(line.text, query, before, after)


def is_part_of(text: str, query: str) -> bool:
    """Return whether a text is a match, or the part of one that a wrap has left on a row."""
    wanted, found = fold(query), fold(text)
    return bool(found) and (found.startswith(wanted) or wanted.startswith(found) or wanted.endswith(found))


def holds(entry: Entry, query: str) -> bool:
    """Return whether the text of an entry contains the query, visible or folded."""
    return any(spans(block.find_text(), query) for block in entry.blocks)


def open_folds(entry: Entry, query: str) -> bool:
    """Open the folds that contain the query; return whether any was closed."""
    opened = False
    for block in entry.blocks:
        # A match in a closed fold would be counted but could not be seen.
        if isinstance(block, FoldBlock) and not block.is_open and spans(block.find_text(), query):
            block.toggle()
            opened = True
    return opened


def split_spans(text: str, query: str, before: str, after: str) -> list[tuple[int, int]]:
    """Return the parts of the text that belong to matches that start before it or end after it."""
    parts = []
    for start, end in spans(before + text, query) if before else ():
        if start < len(before) < end:
            parts.append((0, end - len(before)))
    for start, end in spans(text + after, query) if after else ():
        if start < len(text) < end:
            parts.append((start, len(text)))
    return parts


def highlighted(
    segments: Sequence[Segment], query: str, style: Style, also: Sequence[tuple[int, int]] = ()
) -> list[Segment]:
    """Return the segments with every match, and the parts in `also`, in another style."""
    text = "".join(segment.text for segment in segments)
    marks = sorted([*spans(text, query), *also])
    if not marks:
        return list(segments)
    result: list[Segment] = []
    at = 0
    for segment in segments:
        end, cut = at + len(segment.text), at
        for first, last in marks:
            start, stop = max(first, cut), min(last, end)  # matches split by a wrap may overlap
            if start >= stop:
                continue
            if start > cut:
                result.append(Segment(segment.text[cut - at : start - at], segment.style))
            result.append(
                Segment(segment.text[start - at : stop - at], (segment.style or Style.null()) + style)
            )
            cut = stop
        if cut < end:
            result.append(Segment(segment.text[cut - at :], segment.style))
        at = end
    return result
