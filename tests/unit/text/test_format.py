"""Numbers as they are shown."""

from __future__ import annotations

import pytest

from coze_tui.text.format import milliseconds, seconds, size, tail


@pytest.mark.parametrize(
    ("us", "shown"),
    [(0, "0 ms"), (84_999, "84 ms"), (1_902_000, "1 902 ms"), (3_600_000_000, "3 600 000 ms")],
)
def test_milliseconds(us: int, shown: str) -> None:
    assert milliseconds(us) == shown


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
    assert seconds(us) == shown


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
