"""Earlier prompts, which the prompt recalls."""

from __future__ import annotations

import sqlite3

from coze_tui.store.messages import storable
from coze_tui.text.matching import fold


def add(c: sqlite3.Connection, text: str, now_ms: int) -> None:
    """Save a sent prompt; a prompt that was sent before becomes the newest."""
    text = storable(text)
    if text.strip():
        c.execute(
            """INSERT INTO prompts (text, used_at, folded) VALUES (?, ?, ?)
               ON CONFLICT (text) DO UPDATE SET used_at = excluded.used_at""",
            (text, now_ms, fold(text)),
        )


def find(c: sqlite3.Connection, *, containing: str = "", limit: int = 100) -> tuple[str, ...]:
    """Return the earlier prompts that contain a text, the newest first."""
    query = fold(containing)
    rows = c.execute(
        """SELECT text FROM prompts WHERE ? = '' OR instr(folded, ?)
           ORDER BY used_at DESC, key DESC LIMIT ?""",
        (query, query, limit),
    )
    return tuple(str(text) for (text,) in rows)
