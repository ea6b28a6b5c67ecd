"""An empty store in memory, for whatever needs no file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from coze_tui.store import history
from tests.support.stores import empty_store


@pytest.fixture
def c() -> Iterator[sqlite3.Connection]:
    connection = empty_store()
    yield connection
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


@pytest.fixture
def key(c: sqlite3.Connection) -> str:
    """A conversation in it."""
    return history.create_conversation(c, "coze.cn", "7402", 1_000, bot_name="小春")
