"""Reads chats of the history: their frames, comparable chats, and statistics."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain

from coze_tui.api.objects import ToolCall
from coze_tui.engine.analysis.statistics import COLUMNS, Group, Statistics, statistics
from coze_tui.engine.library.unfinished import unfinished_chats
from coze_tui.engine.model.dialects import Dialect, dialect_of
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome, error_of, outcome_of
from coze_tui.engine.model.records import ChatFrames, ids_of, left_out_text
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.turn_replay import TurnReplay
from coze_tui.engine.model.updates import ActionRequired, ChatIdentified, EventNoted, EventRecord
from coze_tui.engine.session.running import LiveTurn, LiveTurns
from coze_tui.store import history, journal
from coze_tui.store.database import Database, now_ms
from coze_tui.store.history import SavedConversation
from coze_tui.store.packing import within
from coze_tui.store.records import ChatRecord
from coze_tui.store.totals import (
    ChatFilter,
    ChatTotals,
    Grouping,
    chat_totals,
    joined,
    last_messages,
    totals_of,
    waited_us,
)

_MOST_COMPARABLE = 200


class Inspecting:
    """Reads chats from the store. Every method may raise StoreError."""

    def __init__(self, database: Database, live: LiveTurns | None = None) -> None:
        """Create it without reading; `live` has the turns that run in this program."""
        self._database = database
        self._live = live

    async def page(self, conversation: str, chat_key: int = 0, after: int = 0) -> ChatFrames | None:
        """Return the frames of a chat after the first `after`; None if the chat does not exist.

        Call it repeatedly while the chat runs.

        Args:
            conversation: its key; used only if `chat_key` is 0.
            chat_key: 0 for the last chat of the conversation.
        """
        live = self._live.of(conversation) if self._live else None
        if live is not None and chat_key in (0, live.recorder.chat_key):
            saved = await self._database.run(lambda c: history.conversation(c, conversation))
            return ChatFrames(_live_record(live, saved), tuple(live.turn.frames.shown(after)))

        def read(c: sqlite3.Connection) -> ChatFrames | None:
            found = journal.chat(c, chat_key or journal.last_chat(c, conversation))
            if found is None:
                return None
            if not found.is_final and not journal.is_running(c, found.key, now_ms()):
                found = replace(found, is_final=True)  # its program has ended, so its frames decide
            frames = journal.frames_after(c, found.key, after)
            return ChatFrames(found, frames, left_out=found.frames_beyond(after + len(frames)))

        return await self._database.read(read)

    async def figures(self, chat_key: int) -> TurnFigures:
        """Return the metrics of a stored chat, computed from its frames as in a live chat."""

        def read(c: sqlite3.Connection) -> TurnFigures:
            saved = journal.chat(c, chat_key)
            if saved is not None and saved.has_lost_frames:
                # Metrics of the remaining frames would look complete but be wrong.
                return TurnFigures.without_events(saved)
            figures, replay = TurnFigures(), TurnReplay(TurnState())
            figures.add_all(replay.start(saved.logid if saved else ""))
            figures.add_all(replay.apply_all(within(journal.each_frame(c, chat_key))))
            if saved is not None and (left_out := saved.frames_beyond(replay.state.frame_count)):
                figures.add(EventNoted(EventRecord(left_out_text(left_out), replay.at_us, level="attention")))
            if saved is not None and saved.is_final:
                figures.add_all(
                    replay.finish(outcome_of(saved), saved.total_us, error_of(saved), saved.breaks)
                )
            return figures

        return await self._database.read(read)

    async def waiting(self, conversation: str) -> tuple[int, tuple[ToolCall, ...]]:
        """Return the key and the calls of the chat of a conversation that waits for local tools.

        A later question that Coze refused does not matter. If no chat waits, there are no calls.
        """
        last = await self._database.run(lambda c: journal.last_identified(c, conversation))
        return (last.key, await self.waiting_calls(last.key)) if last is not None else (0, ())

    async def waiting_calls(self, chat_key: int) -> tuple[ToolCall, ...]:
        """Return the local tool calls whose outputs a chat waits for; none if it does not wait."""
        saved = await self._database.run(lambda c: journal.chat(c, chat_key))
        if saved is None or outcome_of(saved) is not Outcome.REQUIRES_ACTION:
            return ()

        def read(c: sqlite3.Connection) -> tuple[ToolCall, ...]:
            calls = tuple[ToolCall, ...]()
            for update in TurnReplay(TurnState()).apply_all(within(journal.each_frame(c, chat_key))):
                if isinstance(update, ActionRequired):
                    calls = update.tool_calls
            return calls

        return await self._database.read(read)

    async def find(self, name: str) -> int:
        """Return the key of the chat with this Coze ID, or of the last one in this conversation; 0 if none.

        Args:
            name: a Coze chat ID, or a local or Coze conversation ID.
        """
        found = await self._database.read(lambda c: journal.find_chat(c, name))
        return found.key if found else 0

    async def ids(self, name: str) -> ChatIdentified | None:
        """Return Coze's IDs of the chat that `find` finds; None if there is none or an ID is unknown."""

        def read(c: sqlite3.Connection) -> ChatIdentified | None:
            found = journal.find_chat(c, name)
            if found is None:
                return None
            conversation_id = ids_of(journal.frames_of(c, found.key)).conversation_id
            ids = ChatIdentified(found.chat_id, conversation_id or found.conversation_id, found.section_id)
            return ids if ids.chat_id and ids.conversation_id else None

        return await self._database.read(read)

    async def comparable_chats(self, record: ChatRecord) -> tuple[ChatRecord, ...]:
        """Return chats to compare this one with: those of its question, then of its bot, latest first."""
        found = await self._database.read(
            lambda c: journal.chats_like(c, record.question, record.bot_id, record.chat_id, _MOST_COMPARABLE)
        )
        return tuple(other for other in found if other.key != record.key)

    async def dialect(self, base_url: str, site: str) -> Dialect:
        """Return the kind of server at a URL, judged by the URL or else by the last chat with its site."""
        known = dialect_of(base_url=base_url)
        # No need to read the store for one of Coze's own sites.
        if known is not Dialect.UNKNOWN:
            return known

        def read(c: sqlite3.Connection) -> Dialect:
            last = history.last_conversation(c, site)
            chat = journal.chat(c, journal.last_chat(c, last.key)) if last else None
            return dialect_of(journal.each_frame(c, chat.key), base_url, chat.logid) if chat else known

        return await self._database.read(read)

    async def statistics(
        self,
        by: Grouping = "bot",
        only: ChatFilter = ChatFilter(),  # noqa: B008
        *,
        most: int | None = None,
        take: Callable[[Group], object] | None = None,
    ) -> Statistics:
        """Return the statistics of all chats, or of some.

        Args:
            most: the largest number of bots or conversations; None for all.
            take: called with each of them instead, however many there are, in the thread that reads the
                store; an exception in it ends the reading.
        """

        def read(c: sqlite3.Connection) -> Statistics:
            ended = _ended_unsaved(c, only)
            messages = chain(last_messages(c, only), ((chat.error_code, chat.error_msg) for chat in ended))
            words = ((code, text) for code, text in messages if code)
            totals, waited = _totals(c, by, only, ended), waited_us(c, only)
            return statistics(totals, by, words, waited_us=waited, most=most, take=take)

        return await self._database.read(read)

    async def running_count(self, only: ChatFilter = ChatFilter()) -> int:  # noqa: B008
        """Return the number of running chats, which statistics do not include."""
        found = await self._database.read(lambda c: journal.unfinished_chats(c, now_ms(), only.conversation))
        return sum(is_running and only.includes(record) for record, is_running in found)


def _ended_unsaved(c: sqlite3.Connection, only: ChatFilter) -> list[ChatRecord]:
    """Return the chats of ended programs whose end the store could not write."""
    ended = (chat.record for chat in unfinished_chats(c, only.conversation) if chat.record.is_final)
    return [record for record in ended if only.includes(record)]


def _totals(
    c: sqlite3.Connection, by: Grouping, only: ChatFilter, others: Iterable[ChatRecord]
) -> Iterator[ChatTotals]:
    """Yield the totals of the chats in the store, together with others."""
    by_key: dict[str | int, ChatTotals] = {}
    for chat in others:
        # Several of these chats may belong to the same group.
        row = totals_of(chat, by, COLUMNS)
        by_key[row.key] = row if row.key not in by_key else joined(by_key[row.key], row)
    for row in chat_totals(c, by, COLUMNS, only):
        more = by_key.pop(row.key, None)
        yield row if more is None else joined(row, more)
    yield from by_key.values()


def _live_record(live: LiveTurn, saved: SavedConversation | None) -> ChatRecord:
    turn = live.turn
    record = ChatRecord(
        key=live.recorder.chat_key,
        conversation=live.conversation,
        chat_id=turn.state.chat_id,
        section_id=turn.state.section_id,
        bot_id=turn.request.bot_id,
        logid=turn.logid,
        question=live.question,
        sent_at=live.recorder.sent_at_ms,
        is_final=not live.is_running,
        conversation_id=turn.state.conversation_id,
        content_type=turn.request.content_type,
        files="\n".join(turn.request.file_names),
    )
    if live.ended is not None:
        record = replace(record, status=str(live.ended.outcome), total_us=live.ended.at_us)
    if saved is not None:
        record = replace(record, site=saved.site, bot_name=saved.bot_name, title=saved.title)
    return record
