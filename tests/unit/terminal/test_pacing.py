from __future__ import annotations

from collections.abc import Sequence
from math import inf

import pytest

from coze_tui.terminal.pacing import CounterPace, FrameBudget, over_ssh


def test_a_line_is_known_by_its_variables() -> None:
    assert over_ssh({"SSH_CONNECTION": "x"})
    assert not over_ssh({"TERM": "xterm"})


def frames_of(arrivals: Sequence[float], seconds: float = 1 / 30) -> list[tuple[float, list[float]]]:
    """When frames are drawn for text that comes at these moments, and what is new in each."""
    budget = FrameBudget()
    frames: list[tuple[float, list[float]]] = []
    waiting: list[float] = []
    latest = inf
    for at in [*arrivals, inf]:
        if waiting and latest < at:
            budget.spend(latest, seconds)
            frames.append((latest, waiting))
            waiting, latest = [], inf
        if at == inf:
            return frames
        waiting.append(at)
        if budget.may_draw(at, seconds):
            budget.spend(at, seconds)
            frames.append((at, waiting))
            waiting, latest = [], inf
        elif latest == inf:
            latest = budget.latest(seconds)
    return frames


@pytest.mark.parametrize("rate", [31, 33, 40, 50, 70, 100, 200, 1000])
def test_there_are_no_more_frames_than_set_and_nothing_waits_long(rate: int) -> None:
    frames = frames_of([1 + number / rate for number in range(10 * rate)])
    in_ten_seconds = [at for at, _new in frames if at < 11]
    assert len(in_ten_seconds) <= 10 * 30 + 2
    late = sorted(at - came for at, new in frames for came in new)
    assert len(late) == 10 * rate
    assert late[-1] <= 1.7 / 30
    assert late[int(len(late) * 0.95)] <= 1.05 / 30


def test_fifty_pieces_a_second_are_mostly_seen_at_once() -> None:
    late = sorted(
        at - came for at, new in frames_of([1 + number / 50 for number in range(500)]) for came in new
    )
    assert late[len(late) // 2] == 0
    assert late[-10] < 0.025


def test_the_first_after_a_pause_is_seen_at_once_and_the_last_before_one_soon() -> None:
    frames = frames_of([10.0, 10.001, 10.002, 20.0])
    assert [at for at, _new in frames][:2] == [10.0, 10.001]
    assert frames[2][0] < 10.002 + 1.6 / 30
    assert frames[3] == (20.0, [20.0])


class SlowLine:
    seconds = 3.0

    def seconds_for(self, count: int) -> float:
        return self.seconds if count else 0.0


def test_counters_wait_on_a_slow_line_and_a_change_of_state_does_not() -> None:
    times = iter([0.0, 0.2, 2.9, 3.0, 3.2, 3.4, 6.1, 6.3])
    pace, line = CounterPace(lambda: next(times)), SlowLine()
    drawn = [
        pace.is_due(line, state) for state in ("wait", "wait", "wait", "wait", "wait", "answer", "answer")
    ]
    assert drawn == [True, False, False, True, False, True, False]
    line.seconds = 0.0
    assert pace.is_due(line, "answer")
