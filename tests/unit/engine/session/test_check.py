"""The whole file is checked after an unclean end or once a week, beside everything else."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from coze_tui.engine.session.maintenance import check_if_due
from coze_tui.store import checks, owners
from coze_tui.store import database as database_module
from coze_tui.store.checks import CHECK_EVERY_MS
from coze_tui.store.database import Database, now_ms
from tests.support.stores import conversation_count


@pytest.fixture
def checked(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that grows with each check of the whole file, however small it is."""
    done: list[int] = []

    async def check(self: Database) -> None:
        done.append(1)

    monkeypatch.setattr("coze_tui.engine.session.maintenance.CHECKED_BYTES", 0)
    monkeypatch.setattr(Database, "check", check)
    return done


def dead_program() -> str:
    child = subprocess.run(
        [sys.executable, "-c", "from coze_tui.store import owners; print(owners.this_program())"],
        capture_output=True,
        text=True,
        check=True,
    )
    return child.stdout.strip()


async def test_a_file_is_checked_once_a_week(database: Database, checked: list[int]) -> None:
    await check_if_due(database, after_s=0)
    assert len(checked) == 1
    await check_if_due(database, after_s=0)
    assert len(checked) == 1
    await database.write(lambda c: checks.passed(c, now_ms() - CHECK_EVERY_MS))
    await check_if_due(database, after_s=0)
    assert len(checked) == 2


async def test_a_file_is_checked_after_an_unclean_end(database: Database, checked: list[int]) -> None:
    await database.write(lambda c: checks.passed(c, now_ms()))
    died = dead_program()
    await database.write(lambda c: c.execute("INSERT INTO programs VALUES (?, 1)", (died,)))
    await check_if_due(database, after_s=0)
    await check_if_due(database, after_s=0)
    assert len(checked) == 1


async def test_a_check_that_was_broken_off_is_due_again(
    database: Database, checked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    check = asyncio.create_task(check_if_due(database, after_s=1_000))
    while not await database.read(lambda c: c.execute("SELECT 1 FROM programs").fetchone()):
        await asyncio.sleep(0)
    check.cancel()
    await asyncio.gather(check, return_exceptions=True)
    assert checked == []
    await check_if_due(database, after_s=0)
    assert len(checked) == 1


async def test_a_program_that_leaves_is_no_unclean_end(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = await Database.open(path)
    await check_if_due(database, after_s=0)
    await database.close(checks.leave)
    database = await Database.open(path)
    assert not await database.read(lambda c: c.execute("SELECT 1 FROM programs").fetchone())
    assert not await database.write(lambda c: checks.enter(c, now_ms()))
    await database.close()


async def test_a_program_that_runs_is_no_unclean_end(database: Database) -> None:
    await database.write(lambda c: checks.passed(c, now_ms()))
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        owner = owners.owner_of(other.pid)
        await database.write(lambda c: c.execute("INSERT INTO programs VALUES (?, ?)", (owner, now_ms())))
        assert not await database.write(lambda c: checks.enter(c, now_ms()))
        other.kill()


ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"


async def test_nothing_waits_for_a_check_and_leaving_interrupts_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[sqlite3.Connection] = []

    def endless(c: sqlite3.Connection) -> str:
        started.append(c)
        return str(c.execute(ENDLESS).fetchone())

    monkeypatch.setattr(database_module, "damage_in", endless)
    check = asyncio.create_task(database.check())
    while not started:
        await asyncio.sleep(0.001)
    assert await database.run(conversation_count) == 0
    assert await database.read(conversation_count) == 0
    assert await database.write(conversation_count) == 0
    check.cancel()
    with pytest.raises(asyncio.CancelledError):
        await check
    await database.close()
