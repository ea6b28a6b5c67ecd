"""Days as a history is grouped by them, and times as a list shows them. Pure, but for the time zone."""

from __future__ import annotations

import time
from datetime import date, timedelta

from coze_tui.i18n import N_, _

_MONTHS = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July")),
    *(N_("August"), N_("September"), N_("October"), N_("November"), N_("December")),
)


_LATEST_MS = 253_370_764_800_000
"""The year 9999: what a server tells may be anything."""


def day_of(at_ms: int) -> date:
    """The local day of a moment; the nearest one that calendars have."""
    then = _local(at_ms)
    return date(then.tm_year, then.tm_mon, then.tm_mday)


def day_heading(day: date, today: date) -> str:
    """What stands above the conversations of a day: `TODAY`, `12 NOVEMBER`, `12 NOVEMBER 2024`."""
    if day == today:
        return _("TODAY")
    if day == today - timedelta(days=1):
        return _("YESTERDAY")
    month = _(_MONTHS[day.month - 1])
    if day.year == today.year:
        return _("{day} {month}").format(day=day.day, month=month).upper()
    return _("{day} {month} {year}").format(day=day.day, month=month, year=day.year).upper()


def clock(at_ms: int) -> str:
    """The local time of day: `10:21`."""
    return time.strftime("%H:%M", _local(at_ms))


def short_date(at_ms: int, today: date) -> str:
    """A moment where no heading tells the day: `10:21`, `11-12`, `2024-11-12`."""
    day = day_of(at_ms)
    if day == today:
        return clock(at_ms)
    return f"{day:%m-%d}" if day.year == today.year else f"{day:%Y-%m-%d}"


def _local(at_ms: int) -> time.struct_time:
    return time.localtime(max(0, min(_LATEST_MS, at_ms)) / 1000)
