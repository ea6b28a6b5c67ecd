"""Measures and cuts text in screen cells, as Rich and Textual do. Pure functions.

Text has no control characters (see `coze_tui.text.cleaning`), so each ASCII character is one cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import accumulate

from rich.cells import cell_len as rich_cell_len
from rich.cells import get_character_cell_size, split_text
from rich.segment import Segment

from coze_tui.text import cells as plain

Runs = Sequence[Segment]
"""Text as a sequence of runs, each in one style."""

_JOINER, _EMOJI = "\u200d", "\ufe0f"
_JOINERS = re.compile(f"[{_JOINER}{_EMOJI}]")


class _CellSizes(dict[str, int]):
    """Cell widths of single characters, looked up once each."""

    def __missing__(self, character: str) -> int:
        size = self[character] = get_character_cell_size(character)
        return size


_SIZES = _CellSizes()


def cell_len(text: str) -> int:
    """Return how many cells the text takes on a screen."""
    if text.isascii():
        return len(text)
    # Only then does a character change the width of another one.
    if _JOINERS.search(text):
        return rich_cell_len(text)
    return sum(map(_SIZES.__getitem__, text))


def shorten(text: str, width: int) -> str:
    """Return the text in at most `width` cells, with an ellipsis if it was cut."""
    return plain.shorten(text, width, cell_len)


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return the text padded with spaces to `width` cells; a longer text is returned unchanged."""
    return plain.pad(text, width, right=right, measure=cell_len)


def fit(text: str, width: int) -> str:
    """Return the text in exactly `width` cells: shortened or padded."""
    return plain.fit(text, width, measure=cell_len)


def cell_ends(text: str) -> list[int]:
    """Return for each character how many cells the text takes up to and including it."""
    if _JOINERS.search(text):
        return list(accumulate(_joined_sizes(text)))
    return list(accumulate(map(_SIZES.__getitem__, text)))


def _joined_sizes(text: str) -> list[int]:
    """Return the cells of each character by Rich's count: 0 after a joiner, more if it becomes an emoji."""
    sizes = [0] * len(text)
    base, at = -1, 0
    while at < len(text):
        character = text[at]
        if character == _JOINER:
            at += 1
        elif character == _EMOJI:
            if base >= 0:
                sizes[base] = rich_cell_len(text[base] + _EMOJI)
            base = -1
        elif size := _SIZES[character]:
            sizes[at], base = size, at
        at += 1
    return sizes


def slice_cells(text: str, start: int, end: int | None) -> str:
    """Return the characters from cell `start` to cell `end`, including a wide one that is partly inside."""
    if text.isascii():
        return text[max(0, start) : None if end is None else max(0, end)]
    taken: list[str] = []
    at = 0
    for character in text:
        size = _SIZES[character]
        if at + size > start and (end is None or at < end):
            taken.append(character)
        at += size
    return "".join(taken)


# --- runs ---


def runs_len(runs: Runs) -> int:
    """Return the number of cells of all runs together."""
    return sum([cell_len(text) for text, *_ in runs])


def untorn(runs: Runs) -> list[Segment]:
    """Return the runs such that each one's width alone adds up to the width of the whole text.

    Moves an emoji of several code points into one run. Merges neighbors of the same style. Drops a joiner
    between two styles, because it has nothing to join there.
    """
    if not any(_JOINERS.search(text) for text, *_ in runs):
        return list(runs)
    whole: list[Segment] = []
    for run in runs:
        if whole and whole[-1].style == run.style:
            whole[-1] = Segment(whole[-1].text + run.text, run.style)
            continue
        if whole:
            whole[-1] = Segment(whole[-1].text.rstrip(_JOINER), whole[-1].style)
            run = Segment(run.text.lstrip(_JOINER + _EMOJI), run.style)
        whole.append(run)
    return whole


def _cells_of(text: str, start: int, stop: int) -> str:
    """Return exactly the cells of a text from `start` to `stop`."""
    if text.isascii():
        return text[start:stop]
    part = split_text(split_text(text, start)[1], stop - start)[0]
    # Rich gives an emoji after a leading joiner two cells here, but none when it measures.
    return part + " " * (stop - start - cell_len(part))


def crop_runs(runs: Runs, start: int, width: int) -> list[Segment]:
    """Return at most `width` cells from cell `start` on; half of a wide character becomes a blank."""
    cropped: list[Segment] = []
    at, end = 0, start + width
    for run in runs:
        text = run.text
        size = cell_len(text)
        if at >= end:
            break
        if at + size > start:
            if at < start or at + size > end:
                text = _cells_of(text, max(start - at, 0), min(end - at, size))
            if text:
                cropped.append(Segment(text, run.style))
        at += size
    return cropped
