"""Text in terminal cells: how wide it is, cut and filled to a width, and bars of parts of a cell. Pure.

For plain output only: the screens measure with the rules of their terminal.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

_STEPS = "▁▂▃▄▅▆▇█"
_PARTS = " ▏▎▍▌▋▊▉"


def cells(text: str) -> int:
    """How many cells the text takes."""
    return len(text) if text.isascii() else sum(map(_cells_of, text))


def _cells_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def cut(text: str, width: int) -> str:
    """The text in at most so many cells; what is left out is told by an ellipsis."""
    if cells(text) <= width:
        return text
    kept, used = [], 0
    for character in text:
        used += _cells_of(character)
        if used > width - 1:
            break
        kept.append(character)
    return "".join(kept) + "…" if width > 0 else ""


def filled(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly so many cells, at their left or their right end."""
    text = cut(text, width)
    blank = " " * (width - cells(text))
    return blank + text if right else text + blank


def bar(part: float, width: int) -> str:
    """A bar of this part of the width, to an eighth of a cell; anything above nothing can be seen."""
    eighths = round(max(0.0, min(1.0, part)) * width * 8)
    if part > 0:
        eighths = max(1, eighths)
    return ("█" * (eighths // 8) + _PARTS[eighths % 8]).rstrip()


def levels(values: Sequence[float], columns: int | None = None) -> str:
    """One small bar a value, the highest one full; a value of nothing is a space, so that pauses are gaps.

    Args:
        columns: so many bars; where several values fall in one, it is the highest of them.
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
