"""Damaged stores: detects the damage, renames the file, and copies its readable rows into a new one."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from pathlib import Path

from coze_tui.store.files import (
    SQLITE_ERRORS,
    beside,
    error_name,
    only_one,
    set_aside,
    store_error_from_os,
    store_error_from_sqlite,
)
from coze_tui.store.migrations import APPLICATION_ID, migrate
from coze_tui.store.rows import text_of_bytes
from coze_tui.store.search import fold_parts

_TABLES = (
    "conversations",
    "sections",
    "chats",
    "frames",
    "messages",
    "prompts",
    "unfetched",
    "edits",
    "breaks",
)
"""Tables to copy, parents first; all others are derived from them."""
_PATIENCE = 20_000
"""Number of failed reads after which the rest of a table is skipped."""
_HEADER = 100


def damage_in(c: sqlite3.Connection) -> str:
    """Return the first damage that SQLite finds, on one line; empty if the file is sound."""
    try:
        found = str(c.execute("PRAGMA quick_check(1)").fetchone()[0])
    except SQLITE_ERRORS as error:
        if store_error_from_sqlite(error, None).kind != "damaged":
            raise
        return str(error)
    return "" if found == "ok" else " ".join(found.split())


def rescue(path: Path) -> tuple[Path, int] | None:
    """Replace a damaged store with a new one that contains the rows that can be read.

    Returns:
        The new path of the damaged file and the number of rows saved from it; None if the file turns out to
        be undamaged, because another program has just rescued it.

    Raises:
        StoreError: the disk is full, or permissions are missing.
    """
    try:
        with only_one(path):
            if not beside(path, ".rescued").exists():
                if _is_sound(path):
                    return None
                _build(path, beside(path, ".rescuing"))
                beside(path, ".rescuing").replace(beside(path, ".rescued"))
            # If the program is killed after this point, the next one finds the file and continues here.
            aside = set_aside(path)
            beside(path, ".rescued").replace(path)
            return aside, _count(path)
    except SQLITE_ERRORS as error:
        raise store_error_from_sqlite(error, path) from error
    except OSError as error:
        raise store_error_from_os(error, path) from error


def is_half_done(path: Path) -> bool:
    """Return whether a rescue was killed after its work but before its last step."""
    return beside(path, ".rescued").exists()


def _is_sound(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=5)) as c:
        return not damage_in(c)


def _count(path: Path) -> int:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as c:
        return sum(int(c.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in _TABLES)


def _build(damaged: Path, fresh: Path) -> None:
    """Build the new file from a copy of the damaged one, which itself is never written to."""
    copy = beside(damaged, ".copy")
    try:
        for suffix in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                _copy_privately(beside(damaged, suffix), beside(copy, suffix))
        _remove(fresh)
        os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as target:
            target.execute("PRAGMA page_size = 4096")
            target.execute("PRAGMA auto_vacuum = INCREMENTAL")
            migrate(target, None)
            target.execute("PRAGMA foreign_keys = OFF")
            target.execute("BEGIN IMMEDIATE")
            _copy_what_can_be_read(copy, fresh, target)
            _mend(target)
            target.execute("COMMIT")
    finally:
        _remove(copy)


def _copy_privately(source: Path, target: Path) -> None:
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with source.open("rb") as read, os.fdopen(descriptor, "wb") as write:
        shutil.copyfileobj(read, write)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        beside(path, suffix).unlink(missing_ok=True)


def _copy_what_can_be_read(copy: Path, fresh: Path, target: sqlite3.Connection) -> None:
    if not _has_our_tables(copy):
        _give_header(copy, fresh)
        if not _has_our_tables(copy):
            return  # the list of tables itself is damaged; only the renamed file remains
    with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as source:
        source.text_factory = text_of_bytes
        for table in _TABLES:
            _copy_table(source, target, table)


def _has_our_tables(path: Path) -> bool:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as c:
        try:
            return bool(c.execute("SELECT 1 FROM sqlite_master WHERE name = 'conversations'").fetchone())
        except SQLITE_ERRORS:
            return False


def _give_header(copy: Path, fresh: Path) -> None:
    """Replace a broken header with that of a new store: all of ours have one page size and encoding."""
    with fresh.open("rb") as file:
        header = bytearray(file.read(_HEADER))
    header[18:20] = b"\2\2"  # so that the log is read as well
    header[28:32] = (copy.stat().st_size // 4096).to_bytes(4, "big")
    header[32:40] = bytes(8)  # the list of free pages is not needed for reading
    header[68:72] = APPLICATION_ID.to_bytes(4, "big")
    with copy.open("r+b") as file:
        file.write(header)


def _copy_table(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> None:
    """Copy the rows that can be read, halving any range in which SQLite fails."""
    there = {str(row[1]) for row in source.execute(f"PRAGMA table_info({table})")}
    try:
        last = int(source.execute(f"SELECT max(rowid) FROM {table}").fetchone()[0] or 0)
    except SQLITE_ERRORS:
        last = 1 << 40
    columns = [str(row[1]) for row in target.execute(f"PRAGMA table_info({table})") if row[1] in there]
    if not columns:
        return  # the file is of a version without this table
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    select = f"SELECT rowid, {names} FROM {table} NOT INDEXED WHERE rowid BETWEEN ? AND ? ORDER BY rowid"
    insert = f"INSERT OR IGNORE INTO {table} ({names}) VALUES ({marks})"
    ranges, failures = [(-(1 << 40), last)], 0
    while ranges and failures < _PATIENCE:
        low, high = ranges.pop()
        try:
            for row, *values in source.execute(select, (low, high)):
                target.execute(insert, values)
                low = int(row) + 1
        except SQLITE_ERRORS as error:
            if error_name(error).startswith(("SQLITE_FULL", "SQLITE_IOERR")):
                raise
            failures += 1
            if low < high:
                middle = (low + high) // 2
                ranges += [(middle + 1, high), (low, middle)]


def _mend(c: sqlite3.Connection) -> None:
    """Make the saved rows consistent again, without losing one that can be read."""
    c.execute("""
        INSERT OR IGNORE INTO conversations (key, site, bot_id, created_at, updated_at)
        SELECT conversation, '', '', min(created_at), max(created_at) FROM messages GROUP BY conversation""")
    c.execute("""
        INSERT OR IGNORE INTO conversations (key, site, bot_id, created_at, updated_at)
        SELECT conversation, '', max(bot_id), min(sent_at), max(sent_at) FROM chats GROUP BY conversation""")
    c.execute("DELETE FROM sections WHERE conversation NOT IN (SELECT key FROM conversations)")
    c.execute("DELETE FROM frames WHERE chat NOT IN (SELECT key FROM chats)")
    c.execute("DELETE FROM unfetched WHERE chat NOT IN (SELECT key FROM chats)")
    c.execute("DELETE FROM breaks WHERE chat NOT IN (SELECT key FROM chats)")
    c.execute("DELETE FROM edits WHERE conversation NOT IN (SELECT key FROM conversations)")
    c.execute("UPDATE messages SET chat = NULL WHERE chat NOT IN (SELECT key FROM chats)")
    c.execute("""
        UPDATE conversations SET last_slot = max(last_slot,
            coalesce((SELECT max(position) >> 20 FROM messages WHERE conversation = conversations.key), 0),
            coalesce((SELECT max(slot) FROM chats WHERE conversation = conversations.key), 0))""")
    c.executemany(
        "INSERT OR REPLACE INTO texts (message, folded) VALUES (?, ?)",
        (
            (key, fold_parts(content, reasoning, name))
            for key, content, reasoning, name in c.execute(
                "SELECT key, content, reasoning, name FROM messages"
            )
        ),
    )
