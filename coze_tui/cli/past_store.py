"""The history, opened for one command."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from coze_tui.cli.start import notify
from coze_tui.report.store_text import words_for
from coze_tui.store.database import Database, open_or_rescue
from coze_tui.store.history import last_conversation


@asynccontextmanager
async def past_store(file: Path, *, is_to_change: bool = False) -> AsyncIterator[Database]:
    """The store; what is wrong with it is told, and what can be read of it is there.

    Args:
        is_to_change: What the command does would be gone with it in a store that is only in memory.

    Raises:
        StoreError: nothing can be read of it, or it is to be changed and cannot be.
    """
    opened = await open_or_rescue(file)
    database = opened.database
    try:
        if not database.is_saved and (is_to_change or not await _has_something(database, file)):
            await database.close()
            database = await Database.open(file)  # says what is in the way
        else:
            for trouble in opened.troubles:
                notify(words_for(trouble))
        yield database
    finally:
        await database.close()


async def _has_something(database: Database, file: Path) -> bool:
    """Whether a store that is only in memory shows what there is, be it that there is nothing."""
    is_there = await asyncio.to_thread(os.path.lexists, file)
    return not is_there or await database.read(last_conversation) is not None
