"""What can be wrong with the store: from the words of SQLite and the system to ours."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from coze_tui.errors import StoreError

StoreErrorKind = Literal["full", "readonly", "locked", "damaged", "newer", "unreadable", "other"]
TroubleKind = Literal[
    "full",
    "readonly",
    "locked",
    "damaged",
    "newer",
    "unreadable",
    "other",
    "network",
    "permissions",
    "migrated",
    "replaced",
]


@dataclass(frozen=True, slots=True)
class StoreWarning:
    """Something about the store that the person should be told, though the program goes on."""

    kind: TroubleKind
    """`network`: a file system without WAL; `permissions`: others could read the files, now repaired;
    `migrated`: `path` is the backup made before; `damaged`: `path` is the file set aside; `replaced`: another
    file is at `path` than the one that was opened."""
    path: str
    detail: str = ""


_KINDS: tuple[tuple[str, StoreErrorKind], ...] = (
    ("SQLITE_FULL", "full"),
    ("SQLITE_IOERR_WRITE", "full"),  # what a quota or a limit on the size of files gives
    ("SQLITE_IOERR_SHMSIZE", "full"),
    ("SQLITE_READONLY", "readonly"),
    ("SQLITE_BUSY", "locked"),
    ("SQLITE_LOCKED", "locked"),
    ("SQLITE_PROTOCOL", "locked"),
    ("SQLITE_CORRUPT", "damaged"),
    ("SQLITE_NOTADB", "damaged"),
    ("SQLITE_CANTOPEN", "unreadable"),
    ("SQLITE_PERM", "unreadable"),
    ("SQLITE_IOERR", "unreadable"),
)


def error_name(error: sqlite3.Error) -> str:
    """SQLite's name for an error, such as `SQLITE_BUSY`; empty where the module itself complained."""
    return str(getattr(error, "sqlite_errorname", None) or "")


def store_error_from_sqlite(error: sqlite3.Error, path: Path | None) -> StoreError:
    """Our error for one of SQLite's."""
    name = error_name(error)
    kind: StoreErrorKind = "other"
    for prefix, meaning in _KINDS:
        if name.startswith(prefix):
            kind = meaning
            break
    return StoreError(kind, str(path or ""), f"{error} ({name})" if name else str(error))


def store_error_from_os(error: OSError, path: Path) -> StoreError:
    """Our error for one of the file system's."""
    kind: StoreErrorKind = "unreadable"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        kind = "full"
    elif error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        kind = "readonly"
    return StoreError(kind, str(path), error.strerror or str(error))


def is_busy(error: sqlite3.Error) -> bool:
    """Another connection holds the lock: trying again may help."""
    return error_name(error).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
