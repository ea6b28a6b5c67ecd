"""Removes old data, and returns its space to the file system."""

from __future__ import annotations

import sqlite3

from coze_tui.store.history import purge
from coze_tui.values import valueclass

_PAYS_BYTES = 1 << 20
_PAYS_SHARE = 10
"""Unused pages are returned to the file system if they are more than one in this many pages."""


@valueclass
class PrunePlan:
    """The conversations and frames that pruning would remove."""

    conversations: int
    messages: int
    chats: int
    recorded_chats: int
    """The number of chats whose frames would be removed."""
    bytes: int
    """Approximate number of bytes that would become free."""
    keys: tuple[str, ...]
    """The conversations, the oldest first; empty if only frames are removed."""


def prune_plan(c: sqlite3.Connection, older_than_ms: int) -> PrunePlan:
    """Return the unpinned conversations that have not changed since a time, and those deleted before it."""
    rows = c.execute(
        """SELECT key FROM conversations
           WHERE (updated_at < ? AND NOT pinned OR deleted_at > 0 AND deleted_at < ?)
             AND NOT EXISTS (SELECT 1 FROM chats WHERE conversation = conversations.key AND is_final = 0)
           ORDER BY updated_at""",
        (older_than_ms, older_than_ms),
    )
    keys = tuple(str(key) for (key,) in rows)
    messages = chats = captures = size = 0
    for key in keys:
        count, length = c.execute(
            """SELECT count(*), coalesce(sum(length(CAST(content AS BLOB)) + length(CAST(reasoning AS BLOB))
                                             + length(CAST(folded AS BLOB))), 0)
               FROM messages LEFT JOIN texts ON texts.message = messages.key WHERE conversation = ?""",
            (key,),
        ).fetchone()
        messages, size = messages + count, size + length
        count, packed, length = c.execute(
            """SELECT count(*), count(capture), coalesce(sum(length(capture)), 0) FROM chats
               WHERE conversation = ?""",
            (key,),
        ).fetchone()
        chats, captures, size = chats + count, captures + packed, size + length
    return PrunePlan(len(keys), messages, chats, captures, size, keys)


def prune(c: sqlite3.Connection, keys: tuple[str, ...]) -> None:
    """Remove conversations of a plan permanently; pass a few at a time, so that other calls wait briefly."""
    for key in keys:
        purge(c, key)


def frames_plan(c: sqlite3.Connection, older_than_ms: int) -> PrunePlan:
    """Return the plan of `prune_frames`: frames of older chats, whose messages and metrics remain."""
    count, length = c.execute(
        f"SELECT count(*), coalesce(sum(length(capture)), 0) FROM chats WHERE {_OLD_CAPTURES}",
        (older_than_ms,),
    ).fetchone()
    return PrunePlan(0, 0, 0, count, length, ())


def prune_frames(c: sqlite3.Connection, older_than_ms: int, *, limit: int = 200) -> int:
    """Remove the frames of some older chats, except in pinned conversations; return the number of chats.

    Call it until it returns 0.
    """
    return c.execute(
        f"""UPDATE chats SET capture = NULL
            WHERE key IN (SELECT key FROM chats WHERE {_OLD_CAPTURES} LIMIT {limit:d})""",
        (older_than_ms,),
    ).rowcount


_OLD_CAPTURES = """capture IS NOT NULL AND is_final AND sent_at < ?
    AND NOT (SELECT pinned FROM conversations WHERE key = chats.conversation)"""


def free_bytes(c: sqlite3.Connection) -> int:
    """Return the unused bytes of the file."""
    return int(c.execute("PRAGMA freelist_count").fetchone()[0]) * _page_size(c)


def vacuum_pays(c: sqlite3.Connection) -> bool:
    """Return whether enough of the file is unused to make vacuuming worthwhile."""
    free = free_bytes(c)
    return free >= _PAYS_BYTES and free * _PAYS_SHARE >= file_bytes(c)


def file_bytes(c: sqlite3.Connection) -> int:
    """Return the size of the file in bytes."""
    return int(c.execute("PRAGMA page_count").fetchone()[0]) * _page_size(c)


def vacuum_some(c: sqlite3.Connection, pages: int = 1_000) -> int:
    """Return some unused pages to the file system; return their number. Call it until it returns 0."""
    before = int(c.execute("PRAGMA freelist_count").fetchone()[0])
    for _ in range(min(before, pages)):
        # Sqlite3 ends a pragma after its first step, which frees one page.
        c.execute("PRAGMA incremental_vacuum(1)")
    return before - int(c.execute("PRAGMA freelist_count").fetchone()[0])


def _page_size(c: sqlite3.Connection) -> int:
    return int(c.execute("PRAGMA page_size").fetchone()[0])
