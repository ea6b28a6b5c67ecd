"""The gaps between the deltas of a chat, and their quantiles. Pure."""

from __future__ import annotations

import math
import random
from array import array
from bisect import insort
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
    """Collects the lengths of gaps.

    The quantiles are exact for any number of gaps of 0 and the first 20,000 longer ones. Of more of these
    they are those of a random sample.
    """

    def __init__(self) -> None:
        self.count = 0
        self.max_us = 0
        self._longer = 0
        """Number of gaps above 0."""
        self._sorted = array("q")
        """These gaps, or the sample of them."""
        # A fixed seed: the same stream always has the same quantiles.
        self._chance = random.Random(0)

    def add(self, gap_us: int) -> None:
        """Count a gap."""
        self.count += 1
        if gap_us <= 0:
            return
        self.max_us = max(self.max_us, gap_us)
        self._longer += 1
        if len(self._sorted) == _KEPT:
            if self._chance.randrange(self._longer) >= _KEPT:
                return
            del self._sorted[self._chance.randrange(_KEPT)]
        insort(self._sorted, gap_us)

    def add_together(self, count: int) -> None:
        """Count gaps of 0, of deltas that arrived together."""
        self.count += count

    def quantile(self, part: float) -> int:
        """Return the smallest gap that at least this part of all gaps does not exceed; 0 without gaps."""
        rank = max(1, math.ceil(self.count * part)) - (self.count - self._longer)
        if rank <= 0 or not self._longer:
            return 0
        # The rank among the longer ones, or the same part of their sample.
        return self._sorted[(rank * len(self._sorted) - 1) // self._longer]


def quantile(ordered: Sequence[int], part: float) -> int:
    """Return the smallest of these sorted values that this part of them does not exceed; 0 without values."""
    if not ordered:
        return 0
    rank = math.ceil(len(ordered) * part)
    return ordered[max(0, rank - 1)]
