"""The running turns of this and other programs: started, stopped and followed by screens."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from coze_tui.api.objects import Frame
from coze_tui.engine.model.outcomes import Outcome, error_of, outcome_of
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.turn_replay import TurnReplay
from coze_tui.engine.model.updates import LogidReported, Phase, TurnEnded, TurnUpdate
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.engine.session.maintenance import FindCleaner
from coze_tui.engine.session.recorder import JournalRecorder, lacks_rest
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.errors import InternalError, StoreError
from coze_tui.store import journal
from coze_tui.store.database import Database, now_ms
from coze_tui.store.records import ChatRecord

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.5
_HEARTBEAT_SECONDS = 10.0


@dataclass(slots=True)
class LiveTurn:
    """One turn with the feeds of its followers."""

    conversation: str
    question: str
    turn: ChatTurn
    recorder: JournalRecorder
    feeds: list[TurnFeed] = field(default_factory=list)
    task: asyncio.Task[None] | None = None
    ended: TurnEnded | None = None

    @property
    def is_running(self) -> bool:
        """Return whether it has not ended, or was resumed."""
        return self.task is not None and not self.task.done()

    @property
    def lacks_rest(self) -> bool:
        """Return whether it has ended and its rest can be fetched, according to the store."""
        # The next start reads the store, so the whole chat must be in it.
        if self.ended is None or self.recorder.is_behind or not self.turn.state.is_identified:
            return False
        return lacks_rest(self.ended.outcome, self.ended.error)


class LiveTurns:
    """The turns, at most one for each conversation. Used only in the engine's loop.

    Args:
        on_end: called with each turn that has ended.
        heartbeat: called every ten seconds while a turn runs, so that no other program considers its chat
            orphaned.
    """

    def __init__(self, on_end: Callable[[LiveTurn], None], heartbeat: Callable[[], Awaitable[None]]) -> None:
        self._turns: dict[str, LiveTurn] = {}
        self._on_end = on_end
        self._heartbeat = heartbeat
        self._beating: asyncio.Task[None] | None = None

    def of(self, conversation: str) -> LiveTurn | None:
        """Return the turn of a conversation, even one that waits for tool outputs."""
        return self._turns.get(conversation)

    @property
    def is_empty(self) -> bool:
        """Return whether no turn runs or waits for tool outputs."""
        return not self._turns

    @property
    def running(self) -> tuple[LiveTurn, ...]:
        """Return the running turns."""
        return tuple(live for live in self._turns.values() if live.is_running)

    def start(self, live: LiveTurn, feed: TurnFeed) -> None:
        """Run a turn and put its updates into the feed."""
        live.feeds = [feed]
        live.ended = None
        self._turns[live.conversation] = live
        live.task = asyncio.create_task(self._run(live), name=f"turn {live.conversation}")
        if self._beating is None or self._beating.done():
            self._beating = asyncio.create_task(self._beat(), name="heartbeat")

    def follow(self, conversation: str, feed: TurnFeed) -> LiveTurn | None:
        """Put all updates of a running turn into the feed, from its start on; return None if none runs."""
        live = self._turns.get(conversation)
        if live is None or not live.is_running:
            return None
        # A late follower receives the whole turn from its frames, and then the same updates as all others.
        replay = TurnReplay(live.turn.new_state())
        feed.put_all(replay.start(live.turn.logid))
        feed.put_all(replay.apply_all(live.turn.frames.shown()))
        if isinstance(phase := live.turn.state.phase, Phase):  # the frames do not contain this phase
            feed.put_all(replay.state.enter(phase, live.turn.elapsed_us))
        # Without an await since `shown`, the feed misses no update and receives none twice.
        live.feeds.append(feed)
        return live

    def stop(self, conversation: str) -> None:
        """Stop the turn of a conversation, if one runs."""
        live = self._turns.get(conversation)
        if live is not None and live.is_running:
            live.turn.stop()

    async def leave_all(self, seconds: float) -> Sequence[LiveTurn]:
        """End every turn without canceling its chat, and wait at most this long until they have ended.

        Returns:
            The turns that ran.
        """
        left = self.running
        tasks = [live.task for live in left if live.task is not None]
        # All of them before waiting, so that they end at the same time.
        for live in left:
            live.turn.leave()
        if tasks:
            _done, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        return left

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_SECONDS)
            if not self.running:
                return
            await self._heartbeat()

    async def _run(self, live: LiveTurn) -> None:
        try:
            async for update in live.turn.updates():
                self._notify(live, update)
        except Exception as failure:  # noqa: BLE001 - our own fault must end the turn for its followers
            ended = TurnEnded(Outcome.INTERRUPTED, live.turn.elapsed_us, InternalError(failure))
            self._notify(live, ended)
        # A turn that waits for tool outputs stays, because `submit` continues it.
        is_waiting = live.ended is not None and live.ended.outcome is Outcome.REQUIRES_ACTION
        if live.ended is not None:
            state = live.turn.state
            _log.debug("chat %s in %s: %r", state.chat_id, state.conversation_id, live.ended)
        # A newer turn may have taken its place.
        if not is_waiting and self._turns.get(live.conversation) is live:
            del self._turns[live.conversation]
        self._on_end(live)

    def _notify(self, live: LiveTurn, update: TurnUpdate) -> None:
        if isinstance(update, TurnEnded):
            live.ended = update
        for feed in live.feeds:
            feed.put(update)


async def follow_remote(
    database: Database,
    chat_key: int,
    feed: TurnFeed,
    find_cleaner: FindCleaner,
    *,
    is_orphaned: bool = False,
) -> None:
    """Put the updates of a chat that another program runs into the feed, until the chat has ended.

    Its frames come from the store, which all programs share.

    Args:
        find_cleaner: as for `close_orphan`.
        is_orphaned: its program has ended, although the store did not accept the end of the chat.
    """
    replay, count, logid = TurnReplay(TurnState(new_cleaner=await find_cleaner())), 0, ""
    feed.put_all(replay.start())
    while True:

        def read(
            c: sqlite3.Connection, count: int = count
        ) -> tuple[ChatRecord | None, Sequence[Frame], bool]:
            # One snapshot: if the chat has ended, these frames include the last one.
            frames = journal.frames_after(c, chat_key, count)
            return journal.chat(c, chat_key), frames, journal.is_running(c, chat_key, now_ms())

        try:
            saved, frames, runs = await database.read(read)
        except StoreError as error:
            # A lock passes, and following takes longer anyway.
            if error.kind == "locked":
                await asyncio.sleep(_POLL_SECONDS)
                continue
            feed.put(TurnEnded(Outcome.INTERRUPTED, 0, error))
            return
        if saved is not None and saved.logid != logid:
            logid = saved.logid
            feed.put(LogidReported(logid))
        count += len(frames)
        feed.put_all(replay.apply_all(frames))
        if saved is None or not runs or is_orphaned:
            break
        await asyncio.sleep(_POLL_SECONDS)
    # It was deleted, or its program has ended: only its frames have the outcome.
    if saved is None or not saved.is_final:
        feed.put_all(replay.finish())
    else:
        feed.put_all(replay.finish(outcome_of(saved), saved.total_us, error_of(saved), saved.breaks))
