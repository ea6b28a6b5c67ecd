"""Indexes that a migration leaves out are built while the program runs, and no write waits for them."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from coze_tui.store import database as database_module
from coze_tui.store import history, migrations
from coze_tui.store.database import Database
from coze_tui.store.migrations import LATE_INDEXES, STEPS, VERSION, migrate, missing_indexes, version_of
from tests.support.stores import conversation_count

BEFORE_THE_INDEXES = 2
PATIENCE_S = 20.0
ENDLESS = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


def new_conversation(c: sqlite3.Connection) -> str:
    return history.create_conversation(c, "coze.cn", "7402", 1_000, title="春节")


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of the last version without these indexes, with a conversation in it."""
    monkeypatch.setattr(database_module, "REST_S", 0.2)
    path = tmp_path / "store.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as c:
        c.execute("PRAGMA journal_mode = WAL")
        migrate(c, None, STEPS[:BEFORE_THE_INDEXES])
        new_conversation(c)
    return path


class SlowBuilding:
    """Takes the place of `build_index`: holds the lock and never ends by itself while it `is_endless`."""

    def __init__(self) -> None:
        self.is_endless = True
        self.attempts = 0
        self._holding = threading.Event()

    def __call__(self, c: sqlite3.Connection, name: str) -> None:
        if not self.is_endless:
            migrations.build_index(c, name)
            return
        c.execute("BEGIN IMMEDIATE")
        self.attempts += 1
        self._holding.set()
        try:
            c.execute(ENDLESS).fetchone()
        finally:
            self._holding.clear()
            c.execute("ROLLBACK")

    async def holds(self) -> None:
        """Wait until it holds the lock."""
        assert await asyncio.to_thread(self._holding.wait, PATIENCE_S)


async def test_a_store_with_data_is_migrated_without_its_indexes_and_gets_them_later(older: Path) -> None:
    database = await Database.open(older)
    assert await database.run(version_of) == VERSION
    assert await database.run(missing_indexes) == tuple(LATE_INDEXES)
    assert await database.run(conversation_count) == 1
    await database.build_indexes()
    assert await database.run(missing_indexes) == ()
    await database.build_indexes()
    await database.close()


async def test_a_new_store_has_all_indexes_at_once(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "store.db")
    assert await database.run(missing_indexes) == ()
    await database.close()


async def test_a_write_interrupts_the_building_which_starts_again(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowBuilding()
    monkeypatch.setattr(database_module, "build_index", slow)
    database = await Database.open(older)
    building = asyncio.create_task(database.build_indexes())
    for _ in range(3):
        await slow.holds()
        await database.write(new_conversation)
    await slow.holds()
    slow.is_endless = False
    await database.write(new_conversation)
    await building
    assert slow.attempts >= 4
    assert await database.run(missing_indexes) == ()
    assert await database.run(conversation_count) == 5
    await database.close()


async def test_closing_the_program_interrupts_the_building(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowBuilding()
    monkeypatch.setattr(database_module, "build_index", slow)
    database = await Database.open(older)
    building = asyncio.create_task(database.build_indexes())
    await slow.holds()
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert await database.write(conversation_count) == 1
    await database.close()


async def test_a_lock_of_another_program_delays_the_building_and_does_not_end_it(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = threading.Event()

    def build(c: sqlite3.Connection, name: str) -> None:
        try:
            migrations.build_index(c, name)
        except sqlite3.OperationalError:
            refused.set()
            raise

    monkeypatch.setattr(database_module, "build_index", build)
    database = await Database.open(older)
    with closing(sqlite3.connect(older, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        building = asyncio.create_task(database.build_indexes())
        assert await asyncio.to_thread(refused.wait, PATIENCE_S)
        assert not building.done()
    await building
    assert await database.run(missing_indexes) == ()
    await database.close()
