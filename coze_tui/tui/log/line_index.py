"""Which line of the log belongs to which entry: heights and their running sums. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable


class LineIndex:
    """Heights of entries stacked on each other.

    Changing the last entry, which is what a stream does, costs the same however many there are;
    changing an earlier one costs a sum over those behind it, once, when it is next asked for.
    """

    def __init__(self) -> None:
        self._heights: list[int] = []
        self._ends: list[int] = []
        self._clean = 0
        """So many of `_ends` are right."""

    def __len__(self) -> int:
        return len(self._heights)

    @property
    def total(self) -> int:
        """Lines in all."""
        self._sum_to(len(self._heights))
        return self._ends[-1] if self._ends else 0

    def height(self, number: int) -> int:
        """Lines of one entry."""
        return self._heights[number]

    def start(self, number: int) -> int:
        """The first line of an entry; for the number behind the last the total."""
        if number <= 0:
            return 0
        self._sum_to(number)
        return self._ends[number - 1]

    def find(self, line: int) -> tuple[int, int]:
        """The entry that holds a line, and the line's place in it. Raises IndexError outside."""
        if not 0 <= line < self.total:
            raise IndexError(line)
        number = bisect_right(self._ends, line)
        return number, line - self.start(number)

    def set_height(self, number: int, height: int) -> None:
        """An entry has become taller or shorter."""
        if self._heights[number] != height:
            self._heights[number] = height
            self._clean = min(self._clean, number)

    def insert(self, number: int, heights: Iterable[int]) -> None:
        """Put entries before the one with this number."""
        self._heights[number:number] = heights
        self._clean = min(self._clean, number)

    def remove(self, start: int, stop: int) -> None:
        """Take entries out."""
        del self._heights[start:stop]
        self._clean = min(self._clean, start)

    def _sum_to(self, number: int) -> None:
        if self._clean >= number and len(self._ends) == len(self._heights):
            return
        total = self._ends[self._clean - 1] if self._clean else 0
        del self._ends[self._clean :]
        for height in self._heights[self._clean :]:
            total += height
            self._ends.append(total)
        self._clean = len(self._heights)
