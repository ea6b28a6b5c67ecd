"""Opens a store that cannot be written: reads it in place, or copies it into memory."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path

from coze_tui.errors import StoreError
from coze_tui.store.files import SQLITE_ERRORS, beside, is_busy
from coze_tui.store.migrations import VERSION, migrate, refuse_strange, version_of

COPIED_BYTES = 256 << 20
"""A read-only file up to this size is shown from a copy in memory."""
_LOCKLESS = "win32-none" if os.name == "nt" else "unix-none"
"""The SQLite VFS without locks. No other program has the file open: if one had, the index would exist."""
_COPY_S = 2.0
"""Seconds that a copy waits for another program."""


def open_in_memory(path: Path | None) -> sqlite3.Connection:
    """Return a store in memory, with a copy of the file if one can be made."""
    if path is not None:
        c = _memory()
        try:
            if path.stat().st_size <= COPIED_BYTES:
                with contextlib.closing(_connect_read_only(path)) as source:
                    _copy(source, c)
                return _ready(c)
        except (*SQLITE_ERRORS, OSError, StoreError):
            pass
        c.close()
    return _ready(_memory())


def open_read_only(path: Path) -> sqlite3.Connection | None:
    """Return a connection that reads the store in place, whatever its size, or None if that is impossible."""
    if not path.is_file():  # opening a named pipe would block SQLite
        return None
    try:
        c = _connect_read_only(path)
    except (*SQLITE_ERRORS, OSError, StoreError):
        return None
    try:
        refuse_strange(c, path)
        if version_of(c) == VERSION:
            return c
    except (*SQLITE_ERRORS, StoreError):
        pass
    c.close()
    return None


def _memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None, cached_statements=256)


def _ready(c: sqlite3.Connection) -> sqlite3.Connection:
    migrate(c, None)
    c.execute("PRAGMA foreign_keys = ON")
    return c


def _connect_read_only(path: Path) -> sqlite3.Connection:
    """Return a connection that changes no file, not even the side files.

    Raises:
        sqlite3.Error, OSError, StoreError: the file cannot be read.
    """
    try:
        return _connected(path, "mode=ro")
    except sqlite3.Error as error:  # SQLite cannot create its side files, or cannot lock the file
        log = beside(path, "-wal")
        if is_busy(error) or not log.exists() or not log.stat().st_size:
            return _connected(path, "immutable=1")
    return _connected(path, f"mode=ro&vfs={_LOCKLESS}", has_log=True)


def _connected(path: Path, how: str, *, has_log: bool = False) -> sqlite3.Connection:
    """Return a connection from which a first row was read.

    Args:
        has_log: use heap memory instead of a file for the index of the write-ahead log.
    """
    uri = f"{path.resolve().as_uri()}?{how}"
    c = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0.5, cached_statements=256)
    try:
        if has_log:
            c.execute("PRAGMA locking_mode = EXCLUSIVE")
        c.execute("SELECT 1 FROM sqlite_master").fetchone()  # raises if locked, whereas a backup would wait
    except BaseException:
        c.close()
        raise
    return c


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy a database; give up after some seconds if it is locked."""
    deadline = time.monotonic() + _COPY_S

    def progress(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > deadline:
            raise StoreError("locked", detail="cannot be copied")

    source.backup(target, pages=4096, progress=progress, sleep=0.05)
