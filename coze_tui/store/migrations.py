"""Creates and migrates the tables, by an ordered list of steps from each version to the next."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from coze_tui.errors import StoreError
from coze_tui.store.files import beside
from coze_tui.store.search import fold_parts
from coze_tui.text.matching import fold

Step = Callable[[sqlite3.Connection], None]

APPLICATION_ID = 0x436F7A65
"""Marks the file as ours in SQLite's file header."""


def m0001_first_tables(c: sqlite3.Connection) -> None:
    """Create conversations with their sections, chats, frames and messages; and earlier prompts."""
    c.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    c.execute("""
        CREATE TABLE conversations (
            key TEXT PRIMARY KEY,
            site TEXT NOT NULL,
            bot_id TEXT NOT NULL,
            bot_name TEXT NOT NULL DEFAULT '',
            conversation_id TEXT NOT NULL DEFAULT '',  -- Coze's; empty until it gives one
            section_id TEXT NOT NULL DEFAULT '',
            title TEXT NOT NULL DEFAULT '',
            title_by_user INTEGER NOT NULL DEFAULT 0,
            pinned INTEGER NOT NULL DEFAULT 0,
            interrupted INTEGER NOT NULL DEFAULT 0,
            on_server INTEGER NOT NULL DEFAULT 0,
            draft TEXT NOT NULL DEFAULT '',
            queue TEXT NOT NULL DEFAULT '[]',          -- JSON, an array of texts
            forked_from TEXT NOT NULL DEFAULT '',
            last_slot INTEGER NOT NULL DEFAULT 0,      -- of its messages' positions
            created_at INTEGER NOT NULL,               -- here and below: Unix milliseconds
            updated_at INTEGER NOT NULL,
            deleted_at INTEGER NOT NULL DEFAULT 0
        )""")
    c.execute("""
        CREATE INDEX conversations_listed ON conversations (pinned DESC, updated_at DESC, key DESC)
        WHERE deleted_at = 0""")
    c.execute("""
        CREATE INDEX conversations_by_conversation_id ON conversations (conversation_id)
        WHERE conversation_id <> ''""")
    c.execute("""
        CREATE TABLE sections (
            key INTEGER PRIMARY KEY,
            conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
            section_id TEXT NOT NULL,
            position INTEGER NOT NULL,                 -- it begins before the message at this position
            started_at INTEGER NOT NULL
        )""")
    c.execute("CREATE INDEX sections_of_conversation ON sections (conversation, position)")
    c.execute("""
        CREATE TABLE chats (
            key INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
            slot INTEGER NOT NULL,
            chat_id TEXT NOT NULL DEFAULT '',
            section_id TEXT NOT NULL DEFAULT '',
            bot_id TEXT NOT NULL,
            logid TEXT NOT NULL DEFAULT '',
            question TEXT NOT NULL,
            sent_at INTEGER NOT NULL,
            is_final INTEGER NOT NULL DEFAULT 0,
            status TEXT NOT NULL DEFAULT '',
            first_text_us INTEGER NOT NULL DEFAULT 0,
            total_us INTEGER NOT NULL DEFAULT 0,
            deltas INTEGER NOT NULL DEFAULT 0,
            characters INTEGER NOT NULL DEFAULT 0,
            input_tokens INTEGER NOT NULL DEFAULT 0,
            output_tokens INTEGER NOT NULL DEFAULT 0,
            token_count INTEGER NOT NULL DEFAULT 0,
            error_code INTEGER NOT NULL DEFAULT 0,
            error_msg TEXT NOT NULL DEFAULT '',
            frame_count INTEGER NOT NULL DEFAULT 0,    -- in the capture
            owner TEXT NOT NULL DEFAULT '',            -- the program that runs it
            beat_at INTEGER NOT NULL DEFAULT 0,        -- when that program last said that it lives
            capture BLOB                               -- the frames, packed; last, for it is the largest
        )""")
    c.execute("CREATE INDEX chats_of_conversation ON chats (conversation, slot)")
    c.execute("CREATE INDEX chats_running ON chats (key) WHERE is_final = 0")
    c.execute("CREATE INDEX chats_by_time ON chats (sent_at)")
    c.execute("""
        CREATE TABLE frames (
            key INTEGER PRIMARY KEY,
            chat INTEGER NOT NULL REFERENCES chats ON DELETE CASCADE,
            number INTEGER NOT NULL,                   -- of the last frame in the row
            line BLOB NOT NULL,                        -- the frames (packing.py: rows_of)
            UNIQUE (chat, number)
        )""")
    c.execute("""
        CREATE TABLE messages (
            key INTEGER PRIMARY KEY AUTOINCREMENT,     -- never used twice: the search index may lag behind
            conversation TEXT NOT NULL REFERENCES conversations ON DELETE CASCADE,
            position INTEGER NOT NULL,
            chat INTEGER REFERENCES chats ON DELETE CASCADE,
            role TEXT NOT NULL,
            type TEXT NOT NULL,
            content_type TEXT NOT NULL,
            message_id TEXT NOT NULL,
            name TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            content TEXT NOT NULL,
            reasoning TEXT NOT NULL,
            UNIQUE (conversation, position)
        )""")
    c.execute("CREATE INDEX messages_of_chat ON messages (chat, position)")
    c.execute("CREATE INDEX messages_by_time ON messages (created_at)")
    c.execute("""
        CREATE TABLE prompts (
            key INTEGER PRIMARY KEY,
            text TEXT NOT NULL UNIQUE,
            used_at INTEGER NOT NULL
        )""")
    c.execute("CREATE INDEX prompts_by_time ON prompts (used_at)")


def m0002_searchable_texts(c: sqlite3.Connection) -> None:
    """Add folded copies of all searchable texts."""
    c.execute("""
        CREATE TABLE texts (
            message INTEGER PRIMARY KEY REFERENCES messages ON DELETE CASCADE,
            is_indexed INTEGER NOT NULL DEFAULT 0,
            folded TEXT NOT NULL
        )""")
    c.execute("CREATE INDEX texts_unindexed ON texts (message) WHERE is_indexed = 0")
    for table in ("conversations", "prompts"):
        c.execute(f"ALTER TABLE {table} ADD COLUMN folded TEXT NOT NULL DEFAULT ''")
    c.executemany(
        "INSERT INTO texts (message, folded) VALUES (?, ?)",
        (
            (key, fold_parts(content, reasoning, name))
            for key, content, reasoning, name in c.execute(
                "SELECT key, content, reasoning, name FROM messages"
            )
        ),
    )
    c.executemany(
        "UPDATE conversations SET folded = ? WHERE rowid = ?",
        [
            (fold_parts(title, bot_name), row)
            for row, title, bot_name in c.execute("SELECT rowid, title, bot_name FROM conversations")
        ],
    )
    c.executemany(
        "UPDATE prompts SET folded = ? WHERE key = ?",
        [(fold(text), key) for key, text in c.execute("SELECT key, text FROM prompts")],
    )


def m0003_independent_of_size(c: sqlite3.Connection) -> None:
    """Add records of checks and running programs, and indexes for the queries of each start."""
    if not _holds_data(c):
        for name in LATE_INDEXES:
            build_index(c, name)
    c.execute("""
        CREATE TABLE programs (
            owner TEXT PRIMARY KEY,                    -- as in chats
            started_at INTEGER NOT NULL
        )""")
    c.execute("""
        CREATE TABLE checks (
            key INTEGER PRIMARY KEY CHECK (key = 1),
            checked_at INTEGER NOT NULL                -- when the whole file was last found sound
        )""")


def m0004_unfetched_chats(c: sqlite3.Connection) -> None:
    """Add the list of chats of which Coze may have more than the store; the next start fetches it."""
    c.execute("CREATE TABLE unfetched (chat INTEGER PRIMARY KEY REFERENCES chats ON DELETE CASCADE)")


def m0005_edits_and_waits(c: sqlite3.Connection) -> None:
    """Add the questions that are being edited, the time of reasoning, and what chats waited for."""
    c.execute("""
        CREATE TABLE edits (
            conversation TEXT PRIMARY KEY REFERENCES conversations ON DELETE CASCADE,
            text TEXT NOT NULL,
            asked_at INTEGER NOT NULL,                 -- Unix milliseconds
            chat INTEGER NOT NULL,                     -- 0 for a question without a chat
            position INTEGER NOT NULL                  -- of the question, if it has no chat
        )""")
    c.execute("ALTER TABLE messages ADD COLUMN thought_us INTEGER NOT NULL DEFAULT 0")
    # Most chats have no row.
    c.execute("""
        CREATE TABLE breaks (
            chat INTEGER PRIMARY KEY REFERENCES chats ON DELETE CASCADE,
            waited_us INTEGER NOT NULL DEFAULT 0,      -- for the user of a local tool
            cut_us INTEGER NOT NULL DEFAULT 0,         -- until the stream was cut
            asks_back INTEGER NOT NULL DEFAULT 0       -- it ended with a question, for the next message
        )""")


_LATEST = "updated_at DESC, key DESC) WHERE deleted_at = 0 AND last_slot > 0"
LATE_INDEXES: Mapping[str, str] = {
    "conversations_deleted": "conversations (deleted_at) WHERE deleted_at > 0",
    "conversations_of_bot": "conversations (site, bot_id, bot_name)",
    "conversations_latest": f"conversations ({_LATEST}",
    "conversations_latest_of_site": f"conversations (site, {_LATEST}",
    "chats_by_chat_id": "chats (chat_id) WHERE chat_id <> ''",
    "chats_with_frames": "chats (sent_at) WHERE capture IS NOT NULL",
}
"""Indexes that a migration postpones if there is data, because building them takes long in a large file.

All queries work without them, only slower. `Database.build_indexes` adds them while the program runs."""


def missing_indexes(c: sqlite3.Connection) -> tuple[str, ...]:
    """Return the names of the indexes that a migration has postponed and that do not exist yet."""
    known = {str(name) for (name,) in c.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}
    return tuple(name for name in LATE_INDEXES if name not in known)


def build_index(c: sqlite3.Connection, name: str) -> None:
    """Build one of the postponed indexes, unless another program has done so."""
    c.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {LATE_INDEXES[name]}")


STEPS: Sequence[Step] = (
    m0001_first_tables,
    m0002_searchable_texts,
    m0003_independent_of_size,
    m0004_unfetched_chats,
    m0005_edits_and_waits,
)
"""Never edit a step that was released: add one."""
_ADDITIVE: frozenset[Step] = frozenset(
    {m0003_independent_of_size, m0004_unfetched_chats, m0005_edits_and_waits}
)
"""Steps that change no row, so no backup copy is made before them: it takes long if the file is large."""
_UNRELEASED = (5, 6, 7)
"""Versions whose parts became step 5 before the first release. Their numbers now mean other tables."""

VERSION = len(STEPS)


def version_of(c: sqlite3.Connection) -> int:
    """Return the number of migration steps that this database has passed."""
    return int(c.execute("PRAGMA user_version").fetchone()[0])


def migrate(c: sqlite3.Connection, path: Path | None, steps: Sequence[Step] = STEPS) -> Path | None:
    """Migrate the database to the newest version, each step in its own transaction.

    Two programs may do so at once: the second one finds the work done. A file that contains data is copied
    before a step that changes rows.

    Returns:
        The path of the copy, or None if none was needed.

    Raises:
        StoreError: the file is newer than this program, or not a store of ours.
    """
    backup = None
    while (version := version_of(c)) != len(steps):
        refuse_strange(c, path, steps)
        c.execute("BEGIN IMMEDIATE")
        try:
            version = version_of(c)  # another program may have migrated the file while this one waited
            if version < len(steps):
                is_copied = backup is not None or all(step in _ADDITIVE for step in steps[version:])
                if path is not None and not is_copied and version and _holds_data(c):
                    backup = _back_up(path, version)
                steps[version](c)
                c.execute(f"PRAGMA user_version = {version + 1}")
            c.execute("COMMIT")
        except BaseException:
            if c.in_transaction:
                c.execute("ROLLBACK")
            raise
    refuse_strange(c, path, steps)
    return backup


def refuse_strange(c: sqlite3.Connection, path: Path | None, steps: Sequence[Step] = STEPS) -> None:
    """Raise StoreError if the database belongs to another program or version; change nothing.

    Raises:
        StoreError: the file is newer than this program, not a store of ours, or of an unreleased version.
    """
    version = version_of(c)
    owner = int(c.execute("PRAGMA application_id").fetchone()[0])
    tables = int(c.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if owner != APPLICATION_ID and (owner or version or tables):
        raise StoreError("other", str(path or ""), "not a coze-tui history")
    if version in _UNRELEASED and not _has_last_column(c):
        raise StoreError("other", str(path or ""), "written by an unreleased version of coze-tui")
    if version > len(steps):
        raise StoreError("newer", str(path or ""), f"{version} > {len(steps)}")


def _has_last_column(c: sqlite3.Connection) -> bool:
    """Return whether the database has the column that was added last before the first release."""
    return bool(c.execute("SELECT 1 FROM pragma_table_info('breaks') WHERE name = 'asks_back'").fetchone())


def _holds_data(c: sqlite3.Connection) -> bool:
    return bool(c.execute("SELECT 1 FROM conversations UNION ALL SELECT 1 FROM prompts LIMIT 1").fetchone())


def _back_up(path: Path, version: int) -> Path:
    """Copy the file to its folder. A writing connection cannot copy itself, so another one reads."""
    backup, unfinished = beside(path, f".v{version}"), beside(path, f".v{version}.part")
    os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600))
    source = sqlite3.connect(path, isolation_level=None, timeout=5)
    target = sqlite3.connect(unfinished, isolation_level=None)
    try:
        source.execute("PRAGMA query_only = ON")
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")
    finally:
        target.close()
        source.close()
    unfinished.replace(backup)
    return backup
