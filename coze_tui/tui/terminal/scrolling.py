"""Finds what has scrolled, and whether the terminal should move it.

A scroll region is as wide as the screen, so what stands beside the scrolled part must be written again
afterwards. Both ways are estimated, the cheaper one is taken.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import ne

from coze_tui.tui.terminal.cells import UNKNOWN

_RUN_COST = 8
"""About what a move to another row costs, in bytes."""
_LEAST_GAIN = 40


def find_scroll(
    new: Sequence[str], old: Sequence[str], rows: Sequence[int], window: tuple[int, int]
) -> tuple[int, int, int] | None:
    """Whether moving rows by the terminal is cheaper than writing them: (top, bottom, lines up) or None.

    Args:
        new: The rows that are wanted.
        old: The rows that are shown.
        rows: Which of them may differ.
        window: The columns in which something may have scrolled; whole rows are moved all the same,
            what lies outside the window counts as a cost.
    """
    left, right = window
    places: dict[str, list[int]] = {}
    for y, row in enumerate(old):
        places.setdefault(row[left:right], []).append(y)
    votes: dict[int, int] = {}
    matched: dict[int, list[int]] = {}
    for y in rows:
        part = new[y][left:right]
        if part == old[y][left:right] or part.count(part[0]) == len(part):
            continue
        for source in places.get(part, ())[:4]:
            votes[source - y] = votes.get(source - y, 0) + 1
            matched.setdefault(source - y, []).append(y)
    best: tuple[int, int, int] | None = None
    gain = _LEAST_GAIN
    for lines in sorted(votes, key=lambda lines: -votes[lines])[:2]:
        ys = matched[lines]
        top, bottom = min(ys), max(ys)
        if lines > 0:
            bottom += lines
        else:
            top += lines
        without = _cost(new, old, range(top, bottom + 1))
        moved = [
            old[y + lines] if top <= y + lines <= bottom else UNKNOWN * len(new[y])
            for y in range(top, bottom + 1)
        ]
        saved = without - _cost(new[top : bottom + 1], moved, range(len(moved)))
        if saved > gain:
            best, gain = (top, bottom, lines), saved
    return best


def _cost(new: Sequence[str], old: Sequence[str], rows: range) -> int:
    """About how many bytes it takes to turn these rows of `old` into those of `new`."""
    total = 0
    for y in rows:
        if new[y] != old[y]:
            if old[y][0] == UNKNOWN:
                # A fresh row: its blanks cost little.
                total += _RUN_COST + len(new[y].rstrip(new[y][-1]))
            else:
                total += _RUN_COST + sum(map(ne, new[y], old[y]))
    return total
