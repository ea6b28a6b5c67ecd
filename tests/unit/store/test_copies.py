"""A store on which nothing can be written is read, with whatever its log holds."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from coze_tui.store import copies, history
from coze_tui.store.copies import open_in_memory, open_read_only
from coze_tui.store.database import Database
from coze_tui.store.files import beside
from tests.support.folders import unwritable
from tests.support.stores import NOW, conversation_count

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="modes and mounts are POSIX's")


async def left_by_killed(folder: Path) -> Path:
    """Return a store whose log holds all of it, as a killed program leaves it, without its shared memory."""
    path, left = folder / "running" / "store.db", folder / "left" / "store.db"
    database = await Database.open(path)
    await database.write(lambda c: history.create_conversation(c, "coze.cn", "7511", NOW))
    left.parent.mkdir()
    for suffix in ("", "-wal"):
        shutil.copyfile(beside(path, suffix), beside(left, suffix))
    await database.close()
    return left


def count(c: sqlite3.Connection | None) -> int:
    assert c is not None
    with closing(c):
        return conversation_count(c)


async def test_a_log_is_read_where_no_side_file_can_be_made(tmp_path: Path) -> None:
    path = await left_by_killed(tmp_path)
    with unwritable(path.parent):
        assert count(open_in_memory(path)) == 1
        assert count(open_read_only(path)) == 1


async def test_a_file_too_large_for_memory_is_read_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await left_by_killed(tmp_path)
    with closing(sqlite3.connect(path)) as c:
        c.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    monkeypatch.setattr(copies, "COPIED_BYTES", 0)
    with unwritable(path.parent):
        assert count(open_in_memory(path)) == 0
        assert count(open_read_only(path)) == 1


async def test_a_large_file_with_a_log_is_read_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await left_by_killed(tmp_path)
    monkeypatch.setattr(copies, "COPIED_BYTES", 0)
    with unwritable(path.parent):
        before = sorted(path.parent.iterdir())
        assert count(open_read_only(path)) == 1
        assert sorted(path.parent.iterdir()) == before


def test_what_is_no_store_is_not_opened(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("text")
    assert open_read_only(tmp_path / "x") is None
    assert open_read_only(tmp_path) is None
    assert open_read_only(tmp_path / "missing") is None
