"""Statistics of many chats: by bot, by day, by conversation. Pure; the rows come from the store."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Literal, assert_never

from coze_tui.engine.model.gaps import quantile
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.store.totals import ChatFilter as ChatFilter  # for those above the engine
from coze_tui.store.totals import ChatTotals
from coze_tui.store.totals import Grouping as Grouping
from coze_tui.text.cleaning import clean_line
from coze_tui.values import valueclass

_Column = Literal["completed", "failed", "interrupted", "canceled", "other"]


def _column(outcome: Outcome) -> _Column:
    """Return the name of the field of a group that counts chats with this outcome."""
    match outcome:
        case Outcome.COMPLETED:
            return "completed"
        case Outcome.FAILED | Outcome.EXPIRED:
            return "failed"
        case Outcome.INTERRUPTED:
            return "interrupted"
        case Outcome.CANCELED | Outcome.SERVER_CANCELED:
            return "canceled"
        case Outcome.REQUIRES_ACTION:
            return "other"
        case _:
            assert_never(outcome)


COLUMNS: Mapping[str, _Column] = {str(outcome): _column(outcome) for outcome in Outcome}
"""The field that counts a chat, by its status."""
_PIECE = 1 << 16
"""Number of characters."""
_MOST_BEYOND = 1_000
"""Groups beyond the limit that accumulate before they are compared with the others."""


@valueclass
class Group:
    """The totals of a group of chats."""

    key: str
    """The bot's ID, the day as `2025-01-28`, or the conversation's key; empty for the total."""
    label: str
    """The bot's name, the day, or the conversation's title; clean and on one line."""
    site: str
    """The site of the latest chat."""
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
    """Of the chats with text; 0 if there are none, as in the next ones."""
    first_text_p95_us: int
    total_p50_us: int
    """Of the completed chats."""
    total_p95_us: int
    failures: tuple[tuple[int, int], ...]
    """Codes with their counts, the most frequent first; 0 counts failures without a code."""
    first_ms: int
    """When the first chat was sent, in Unix milliseconds; 0 if there is none."""
    last_ms: int


@valueclass
class Statistics:
    """The statistics of many chats."""

    by: Grouping
    total: Group
    groups: tuple[Group, ...]
    """Days in order, with the days without chats; other groups by tokens, most first."""
    messages: tuple[tuple[int, str], ...] = ()
    """Codes with the server's latest message for each."""
    left_out: int = 0
    """Number of groups beyond the limit, which have fewer tokens."""
    waited_us: int = 0
    """Total time of waiting for the user, which no other time here includes."""


def statistics(
    rows: Iterable[ChatTotals],
    by: Grouping = "bot",
    messages: Iterable[tuple[int, str]] = (),
    *,
    waited_us: int = 0,
    most: int | None = None,
    take: Callable[[Group], object] | None = None,
) -> Statistics:
    """Return the statistics from the totals that `chat_totals` yields for the same grouping.

    Args:
        most: the largest number of bots or conversations; None for all. Days have no limit.
        take: called with each bot or conversation, most tokens first; then the result contains none of them.
    """
    total = _Sum("", "")
    days: dict[str, _Sum] = {}
    kept: list[ChatTotals] = []
    left_out = 0
    for row in rows:
        # Before any limit: the total counts the chats of all groups, including those left out.
        total.add(row)
        if by == "day":
            day = day_of(row.first_ms)
            days.setdefault(day, _Sum(day, day)).add(row)
        elif take is not None:
            take(_group_of(row))
        else:
            kept.append(row)
            # Sorting after each row would be slow, and keeping all rows until the end takes too much memory.
            if most is not None and len(kept) > most + _MOST_BEYOND:
                kept, more = _first(kept, most)
                left_out += more
    if by == "day":
        groups = [(days.get(day) or _Sum(day, day)).group() for day in _days(days)]
    else:
        kept, more = _first(kept, most)
        left_out += more
        groups = list(map(_group_of, kept))
    words = {code: clean_line(text) for code, text in messages}
    return Statistics(by, total.group(), tuple(groups), tuple(words.items()), left_out, waited_us)


def _first(rows: Sequence[ChatTotals], most: int | None) -> tuple[list[ChatTotals], int]:
    """Return the rows with the most tokens, and the number of the others."""
    ordered = sorted(rows, key=lambda row: (-row.tokens, -row.chats))[:most]
    return ordered, len(rows) - len(ordered)


def _group_of(row: ChatTotals) -> Group:
    """Return the totals of a bot or a conversation as a group."""
    key = str(row.key)
    return Group(
        key,
        clean_line(row.label or key),
        row.site,
        *row[3:12],  # from the number of chats to the characters
        *_quantiles(_numbers(row.first_texts_us)),
        *_quantiles(_numbers(row.totals_us)),
        _ranked(_codes(row)) if row.codes else (),
        row.first_ms,
        row.last_ms,
    )


def day_of(at_ms: int) -> str:
    """Return the local day of a time, as `2025-01-28`; empty if the number is out of range."""
    try:
        return datetime.fromtimestamp(at_ms / 1000).strftime("%Y-%m-%d")  # noqa: DTZ006 the person's own day
    except (OverflowError, OSError, ValueError):
        return ""


def days_ago_ms(now_ms: int, days: int) -> int:
    """Return the start of the day `days` days before today in Unix milliseconds; 0 means today."""
    today = datetime.fromtimestamp(now_ms / 1000).replace(hour=0, minute=0, second=0, microsecond=0)  # noqa: DTZ006
    return int((today - timedelta(days=days)).timestamp() * 1000)


_MOST_DAYS = 3_700


def _days(known: Iterable[str]) -> Sequence[str]:
    """Return all days from the first known one to the last; only the known ones if there are too many."""
    ordered = sorted(known)
    dated = [day for day in ordered if day]
    if not dated:
        return ordered
    first, last = date.fromisoformat(dated[0]), date.fromisoformat(dated[-1])
    count = (last - first).days + 1
    # One chat with a wrong clock must not yield a million empty days.
    if count > _MOST_DAYS:
        return ordered
    days = [str(first + timedelta(days=number)) for number in range(count)]
    return [*ordered[: len(ordered) - len(dated)], *days]


@dataclass(slots=True)
class _Sum:
    """A group whose totals are being computed."""

    key: str
    label: str
    site: str = ""
    chats: int = 0
    completed: int = 0
    failed: int = 0
    interrupted: int = 0
    canceled: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    tokens: int = 0
    characters: int = 0
    failures: Counter[int] = field(default_factory=Counter)
    first_texts: array[int] = field(default_factory=lambda: array("q"))
    totals: array[int] = field(default_factory=lambda: array("q"))
    first_ms: int = 0
    last_ms: int = 0

    def add(self, row: ChatTotals) -> None:
        # A bot may have been asked on several sites; the latest one is shown.
        if row.last_ms >= self.last_ms or not self.chats:
            self.site, self.last_ms = row.site, row.last_ms
        self.first_ms = min(self.first_ms, row.first_ms) if self.chats else row.first_ms
        self.chats += row.chats
        self.completed += row.completed
        self.failed += row.failed
        self.interrupted += row.interrupted
        self.canceled += row.canceled
        self.input_tokens += row.input_tokens
        self.output_tokens += row.output_tokens
        self.tokens += row.tokens
        self.characters += row.characters
        self.first_texts.extend(_numbers(row.first_texts_us))
        self.totals.extend(_numbers(row.totals_us))
        self.failures.update(_codes(row))

    def group(self) -> Group:
        return Group(
            self.key,
            self.label or clean_line(self.key),
            self.site,
            self.chats,
            self.completed,
            self.failed,
            self.interrupted,
            self.canceled,
            self.input_tokens,
            self.output_tokens,
            self.tokens,
            self.characters,
            *_quantiles(self.first_texts),
            *_quantiles(self.totals),
            _ranked(self.failures),
            self.first_ms,
            self.last_ms,
        )


def _numbers(text: str | None) -> Iterable[int]:
    """Return decimal numbers separated by commas."""
    if not text:
        return ()
    if len(text) <= _PIECE:
        return map(int, text.split(","))
    return chain.from_iterable(map(int, piece.split(",")) for piece in _pieces(text))


def _pieces(text: str) -> Iterator[str]:
    """Yield a long text in pieces that end at commas, since all numbers at once take much memory."""
    start = 0
    while start < len(text):
        end = text.find(",", start + _PIECE)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _codes(row: ChatTotals) -> Counter[int]:
    return Counter(map(int, row.codes.split(","))) if row.codes else Counter()


def _ranked(failures: Counter[int]) -> tuple[tuple[int, int], ...]:
    """Return codes with their counts, the most frequent first."""
    return tuple(sorted(failures.items(), key=lambda item: (-item[1], item[0])))


def _quantiles(values: Iterable[int]) -> tuple[int, int]:
    """Return the median and the 95th percentile; 0 without values."""
    ordered = sorted(values)
    return quantile(ordered, 0.5), quantile(ordered, 0.95)
