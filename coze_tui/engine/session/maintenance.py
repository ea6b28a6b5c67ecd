"""Maintenance of the store while the program runs, in small steps, so that no chat waits for it."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from coze_tui.engine.model.turn_replay import past_turn
from coze_tui.engine.session.recorder import ended_record, lacks_rest, messages_of
from coze_tui.errors import StoreError
from coze_tui.store import checks, history, journal, retention, search
from coze_tui.store.database import Database, now_ms
from coze_tui.store.opening import CHECKED_BYTES
from coze_tui.store.records import ChatRecord
from coze_tui.text.cleaning import StreamCleaner

DAY_MS = 86_400_000
_DELETED_DAYS = 7
"""Days for which a deleted conversation can be restored."""
_PAUSE_SECONDS = 0.02
_AT_ONCE = 20
"""Number of conversations or chats in one transaction."""
CHECK_AFTER_S = 30.0
"""Seconds between the start of the program and a check of the whole file, which reads all of it."""


async def look_after(database: Database, retention_days: int, report: Callable[[StoreError], None]) -> None:
    """Complete the indexes, remove old data and check the file if that is due; report what fails."""
    try:
        # The index first: until it is complete, searches read the missing messages one by one.
        await complete_index(database)
        await database.build_indexes()
        await keep_small(database, retention_days, now_ms())
        await check_if_due(database)
    except OSError:
        pass  # the file was removed; the next write reports that
    except StoreError as error:
        if error.kind != "locked":  # the next start tries again
            report(error)


async def check_if_due(database: Database, *, after_s: float = CHECK_AFTER_S) -> None:
    """Check the whole file if a program ended uncleanly or the last check is a week old.

    Raises:
        OSError: the file was removed.
        StoreError: the store cannot be read or written.
    """
    path = database.path
    if path is None or not await database.write(lambda c: checks.enter(c, now_ms())):
        return
    # A smaller file was checked when it was opened.
    if (await asyncio.to_thread(path.stat)).st_size > CHECKED_BYTES:
        await asyncio.sleep(after_s)
        await database.check()
    await database.write(lambda c: checks.passed(c, now_ms()))


async def keep_small(database: Database, retention_days: int, now_ms: int) -> None:
    """Purge old deleted conversations, prune frames by the retention setting, and return unused space.

    Raises:
        StoreError: the store refuses a write. Earlier steps remain done.
    """
    if not database.is_saved:
        return
    before = now_ms - _DELETED_DAYS * DAY_MS
    removed = 0
    # Only if there is work to do: a write waits for other programs, and reads wait for the write.
    if await database.read(lambda c: history.deleted_before(c, before, limit=1)):
        removed = await _some_at_a_time(database, lambda c: history.purge_deleted(c, before, limit=_AT_ONCE))
    if retention_days:
        removed += await prune_frames(database, now_ms - retention_days * DAY_MS)
    if removed:
        await give_back(database)


async def complete_index(database: Database) -> None:
    """Index messages that were imported in bulk, which the search reads one by one until then."""
    if await database.read(search.has_unindexed):
        await _some_at_a_time(database, search.index_some)


async def prune_frames(database: Database, older_than_ms: int) -> int:
    """Remove the frames of older chats; return the number of chats."""
    return await _some_at_a_time(database, lambda c: retention.prune_frames(c, older_than_ms, limit=_AT_ONCE))


async def prune_conversations(database: Database, keys: Sequence[str]) -> None:
    """Remove conversations permanently."""
    for at in range(0, len(keys), _AT_ONCE):
        await database.write(partial(retention.prune, keys=tuple(keys[at : at + _AT_ONCE])))


async def give_back(database: Database) -> int:
    """Return unused space of the file to the disk if that is worthwhile; return the number of bytes."""
    # The index first, because it still contains entries of the deleted messages.
    await database.write(search.start_tidying)
    await _some_at_a_time(database, search.tidy_some)
    if not await database.run(retention.vacuum_pays):
        return 0
    before = await database.run(retention.file_bytes)
    await _some_at_a_time(database, retention.vacuum_some)
    return before - await database.run(retention.file_bytes)


async def _some_at_a_time(database: Database, step: Callable[[sqlite3.Connection], int]) -> int:
    """Repeat a step, each time in its own transaction, until it returns 0; return the sum."""
    total = 0
    while done := await database.write(step):
        total += done
        # Let other writes run in between.
        await asyncio.sleep(_PAUSE_SECONDS)
    return total


FindCleaner = Callable[[], Awaitable[Callable[[], StreamCleaner]]]
"""Returns what makes cleaners that mask the token, which frames contain if a server splits it over deltas."""


async def close_orphan(database: Database, chat: ChatRecord, find_cleaner: FindCleaner) -> None:
    """Finish an orphaned chat, one that was running when its program ended, with the frames in the store.

    It is marked as unfetched if Coze may have the rest of it. Does nothing if another program was faster.

    Args:
        find_cleaner: called only if there are frames, because it may have to look for the token.

    Raises:
        StoreError: nothing has changed; the next start tries again.
    """
    # Adopted first, so that no other program finishes the same chat.
    if not await database.write(lambda c: journal.adopt(c, chat.key, now_ms())):
        return
    frames = await database.read(lambda c: journal.frames_of(c, chat.key))
    new_cleaner = await find_cleaner() if frames else StreamCleaner
    turn = past_turn(frames, logid=chat.logid, new_cleaner=new_cleaner)
    ended = ended_record(turn.figures, turn.outcome, turn.figures.error, turn.figures.last_us)
    messages = messages_of(turn.state, chat.sent_at)
    is_unfetched = lacks_rest(turn.outcome, turn.figures.error)

    def write(c: sqlite3.Connection) -> None:
        if not chat.chat_id:  # The program ended between writing the frame with the IDs and writing the IDs.
            ids = {name: getattr(turn.state, name) for name in ("chat_id", "conversation_id", "section_id")}
            journal.note_ids(c, chat.key, **ids)
        journal.finish_chat(c, chat.key, ended, messages, is_unfetched=is_unfetched)

    await database.write(write)
