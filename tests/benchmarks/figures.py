"""One row of the table, and the table."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """What was measured, beside what it should be and what is known."""

    what: str
    value: float
    unit: str
    goal: float | None = None
    """In the same unit; None where there is none."""
    is_least: bool = False
    """The goal is the least and not the most."""
    beside: str = ""
    """What `other` is: a floor, a neighbor, or the same at a tenth of the size."""
    other: float | None = None
    goal_ratio: float | None = None
    """The goal where it is one of the ratio to `other`."""

    @property
    def ratio(self) -> float | None:
        """Times the other."""
        return self.value / self.other if self.other else None

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is; None where there is none."""
        if self.goal_ratio is not None and self.ratio is not None:
            return self.ratio >= self.goal_ratio if self.is_least else self.ratio <= self.goal_ratio
        if self.goal is None:
            return None
        return self.value >= self.goal if self.is_least else self.value <= self.goal

    def cells(self) -> tuple[str, ...]:
        """Its row."""
        sign = "≥" if self.is_least else "≤"
        goal = ""
        if self.goal_ratio is not None:
            goal = f"{sign} {self.goal_ratio:g} ×"
        elif self.goal is not None:
            goal = f"{sign} {number(self.goal)}"
        reached = {True: "yes", False: "NO", None: ""}[self.is_reached]
        if self.is_reached is False:
            by = self.ratio / self.goal_ratio if self.goal_ratio and self.ratio else None
            by = by or (self.value / self.goal if self.goal else None)
            reached = f"NO, {by:.2f} × it" if by is not None else "NO"
        other = f"{number(self.other)} {self.beside}" if self.other is not None else self.beside
        ratio = f"{self.ratio:.2f}" if self.ratio is not None else ""
        return (self.what, f"{number(self.value)} {self.unit}", goal, reached, other, ratio)


HEAD = ("what", "measured", "goal", "reached", "floor, neighbor, or a tenth", "ratio")


def number(value: float) -> str:
    """With as many digits as mean something."""
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def table(figures: Iterable[Figure]) -> str:
    """All rows, as Markdown that also reads well as text."""
    rows = [HEAD, *(figure.cells() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def median(measure: Callable[[], float], runs: int) -> float:
    """The middle of several."""
    return statistics.median(measure() for _ in range(runs))


def quantile(values: Sequence[float], part: float) -> float:
    """The least value that `part` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(part * (len(ordered) - 1)))]
