"""`coze-tui stats`: tokens, chats, failures and response times of the history."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from itertools import chain, repeat
from operator import attrgetter
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
from coze_tui.errors import SettingsError, code_words
from coze_tui.report.console import Console
from coze_tui.text.cells import bar, cell_len, fit, shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import duration, thousands
from coze_tui.text.i18n import N_, _, ngettext

_LABEL = 24
_BAR = 24
_LEAST_BAR = 6


def run_stats(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the statistics as bars, JSON or CSV."""
    startup = begin(arguments, environment)
    show_problems(startup)
    since_ms = _since(arguments.since)
    file = startup.paths.database_file
    console = Console(sys.stdout, environment)
    reader = _Reader(None, arguments.by, ChatFilter(since_ms))
    if not os.path.lexists(file):  # a history is not created only to be empty
        asyncio.run(_write(reader, arguments, console))
        return 0

    async def opened() -> None:
        async with opened_history(startup) as history:
            reader.inspecting = Inspecting(history.database)
            await _write(reader, arguments, console)
            await _notify_running(reader.inspecting, reader.only)

    asyncio.run(opened())
    return 0


@dataclass(slots=True)
class _Reader:
    """Reads the statistics of one call."""

    inspecting: Inspecting | None
    """None without a history."""
    by: Grouping
    only: ChatFilter

    async def read(
        self, *, most: int | None = None, take: Callable[[Group], object] | None = None
    ) -> Statistics:
        """Return the statistics as `Inspecting.statistics` does."""
        if self.inspecting is None:
            return statistics((), self.by)
        return await self.inspecting.statistics(self.by, self.only, most=most, take=take)


async def _write(reader: _Reader, arguments: Arguments, console: Console) -> None:
    """Print the statistics. Conversations are written while they are read, because there may be very many."""
    if arguments.csv:
        await _each_group(reader, _csv_writer(sys.stdout))
    elif arguments.json:
        await _write_json(reader, console)
    elif arguments.limit or reader.by == "day":
        _print(console, await reader.read(most=arguments.limit))
    else:
        await _print_all(console, reader)


async def _each_group(reader: _Reader, write: Callable[[Group], object]) -> Statistics:
    """Write each group; return the statistics without them."""
    found = await reader.read(take=write)
    for group in found.groups:  # days are known at the end
        write(group)
    return found


async def _notify_running(inspecting: Inspecting, only: ChatFilter) -> None:
    count = await inspecting.running_count(only)
    if count:
        words = ngettext(
            "{n} chat is running and does not count yet", "{n} chats are running and do not count yet", count
        )
        notify(words.format(n=thousands(count)))


def _since(text: str | None) -> int:
    """Return the Unix milliseconds of an age before today (`30d`, `12w`, `1y`) or of a date; 0 for no text.

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
            _("must be a period such as 30d, 12w or 1y, or a past date such as 2025-01-28"),
            source="--since",
        ) from None


# --- as text ---


_HEADS = (N_("tokens"), N_("chats"), N_("failed"), N_("first p50"), "p95")
_TIME = 9
"""Cells of a time such as `1,234.5 s`, where the widest one is not known yet."""


def _print(console: Console, found: Statistics) -> None:
    if not found.total.chats:
        console.text(_("No chats in the history."))
        return
    table = _Table(console, found)
    for group in found.groups:
        table.row(group)
    if found.left_out:
        notify(_("{n} more; --limit 0 shows all").format(n=thousands(found.left_out)))
    table.end()


async def _print_all(console: Console, reader: _Reader) -> None:
    """Print any number of groups while they are read, once the sum of all of them is known."""
    found = await reader.read(most=1)
    if not found.total.chats or not found.left_out:
        _print(console, found)
        return
    table = _Table(console, found, time_cells=_TIME)
    await reader.read(take=table.row)
    table.end()


class _Table:
    """Prints groups below the heads of their columns, then the sum and the failures.

    Args:
        found: has the sum, the group with the most tokens, and the groups after which columns are measured.
        time_cells: the least width of columns of times.
    """

    def __init__(self, console: Console, found: Statistics, *, time_cells: int = 0) -> None:
        self._console = console
        self._found = found
        heads = [_(head) for head in _HEADS]
        rows = (*found.groups, found.total)
        cells = [heads, *map(_cells, rows)]
        self._widths = [max(cell_len(row[column]) for row in cells) for column in range(len(heads))]
        self._widths[3:] = [max(width, time_cells) for width in self._widths[3:]]
        labels = max(cell_len(self._label(group)) for group in rows)
        self._label_cells = _LABEL if time_cells else min(_LABEL, labels)
        room = console.width - self._label_cells - sum(width + 2 for width in self._widths) - 2
        self._bar = min(_BAR, room) if room >= _LEAST_BAR else 0
        self._most = max((group.tokens for group in found.groups), default=0)
        blank = " " * (self._label_cells + (self._bar + 2 if self._bar else 0))
        console.line((blank + self._columns(heads), "dim"))

    def row(self, group: Group) -> None:
        """Print a group, or the sum."""
        is_total = group is self._found.total
        part = group.tokens / self._most if self._most and not is_total else 0.0
        drawn = f"  {fit(bar(part, self._bar), self._bar)}" if self._bar else ""
        label = fit(shorten(self._label(group), self._label_cells), self._label_cells)
        self._console.line(
            (label, "dim" if is_total else "plain"),
            (drawn, "answering"),
            (self._columns(_cells(group)), "plain"),
        )

    def end(self) -> None:
        """Print the sum and the failures."""
        self.row(self._found.total)
        _print_failures(self._console, self._found)

    def _label(self, group: Group) -> str:
        return _("sum") if group is self._found.total else group.label or "–"

    def _columns(self, values: Sequence[str]) -> str:
        pairs = zip(values, self._widths, strict=True)
        return "".join(f"  {fit(value, width, right=True)}" for value, width in pairs)


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
    if found.waited_us:
        waited = _("Not counted: {time} in which chats waited for you").format(time=duration(found.waited_us))
        console.text(waited, "dim")
    total, messages = found.total, dict(found.messages)
    rows = [(code_words(code) or "–", count, messages.get(code, "")) for code, count in total.failures]
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


async def _write_json(reader: _Reader, console: Console) -> None:
    """Print one JSON object whose groups are written while they are read."""
    console.part(f'{{"by": "{reader.by}", "since_ms": {reader.only.since_ms}, "groups": [')
    separators = chain([""], repeat(", "))

    def write(group: Group) -> None:
        console.part(next(separators))
        console.json(_group_values(group), end="")

    found = await _each_group(reader, write)
    console.part('], "total": ')
    console.json(_group_values(found.total), end="")
    console.part(f', "waited_us": {found.waited_us}, "messages": ')
    console.json({str(code): message for code, message in found.messages}, end="}\n")


def _group_values(group: Group) -> dict[str, object]:
    """Return one group for JSON; a time that no chat has is None."""
    return {
        **asdict(group),
        "first_text_p50_us": group.first_text_p50_us or None,
        "first_text_p95_us": group.first_text_p95_us or None,
        "failures": {str(code): count for code, count in group.failures},
    }


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
