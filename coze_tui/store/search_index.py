"""The index of short pieces: which messages may hold a text. It may lag behind; the search itself never does.

An FTS5 table without content and without positions. Where this SQLite has no FTS5, nothing is ever marked as
indexed and the search looks at every text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from coze_tui.store.folding import grams


def is_there(c: sqlite3.Connection) -> bool:
    """The index exists in this file and this SQLite can read it."""
    return has_fts5(c) and bool(c.execute("SELECT 1 FROM sqlite_master WHERE name = 'grams'").fetchone())


def has_fts5(c: sqlite3.Connection) -> bool:
    """Return whether this SQLite was built with FTS5."""
    return bool(c.execute("SELECT 1 FROM pragma_module_list WHERE name = 'fts5'").fetchone())


def add(c: sqlite3.Connection, texts: Iterable[tuple[int, str]]) -> None:
    """Indexes messages, given by key and folded text, if that can be done here."""
    if not is_there(c):
        if not has_fts5(c):
            return
        c.execute("""
            CREATE VIRTUAL TABLE grams USING fts5
            (words, tokenize = 'ascii', detail = none, content = '', columnsize = 0)""")
    rows = [(key, " ".join(grams(folded))) for key, folded in texts]
    c.executemany("INSERT INTO grams (rowid, words) VALUES (?, ?)", rows)
    c.executemany("UPDATE texts SET is_indexed = 1 WHERE message = ?", [(key,) for key, _ in rows])


def add_some(c: sqlite3.Connection, limit: int = 500) -> int:
    """Indexes some of the messages that came in bulk; call it until it gives 0: how many it has done."""
    rows: list[tuple[int, str]] = c.execute(
        "SELECT message, folded FROM texts WHERE is_indexed = 0 LIMIT ?", (limit,)
    ).fetchall()
    if not rows or not has_fts5(c):
        return 0
    add(c, rows)
    return len(rows)


def remove(c: sqlite3.Connection, condition: str, *values: object) -> None:
    """Takes messages out, before they are deleted; the condition is over `messages`."""
    if not is_there(c):
        return  # a key is never used twice, so an entry left over finds nothing
    rows: list[tuple[int, str]] = c.execute(
        f"""SELECT message, folded FROM texts JOIN messages ON messages.key = texts.message
            WHERE is_indexed = 1 AND {condition}""",
        values,
    ).fetchall()
    # Without content the index has to be told what it holds.
    c.executemany(
        "INSERT INTO grams (grams, rowid, words) VALUES ('delete', ?, ?)",
        [(key, " ".join(grams(folded))) for key, folded in rows],
    )


def tidy(c: sqlite3.Connection) -> None:
    """Gives back what removed messages have left behind in the index."""
    if is_there(c):
        c.execute("INSERT INTO grams (grams) VALUES ('optimize')")


def match_expression(folded: str) -> str:
    """The FTS5 query whose answer holds every message with this text in it; empty if it cannot help."""
    pieces = grams(folded)
    longest = [piece for piece in pieces if len(piece) > 1]
    if longest:
        # A piece within a longer one adds nothing, and what ends the needle need not end a word.
        wanted = [piece for piece in longest if not any(piece in other != piece for other in longest)]
        return " ".join(f'"{piece}"' for piece in sorted(wanted))
    return " ".join(f'"{piece}" *' for piece in sorted(pieces))
