from __future__ import annotations

import pytest

from coze_tui.terminal.cells import UNKNOWN
from coze_tui.terminal.painter import find_scroll

LINES = [f"{chr(65 + y) * 20}{y:02}" for y in range(20)]
SIDE = [f"{chr(97 + y)}" * 30 for y in range(8)]


@pytest.mark.parametrize("lines", [-3, -1, 1, 4])
def test_rows_that_moved_are_found(lines: int) -> None:
    assert find_scroll(LINES[8 + lines : 16 + lines], LINES[8:16], range(8), (0, 22)) == (0, 7, lines)


def test_only_the_rows_that_moved_are_moved() -> None:
    old = ["head".ljust(22), *LINES[5:10], "foot".ljust(22)]
    new = ["head".ljust(22), *LINES[6:11], "foot".ljust(22)]
    assert find_scroll(new, old, range(7), (0, 22)) == (1, 5, 1)


def test_a_little_beside_it_is_written_again() -> None:
    old = [LINES[y] + SIDE[y][:4] for y in range(8)]
    new = [LINES[y + 1] + SIDE[y][:4] for y in range(8)]
    assert find_scroll(new, old, range(8), (0, 22)) == (0, 7, 1)


def test_a_scroll_that_would_cost_more_than_it_saves_is_left_alone() -> None:
    old = [LINES[y][-4:] + SIDE[y] for y in range(8)]
    new = [LINES[y + 1][-4:] + SIDE[y] for y in range(8)]
    assert find_scroll(new, old, range(8), (0, 4)) is None


def test_what_did_not_move_or_is_not_known_is_left_alone() -> None:
    assert find_scroll(LINES[:8], LINES[:8], range(8), (0, 22)) is None
    assert find_scroll(LINES[:8], [UNKNOWN * 22] * 8, range(8), (0, 22)) is None
    assert find_scroll([" " * 22] * 8, LINES[:8], range(8), (0, 22)) is None
