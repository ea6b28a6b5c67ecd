"""Earlier prompts, which the prompt recalls."""

from __future__ import annotations

import sqlite3

from coze_tui.store.messages import storable

_MOST = 200


def add(c: sqlite3.Connection, text: str, now_ms: int) -> None:
    """Save a sent prompt; a prompt that was sent before becomes the newest."""
    text = storable(text)
    if text.strip():
        c.execute(
            """INSERT INTO prompts (text, used_at) VALUES (?, ?)
               ON CONFLICT (text) DO UPDATE SET used_at = excluded.used_at""",
            (text, now_ms),
        )


def latest(c: sqlite3.Connection) -> tuple[str, ...]:
    """Return the latest prompts, the newest first."""
    rows = c.execute("SELECT text FROM prompts ORDER BY used_at DESC, key DESC LIMIT ?", (_MOST,))
    return tuple(str(text) for (text,) in rows)
