"""Statistics of many chats: by bot, by day, by conversation. Pure; the rows come from the store."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal, assert_never

from coze_tui.engine.model.gaps import quantile
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.store.records import ChatRecord
from coze_tui.text.cleaning import clean_line
from coze_tui.values import valueclass

Grouping = Literal["bot", "day", "conversation"]

_Column = Literal["completed", "failed", "interrupted", "canceled", "other"]


def _column(outcome: Outcome) -> _Column:
    """Return the figure of a group that counts chats with this end."""
    match outcome:
        case Outcome.COMPLETED:
            return "completed"
        case Outcome.FAILED | Outcome.EXPIRED:
            return "failed"
        case Outcome.INTERRUPTED:
            return "interrupted"
        case Outcome.CANCELED:
            return "canceled"
        case Outcome.REQUIRES_ACTION:
            return "other"
        case _:
            assert_never(outcome)


_COLUMNS: Mapping[str, _Column] = {str(outcome): _column(outcome) for outcome in Outcome}


@valueclass
class Group:
    """Chats that have something in common, added up."""

    key: str
    """The bot's id, the day as `2025-01-28`, or the conversation's key; empty for all of them."""
    label: str
    """The bot's name, the day, or the conversation's title; clean and on one line."""
    site: str
    """Where the latest of them was."""
    chats: int
    completed: int
    failed: int
    interrupted: int
    canceled: int
    input_tokens: int
    output_tokens: int
    tokens: int
    characters: int
    first_text_p50_us: int
    """Of the chats in which text came; 0 without any, as in the next ones."""
    first_text_p95_us: int
    total_p50_us: int
    """Of the completed chats."""
    total_p95_us: int
    failures: tuple[tuple[int, int], ...]
    """Codes and how often, the most frequent first; 0 stands for failures without a code."""
    first_ms: int
    """When the first of them was sent, in Unix milliseconds; 0 without any."""
    last_ms: int


@valueclass
class Statistics:
    """The statistics of many chats."""

    by: Grouping
    total: Group
    groups: tuple[Group, ...]
    """Days from the first to the last, also those on which nothing was asked; else by tokens, most first."""
    messages: tuple[tuple[int, str], ...] = ()
    """Codes with the words that the server had for them the last time."""


def statistics(chats: Iterable[ChatRecord], by: Grouping = "bot") -> Statistics:
    """Add up chats, which come oldest first."""
    total = _Sum("", "")
    groups: dict[str, _Sum] = {}
    messages: dict[int, str] = {}
    for chat in chats:
        key, label = _group_of(chat, by)
        group = groups.get(key)
        if group is None:
            group = groups[key] = _Sum(key, label)
        group.label = label or group.label
        for each in (total, group):
            each.add(chat)
        if chat.error_code:
            messages[chat.error_code] = clean_line(chat.error_msg)
    if by == "day":
        added = [groups[day].group() if day in groups else _Sum(day, day).group() for day in _days(groups)]
    else:
        added = sorted(
            (each.group() for each in groups.values()), key=lambda group: (-group.tokens, -group.chats)
        )
    return Statistics(by, total.group(), tuple(added), tuple(messages.items()))


def day_of(at_ms: int) -> str:
    """Return the local day of a time, as `2025-01-28`; empty if the number is out of range."""
    try:
        return datetime.fromtimestamp(at_ms / 1000).strftime("%Y-%m-%d")  # noqa: DTZ006 the person's own day
    except (OverflowError, OSError, ValueError):
        return ""


def days_ago_ms(now_ms: int, days: int) -> int:
    """Return the start of the day that many days before today in Unix milliseconds; 0 means today."""
    today = datetime.fromtimestamp(now_ms / 1000).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006
    return int((today - timedelta(days=days)).timestamp() * 1000)


def _group_of(chat: ChatRecord, by: Grouping) -> tuple[str, str]:
    if by == "bot":
        return chat.bot_id, clean_line(chat.bot_name)
    if by == "day":
        day = day_of(chat.sent_at)
        return day, day
    return chat.conversation, clean_line(chat.title)


_MOST_DAYS = 3_700


def _days(known: Iterable[str]) -> Sequence[str]:
    """Return all days from the first known one to the last; only the known ones if they are too many."""
    ordered = sorted(known)
    dated = [day for day in ordered if day]
    if not dated:
        return ordered
    first, last = date.fromisoformat(dated[0]), date.fromisoformat(dated[-1])
    count = (last - first).days + 1
    if count > _MOST_DAYS:
        return ordered
    days = [str(first + timedelta(days=number)) for number in range(count)]
    return [*ordered[: len(ordered) - len(dated)], *days]


@dataclass(slots=True)
class _Sum:
    """A group while it is added up."""

    key: str
    label: str
    site: str = ""
    counts: Counter[_Column] = field(default_factory=Counter)
    input_tokens: int = 0
    output_tokens: int = 0
    tokens: int = 0
    characters: int = 0
    failures: Counter[int] = field(default_factory=Counter)
    first_texts: array[int] = field(default_factory=lambda: array("q"))
    totals: array[int] = field(default_factory=lambda: array("q"))
    first_ms: int = 0
    last_ms: int = 0

    def add(self, chat: ChatRecord) -> None:
        column = _COLUMNS.get(chat.status, "other")
        self.counts[column] += 1
        self.site = chat.site
        self.input_tokens += chat.input_tokens
        self.output_tokens += chat.output_tokens
        self.tokens += chat.token_count or chat.input_tokens + chat.output_tokens
        self.characters += chat.characters
        if column == "failed":
            self.failures[chat.error_code] += 1
        if chat.first_text_us > 0:
            self.first_texts.append(chat.first_text_us)
        if column == "completed" and chat.total_us > 0:
            self.totals.append(chat.total_us)
        self.first_ms = self.first_ms or chat.sent_at
        self.last_ms = chat.sent_at

    def group(self) -> Group:
        first_texts, totals = sorted(self.first_texts), sorted(self.totals)
        return Group(
            key=self.key,
            label=self.label or clean_line(self.key),
            site=self.site,
            chats=self.counts.total(),
            completed=self.counts["completed"],
            failed=self.counts["failed"],
            interrupted=self.counts["interrupted"],
            canceled=self.counts["canceled"],
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            tokens=self.tokens,
            characters=self.characters,
            first_text_p50_us=quantile(first_texts, 0.5),
            first_text_p95_us=quantile(first_texts, 0.95),
            total_p50_us=quantile(totals, 0.5),
            total_p95_us=quantile(totals, 0.95),
            failures=tuple(sorted(self.failures.items(), key=lambda item: (-item[1], item[0]))),
            first_ms=self.first_ms,
            last_ms=self.last_ms,
        )
