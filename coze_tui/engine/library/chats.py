"""Looking at chats after the fact: their frames, their like, and figures over many of them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from coze_tui.api.objects import Frame, ToolCall
from coze_tui.config.addresses import site_name
from coze_tui.engine.analysis.statistics import Grouping, Statistics, statistics
from coze_tui.engine.model.chat_facts import ChatFacts, facts_of_stored
from coze_tui.engine.model.dialects import Dialect, dialect_of
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.reader import TurnReplay
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.transcript import error_of, outcome_of
from coze_tui.engine.model.updates import ActionRequired
from coze_tui.engine.session.running import LiveTurn, LiveTurns
from coze_tui.store import history, journal, messages
from coze_tui.store.database import Database
from coze_tui.store.history import SavedConversation
from coze_tui.store.journal import SavedChat
from coze_tui.store.statistics import chat_figures

_LIKE = 200


@dataclass(frozen=True, slots=True)
class FramesPage:
    """Frames of a chat, and what is known of it now."""

    chat: int
    """Its key in the store; 0 while it is not written yet."""
    facts: ChatFacts
    frames: tuple[Frame, ...]
    """Those behind the ones that are known already."""
    is_over: bool
    """It does not run now."""
    are_kept: bool = True
    """False where retention has removed the frames."""


@dataclass(frozen=True, slots=True)
class ComparableChat:
    """A chat that another one can be compared with."""

    chat: int
    facts: ChatFacts
    has_same_question: bool


class Inspecting:
    """What can be told of stored chats. Every method may raise StoreError."""

    def __init__(self, database: Database, live: LiveTurns) -> None:
        self._database = database
        self._live = live

    async def page(self, conversation: str, chat: int = 0, after: int = 0) -> FramesPage | None:
        """The frames of a chat behind the first `after`; None if there is no such chat.

        While it runs, to be asked again and again.

        Args:
            conversation: its key; matters where `chat` is 0.
            chat: the chat's key; 0 for the last one of the conversation.
        """
        live = self._live.of(conversation)
        if live is not None and chat in (0, live.stored.chat):
            saved = await self._database.run(lambda c: history.conversation(c, conversation))
            frames, is_over = tuple(live.turn.frames.shown(after)), not live.is_running
            return FramesPage(live.stored.chat, _live_facts(live, saved), frames, is_over)

        def read(c: sqlite3.Connection) -> FramesPage | None:
            found = journal.chat(c, chat) if chat else None
            if found is None and not chat:
                found = next(reversed(journal.chats(c, conversation)), None)
            if found is None:
                return None
            frames = journal.frames_after(c, found.key, after)
            are_kept = found.has_capture or not found.is_final or not found.frame_count
            return FramesPage(found.key, _facts(c, found), frames, found.is_final, are_kept)

        return await self._database.read(read)

    async def figures(self, chat: int) -> TurnFigures:
        """The life of a stored chat, from its frames by the same state machine as live."""
        saved = await self._database.run(lambda c: journal.chat(c, chat))
        frames = await self._database.read(lambda c: journal.frames_of(c, chat))
        figures, reader = TurnFigures(), TurnReplay(TurnState())
        figures.add_all(reader.begin(saved.logid if saved else ""))
        figures.add_all(reader.take_all(frames))
        if saved is not None and saved.is_final:
            figures.add_all(reader.end(outcome_of(saved), saved.summary.total_us, error_of(saved)))
        return figures

    async def waiting_calls(self, chat: int) -> tuple[ToolCall, ...]:
        """The local tools whose outputs a chat waits for; none where it does not wait."""
        saved = await self._database.run(lambda c: journal.chat(c, chat))
        if saved is None or outcome_of(saved) is not Outcome.REQUIRES_ACTION:
            return ()
        frames = await self._database.read(lambda c: journal.frames_of(c, chat))
        calls = tuple[ToolCall, ...]()
        for update in TurnReplay(TurnState()).take_all(frames):
            if isinstance(update, ActionRequired):
                calls = update.tool_calls
        return calls

    async def find(self, name: str) -> int:
        """The key of the chat that is meant by Coze's id of it, or by a conversation's key; 0 for none."""
        found = await self._database.read(lambda c: journal.find_chat(c, name))
        return found.key if found else 0

    async def like(self, facts: ChatFacts, chat: int = 0) -> tuple[ComparableChat, ...]:
        """Chats to compare one with: of its question first, then of its bot; the latest first.

        Args:
            chat: the chat's own key, where it is in the store.
        """

        def read(c: sqlite3.Connection) -> tuple[ComparableChat, ...]:
            found = journal.chats_like(c, facts.question, facts.bot_id, facts.chat_id, _LIKE)
            return tuple(
                ComparableChat(like.key, _facts(c, like), like.question == facts.question)
                for like in found
                if like.key != chat
            )

        return await self._database.read(read)

    async def dialect(self, base_url: str) -> Dialect:
        """The kind of the server at an address: the address tells, or else the last chat with it."""
        known = dialect_of(base_url=base_url)
        if known is not Dialect.UNKNOWN:
            return known

        def read(c: sqlite3.Connection) -> Dialect:
            last = history.last_conversation(c, site_name(base_url))
            chat = next(reversed(journal.chats(c, last.key)), None) if last else None
            return dialect_of(journal.frames_of(c, chat.key), base_url, chat.logid) if chat else known

        return await self._database.read(read)

    async def statistics(
        self,
        by: Grouping = "bot",
        *,
        since_ms: int = 0,
        until_ms: int = 1 << 62,
        site: str = "",
        bot_id: str = "",
        conversation: str = "",
    ) -> Statistics:
        """Chats added up; all of them, or those of a time, a site, a bot, a conversation."""

        def read(c: sqlite3.Connection) -> Statistics:
            chats = chat_figures(
                c,
                since_ms=since_ms,
                until_ms=until_ms,
                site=site,
                bot_id=bot_id,
                conversation=conversation,
            )
            return statistics(chats, by)

        return await self._database.read(read)


def _facts(c: sqlite3.Connection, chat: SavedChat) -> ChatFacts:
    saved = history.conversation(c, chat.conversation)
    return facts_of_stored(chat, saved, messages.question_of_chat(c, chat.key))


def _live_facts(live: LiveTurn, saved: SavedConversation | None) -> ChatFacts:
    turn = live.turn
    return ChatFacts(
        question=live.question,
        sent_at_ms=live.stored.sent_at_ms,
        site=saved.site if saved else "",
        bot_id=turn.request.bot_id,
        bot_name=saved.bot_name if saved else "",
        conversation=live.conversation,
        title=saved.title if saved else "",
        content_type=turn.request.content_type,
        files="\n".join(turn.request.file_names),
        conversation_id=turn.state.conversation_id,
        section_id=turn.state.section_id,
        chat_id=turn.state.chat_id,
        logid=turn.logid,
        outcome=live.ended.outcome if live.ended else None,
        total_us=live.ended.at_us if live.ended else 0,
    )
