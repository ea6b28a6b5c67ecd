"""Opens connections to the store: creates, migrates, checks or rescues its file, or falls back to memory."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from coze_tui.errors import StoreError, StoreWarning
from coze_tui.store.copies import open_in_memory
from coze_tui.store.files import SQLITE_ERRORS, is_busy, is_on_network, prepare, store_error_from_sqlite
from coze_tui.store.migrations import VERSION, migrate, refuse_strange
from coze_tui.store.salvage import damage_in, is_half_done, rescue

BUSY_MS = 50
"""Milliseconds that SQLite itself waits for a lock of another program.

A connection's thread waits no longer, so that no read queues behind a write; `Database` tries again."""
_MIGRATION_MS = 60_000
GIVE_UP_S = 15.0
"""Seconds after which a call of a command fails if another program has locked the store."""
AGAIN_S = 0.02
"""Pause between two attempts to take a lock."""
CHECKED_BYTES = 2 << 20
"""A file up to this size is fully checked whenever it is opened, which takes a few milliseconds."""


def open_somehow(
    path: Path, *, suspect: bool, defers: bool
) -> tuple[sqlite3.Connection | None, Path | None, list[StoreWarning]]:
    """Return a connection, the file that it has open, and warnings, whatever the state of the file.

    Args:
        suspect: check the whole file first.
        defers: return no connection while another program has locked the file, instead of waiting.

    Returns:
        The connection is None if the file is locked. The file is None if the store is in memory only.
    """
    warnings: list[StoreWarning] = []
    open_now = open_file if defers else open_patiently
    try:
        try:
            connection, found = open_now(path, suspect=suspect)
        except StoreError as error:
            if error.kind != "damaged":
                raise
            rescued = rescue(path)
            if rescued is not None:
                warnings.append(
                    StoreWarning("damaged", str(rescued[0]), f"{error.detail}; {rescued[1]} rows saved")
                )
            connection, found = open_now(path)
    except StoreError as error:
        if defers and error.kind == "locked":
            return None, path, warnings
        warnings.append(StoreWarning(error.kind, error.path or str(path), error.detail))
        readable = error.kind in ("readonly", "full", "locked", "no locks", "broken", "unreadable")
        return open_in_memory(path if readable and path.is_file() else None), None, warnings
    return connection, path, warnings + found


def open_patiently(path: Path, *, suspect: bool = False) -> tuple[sqlite3.Connection, list[StoreWarning]]:
    """Return a connection as `open_file` does, but wait while another program has locked the file."""
    deadline = time.monotonic() + GIVE_UP_S
    while True:
        try:
            return open_file(path, suspect=suspect, migration_ms=_MIGRATION_MS)
        except StoreError as error:
            if error.kind != "locked" or time.monotonic() > deadline:
                raise
        time.sleep(AGAIN_S)


def open_file(
    path: Path, *, suspect: bool = False, migration_ms: int = BUSY_MS
) -> tuple[sqlite3.Connection, list[StoreWarning]]:
    """Return a connection to an undamaged file of the current version that is not known to be read-only.

    Args:
        migration_ms: how long to wait for another program that is migrating the file.

    Raises:
        StoreError: the file cannot be opened; `locked` if another program prevents even reading.
    """
    warnings = prepare(path)
    if is_half_done(path):
        raise StoreError("damaged", str(path), "an earlier rescue was interrupted")
    try:
        c = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000, cached_statements=256)
    except sqlite3.Error as error:
        raise store_error_from_sqlite(error, path) from error
    try:
        refuse_strange(c, path)
        if path.stat().st_size == 0:
            c.execute("PRAGMA page_size = 4096")
            c.execute("PRAGMA auto_vacuum = INCREMENTAL")
        wanted = "DELETE" if is_on_network(path) else "WAL"
        mode = str(c.execute(f"PRAGMA journal_mode = {wanted}").fetchone()[0])
        if mode != "wal":
            warnings.append(StoreWarning("network", str(path), mode))
        c.execute("PRAGMA synchronous = FULL")
        c.execute("PRAGMA foreign_keys = ON")
        c.execute("PRAGMA secure_delete = FAST")
        if suspect or path.stat().st_size <= CHECKED_BYTES:
            damage = damage_in(c)
            if damage:
                raise StoreError("damaged", str(path), damage)
        c.execute(f"PRAGMA busy_timeout = {migration_ms}")  # another program may be migrating the file
        backup = migrate(c, path)
        c.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        if backup is not None:
            warnings.append(StoreWarning("migrated", str(backup)))
        _require_writable(c)
    except SQLITE_ERRORS as error:
        c.close()
        raise store_error_from_sqlite(error, path) from error
    except BaseException:
        c.close()
        raise
    return c, warnings


def _require_writable(c: sqlite3.Connection) -> None:
    """Raise sqlite3.Error if the file can only be read. A write by another program hides this."""
    try:
        c.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        if is_busy(error):
            return
        raise
    c.execute(f"PRAGMA user_version = {VERSION}")
    c.execute("ROLLBACK")


def inode_of(path: Path | None) -> int:
    """Return the inode number of a file; 0 without a path."""
    return path.stat().st_ino if path else 0


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection to an existing store that refuses to write."""
    c = open_for_writing(path)
    c.execute("PRAGMA query_only = ON")
    return c


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return another connection to an existing store, for long work."""
    uri = f"{path.resolve().as_uri()}?mode=rw"  # mode=rw: do not create a missing file
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_MS / 1000, cached_statements=256)
