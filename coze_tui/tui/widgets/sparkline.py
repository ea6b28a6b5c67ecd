"""A row of small bars. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float]) -> str:
    """One bar a value, the highest one full; any value above nothing can be told from nothing.

    A value of nothing is a space, so that pauses are gaps.
    """
    most = max(values, default=0.0)
    if most <= 0:
        return " " * len(values)
    steps = len(_BARS) - 1
    return "".join(_BARS[round(value / most * steps)] if value > 0 else " " for value in values)
