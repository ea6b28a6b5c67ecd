"""Full-text search: the index finds candidates, and the folded texts decide.

The index contains short pieces of the messages. It may lag behind; the search reads each text that is not
indexed yet. It is an FTS5 table without content and without positions. If this SQLite has no FTS5, no message
is ever marked as indexed, and the search reads every text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from operator import add
from typing import Any, Literal

from coze_tui.store.records import SavedMessage
from coze_tui.store.rows import kinds_of, typed
from coze_tui.text.matching import fold, spans
from coze_tui.values import valueclass

PART_BREAK = "\x1f"
"""Separates the parts of a folded message; folding never produces it, so no match crosses it."""

_UNINDEXED = {
    **{code: " " for code in range(128) if not chr(code).isalnum()},
    # Fixed instead of asked of unicodedata: the pieces must be the same in every version of Python.
    **{ord(mark): " " for mark in "。、「」『』《》〈〉【】〔〕“”‘’—·•─│\ufffd"},
}
_SNIPPET_CHARACTERS = 160
_BEFORE_MATCH = 40
_FEW = 1_000
"""Up to this many candidates are fetched and sorted; more are found soon enough by going back in time."""
_MANY = 20
"""If more than one message in this many is a candidate, the index does not help."""
_SLICE = 8_192
"""Characters for one call of C code, during which no other thread runs."""
_MERGED_PAGES = 500
"""Pages of the index that one step writes in about ten milliseconds."""


# --- text as it is indexed ---


def fold_parts(*parts: str) -> str:
    """Fold several texts into one in which no match crosses from part to part."""
    return PART_BREAK.join(fold(part) for part in parts if part)


def grams(folded: str) -> set[str]:
    """Return the pieces of a text for the index: of letters, digits and Chinese characters, not punctuation.

    These are all pairs of neighbors (triples if they are ASCII, since English has few different pairs), and
    each character that no other follows, so that every character starts a piece.
    """
    twos: set[str] = set()
    threes: set[str] = set()
    for start in range(0, len(folded), _SLICE):
        # A slice overlaps the next one by two characters. Other threads can run between slices.
        plain = folded[start : start + _SLICE + 2].translate(_UNINDEXED)
        plain += " " * (start + _SLICE + 2 > len(folded))
        twos.update(map(add, plain, plain[1:]))
        threes.update(map(add, map(add, plain, plain[1:]), plain[2:]))
    pieces = {two for two in twos if " " not in two}
    pieces.update(three for three in threes if three.isascii() and " " not in three)
    pieces.update(two[0] for two in twos if two[1] == " " != two[0])
    return pieces


# --- the index ---


def index_exists(c: sqlite3.Connection) -> bool:
    """Return whether the index exists in this file and this SQLite can read it."""
    return has_fts5(c) and bool(c.execute("SELECT 1 FROM sqlite_master WHERE name = 'grams'").fetchone())


def has_fts5(c: sqlite3.Connection) -> bool:
    """Return whether this SQLite was built with FTS5."""
    return bool(c.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").fetchone())


def index_texts(c: sqlite3.Connection, texts: Iterable[tuple[int, str]]) -> None:
    """Index messages, passed as key and folded text, if this SQLite can do so."""
    if not index_exists(c):
        if not has_fts5(c):
            return
        c.execute("""
            CREATE VIRTUAL TABLE grams USING fts5
            (words, tokenize = 'ascii', detail = none, content = '', columnsize = 0)""")
    rows = [(key, " ".join(grams(folded))) for key, folded in texts]
    c.executemany("INSERT INTO grams (rowid, words) VALUES (?, ?)", rows)
    c.executemany("UPDATE texts SET is_indexed = 1 WHERE message = ?", [(key,) for key, _ in rows])


def index_some(c: sqlite3.Connection, limit: int = 500) -> int:
    """Index some of the messages that were added in bulk; return their number. Call it until it returns 0."""
    rows: list[tuple[int, str]] = c.execute(
        "SELECT message, folded FROM texts WHERE is_indexed = 0 LIMIT ?", (limit,)
    ).fetchall()
    if not rows or not has_fts5(c):
        return 0
    index_texts(c, rows)
    return len(rows)


def unindex(c: sqlite3.Connection, condition: str, *values: object) -> None:
    """Remove messages from the index before they are deleted; the condition is over `messages`."""
    if not index_exists(c):
        return  # a key is never reused, so a leftover entry finds nothing
    rows: list[tuple[int, str]] = c.execute(
        f"""SELECT message, folded FROM texts JOIN messages ON messages.key = texts.message
            WHERE is_indexed = 1 AND {condition}""",
        values,
    ).fetchall()
    # An FTS5 table without content needs the indexed pieces to delete them.
    c.executemany(
        "INSERT INTO grams (grams, rowid, words) VALUES ('delete', ?, ?)",
        [(key, " ".join(grams(folded))) for key, folded in rows],
    )


def has_unindexed(c: sqlite3.Connection) -> bool:
    """Return whether `index_some` has something to do."""
    return c.execute("SELECT 1 FROM texts WHERE is_indexed = 0 LIMIT 1").fetchone() is not None


def start_tidying(c: sqlite3.Connection) -> None:
    """Start to remove leftovers of deleted messages from the index; `tidy_some` continues."""
    if index_exists(c):
        c.execute("INSERT INTO grams (grams, rank) VALUES ('merge', ?)", (-_MERGED_PAGES,))


def tidy_some(c: sqlite3.Connection) -> int:
    """Merge some pages of the index; return 0 once there is nothing to merge. Call it until then."""
    if not index_exists(c):
        return 0
    before = c.total_changes
    c.execute("INSERT INTO grams (grams, rank) VALUES ('merge', ?)", (_MERGED_PAGES,))
    return 1 if c.total_changes - before >= 2 else 0  # the test that FTS5's documentation describes


def match_expression(folded: str) -> str:
    """Return an FTS5 query that matches every message with this text; empty if the index cannot help."""
    pieces = grams(folded)
    longest = [piece for piece in pieces if len(piece) > 1]
    if longest:
        # A piece within a longer one adds nothing. The needle, and so its last piece, may end inside a word.
        wanted = [piece for piece in longest if not any(piece in other != piece for other in longest)]
        return " ".join(f'"{piece}"' for piece in sorted(wanted))
    return " ".join(f'"{piece}" *' for piece in sorted(pieces))


# --- the search ---


@valueclass
class Hit:
    """A message or conversation title that contains the text."""

    conversation: str
    title: str
    bot_name: str
    message: int
    """Key of the message; 0 if the title matches."""
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


@valueclass
class Occurrence:
    """A message of a conversation that contains the text."""

    message: int
    """Its key."""
    position: int
    chat: int
    """Key of its chat; 0 for an imported message."""
    type: str
    count: int = 1
    """Number of matches in the message."""


def search(c: sqlite3.Connection, text: str, limit: int = 200, others: Sequence[Hit] = ()) -> tuple[Hit, ...]:
    """Return matches in titles, questions, answers, reasoning and tool texts, the latest first.

    Case, width and composition are ignored; there are no wildcards.

    Args:
        others: further matches that are not in the store.
    """
    query = fold(text).strip()
    if not query:
        return ()
    hits = [*title_hits(c, query, limit=limit), *_hits_of(c, query, _matching_keys(c, query, limit)), *others]
    hits.sort(key=lambda hit: (-hit.at, hit.part != "title", -hit.message))
    return tuple(hits[:limit])


_OCCURRENCE = kinds_of(Occurrence)


def find_in_conversation(c: sqlite3.Connection, conversation: str, text: str) -> tuple[Occurrence, ...]:
    """Return the messages of one conversation that contain this text, oldest first."""
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
    return tuple(Occurrence(*typed(row, _OCCURRENCE)) for row in rows)


def title_hits(c: sqlite3.Connection, query: str, conversation: str = "", limit: int = -1) -> list[Hit]:
    """Return the titles that contain a folded text, of one conversation or of all, latest first."""
    rows = c.execute(
        f"""SELECT key, title, bot_name, updated_at FROM conversations
            WHERE deleted_at = 0 AND {"key = ?" if conversation else "? = ''"} AND instr(folded, ?)
            ORDER BY updated_at DESC LIMIT ?""",
        (conversation, query, limit),
    )
    return [
        Hit(key, title, bot_name, 0, 0, "", "", "title", *_snippet(title, query, folded), at)
        for key, title, bot_name, at in rows
        if query in (folded := fold(title))
    ]


def hit_in(message: SavedMessage, text: str, *, key: int, title: str, bot_name: str) -> Hit | None:
    """Return the match in a message that is not in the store, or None.

    Args:
        key: that of the stored message that represents this one.
    """
    query = fold(text).strip()
    folded = fold_parts(message.content, message.reasoning, message.name)
    if not query or query not in folded:
        return None
    names = (message.conversation, title, bot_name, key, message.position, message.role, message.type)
    texts = (message.content, message.reasoning, message.name)
    return _hit((*names, message.created_at, *texts, folded), query)


_HIT_COLUMNS = """messages.conversation, title, bot_name, messages.key, position, role, type,
    messages.created_at, content, reasoning, messages.name, texts.folded"""
_KEYS_AT_ONCE = 500
"""At most 999, which older versions of SQLite accept; since 3.32 the default is 32,766."""


def _hits_of(c: sqlite3.Connection, query: str, keys: Sequence[int]) -> Iterator[Hit]:
    """Yield the matches in messages with these keys, in any order."""
    for start in range(0, len(keys), _KEYS_AT_ONCE):
        some = keys[start : start + _KEYS_AT_ONCE]
        for row in c.execute(
            f"""SELECT {_HIT_COLUMNS} FROM messages
                JOIN texts ON texts.message = messages.key
                JOIN conversations ON conversations.key = messages.conversation
                WHERE messages.key IN ({", ".join("?" * len(some))})""",
            some,
        ):
            yield _hit(row, query)


def hits_in_conversation(
    c: sqlite3.Connection, query: str, conversation: str, before: int, limit: int
) -> list[Hit]:
    """Return the matches of a folded text at positions before this one, the last first."""
    rows = c.execute(
        f"""SELECT {_HIT_COLUMNS} FROM messages
            JOIN texts ON texts.message = messages.key
            JOIN conversations ON conversations.key = messages.conversation
            WHERE messages.conversation = ? AND deleted_at = 0 AND position < ? AND instr(texts.folded, ?)
            ORDER BY position DESC LIMIT ?""",
        (conversation, before, query, limit),
    )
    return [_hit(row, query) for row in rows]


def _hit(row: Sequence[Any], query: str) -> Hit:
    *names, at, content, reasoning, name, folded = row
    conversation, title, bot_name, key, position, role, type_ = names
    parts: list[tuple[Literal["content", "reasoning", "name"], str]] = [("content", content)]
    parts += [("reasoning", reasoning), ("name", name)]
    pieces = zip((each for each in parts if each[1]), folded.split(PART_BREAK), strict=False)
    (part, body), piece = next((each for each in pieces if query in each[1]), (parts[0], fold(content)))
    snippet, ranges = _snippet(body, query, piece)
    return Hit(conversation, title, bot_name, key, position, role, type_, part, snippet, ranges, at)


def is_rare(c: sqlite3.Connection, query: str) -> bool:
    """Return whether few messages contain a folded text, according to the index."""
    expression = match_expression(query) if index_exists(c) else ""
    if not expression:
        return False
    unindexed = "SELECT 1 FROM texts WHERE is_indexed = 0"
    return _count(c, "SELECT 1 FROM grams WHERE grams MATCH ?", expression) + _count(c, unindexed) <= _FEW


def _count(c: sqlite3.Connection, select: str, *values: object, most: int = _FEW + 1) -> int:
    """Return the number of rows of a query, at most `most`."""
    return int(c.execute(f"SELECT count(*) FROM ({select} LIMIT {most:d})", values).fetchone()[0])


def _matching_keys(c: sqlite3.Connection, query: str, limit: int) -> list[int]:
    """Return the keys of the latest messages with the needle, of conversations that are not deleted."""
    by_key, by_time = (_wanted("texts CROSS JOIN messages"), _wanted("messages CROSS JOIN texts"))
    latest = "ORDER BY messages.created_at DESC, messages.key DESC LIMIT ?"
    expression = match_expression(query) if index_exists(c) else ""
    if not expression:
        return [int(key) for key, _ in c.execute(f"{by_key} {latest}", (query, limit))]
    candidates = "(SELECT rowid FROM grams WHERE grams MATCH ?)"
    newest = int(c.execute("SELECT coalesce(max(key), 0) FROM messages").fetchone()[0])
    many = max(_FEW, newest // _MANY) + 1
    count = _count(c, "SELECT 1 FROM grams WHERE grams MATCH ?", expression, most=many)
    if count >= many:  # so frequent that reading message by message finds enough of them sooner
        return [int(key) for key, _ in c.execute(f"{by_time} {latest}", (query, limit))]
    found = (
        c.execute(f"{by_key} AND texts.message IN {candidates} {latest}", (query, expression, limit))
        if count <= _FEW
        else c.execute(f"{by_time} AND +messages.key IN {candidates} {latest}", (query, expression, limit))
    )
    rows = found.fetchall() + c.execute(f"{by_key} AND is_indexed = 0 {latest}", (query, limit)).fetchall()
    rows.sort(key=lambda row: (-row[1], -row[0]))
    return [int(key) for key, _ in rows[:limit]]


IS_LISTED = "(SELECT deleted_at FROM conversations WHERE key = messages.conversation) = 0"


def _wanted(tables: str) -> str:
    """Return a query for messages with a needle, which SQLite evaluates in the order of these tables."""
    return f"""
        SELECT messages.key, messages.created_at FROM {tables} ON texts.message = messages.key
        WHERE instr(folded, ?) AND {IS_LISTED}"""


def _snippet(text: str, query: str, folded: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Return the line of the first match, shortened, and the ranges of the matches in it."""
    found = spans(text, query, folded)
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
