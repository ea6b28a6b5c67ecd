"""Measures, shortens and pads text in terminal cells, and draws bars of fractions of a cell. Pure.

`cell_len` here uses Python's own Unicode data, for plain output. The screens must match Textual to the cell,
so `coze_tui.render.cells` passes Rich's function to the same functions.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence

_STEPS = "▁▂▃▄▅▆▇█"
_PARTS = " ▏▎▍▌▋▊▉"
_EMOJI = "\ufe0f"
_FIRST_MEASURED = 4
"""Characters for each cell that `shorten` measures at first; then twice as many, until they are too wide."""

Measure = Callable[[str], int]
"""Returns the number of cells of a text; more characters at the end never reduce it."""


def cell_len(text: str) -> int:
    """Return how many cells the text takes in plain output."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def shorten(text: str, width: int, measure: Measure = cell_len) -> str:
    """Return the text in at most `width` cells, with an ellipsis in place of the rest."""
    size = _FIRST_MEASURED * max(1, width)
    while measure(text[:size]) <= width:
        if size >= len(text):
            return text
        size *= 2
    text = text[:size]  # measure only the start of a long text
    if width <= 0:
        return ""
    end = bisect_right(range(len(text)), width - 1, key=lambda end: measure(text[:end])) - 1
    if text[end] == _EMOJI:  # the variation selector would have widened the character before it
        end -= 1
    return text[:end].rstrip() + "…"


def pad(text: str, width: int, *, right: bool = False, measure: Measure = cell_len) -> str:
    """Return the text padded to `width` cells; a longer text is returned unchanged.

    Args:
        right: align the text to the right.
    """
    blanks = " " * (width - measure(text))
    return blanks + text if right else text + blanks


def fit(text: str, width: int, *, right: bool = False, measure: Measure = cell_len) -> str:
    """Return the text in exactly `width` cells: shortened or padded."""
    return pad(shorten(text, width, measure), width, right=right, measure=measure)


def bar(part: float, width: int) -> str:
    """Return a bar of this part of the width, to an eighth of a cell. Any part above 0 is visible."""
    eighths = round(max(0.0, min(1.0, part)) * width * 8)
    if part > 0:
        eighths = max(1, eighths)
    return ("█" * (eighths // 8) + _PARTS[eighths % 8]).rstrip()


def levels(values: Sequence[float], columns: int | None = None) -> str:
    """Return one small bar for each value, the highest one full.

    A value of 0 becomes a space, so that pauses are visible as gaps.

    Args:
        columns: number of bars; if several values share a bar, it shows the highest of them.
    """
    if columns is not None:
        values = _resampled(values, columns)
    most = max(values, default=0.0)
    if most <= 0:
        return " " * len(values)
    last = len(_STEPS) - 1
    return "".join(_STEPS[round(value / most * last)] if value > 0 else " " for value in values)


def _resampled(values: Sequence[float], columns: int) -> list[float]:
    count = len(values)
    found = []
    for column in range(columns if count else 0):
        first = column * count // columns
        found.append(max(values[first : max(first + 1, (column + 1) * count // columns)]))
    return found
