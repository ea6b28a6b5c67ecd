"""A store that cannot be written: read where it is, or copied into memory."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import time
from pathlib import Path

from coze_tui.errors import StoreError
from coze_tui.store.files import beside, is_busy
from coze_tui.store.migrations import VERSION, migrate, refuse_strange, version_of

COPIED_BYTES = 256 << 20
"""Up to this size a file that cannot be written to is still shown, from a copy in memory."""
_COPY_S = 2.0
"""How long a copy waits for another program."""


def open_in_memory(path: Path | None) -> sqlite3.Connection:
    """Return a store in memory, with a copy of the file if one can be made."""
    if path is not None:
        c = _memory()
        try:
            if path.stat().st_size <= COPIED_BYTES:
                with contextlib.closing(_connect_read_only(path)) as source:
                    _copy(source, c)
                return _ready(c)
        except (sqlite3.Error, OSError, StoreError):
            pass
        c.close()
    return _ready(_memory())


def open_read_only(path: Path) -> sqlite3.Connection | None:
    """Return a connection to a store of any size that reads it where it is; None if that is impossible."""
    if not path.is_file():  # SQLite would wait for a pipe
        return None
    try:
        c = _connect_read_only(path)
    except (sqlite3.Error, OSError, StoreError):
        return None
    try:
        refuse_strange(c, path)
        if version_of(c) == VERSION:
            return c
    except (sqlite3.Error, StoreError):
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
    """Return a connection that changes nothing beside the file.

    Raises:
        sqlite3.Error, OSError, StoreError: the file cannot be read.
    """
    try:
        return _connected(path, "mode=ro")
    except sqlite3.Error as error:  # SQLite cannot make its side files, or cannot lock the file
        log = beside(path, "-wal")
        if is_busy(error) or not log.exists() or not log.stat().st_size:
            return _connected(path, "immutable=1")
    return _with_log(path)


def _connected(path: Path, how: str) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?{how}"
    c = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=0.5, cached_statements=256)
    try:
        c.execute("SELECT 1 FROM sqlite_master").fetchone()  # raises when locked, where a copy would wait
    except BaseException:
        c.close()
        raise
    return c


def _with_log(path: Path) -> sqlite3.Connection:
    """Return a copy in memory of a file and its log; SQLite reads no log where nothing can be written."""
    if path.stat().st_size > COPIED_BYTES:
        raise StoreError("readonly", str(path), "its log cannot be read")
    with tempfile.TemporaryDirectory(prefix="coze-tui-", ignore_cleanup_errors=True) as folder:
        aside = Path(folder) / path.name
        for suffix in ("", "-wal"):
            shutil.copyfile(beside(path, suffix), beside(aside, suffix))
        c = _memory()
        with contextlib.closing(_connected(aside, "mode=rw")) as source:
            _copy(source, c)
    return c


def _copy(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """Copy a database; give up after some seconds if it is locked."""
    deadline = time.monotonic() + _COPY_S

    def progress(_status: int, _remaining: int, _total: int) -> None:
        if time.monotonic() > deadline:
            raise StoreError("locked", detail="cannot be copied")

    source.backup(target, pages=4096, progress=progress, sleep=0.05)
