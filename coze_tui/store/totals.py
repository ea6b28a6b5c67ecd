"""Totals of chats, computed by SQLite: sums, counts and times of all chats of a group."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from coze_tui.store.messages import storable
from coze_tui.store.records import ChatRecord
from coze_tui.values import valueclass

Grouping = Literal["bot", "day", "conversation"]

QUARTER_MS = 900_000
"""Days are built from quarters of an hour, because every time zone's offset is a multiple of one."""
_COUNTS = ("completed", "failed", "interrupted", "canceled")
_MOST_SUMMED = 1 << 40
"""If the sums exceed 64 bits, each number is capped at this: such a number is bad data of an import."""


@valueclass
class ChatFilter:
    """A selection of chats; all of them by default."""

    since_ms: int = 0
    """In Unix milliseconds: sent then or later."""
    until_ms: int = 1 << 62
    """In Unix milliseconds: sent before."""
    site: str = ""
    bot_id: str = ""
    conversation: str = ""

    def includes(self, chat: ChatRecord) -> bool:
        """Return whether a chat is selected."""
        return (
            self.since_ms <= chat.sent_at < self.until_ms
            and self.site in ("", chat.site)
            and self.bot_id in ("", chat.bot_id)
            and self.conversation in ("", chat.conversation)
        )


class ChatTotals(NamedTuple):
    """The totals of a group of final chats."""

    key: str | int
    """The bot's ID, the conversation's key, or the number of quarters of an hour since 1970."""
    label: str
    """The bot's last known name, or the conversation's title, as stored; empty for a quarter."""
    site: str
    """The site of the group's latest chat."""
    chats: int
    completed: int
    failed: int
    interrupted: int
    canceled: int
    input_tokens: int
    output_tokens: int
    tokens: int
    characters: int
    first_ms: int
    last_ms: int
    first_texts_us: str | None
    """Decimal numbers separated by commas, in any order; None if there are none, as in the next two."""
    totals_us: str | None
    """Of the completed chats."""
    codes: str | None
    """Error codes of the failed chats."""


def chat_totals(
    c: sqlite3.Connection, by: Grouping, statuses: Mapping[str, str], only: ChatFilter
) -> Iterator[ChatTotals]:
    """Yield the totals of final chats, the groups with the most tokens first.

    Chats of deleted conversations do not count. If a fork or an import contains a chat again, it counts once,
    in the conversation in which it was first stored.

    Args:
        statuses: the counter for each status of a chat: completed, failed, interrupted, canceled or another.
    """
    arguments = _arguments(only)
    try:
        yield from _rows(c, _query(by, statuses, only, "{}"), by, only, arguments)
    except sqlite3.OperationalError as error:
        if str(error) != "integer overflow":  # the rows are sorted, so none was yielded before this error
            raise
        clamped = f"max(-{_MOST_SUMMED}, min({_MOST_SUMMED}, {{}}))"
        yield from _rows(c, _query(by, statuses, only, clamped), by, only, arguments)


def waited_us(c: sqlite3.Connection, only: ChatFilter) -> int:
    """Return how long these chats waited for the user, which their times exclude; each chat counts once."""
    row = c.execute(
        f"""SELECT coalesce(sum(waited), 0) FROM (
                SELECT max(breaks.waited_us) AS waited FROM breaks JOIN chats ON chats.key = breaks.chat
                WHERE {_where(only)} GROUP BY coalesce(nullif(chats.chat_id, ''), chats.key))""",
        _arguments(only),
    ).fetchone()
    return int(row[0])


def totals_of(chat: ChatRecord, by: Grouping, statuses: Mapping[str, str]) -> ChatTotals:
    """Return the totals of one chat that is not final in the store; see `chat_totals`."""
    key: str | int = chat.conversation
    label = chat.title
    if by == "bot":
        key, label = chat.bot_id, chat.bot_name
    elif by == "day":
        key, label = int(chat.sent_at / QUARTER_MS), ""
    count = statuses.get(chat.status)
    is_timed = count == "completed" and chat.total_us > 0
    return ChatTotals._make(
        [
            *(key, label, chat.site, 1),
            *(int(count == name) for name in _COUNTS),
            *(chat.input_tokens, chat.output_tokens),
            *(chat.token_count or chat.input_tokens + chat.output_tokens, chat.characters),
            *(chat.sent_at, chat.sent_at),
            str(chat.first_text_us) if chat.first_text_us > 0 else None,
            str(chat.total_us) if is_timed else None,
            str(chat.error_code) if count == "failed" else None,
        ]
    )


def joined(one: ChatTotals, other: ChatTotals) -> ChatTotals:
    """Return the sum of both; the label is the later one's, if it has any."""
    before, last = (one, other) if one.last_ms <= other.last_ms else (other, one)
    numbers = (mine + theirs for mine, theirs in zip(one[3:12], other[3:12], strict=True))
    texts = (",".join(filter(None, both)) or None for both in zip(one[14:], other[14:], strict=True))
    times = (min(one.first_ms, other.first_ms), last.last_ms)
    return ChatTotals._make([one.key, last.label or before.label, last.site, *numbers, *times, *texts])


def last_messages(c: sqlite3.Connection, only: ChatFilter) -> list[tuple[int, str]]:
    """Return each error code of these chats with the server's latest message for it."""
    rows = c.execute(
        f"""SELECT CAST(error_code AS INTEGER), error_msg, max(sent_at) FROM chats
            WHERE error_code <> 0 AND {_where(only)} GROUP BY error_code ORDER BY 3""",
        _arguments(only),
    )
    return [(int(code), str(words)) for code, words, _at in rows]


def _rows(
    c: sqlite3.Connection, query: str, by: Grouping, only: ChatFilter, arguments: Mapping[str, object]
) -> Iterator[ChatTotals]:
    rows = map(ChatTotals._make, c.execute(query, arguments))
    return rows if by == "conversation" else _named(c, rows, by, only, arguments)


def _named(
    c: sqlite3.Connection,
    rows: Iterator[ChatTotals],
    by: Grouping,
    only: ChatFilter,
    arguments: Mapping[str, object],
) -> Iterator[ChatTotals]:
    """Add the site of the latest chat of each group, and the last known name of its bot."""
    condition = "chats.bot_id = :key" if by == "bot" else ":key IS NOT NULL"
    latest = f"""
        SELECT CAST(conversations.site AS TEXT), CAST(conversations.bot_name AS TEXT)
        FROM chats JOIN conversations ON conversations.key = chats.conversation
        WHERE sent_at = :last AND {condition} AND {_where(only)} ORDER BY chats.key DESC LIMIT 1"""
    name = """
        SELECT CAST(bot_name AS TEXT) FROM conversations
        WHERE bot_id = ? AND bot_name <> '' AND deleted_at = 0 ORDER BY updated_at DESC LIMIT 1"""
    for row in rows:
        found = c.execute(latest, {**arguments, "key": row.key, "last": row.last_ms}).fetchone()
        site, label = found or ("", "")
        if by != "bot":
            label = ""
        elif not label:
            label = str((c.execute(name, (row.key,)).fetchone() or ("",))[0])
        yield row._replace(label=label, site=site)


def _query(by: Grouping, statuses: Mapping[str, str], only: ChatFilter, summed: str) -> str:
    """Return the query for the columns of `ChatTotals`. It casts them as `rows.typed` does.

    Args:
        summed: the expression that is summed for a number, with `{}` for its column.
    """

    def is_one_of(column: str) -> str:
        tests = [f"status = '{status}'" for status, where in statuses.items() if where == column]
        return f"({' OR '.join(tests) or '0'})"

    def total(expression: str) -> str:
        return f"coalesce(CAST(sum({summed.format(expression)}) AS INTEGER), 0)"

    def numbers(column: str, condition: str) -> str:
        return f"group_concat(CASE WHEN {condition} THEN CAST({column} AS INTEGER) END)"

    if by == "conversation":
        group, names = (
            "conversations.key",
            "CAST(conversations.title AS TEXT), CAST(conversations.site AS TEXT)",
        )
        # In the order of the rows, so that the chats of a conversation are close to each other in the
        # file; if all chats count, SQLite need not sort them.
        groups = "conversations.rowid"
        join = "CROSS JOIN" if only == ChatFilter() else "JOIN"
        tables = f"conversations {join} chats ON chats.conversation = conversations.key"
    else:
        group = "chats.bot_id" if by == "bot" else f"sent_at / {QUARTER_MS}"
        names, tables, groups = "'', ''", "chats", "1"
    counts = ", ".join(f"sum({is_one_of(name)})" for name in _COUNTS)
    return f"""
        SELECT {group}, {names}, count(*) AS chats, {counts},
            {total("input_tokens")}, {total("output_tokens")},
            {total("CASE WHEN token_count THEN token_count ELSE input_tokens + output_tokens END")} AS tokens,
            {total("characters")}, CAST(min(sent_at) AS INTEGER) AS first_ms, CAST(max(sent_at) AS INTEGER),
            {numbers("first_text_us", "first_text_us > 0")},
            {numbers("total_us", f"total_us > 0 AND {is_one_of('completed')}")},
            {numbers("error_code", is_one_of("failed"))}
        FROM {tables} WHERE {_where(only)} AND chats.key NOT IN ({_repeated(only)})
        GROUP BY {groups} ORDER BY tokens DESC, chats DESC, first_ms"""


def _arguments(only: ChatFilter) -> dict[str, object]:
    return {
        **{name: storable(getattr(only, name)) for name in ("site", "bot_id", "conversation")},
        "since": only.since_ms,
        "until": only.until_ms,
    }


def _where(only: ChatFilter) -> str:
    """Return the condition for chats that count, repeated or not."""
    conditions = ["is_final = 1"]
    if only.site:
        conditions.append(
            "chats.conversation IN (SELECT key FROM conversations WHERE site = :site AND deleted_at = 0)"
        )
    else:
        conditions.append("chats.conversation NOT IN (SELECT key FROM conversations WHERE deleted_at > 0)")
    # Without this test, SQLite would search the index on times for all chats.
    if only.since_ms > ChatFilter().since_ms:
        conditions.append("sent_at >= :since")
    if only.until_ms < ChatFilter().until_ms:
        conditions.append("sent_at < :until")
    if only.bot_id:
        conditions.append("chats.bot_id = :bot_id")
    if only.conversation:
        conditions.append("chats.conversation = :conversation")
    return " AND ".join(conditions)


def _repeated(only: ChatFilter) -> str:
    """Return the query for the keys of chats that were stored before under the same Coze ID."""
    return f"""
        SELECT key FROM (
            SELECT chats.key,
                row_number() OVER (PARTITION BY chats.chat_id ORDER BY sent_at, chats.key) AS number
            FROM (SELECT chat_id FROM chats WHERE chat_id <> '' GROUP BY chat_id HAVING count(*) > 1) AS twice
            CROSS JOIN chats ON chats.chat_id = twice.chat_id AND chats.chat_id <> '' WHERE {_where(only)})
        WHERE number > 1"""
