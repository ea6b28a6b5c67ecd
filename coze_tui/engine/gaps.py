"""How far apart things came: quantiles of many durations in little memory. Pure."""

from __future__ import annotations

import math
import random
from array import array
from bisect import bisect_right, insort
from collections.abc import Sequence

_KEPT = 20_000
_STALL_US = 1_000_000


class Gaps:
    """Durations between neighbours: exact quantiles of the first 20 000, of a fair sample of more."""

    def __init__(self) -> None:
        self.count = 0
        self.max_us = 0
        self.stalls = 0
        """Gaps of more than one second."""
        self._sorted = array("q")
        # A seed of its own: the same stream always gives the same figures.
        self._chance = random.Random(0)

    def add(self, gap_us: int, times: int = 1) -> None:
        """Count some more of one length."""
        if not times:
            return
        self.max_us = max(self.max_us, gap_us)
        self.stalls += times * (gap_us > _STALL_US)
        kept = min(times, _KEPT - len(self._sorted))
        if kept:
            place = bisect_right(self._sorted, gap_us)
            self._sorted[place:place] = array("q", [gap_us]) * kept
            self.count += kept
        for _ in range(times - kept):
            self.count += 1
            if self._chance.randrange(self.count) < _KEPT:
                del self._sorted[self._chance.randrange(_KEPT)]
                insort(self._sorted, gap_us)

    def quantile(self, part: float) -> int:
        """The least duration that `part` of all do not exceed; 0 without any."""
        return quantile(self._sorted, part)


def quantile(ordered: Sequence[int], part: float) -> int:
    """The least of these values, in ascending order, that `part` of all do not exceed; 0 without any."""
    if not ordered:
        return 0
    rank = math.ceil(len(ordered) * part)
    return ordered[max(0, rank - 1)]
