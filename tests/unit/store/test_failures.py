"""SQLite's and the system's words become ours."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from contextlib import closing
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
        ("SQLITE_IOERR_WRITE", "broken"),
        ("SQLITE_IOERR_FSYNC", "broken"),
        ("SQLITE_IOERR_CORRUPTFS", "broken"),
        ("SQLITE_IOERR_SHMLOCK", "no locks"),
        ("SQLITE_IOERR_ACCESS", "unreadable"),
        ("SQLITE_READONLY_DIRECTORY", "readonly"),
        ("SQLITE_BUSY_SNAPSHOT", "locked"),
        ("SQLITE_LOCKED_SHAREDCACHE", "locked"),
        ("SQLITE_CORRUPT_INDEX", "damaged"),
        ("SQLITE_NOTADB", "damaged"),
        ("SQLITE_CANTOPEN", "unreadable"),
        ("SQLITE_IOERR_READ", "broken"),
        ("SQLITE_ERROR", "other"),
    ],
)
def test_each_name_has_its_kind(name: str, kind: str) -> None:
    error = store_error_from_sqlite(sqlite_error(name), Path("/x/store.db"))
    assert (error.kind, error.path) == (kind, "/x/store.db")
    assert name in error.detail
    assert "what SQLite said" in error.detail


def test_every_io_error_of_sqlite_is_put_down_to_something() -> None:
    names = [name for name in dir(sqlite3) if name.startswith("SQLITE_IOERR")]
    assert len(names) > 20
    kinds = {name: store_error_from_sqlite(sqlite_error(name), None).kind for name in names}
    assert {name for name, kind in kinds.items() if kind in ("full", "locked")} == set()
    assert [name for name, kind in kinds.items() if kind == "other"] == ["SQLITE_IOERR_NOMEM"]


@pytest.mark.skipif(sys.platform == "win32", reason="has no limit on the size of files")
def test_a_limit_on_the_size_of_files_is_no_broken_disk(tmp_path: Path) -> None:
    """SQLite gives both the same name."""
    path = tmp_path / "history.db"
    path.write_bytes(bytes(100_000))
    script = """
import resource, sqlite3, sys
from pathlib import Path
from coze_tui.store.files import has_room, store_error_from_sqlite
print(has_room(Path(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
print(has_room(Path(sys.argv[1])))
resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000))
error = sqlite3.OperationalError("disk I/O error")
error.sqlite_errorname = "SQLITE_IOERR_WRITE"
print(store_error_from_sqlite(error, Path(sys.argv[1])).kind)
"""
    ran = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["True", "False", "full"]
    assert [each.name for each in tmp_path.iterdir()] == ["history.db"]


def test_the_lock_of_another_program_is_no_missing_lock(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with closing(sqlite3.connect(path, isolation_level=None, timeout=0)) as other:
            with pytest.raises(sqlite3.OperationalError) as caught:
                other.execute("BEGIN IMMEDIATE")
            assert store_error_from_sqlite(caught.value, path).kind == "locked"


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
        (errno.EIO, "broken"),
        (errno.ENOLCK, "no locks"),
        (errno.ENOTDIR, "unreadable"),
    ],
)
def test_each_number_of_the_system_has_its_kind(number: int, kind: str) -> None:
    assert store_error_from_os(OSError(number, "why"), Path("p")).kind == kind


def test_only_a_lock_is_worth_trying_again() -> None:
    assert is_busy(sqlite_error("SQLITE_BUSY"))
    assert not is_busy(sqlite_error("SQLITE_FULL"))
