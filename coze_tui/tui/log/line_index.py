"""Maps the lines of the message pane to entries by heights and their running sums. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class LineIndex:
    """An index of the heights of stacked entries.

    Changing the last entry, as a stream does, costs the same for any number of entries. Changing an earlier
    one recomputes the sums of the entries after it at the next lookup.
    """

    def __init__(self) -> None:
        self._heights: list[int] = []
        self._ends: list[int] = []
        self._clean = 0
        """Number of valid items of `_ends`."""

    def __len__(self) -> int:
        return len(self._heights)

    @property
    def total(self) -> int:
        """Return the number of all lines."""
        self._sum_to(len(self._heights))
        return self._ends[-1] if self._ends else 0

    def height(self, number: int) -> int:
        """Return the height of an entry."""
        return self._heights[number]

    def start(self, number: int) -> int:
        """Return the first line of an entry; the total for the index after the last."""
        if number <= 0:
            return 0
        self._sum_to(number)
        return self._ends[number - 1]

    def find(self, line: int) -> tuple[int, int]:
        """Return the entry that contains a line, and the line's index in it. Raises IndexError outside."""
        if not 0 <= line < self.total:
            raise IndexError(line)
        number = bisect_right(self._ends, line)
        return number, line - self.start(number)

    def set_height(self, number: int, height: int) -> None:
        """Set the height of an entry."""
        if self._heights[number] != height:
            self._heights[number] = height
            self._clean = min(self._clean, number)

    def insert(self, number: int, heights: Iterable[int]) -> None:
        """Insert entries before the one with this number."""
        self._heights[number:number] = heights
        # The sums are computed at the next lookup, so that several changes cost one pass.
        self._clean = min(self._clean, number)

    def remove(self, start: int, stop: int) -> None:
        """Remove entries."""
        del self._heights[start:stop]
        self._clean = min(self._clean, start)

    def _sum_to(self, number: int) -> None:
        # A stream changes the last entry only, for which this is all the work.
        if self._clean >= number and len(self._ends) == len(self._heights):
            return
        total = self._ends[self._clean - 1] if self._clean else 0
        del self._ends[self._clean :]
        for height in self._heights[self._clean :]:
            total += height
            self._ends.append(total)
        self._clean = len(self._heights)
