"""Quantiles of gaps."""

from __future__ import annotations

import random
import statistics

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.engine.model.gaps import Gaps, Pause, Pauses


def test_no_gap_is_nothing() -> None:
    gaps = Gaps()
    assert (gaps.count, gaps.quantile(0.5), gaps.max_us) == (0, 0, 0)


@given(st.lists(st.just(0) | st.integers(0, 10_000_000), min_size=1, max_size=300), st.integers(0, 300))
def test_quantiles_are_exact_while_they_are_few(values: list[int], together: int) -> None:
    gaps = Gaps()
    for value in values:
        gaps.add(value)
    gaps.add_together(together)
    values += [0] * together
    ordered = sorted(values)
    assert gaps.count == len(values)
    assert gaps.quantile(0.5) == statistics.median_low(values)
    assert gaps.quantile(1.0) == ordered[-1] == gaps.max_us
    assert sum(value <= gaps.quantile(0.95) for value in values) >= 0.95 * len(values)
    assert sum(value < gaps.quantile(0.95) for value in values) < 0.95 * len(values)


def test_of_very_many_the_sample_is_fair_and_the_longest_is_kept() -> None:
    gaps = Gaps()
    chance = random.Random(1)
    gaps.add(99_999_999)
    for _ in range(200_000):
        gaps.add(chance.randrange(100_000))
    assert gaps.count == 200_001
    assert abs(gaps.quantile(0.5) - 50_000) < 1_500
    assert abs(gaps.quantile(0.95) - 95_000) < 1_000
    assert gaps.max_us == 99_999_999
    gaps.add_together(600_003)
    assert gaps.quantile(0.75) == 0 < gaps.quantile(0.750_01)
    assert abs(gaps.quantile(0.875) - 50_000) < 1_500


def test_a_pause_lies_between_neighbors_of_one_run() -> None:
    pauses = Pauses()
    thought = [pauses.reach("thinking", at_us) for at_us in (100, 400)]
    said = [pauses.reach("answering", at_us) for at_us in (9_000_000, 9_000_200)]
    pauses.end_run()
    after = [pauses.reach("answering", at_us) for at_us in (20_000_000, 20_000_100)]
    assert [thought, said, after] == [[None, 300], [None, 200], [None, 100]]
    assert (pauses.longest, pauses.stalls) == (Pause(100, 400), [])


def test_a_pause_of_more_than_a_second_is_a_stall() -> None:
    pauses = Pauses()
    for at_us in (0, 1_000_000, 2_000_001, 9_000_000):
        pauses.reach("answering", at_us)
    assert pauses.stalls == [Pause(1_000_000, 2_000_001), Pause(2_000_001, 9_000_000)]
    assert pauses.stall_count == 2
    assert pauses.longest == pauses.stalls[1]


def test_a_time_that_goes_back_is_no_pause() -> None:
    pauses = Pauses()
    assert [pauses.reach("answering", at_us) for at_us in (500, 200, 700)] == [None, 0, 200]
