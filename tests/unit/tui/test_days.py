from __future__ import annotations

from datetime import date, datetime

import pytest

from coze_tui.text.i18n import use_language
from coze_tui.tui.history_items import clock, day_heading, day_of, short_date

TODAY = date(2026, 3, 1)


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
    return int(datetime(year, month, day, hour, minute).timestamp() * 1000)  # noqa: DTZ001 local is meant


@pytest.mark.parametrize(
    ("day", "heading"),
    [
        (date(2026, 3, 1), "TODAY"),
        (date(2026, 2, 28), "YESTERDAY"),
        (date(2026, 2, 27), "27 FEBRUARY"),
        (date(2025, 11, 12), "12 NOVEMBER 2025"),
        (date(2026, 5, 2), "2 MAY"),
    ],
)
def test_a_day_has_a_heading(day: date, heading: str) -> None:
    assert day_heading(day, TODAY) == heading


def test_days_and_hours_are_local() -> None:
    assert day_of(local(2026, 2, 28, 23, 59)) == date(2026, 2, 28)
    assert day_of(local(2026, 3, 1)) == date(2026, 3, 1)
    assert clock(local(2026, 3, 1, 9, 5)) == "09:05"


def test_a_moment_without_a_heading_tells_as_much_as_is_needed() -> None:
    assert short_date(local(2026, 3, 1, 9, 5), TODAY) == "09:05"
    assert short_date(local(2026, 1, 7), TODAY) == "01-07"
    assert short_date(local(2025, 1, 7), TODAY) == "2025-01-07"


def test_a_time_that_no_calendar_has_is_shown_all_the_same() -> None:
    for at_ms in (0, -1, 2**62, -(2**62)):
        assert day_of(at_ms) <= date.max
        assert len(clock(at_ms)) == 5


def test_headings_speak_the_language_in_use() -> None:
    use_language("zh_CN")
    try:
        assert day_heading(date(2026, 2, 27), TODAY) == "2月27日"
        assert day_heading(date(2025, 11, 12), TODAY) == "2025年11月12日"
    finally:
        use_language("en")
