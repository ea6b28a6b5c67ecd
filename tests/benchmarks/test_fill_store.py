"""The stores that the benchmarks fill."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.fill_store import filled
from tests.support.stores import conversation_count


async def test_they_fit_the_schema(tmp_path: Path) -> None:
    store = await filled(tmp_path / "history.db", 3, 12, captures=True)
    assert await store.run(conversation_count) == 3
    await store.close()
