"""What is kept how long, and giving back the room of what is not."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from coze_tui.store.history import purge

_PAYS_BYTES = 1 << 20
_PAYS_SHARE = 10
"""Free pages are given back when they are more than this part (one in …) of the file."""


@dataclass(frozen=True, slots=True)
class PrunePlan:
    """What pruning would remove."""

    conversations: int
    messages: int
    chats: int
    captures: int
    """Chats of which frames would be removed."""
    bytes: int
    """About what it would free."""
    keys: tuple[str, ...]
    """The conversations, the oldest first; empty for captures only."""


def prune_plan(c: sqlite3.Connection, older_than_ms: int, *, keep_pinned: bool = True) -> PrunePlan:
    """What `prune` would remove: conversations in which nothing has happened since a time, and deleted."""
    rows = c.execute(
        """SELECT key FROM conversations
           WHERE (updated_at < ? AND NOT (pinned AND ?) OR deleted_at > 0 AND deleted_at < ?)
             AND NOT EXISTS (SELECT 1 FROM chats WHERE conversation = conversations.key AND is_final = 0)
           ORDER BY updated_at""",
        (older_than_ms, keep_pinned, older_than_ms),
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
    """Removes conversations of a plan for good. Some at a time, so that nobody waits for it."""
    for key in keys:
        purge(c, key)


def frames_plan(c: sqlite3.Connection, older_than_ms: int, *, keep_pinned: bool = True) -> PrunePlan:
    """What `prune_frames` would remove: the frames of older chats. Their messages and figures stay."""
    count, length = c.execute(
        f"SELECT count(*), coalesce(sum(length(capture)), 0) FROM chats WHERE {_OLD_CAPTURES}",
        (older_than_ms, keep_pinned),
    ).fetchone()
    return PrunePlan(0, 0, 0, count, length, ())


def prune_frames(
    c: sqlite3.Connection, older_than_ms: int, *, keep_pinned: bool = True, limit: int = 200
) -> int:
    """Removes the frames of some older chats; call it until it gives 0: how many it has done."""
    return c.execute(
        f"""UPDATE chats SET capture = NULL
            WHERE key IN (SELECT key FROM chats WHERE {_OLD_CAPTURES} LIMIT {limit:d})""",
        (older_than_ms, keep_pinned),
    ).rowcount


_OLD_CAPTURES = """capture IS NOT NULL AND is_final AND sent_at < ?
    AND NOT (? AND (SELECT pinned FROM conversations WHERE key = chats.conversation))"""


def free_bytes(c: sqlite3.Connection) -> int:
    """How much of the file is unused."""
    return int(c.execute("PRAGMA freelist_count").fetchone()[0]) * _page_size(c)


def vacuum_pays(c: sqlite3.Connection) -> bool:
    """So much of the file is unused that giving it back is worth the work."""
    free = free_bytes(c)
    return free >= _PAYS_BYTES and free * _PAYS_SHARE >= file_bytes(c)


def file_bytes(c: sqlite3.Connection) -> int:
    """The size of the file."""
    return int(c.execute("PRAGMA page_count").fetchone()[0]) * _page_size(c)


def vacuum_some(c: sqlite3.Connection, pages: int = 1_000) -> int:
    """Gives back some unused pages; call it until it gives 0: how many it has done."""
    before = int(c.execute("PRAGMA freelist_count").fetchone()[0])
    for _ in range(min(before, pages)):
        c.execute("PRAGMA incremental_vacuum(1)")  # sqlite3 ends a pragma after its first step: one page
    return before - int(c.execute("PRAGMA freelist_count").fetchone()[0])


def _page_size(c: sqlite3.Connection) -> int:
    return int(c.execute("PRAGMA page_size").fetchone()[0])
