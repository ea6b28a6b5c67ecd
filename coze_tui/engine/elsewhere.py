"""Following a chat that another program runs: its frames are in the journal we share."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence

from coze_tui.api.events import parse_event
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


async def follow_elsewhere(database: Database, chat: int, feed: TurnFeed) -> None:
    """Tell the feed what has happened in a stored chat, and what happens until it is over."""
    state, count = TurnState(), 0
    for update in state.sent():
        feed.put(update)
    while True:
        try:
            saved, frames = await database.read(lambda c, count=count: _news(c, chat, count))  # type: ignore[misc]
        except StoreError as error:
            feed.put(TurnEnded(Phase.INTERRUPTED, 0, error))
            return
        if saved is not None and saved.logid and not count and frames:
            feed.put(LogidReported(saved.logid))
        count += len(frames)
        for frame in frames:
            for update in state.apply(parse_event(frame)):
                feed.put(update)
        if saved is None or saved.is_final:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    at_us = saved.summary.total_us if saved is not None else 0
    for update in state.settle(at_us):
        feed.put(update)
    if saved is None:
        feed.put(TurnEnded(Phase.INTERRUPTED, 0))
    else:
        feed.put(TurnEnded(outcome_of(saved), at_us, error_of(saved)))


def _news(c: sqlite3.Connection, chat: int, count: int) -> tuple[SavedChat | None, Sequence[Frame]]:
    return journal.chat(c, chat), journal.frames_after(c, chat, count)
