"""Decides when to check the whole file: after an unclean exit of a program, or once a week."""

from __future__ import annotations

import sqlite3

from coze_tui.store import owners

CHECK_EVERY_MS = 7 * 86_400_000


def enter(c: sqlite3.Connection, now_ms: int) -> bool:
    """Record that this program is running; return whether a check of the whole file is due."""
    is_unclean = bool(_dead_programs(c, now_ms))
    c.execute(
        "INSERT OR REPLACE INTO programs (owner, started_at) VALUES (?, ?)", (owners.this_program(), now_ms)
    )
    row = c.execute("SELECT checked_at FROM checks").fetchone()
    return is_unclean or row is None or not 0 <= now_ms - int(row[0]) < CHECK_EVERY_MS


def passed(c: sqlite3.Connection, now_ms: int) -> None:
    """Record that a check of the whole file has found no damage."""
    c.executemany("DELETE FROM programs WHERE owner = ?", [(owner,) for owner in _dead_programs(c, now_ms)])
    c.execute("INSERT OR REPLACE INTO checks (key, checked_at) VALUES (1, ?)", (now_ms,))


def leave(c: sqlite3.Connection) -> None:
    """Record that this program has ended cleanly."""
    c.execute("DELETE FROM programs WHERE owner = ?", (owners.this_program(),))


def _dead_programs(c: sqlite3.Connection, now_ms: int) -> list[str]:
    """Return the programs that have exited without calling `leave`."""
    rows = c.execute("SELECT owner, started_at FROM programs").fetchall()
    return [owner for owner, started_at in rows if owners.is_dead(owner, int(started_at), now_ms)]
