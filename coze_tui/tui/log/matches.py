"""Where a searched text is in an entry of the log. Pure."""

from __future__ import annotations

from coze_tui.alike import spans
from coze_tui.tui.log.blocks import FoldBlock, HeaderBlock
from coze_tui.tui.log.entries import Entry
from coze_tui.tui.log.highlights import torn
from coze_tui.tui.render.lines import Line
from coze_tui.tui.render.palette import Palette


def match_lines(entry: Entry, needle: str, width: int, palette: Palette) -> list[int]:
    """The line of each occurrence of the text in an entry, also of one that a wrapped line parts."""
    height = entry.lay_out(width, palette)
    lines = [entry.line(number) for number in range(height)]
    found = []
    for number, (line, block, _place) in enumerate(lines):
        if block is None or isinstance(block, HeaderBlock) or not line.text:
            continue
        text = line.text
        if number + 1 < height and lines[number + 1][1] is block:
            text += _continuation(lines[number + 1][0])
        found += [number for start, _end in spans(text, needle) if start < len(line.text)]
    return found


def _continuation(line: Line) -> str:
    return f"{line.joint}{line.text}" if line.continues else ""


def torn_parts(entry: Entry, number: int, needle: str) -> list[tuple[int, int]]:
    """What is to be lit in a line because an occurrence is parted by its ends; offsets within its text.

    A wrapped line is one with the line before; whether it is, and what stands between, the line says.
    """
    line, block, _place = entry.line(number)
    before = after = ""
    if number and line.continues:
        above, above_block, _place = entry.line(number - 1)
        before = f"{above.text}{line.joint}" if above_block is block else ""
    below, below_block, _place = entry.line(number + 1)
    if below_block is block:
        after = _continuation(below)
    return torn(line.text, needle, before, after)


def holds(entry: Entry, needle: str) -> bool:
    """The text stands in what the entry says, seen or folded."""
    return any(spans(block.find_text(), needle) for block in entry.blocks)


def open_folds(entry: Entry, needle: str) -> bool:
    """Opens the folds in which the text stands; whether any was opened."""
    opened = False
    for block in entry.blocks:
        if isinstance(block, FoldBlock) and not block.is_open and spans(block.find_text(), needle):
            block.toggle()
            opened = True
    return opened
