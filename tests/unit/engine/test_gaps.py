"""Quantiles of gaps."""

from __future__ import annotations

import random
import statistics

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.engine.gaps import Gaps


def test_no_gap_is_nothing() -> None:
    gaps = Gaps()
    assert (gaps.count, gaps.quantile(0.5), gaps.max_us, gaps.stalls) == (0, 0, 0, 0)


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=300))
def test_quantiles_are_exact_while_they_are_few(values: list[int]) -> None:
    gaps = Gaps()
    for value in values:
        gaps.add(value)
    ordered = sorted(values)
    assert gaps.quantile(0.5) == statistics.median_low(values)
    assert gaps.quantile(1.0) == ordered[-1] == gaps.max_us
    assert sum(value <= gaps.quantile(0.95) for value in values) >= 0.95 * len(values)
    assert sum(value < gaps.quantile(0.95) for value in values) < 0.95 * len(values)
    assert gaps.stalls == sum(value > 1_000_000 for value in values)


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
