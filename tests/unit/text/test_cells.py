"""Widths, cuts and bars in terminal cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.text.cells import bar, cell_len, fit, levels, shorten


@pytest.mark.parametrize(
    ("text", "width"), [("", 0), ("abc", 3), ("海水", 4), ("e\u0301", 1), ("a\u200bb", 2), ("😀", 2)]
)
def test_wide_characters_take_two_cells_and_marks_none(text: str, width: int) -> None:
    assert cell_len(text) == width


@given(st.text(max_size=40), st.integers(0, 30))
def test_a_cut_text_fits_and_a_filled_one_fills(text: str, width: int) -> None:
    assert cell_len(shorten(text, width)) <= width
    assert cell_len(fit(text, width)) == width


def test_a_cut_is_told_and_what_fits_is_not_cut() -> None:
    assert shorten("海水为什么咸", 7) == "海水为…"
    assert shorten("海水", 4) == "海水"
    assert fit("7", 3, right=True) == "  7"


@given(st.text("a海\u0301", max_size=80), st.integers(1, 12))
def test_a_cut_text_is_the_longest_that_fits(text: str, width: int) -> None:
    cut = shorten(text, width)
    if cell_len(text) <= width:
        assert cut == text
    else:
        ends = [text[:end] + "…" for end in range(len(text)) if cell_len(text[:end]) < width]
        assert cut == ends[-1]


def test_of_a_long_text_the_beginning_is_measured() -> None:
    measured: list[int] = []

    def measure(text: str) -> int:
        measured.append(len(text))
        return cell_len(text)

    assert shorten("海" * 1_000_000, 9, measure) == "海海海海…"
    assert sum(measured) < 1_000


def test_a_bar_is_as_long_as_its_part_and_a_little_is_seen() -> None:
    assert bar(1, 4) == "████"
    assert bar(0.5, 4) == "██"
    assert bar(0.0001, 4) == "▏"
    assert bar(0, 4) == ""
    assert bar(7, 4) == "████"


def test_levels_show_the_highest_full_and_pauses_as_gaps() -> None:
    assert levels([8, 0, 1]) == "█ ▂"
    assert levels([0, 0]) == "  "
    assert levels([]) == ""


@given(st.lists(st.floats(0, 1e12), max_size=40))
def test_one_level_a_value_and_a_space_only_for_nothing(values: list[float]) -> None:
    bars = levels(values)
    assert len(bars) == len(values)
    assert [bar == " " for bar in bars] == [value == 0 for value in values]


def test_levels_in_fewer_columns_keep_the_highest_and_in_more_repeat() -> None:
    assert levels([1, 8, 0, 0, 4, 0], 3) == "█ ▅"
    assert levels([8, 0], 4) == "██  "
    assert levels([], 3) == ""
