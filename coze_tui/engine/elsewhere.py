"""Following a chat that another program runs: its frames are in the journal we share."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Sequence

from coze_tui.api.objects import Frame
from coze_tui.engine.home import TurnFeed
from coze_tui.engine.telling import error_of, outcome_of
from coze_tui.engine.turn import TurnState
from coze_tui.engine.updates import LogidReported, Phase, TurnEnded
from coze_tui.errors import StoreError
from coze_tui.store import journal
from coze_tui.store.database import Database
from coze_tui.store.journal import SavedChat

_LOOK_SECONDS = 0.5


async def follow_elsewhere(database: Database, chat: int, feed: TurnFeed, *, is_left: bool = False) -> None:
    """Tell the feed what has happened in a stored chat, and what happens until it is over.

    Args:
        is_left: nobody runs it any more, although the store could not be told so.
    """
    state, count, last_us = TurnState(), 0, 0
    for update in state.sent():
        feed.put(update)
    while True:
        try:
            saved, frames, runs = await database.read(lambda c, count=count: _news(c, chat, count))  # type: ignore[misc]
        except StoreError as error:
            feed.put(TurnEnded(Phase.INTERRUPTED, 0, error))
            return
        if saved is not None and saved.logid and not count and frames:
            feed.put(LogidReported(saved.logid))
        count += len(frames)
        for update in state.apply_all(frames):
            feed.put(update)
        last_us = frames[-1].at_us if frames else last_us
        if saved is None or not runs or is_left:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    at_us = saved.summary.total_us if saved is not None and saved.is_final else last_us
    for update in state.settle(at_us):
        feed.put(update)
    if saved is None or not saved.is_final:  # it was deleted, or its program has died
        feed.put(TurnEnded(Phase.INTERRUPTED, at_us))
    else:
        feed.put(TurnEnded(outcome_of(saved), at_us, error_of(saved)))


def _news(c: sqlite3.Connection, chat: int, count: int) -> tuple[SavedChat | None, Sequence[Frame], bool]:
    saved, frames = journal.chat(c, chat), journal.frames_after(c, chat, count)
    return saved, frames, journal.is_run(c, chat, int(time.time() * 1000))
