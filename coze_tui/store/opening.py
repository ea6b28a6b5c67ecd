"""Connections to the store: its file is created, migrated, checked or rescued; in memory as a last resort."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

from coze_tui.errors import StoreError, StoreWarning
from coze_tui.store.copies import open_in_memory
from coze_tui.store.files import is_busy, is_on_network, prepare, store_error_from_sqlite
from coze_tui.store.migrations import VERSION, migrate, refuse_strange
from coze_tui.store.salvage import damage_in, is_half_done, rescue

BUSY_MS = 50
"""How long SQLite itself waits for a lock of another program.

The thread of a connection waits no longer, so that no read queues behind a write; `Database` tries again."""
_MIGRATION_MS = 60_000
GIVE_UP_S = 15.0
"""Seconds after which a call of a command fails if another program holds the store."""
AGAIN_S = 0.02
"""Pause between two attempts to take a lock."""
CHECKED_BYTES = 2 << 20
"""Up to this size a file is checked whole whenever it is opened, which takes some milliseconds."""


def open_somehow(
    path: Path, *, suspect: bool, defers: bool
) -> tuple[sqlite3.Connection | None, Path | None, list[StoreWarning]]:
    """Return a connection, the file that it is open on, and warnings, whatever the state of the file.

    Args:
        suspect: check the whole file first.
        defers: return no connection while another program holds the file, instead of waiting for it.

    Returns:
        No connection if the file is locked. No file if the store is in memory only.
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
    """Return a connection as `open_file` does, and wait for another program that holds the file."""
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
    """Return a connection to a sound file of this version that is not known to be read-only.

    Args:
        migration_ms: how long to wait for another program that migrates the file.

    Raises:
        StoreError: there is none; `locked` if another program holds the file even for reading.
    """
    warnings = prepare(path)
    if is_half_done(path):
        raise StoreError("damaged", str(path), "an earlier rescue was broken off")
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
        c.execute(f"PRAGMA busy_timeout = {migration_ms}")  # another program may be at it
        backup = migrate(c, path)
        c.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        if backup is not None:
            warnings.append(StoreWarning("migrated", str(backup)))
        _require_writable(c)
    except sqlite3.Error as error:
        c.close()
        raise store_error_from_sqlite(error, path) from error
    except BaseException:
        c.close()
        raise
    return c, warnings


def _require_writable(c: sqlite3.Connection) -> None:
    """Raise sqlite3.Error if the file can only be read. Another program that writes hides this."""
    try:
        c.execute("BEGIN IMMEDIATE")
    except sqlite3.Error as error:
        if is_busy(error):
            return
        raise
    c.execute(f"PRAGMA user_version = {VERSION}")
    c.execute("ROLLBACK")


def inode_of(path: Path | None) -> int:
    """Return the number of a file in its file system; 0 without a path."""
    return path.stat().st_ino if path else 0


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection to an existing store that refuses to write."""
    c = open_for_writing(path)
    c.execute("PRAGMA query_only = ON")
    return c


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return a further connection to an existing store, for long work."""
    uri = f"{path.resolve().as_uri()}?mode=rw"  # where there is no file, none is made
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_MS / 1000, cached_statements=256)
