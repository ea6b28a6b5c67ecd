"""Finds and highlights a query in the entries of the log. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.text.matching import spans
from coze_tui.tui.log.blocks import FoldBlock, HeaderBlock
from coze_tui.tui.log.entries import Entry


def match_lines(entry: Entry, query: str, width: int, palette: Palette) -> list[int]:
    """Return the line of each match in an entry, also of a match that continues on the next wrapped line.

    Lays out what is left of a long entry: `LogViewport.complete` does that before without holding up keys.
    """
    height = entry.lay_out(width, palette)
    if entry.is_behind:
        while entry.is_behind:
            entry.advance()
        height = entry.lay_out(width, palette)
    lines = [entry.line(number) for number in range(height)]
    found = []
    for number, (line, block, _place) in enumerate(lines):
        if block is None or isinstance(block, HeaderBlock) or not line.text:
            continue
        text = line.text
        if number + 1 < height and lines[number + 1][1] is block:
            text += _continuation(lines[number + 1][0])
        found += [number for start, _end in spans(text, query) if start < len(line.text)]
    return found


def _continuation(line: Line) -> str:
    return f"{line.joint}{line.text}" if line.continues else ""


def split_match_parts(entry: Entry, number: int, query: str) -> list[tuple[int, int]]:
    """Return the parts of a line, as offsets, that belong to matches split by a line wrap.

    `Line.continues` says whether a line continues the one before, and `Line.joint` what the wrap removed.
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


def holds(entry: Entry, query: str) -> bool:
    """Return whether the query is in the text of an entry, visible or folded."""
    return any(spans(block.find_text(), query) for block in entry.blocks)


def open_folds(entry: Entry, query: str) -> bool:
    """Open the folds that contain the query; return whether any was closed."""
    opened = False
    for block in entry.blocks:
        if isinstance(block, FoldBlock) and not block.is_open and spans(block.find_text(), query):
            block.toggle()
            opened = True
    return opened


def split_spans(text: str, query: str, before: str, after: str) -> list[tuple[int, int]]:
    """Return the parts of the text that belong to matches that begin before it or end after it."""
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
