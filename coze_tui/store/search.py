"""Finding what was said: the index gives candidates, the folded texts decide."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Literal

from coze_tui.store import search_index
from coze_tui.text.matching import fold, spans

_SNIPPET_CHARACTERS = 160
_BEFORE_MATCH = 40
_FEW = 1_000
"""Up to so many candidates are fetched and sorted; more are met soon enough going back in time."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One message, or the title of one conversation, in which the text stands."""

    conversation: str
    title: str
    bot_name: str
    message: int
    """Key of the message; 0 for a hit in the title."""
    position: int
    role: str
    type: str
    part: Literal["title", "content", "reasoning", "name"]
    snippet: str
    """The line with the first match, shortened."""
    ranges: tuple[tuple[int, int], ...]
    """Start and end of every match within the snippet."""
    at: int
    """Unix milliseconds."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One message of a conversation in which the text stands."""

    message: int
    """Its key."""
    position: int
    chat: int
    """Key of its chat; 0 for an imported one."""
    type: str
    count: int = 1
    """How often it stands there."""


def search(c: sqlite3.Connection, text: str, limit: int = 200) -> tuple[Hit, ...]:
    """Titles, questions, answers, reasoning and tool texts that hold this text, the latest first.

    Case, width and composition are alike; every character stands for itself.
    """
    query = fold(text).strip()
    if not query:
        return ()
    hits = _title_hits(c, query, limit) + _message_hits(c, query, limit)
    hits.sort(key=lambda hit: (-hit.at, hit.part != "title", -hit.message))
    return tuple(hits[:limit])


def find_in_conversation(c: sqlite3.Connection, conversation: str, text: str) -> tuple[Occurrence, ...]:
    """The messages of one conversation that hold this text, oldest first."""
    query = fold(text).strip()
    if not query:
        return ()
    rows = c.execute(
        """SELECT key, position, coalesce(chat, 0), type,
                  (length(folded) - length(replace(folded, ?, ''))) / length(?)
           FROM messages JOIN texts ON texts.message = messages.key
           WHERE conversation = ? AND instr(folded, ?) ORDER BY position""",
        (query, query, conversation, query),
    )
    return tuple(Occurrence(*row) for row in rows)


def _title_hits(c: sqlite3.Connection, query: str, limit: int) -> list[Hit]:
    rows = c.execute(
        """SELECT key, title, bot_name, updated_at FROM conversations
           WHERE deleted_at = 0 AND instr(folded, ?) ORDER BY updated_at DESC LIMIT ?""",
        (query, limit),
    )
    return [
        Hit(key, title, bot_name, 0, 0, "", "", "title", *_snippet(title, query), at)
        for key, title, bot_name, at in rows
        if query in fold(title)
    ]


def _message_hits(c: sqlite3.Connection, query: str, limit: int) -> list[Hit]:
    keys = _matching_keys(c, query, limit)
    hits = []
    for row in c.execute(
        f"""SELECT messages.conversation, title, bot_name, messages.key, position, role, type,
                   messages.created_at, content, reasoning, name
            FROM messages JOIN conversations ON conversations.key = messages.conversation
            WHERE messages.key IN ({", ".join("?" * len(keys))})""",
        keys,
    ):
        conversation, title, bot_name, key, position, role, type_, at, content, reasoning, name = row
        parts: tuple[tuple[Literal["content", "reasoning", "name"], str], ...] = (
            ("content", content),
            ("reasoning", reasoning),
            ("name", name),
        )
        part, body = next((each for each in parts if query in fold(each[1])), parts[0])
        hits.append(
            Hit(conversation, title, bot_name, key, position, role, type_, part, *_snippet(body, query), at)
        )
    return hits


def _matching_keys(c: sqlite3.Connection, query: str, limit: int) -> list[int]:
    """The latest messages with the needle in them, of conversations that are not deleted."""
    by_key, by_time = (_wanted("texts CROSS JOIN messages"), _wanted("messages CROSS JOIN texts"))
    latest = "ORDER BY messages.created_at DESC, messages.key DESC LIMIT ?"
    expression = search_index.match_expression(query) if search_index.is_there(c) else ""
    if not expression:
        return [int(key) for key, _ in c.execute(f"{by_key} {latest}", (query, limit))]
    candidates = "(SELECT rowid FROM grams WHERE grams MATCH ?)"
    count = int(c.execute(f"SELECT count(*) FROM {candidates}", (expression,)).fetchone()[0])
    found = (
        c.execute(f"{by_key} AND texts.message IN {candidates} {latest}", (query, expression, limit))
        if count <= _FEW
        else c.execute(f"{by_time} AND +messages.key IN {candidates} {latest}", (query, expression, limit))
    )
    rows = found.fetchall() + c.execute(f"{by_key} AND is_indexed = 0 {latest}", (query, limit)).fetchall()
    rows.sort(key=lambda row: (-row[1], -row[0]))
    return [int(key) for key, _ in rows[:limit]]


def _wanted(tables: str) -> str:
    """A query for messages with a needle, which SQLite goes through in the order of these tables."""
    return f"""
        SELECT messages.key, messages.created_at FROM {tables} ON texts.message = messages.key
        WHERE instr(folded, ?)
          AND (SELECT deleted_at FROM conversations WHERE key = messages.conversation) = 0"""


def _snippet(text: str, query: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The line of the first match, as much of it as fits, and where the matches are in it."""
    found = spans(text, query)
    if not found:
        return text[:_SNIPPET_CHARACTERS].partition("\n")[0], ()
    start, end = found[0]
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    left = max(line_start, start - _BEFORE_MATCH)
    right = min(len(text) if line_end < 0 else line_end, max(end, left + _SNIPPET_CHARACTERS))
    return text[left:right], tuple(
        (match_start - left, match_end - left)
        for match_start, match_end in found
        if left <= match_start and match_end <= right
    )
