"""One turn as it is written down: the frames before they are shown, and what they came to at the end."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence

from coze_tui.advice import advice
from coze_tui.api.chats import ChatRequest
from coze_tui.api.objects import Frame, MessageType
from coze_tui.engine.figures import TurnFigures
from coze_tui.engine.turn import Answer, Tool, TurnState
from coze_tui.engine.updates import Phase
from coze_tui.errors import ApiError, CozeTuiError, StoreError
from coze_tui.store import history, journal
from coze_tui.store.database import Database
from coze_tui.store.journal import ChatSummary
from coze_tui.store.messages import SavedMessage


class StoredTurn:
    """Keeps one turn in the store. A full or broken disk is reported, never raised: chatting goes on.

    What could not be written is held and written together with what comes next.
    """

    def __init__(
        self,
        database: Database,
        conversation: str,
        report: Callable[[StoreError], None],
        *,
        chat: int = 0,
        next_number: int = 1,
    ) -> None:
        self.conversation = conversation
        self.chat = chat
        """Key of the chat in the store; 0 until it has been written."""
        self.sent_at_ms = 0
        self._database = database
        self._report = report
        self._unwritten: list[Frame] = []
        self._next_number = next_number
        self._question: ChatRequest | None = None
        self._is_resumed = bool(chat)

    async def begin(self, request: ChatRequest) -> None:
        """Write the question."""
        self.sent_at_ms = int(time.time() * 1000)
        self._question = request
        await self._kept(self._write_begin)

    async def _write_begin(self) -> None:
        request, at_ms = self._question, self.sent_at_ms
        if self.chat or request is None:
            return
        content_type = "object_string" if request.attachments else "text"

        def write(c: sqlite3.Connection) -> int:
            history.add_prompt(c, request.question, at_ms)
            return journal.begin_chat(
                c, self.conversation, request.question, request.bot_id, at_ms, content_type=content_type
            )

        self.chat = await self._database.write(write)

    async def append(self, frames: Sequence[Frame]) -> None:
        """Write frames that came together, in one transaction."""
        self._unwritten += frames
        await self._kept(self._write_frames)

    async def _write_frames(self) -> None:
        await self._write_begin()
        frames, number, chat = tuple(self._unwritten), self._next_number, self.chat
        if self._is_resumed:  # it was final: tool outputs or a recovery go on with it
            now_ms = int(time.time() * 1000)
            self._next_number = number = await self._database.write(
                lambda c: journal.resume_chat(c, chat, now_ms)
            )
            self._is_resumed = False
        if not frames:
            return
        await self._database.write(lambda c: journal.append_frames(c, chat, number, frames))
        self._next_number += len(frames)
        del self._unwritten[: len(frames)]

    async def identify(self, state: TurnState, logid: str) -> None:
        """Write the ids."""
        await self._kept(lambda: self._write_ids(state, logid))

    async def _write_ids(self, state: TurnState, logid: str) -> None:
        await self._write_begin()
        chat = self.chat
        chat_id, conversation_id = state.chat_id, state.conversation_id
        section_id = state.section_id
        await self._database.write(
            lambda c: journal.note_ids(
                c,
                chat,
                chat_id=chat_id,
                conversation_id=conversation_id,
                section_id=section_id,
                logid=logid,
            )
        )

    async def finish(
        self, state: TurnState, figures: TurnFigures, outcome: Phase, error: CozeTuiError | None, at_us: int
    ) -> None:
        """Pack the frames and write what the turn came to."""
        summary = summary_of(figures, outcome, error, at_us)
        messages = messages_of(state, self.sent_at_ms)

        async def write() -> None:
            await self._write_frames()
            chat = self.chat
            await self._database.write(lambda c: journal.finish_chat(c, chat, summary, messages))
            self._is_resumed = True

        await self._kept(write)

    async def _kept(self, write: Callable[[], Awaitable[None]]) -> None:
        try:
            await write()
        except StoreError as failure:
            self._report(failure)


def summary_of(figures: TurnFigures, outcome: Phase, error: CozeTuiError | None, at_us: int) -> ChatSummary:
    """The figures of a turn for the columns of its chat."""
    usage = figures.usage
    return ChatSummary(
        status=str(outcome),
        first_text_us=figures.first_text_us or 0,
        total_us=at_us,
        deltas=figures.deltas,
        characters=figures.characters,
        input_tokens=usage.input_count if usage else 0,
        output_tokens=usage.output_count if usage else 0,
        token_count=usage.token_count if usage else 0,
        error_code=error.code if isinstance(error, ApiError) else 0,
        error_msg=error_text(error),
    )


def error_text(error: CozeTuiError | None) -> str:
    """What is kept of an error: Coze's own words, or ours where it is not Coze's."""
    match error:
        case None:
            return ""
        case ApiError():
            return error.msg
        case _:
            return advice(error).text


def messages_of(state: TurnState, sent_at_ms: int) -> tuple[SavedMessage, ...]:
    """What the chat came to, as messages in the order of their first appearance."""
    messages = []
    for part in state.parts:
        match part:
            case Answer():
                if not part.whole_text and not part.whole_reasoning:
                    continue
                messages.append(
                    SavedMessage(
                        "assistant",
                        str(MessageType.ANSWER),
                        part.whole_text,
                        part.whole_reasoning,
                        message_id=part.message_id,
                        created_at=sent_at_ms,
                    )
                )
            case Tool():
                messages.append(
                    SavedMessage(
                        "assistant",
                        str(part.type),
                        part.text,
                        name=part.name,
                        message_id=part.message_id,
                        created_at=sent_at_ms + part.at_us // 1000,
                    )
                )
    messages += [
        SavedMessage("assistant", str(MessageType.FOLLOW_UP), question, created_at=sent_at_ms)
        for question in state.follow_ups
    ]
    return tuple(messages)
