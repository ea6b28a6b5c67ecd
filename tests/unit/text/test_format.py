"""Numbers as they are shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.text.format import compact, count_ms, duration, milliseconds, seconds, size, tail


@pytest.mark.parametrize(
    ("us", "shown"),
    [
        (0, "0 ms"),
        (84_499, "84 ms"),
        (84_500, "85 ms"),
        (1_902_000, "1,902 ms"),
        (3_600_000_000, "3,600,000 ms"),
    ],
)
def test_milliseconds(us: int, shown: str) -> None:
    assert milliseconds(us) == shown


@pytest.mark.parametrize(
    ("us", "shown"),
    [
        (0, "0.0 s"),
        (1_390_000, "1.4 s"),
        (3_777_000, "3.8 s"),
        (558_000, "0.6 s"),
        (1_349_999, "1.4 s"),
        (9_949_499, "9.9 s"),
        (9_999_999, "10 s"),
        (59_499_000, "59 s"),
        (59_500_000, "1 m 00 s"),
        (3_599_600_000, "1 h 00 m"),
        (12_000_000, "12 s"),
        (184_000_000, "3 m 04 s"),
        (7_260_000_000, "2 h 01 m"),
    ],
)
def test_seconds(us: int, shown: str) -> None:
    assert seconds(us) == shown


@given(st.integers(0, 10**11))
def test_what_is_shown_of_a_time_agrees_in_every_form(us: int) -> None:
    shown_ms = int(milliseconds(us).removesuffix(" ms").replace(",", ""))
    assert abs(shown_ms * 1000 - us) <= 500
    assert milliseconds(us) == f"{count_ms(us)} ms"
    assert seconds(us) == seconds(shown_ms * 1000)
    assert duration(us) == (milliseconds(us) if shown_ms < 1000 else seconds(us))


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.0k"),
        (12_688, "12.7k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (123_456_789, "123M"),
    ],
)
def test_a_compact_count_is_rounded(number: int, shown: str) -> None:
    assert compact(number) == shown


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
    assert size(count) == shown


def test_tail_keeps_what_tells_ids_apart() -> None:
    assert tail("7461111111111117402") == "…7402"
    assert tail("12345") == "12345"
