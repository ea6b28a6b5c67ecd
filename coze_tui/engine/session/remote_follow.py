"""Following a chat that another program runs: its frames are in the journal we share."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Iterable, Sequence

from coze_tui.api.objects import Frame
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.reader import TurnReplay
from coze_tui.engine.model.records import error_of, outcome_of
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.updates import LogidReported, TurnEnded, TurnUpdate
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.errors import StoreError
from coze_tui.store import journal
from coze_tui.store.database import Database
from coze_tui.store.journal import ChatRecord

_LOOK_SECONDS = 0.5


async def follow_elsewhere(database: Database, chat: int, feed: TurnFeed, *, is_left: bool = False) -> None:
    """Tell the feed what has happened in a stored chat, and what happens until it is over.

    Args:
        is_left: nobody runs it any more, although the store could not be told so.
    """
    reader, count, logid = TurnReplay(TurnState()), 0, ""
    _put(feed, reader.begin())
    while True:
        try:
            saved, frames, runs = await database.read(lambda c, count=count: _news(c, chat, count))  # type: ignore[misc]
        except StoreError as error:
            feed.put(TurnEnded(Outcome.INTERRUPTED, 0, error))
            return
        if saved is not None and saved.logid != logid:
            logid = saved.logid
            feed.put(LogidReported(logid))
        count += len(frames)
        _put(feed, reader.take_all(frames))
        if saved is None or not runs or is_left:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    if saved is None or not saved.is_final:  # it was deleted, or its program has died: its frames tell
        _put(feed, reader.end())
    else:
        _put(feed, reader.end(outcome_of(saved), saved.total_us, error_of(saved)))


def _put(feed: TurnFeed, updates: Iterable[TurnUpdate]) -> None:
    for update in updates:
        feed.put(update)


def _news(c: sqlite3.Connection, chat: int, count: int) -> tuple[ChatRecord | None, Sequence[Frame], bool]:
    saved, frames = journal.chat(c, chat), journal.frames_after(c, chat, count)
    return saved, frames, journal.is_run(c, chat, int(time.time() * 1000))
