"""SQLite's and the system's words become ours."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

import pytest

from coze_tui.store.files import is_busy, store_error_from_os, store_error_from_sqlite


def sqlite_error(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("what SQLite said")
    error.sqlite_errorname = name
    return error


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_FULL", "full"),
        ("SQLITE_IOERR_WRITE", "full"),
        ("SQLITE_READONLY_DIRECTORY", "readonly"),
        ("SQLITE_BUSY_SNAPSHOT", "locked"),
        ("SQLITE_LOCKED_SHAREDCACHE", "locked"),
        ("SQLITE_CORRUPT_INDEX", "damaged"),
        ("SQLITE_NOTADB", "damaged"),
        ("SQLITE_CANTOPEN", "unreadable"),
        ("SQLITE_IOERR_READ", "unreadable"),
        ("SQLITE_ERROR", "other"),
    ],
)
def test_each_name_has_its_kind(name: str, kind: str) -> None:
    error = store_error_from_sqlite(sqlite_error(name), Path("/x/store.db"))
    assert (error.kind, error.path) == (kind, "/x/store.db")
    assert name in error.detail
    assert "what SQLite said" in error.detail


def test_an_error_without_a_name_is_told_as_it_is() -> None:
    error = store_error_from_sqlite(sqlite3.ProgrammingError("odd"), None)
    assert (error.kind, error.path, error.detail) == ("other", "", "odd")


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, "full"),
        (errno.EDQUOT, "full"),
        (errno.EROFS, "readonly"),
        (errno.EACCES, "readonly"),
        (errno.ENOTDIR, "unreadable"),
    ],
)
def test_each_number_of_the_system_has_its_kind(number: int, kind: str) -> None:
    assert store_error_from_os(OSError(number, "why"), Path("p")).kind == kind


def test_only_a_lock_is_worth_trying_again() -> None:
    assert is_busy(sqlite_error("SQLITE_BUSY"))
    assert not is_busy(sqlite_error("SQLITE_FULL"))
