"""`coze-tui stats`: tokens, chats, failures and response times of the history."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from operator import attrgetter
from pathlib import Path
from typing import TextIO

from coze_tui.cli.history.call import opened_history
from coze_tui.cli.options import Arguments, age_in_days
from coze_tui.cli.startup import begin, notify, show_problems
from coze_tui.engine.analysis.statistics import (
    ChatFilter,
    Group,
    Grouping,
    Statistics,
    days_ago_ms,
    statistics,
)
from coze_tui.engine.library.chats import Inspecting
from coze_tui.engine.library.conversations import now_ms
from coze_tui.errors import SettingsError
from coze_tui.report.console import Console
from coze_tui.text.cells import bar, cell_len, fit, shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import duration, thousands
from coze_tui.text.i18n import _, ngettext

_LABEL = 24
_BAR = 24
_LEAST_BAR = 6


def run_stats(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the statistics as bars, JSON or CSV."""
    startup = begin(arguments, environment)
    show_problems(startup)
    since_ms = _since(arguments.since)
    by: Grouping = arguments.by
    file = startup.paths.database_file
    only = ChatFilter(since_ms)
    if arguments.csv and by == "conversation" and os.path.lexists(file):
        asyncio.run(_stream_csv(file, only))
        return 0
    # a history is not created only to be empty
    found = asyncio.run(_read(file, by, only)) if os.path.lexists(file) else statistics((), by)
    console = Console(sys.stdout, environment)
    if arguments.json:
        console.json(_values(found, since_ms))
    elif arguments.csv:
        _write_csv(sys.stdout, found.groups)
    else:
        _print(console, found)
    return 0


async def _read(file: Path, by: Grouping, only: ChatFilter) -> Statistics:
    async with opened_history(file) as history:
        inspecting = Inspecting(history.database)
        found = await inspecting.statistics(by, only)
        await _notify_running(inspecting, only)
        return found


async def _stream_csv(file: Path, only: ChatFilter) -> None:
    """Write a line for each conversation while the history is read, because there may be very many."""
    async with opened_history(file) as history:
        inspecting = Inspecting(history.database)
        await inspecting.each_conversation(_csv_writer(sys.stdout), only)
        await _notify_running(inspecting, only)


async def _notify_running(inspecting: Inspecting, only: ChatFilter) -> None:
    count = await inspecting.running_count(only)
    if count:
        words = ngettext(
            "{n} chat is running and does not count yet", "{n} chats are running and do not count yet", count
        )
        notify(words.format(n=thousands(count)))


def _since(text: str | None) -> int:
    """Return the Unix milliseconds of an age before today (`30d`, `12w`, `1y`) or of a date.

    Raises:
        SettingsError: the text is neither.
    """
    if not text:
        return 0
    days = age_in_days(text)
    try:
        if days is not None:
            return days_ago_ms(now_ms(), days)
        day = date.fromisoformat(text.strip())
        return int(datetime(day.year, day.month, day.day).timestamp() * 1000)  # noqa: DTZ001 the person's own day
    except (ValueError, OverflowError, OSError):
        raise SettingsError(
            _("must be a time before today such as 30d, 12w, 1y, or a day such as 2025-01-28"),
            source="--since",
        ) from None


# --- as text ---


def _print(console: Console, found: Statistics) -> None:
    if not found.total.chats:
        console.text(_("No chats are in the history."))
        return
    heads = [_("tokens"), _("chats"), _("failed"), _("first p50"), "p95"]
    rows = [(group, _cells(group)) for group in (*found.groups, found.total)]
    widths = [
        max(cell_len(row[column]) for row in (heads, *(row for _g, row in rows))) for column in range(5)
    ]
    label = min(_LABEL, max(cell_len(_label(group, found)) for group, _row in rows))
    room = console.width - label - sum(width + 2 for width in widths) - 2
    bar_width = min(_BAR, room) if room >= _LEAST_BAR else 0
    columns = "".join(f"  {fit(head, width, right=True)}" for head, width in zip(heads, widths, strict=True))
    console.line((" " * (label + (bar_width + 2 if bar_width else 0)) + columns, "dim"))
    most = max((group.tokens for group in found.groups), default=0)
    for group, row in rows:
        is_total = group is found.total
        text = "".join(f"  {fit(value, width, right=True)}" for value, width in zip(row, widths, strict=True))
        part = group.tokens / most if most and not is_total else 0.0
        drawn = f"  {fit(bar(part, bar_width), bar_width)}" if bar_width else ""
        console.line(
            (fit(shorten(_label(group, found), label), label), "dim" if is_total else "plain"),
            (drawn, "answering"),
            (text, "plain"),
        )
    _print_failures(console, found)


def _label(group: Group, found: Statistics) -> str:
    return _("in all") if group is found.total else group.label or "–"


def _cells(group: Group) -> list[str]:
    failed = group.failed + group.interrupted
    return [
        thousands(group.tokens),
        thousands(group.chats),
        thousands(failed) if failed else "",
        duration(group.first_text_p50_us) if group.first_text_p50_us else "",
        duration(group.first_text_p95_us) if group.first_text_p95_us else "",
    ]


def _print_failures(console: Console, found: Statistics) -> None:
    total, messages = found.total, dict(found.messages)
    rows = [(str(code or "–"), count, messages.get(code, "")) for code, count in total.failures]
    if total.interrupted:
        rows.append(("–", total.interrupted, _("cut off")))
    if not rows:
        return
    console.text()
    width = max(cell_len(code) for code, _count, _message in rows)
    for code, count, message in rows:
        times = ngettext("{n} time", "{n} times", count).format(n=thousands(count))
        console.line(
            (f"{fit(code, width)}  {times}  ", "error"), (shorten(message, console.width - width - 16), "dim")
        )


# --- for programs ---


def _values(found: Statistics, since_ms: int) -> Mapping[str, object]:
    return {
        "by": found.by,
        "since_ms": since_ms,
        "total": _group_values(found.total),
        "groups": [_group_values(group) for group in found.groups],
        "messages": {str(code): message for code, message in found.messages},
    }


def _group_values(group: Group) -> dict[str, object]:
    """Return one group for JSON; a time that no chat has is None."""
    return {
        **asdict(group),
        "first_text_p50_us": group.first_text_p50_us or None,
        "first_text_p95_us": group.first_text_p95_us or None,
        "failures": {str(code): count for code, count in group.failures},
    }


def _write_csv(out: TextIO, groups: Sequence[Group]) -> None:
    write = _csv_writer(out)
    for group in groups:
        write(group)


def _csv_writer(out: TextIO) -> Callable[[Group], None]:
    """Write the head, and return a function that writes one line for a group.

    Times are in microseconds, failures look like `4028:3 4013:1`.
    """
    writer = csv.writer(out, lineterminator="\n")
    names = [each.name for each in fields(Group)]
    writer.writerow(names)
    values_of = attrgetter(*names)
    failures = names.index("failures")
    texts = [names.index(name) for name in ("key", "label", "site", "failures")]

    def write(group: Group) -> None:
        values = list(values_of(group))
        values[failures] = " ".join(f"{code}:{count}" for code, count in group.failures)
        for place in texts:
            values[place] = _cell(values[place])
        writer.writerow(values)

    return write


def _cell(text: str) -> str:
    """Return a text for a cell, clean; one that a spreadsheet would run as a formula is quoted."""
    text = clean_line(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
