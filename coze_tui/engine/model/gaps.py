"""The gaps between the deltas of a chat, and their quantiles. Pure."""

from __future__ import annotations

import math
import random
from array import array
from bisect import bisect_right, insort
from collections.abc import Sequence

from coze_tui.values import valueclass

STALL_US = 1_000_000
"""A gap between neighbors that is longer than this is a stall."""
_MOST_STALLS = 2_000
_KEPT = 20_000


@valueclass
class Pause:
    """A time without deltas in the middle of a run."""

    start_us: int
    end_us: int

    @property
    def lasted_us(self) -> int:
        return self.end_us - self.start_us


class Pauses:
    """Finds the gaps between neighboring deltas of one run. This is the only definition of a gap.

    A run consists of deltas of one kind, reasoning or answer, and ends with any other event: a pause for a
    tool is not a gap, nor is the time before an answer starts.
    """

    def __init__(self) -> None:
        self.longest: Pause | None = None
        self.stalls: list[Pause] = []
        """At most the first 2,000."""
        self.stall_count = 0
        self._run = ""
        self._last_us = 0

    def end_run(self) -> None:
        """End the run, because another event has arrived."""
        self._run = ""

    def reach(self, run: str, at_us: int) -> int | None:
        """Add the next delta.

        Args:
            run: the kind of its run.

        Returns:
            The gap to its neighbor, never negative; None for the first delta of a run.
        """
        if run != self._run:
            self._run, self._last_us = run, at_us
            return None
        gap_us = at_us - self._last_us
        # Deltas of one piece of network data have the same time.
        if gap_us <= 0:
            return 0
        if self.longest is None or gap_us > self.longest.lasted_us:
            self.longest = Pause(self._last_us, at_us)
        if gap_us > STALL_US:
            self.stall_count += 1
            if len(self.stalls) < _MOST_STALLS:
                self.stalls.append(Pause(self._last_us, at_us))
        self._last_us = at_us
        return gap_us


class Gaps:
    """Collects the lengths of gaps: exact quantiles of the first 20,000, or of a random sample of more."""

    def __init__(self) -> None:
        self.count = 0
        self.max_us = 0
        self._sorted = array("q")
        # A fixed seed: the same stream always has the same quantiles.
        self._chance = random.Random(0)

    def add(self, gap_us: int, times: int = 1) -> None:
        """Count `times` gaps of one length."""
        if not times:
            return
        self.max_us = max(self.max_us, gap_us)
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
        """Return the smallest gap that at least this part of all gaps does not exceed; 0 without gaps."""
        return quantile(self._sorted, part)


def quantile(ordered: Sequence[int], part: float) -> int:
    """Return the smallest of these sorted values that this part of them does not exceed; 0 without values."""
    if not ordered:
        return 0
    rank = math.ceil(len(ordered) * part)
    return ordered[max(0, rank - 1)]
