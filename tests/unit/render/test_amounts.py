"""Numbers as they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from coze_tui.render import amounts


@pytest.mark.parametrize(
    ("us", "shown"),
    [(0, "0 ms"), (84_999, "84 ms"), (1_902_000, "1 902 ms"), (3_600_000_000, "3 600 000 ms")],
)
def test_milliseconds(us: int, shown: str) -> None:
    assert amounts.milliseconds(us) == shown


@pytest.mark.parametrize(
    ("us", "shown"),
    [
        (0, "0.0 s"),
        (1_390_000, "1.3 s"),
        (9_999_999, "9.9 s"),
        (12_000_000, "12 s"),
        (184_000_000, "3 m 04 s"),
        (7_260_000_000, "2 h 01 m"),
    ],
)
def test_seconds(us: int, shown: str) -> None:
    assert amounts.seconds(us) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_200, "1.2 KB"),
        (40_000, "40 KB"),
        (999_900, "1.0 MB"),
        (1_048_576, "1.0 MB"),
        (2_500_000_000, "2.5 GB"),
    ],
)
def test_size(count: int, shown: str) -> None:
    assert amounts.size(count) == shown


def test_tail_keeps_what_tells_ids_apart() -> None:
    assert amounts.tail("7461111111111117402") == "…7402"
    assert amounts.tail("12345") == "12345"


@given(st.text(), st.integers(0, 30))
def test_shortened_always_fits(text: str, width: int) -> None:
    assert cell_len(amounts.shortened(text, width)) <= width


def test_shortened_does_not_tear_wide_characters() -> None:
    assert amounts.shortened("春节快乐", 8) == "春节快乐"
    assert amounts.shortened("春节快乐", 7) == "春节快…"
    assert amounts.shortened("春节快乐", 6) == "春节…"
