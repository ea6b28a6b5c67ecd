"""The store on disk that unit tests write into."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from coze_tui.store.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty store in the file `history.db` of `tmp_path`, closed after the test."""
    opened = await Database.open(tmp_path / "history.db")
    yield opened
    await opened.close()
