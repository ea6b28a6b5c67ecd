"""Rows of small bars."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.tui.widgets.sparkline import sparkline


def test_bars_rise_with_values() -> None:
    assert sparkline([1, 2, 3, 4, 5, 6, 7, 8]) == "▂▃▄▅▅▆▇█"
    assert sparkline([0, 5, 0, 10]) == " ▅ █"
    assert sparkline([0, 0]) == "  "
    assert sparkline([]) == ""


@given(st.lists(st.floats(0, 1e12), max_size=40))
def test_one_bar_a_value_and_none_only_for_nothing(values: list[float]) -> None:
    bars = sparkline(values)
    assert len(bars) == len(values)
    assert [bar == " " for bar in bars] == [value == 0 for value in values]
