"""Saves a live turn: frames before they are shown, messages and figures at the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import replace

from coze_tui.api.chats import ChatRequest
from coze_tui.api.objects import MessageType
from coze_tui.diagnostics.explain import explain
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.frame_log import FrameLog
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.parts import Agent, Answer, Tool
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.session.outbox import Outbox
from coze_tui.errors import (
    ApiError,
    CozeTuiError,
    ProtocolError,
    StillAnswering,
    StreamCut,
    code_of,
    is_refusal,
)
from coze_tui.store import history, journal, prompts
from coze_tui.store.database import now_ms
from coze_tui.store.edits import clear_sent
from coze_tui.store.records import ChatRecord, SavedMessage
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _


class JournalRecorder:
    """Saves one turn in the store. Refused writes wait in the outbox, and chatting continues."""

    def __init__(
        self,
        outbox: Outbox,
        conversation: str,
        *,
        site: str = "",
        bot_name: str = "",
        title: str = "",
        is_queued: bool = False,
        chat_key: int = 0,
        written: int = 0,
    ) -> None:
        """Create the recorder without writing.

        Args:
            site: short name of the site, for a conversation that the store does not have yet.
            bot_name: for the same case.
            title: for the same case; by default it comes from the question.
            is_queued: the question comes from the conversation's queue and leaves it once it is written.
            chat_key: a final chat that continues; 0 for a new question.
            written: number of frames of that chat in the store.
        """
        self.conversation = conversation
        self.chat_key = chat_key
        """0 until the store has the chat."""
        self.sent_at_ms = 0
        self._outbox = outbox
        self._database = outbox.database
        self._site = site
        self._bot_name = bot_name
        self._title = title
        self._is_queued = is_queued
        self._frames = FrameLog()
        """The turn's own log, as of the latest `append`."""
        self._written = written
        """Position in the log of the first frame that is not in the store."""
        self._start = written
        """Position in the log of the first frame since the chat was created or resumed."""
        self._first_number = 1
        """Number in the store of the frame at that position."""
        self._ids: Mapping[str, str] = {}
        """As `journal.note_ids` accepts them; empty until they are known."""
        self._ids_written = True
        self._end: Callable[[sqlite3.Connection], object] | None = None
        """Writes the end of the chat; None if there is none, or it is written."""
        self._question: ChatRequest | None = None
        self._is_resumed = bool(chat_key)
        """The store has the chat as final; what comes next resumes it."""
        self._rescues = self._database.rescues

    @property
    def is_behind(self) -> bool:
        """Return whether any data of the turn is not in the store."""
        is_whole = self._ids_written and self._end is None and self._written >= len(self._frames)
        return not self.chat_key or not is_whole

    async def begin(self, request: ChatRequest) -> None:
        """Write the question with its conversation, chat, draft and queue in one transaction; call once."""
        if self._question is None:
            self.sent_at_ms = now_ms()
            self._question = request
            await self._save()

    async def _save(self) -> None:
        # The recorder is the key, because `_write` writes everything: a later call replaces one that waits.
        await self._outbox.save(self, self._write, self._unsaved_text)

    @property
    def _unsaved_text(self) -> str:
        """Return the name of what is lost if the store does not accept the next write."""
        question = self._question.question if self._question else ""
        if question and self.chat_key and self._database.is_saved:
            return _("the answer to: {question}").format(question=question)
        return question

    async def _write(self) -> None:
        """Write everything that the store lacks."""
        await self._write_begin()
        await self._write_frames()
        await self._write_end()

    async def _write_begin(self) -> None:
        if self._rescues != self._database.rescues:
            await self._mark_unwritten()
        request, at_ms = self._question, self.sent_at_ms
        if self.chat_key or request is None:
            return

        # In one transaction, so that the question is never in both the queue and the messages, or in neither.
        def write(c: sqlite3.Connection) -> int:
            key, bot = self.conversation, request.bot_id
            prompts.add(c, request.question, at_ms)
            history.create_conversation(
                c, self._site, bot, at_ms, bot_name=self._bot_name, title=self._title, key=key
            )
            history.adopt(c, key, site=self._site, bot_id=bot, bot_name=self._bot_name)
            # The conversation may have been deleted meanwhile, for example by another program.
            history.undelete(c, key)
            clear_sent(c, key, request.question)
            if self._is_queued:
                history.remove_queued(c, key, request.question)
            return journal.begin_chat(
                c,
                key,
                request.question,
                bot,
                at_ms,
                content_type=request.content_type,
                files=request.file_names,
            )

        self.chat_key = await self._database.write(write)

    async def _mark_unwritten(self) -> None:
        """Mark everything as unwritten that a rescue of a damaged store has lost."""
        self._rescues = self._database.rescues
        if self._question is None:
            return
        # The rescued file may lack the chat, or only its latest frames.
        if await self._database.run(lambda c: journal.chat(c, self.chat_key)) is None:
            self.chat_key, self._start, self._first_number, self._is_resumed = 0, 0, 1, False
        self._written, self._ids_written = self._start, not self._ids

    async def append(self, frames: FrameLog) -> None:
        """Write the frames that the turn's log has received since the last call, in one transaction."""
        self._frames = frames
        await self._save()

    async def _write_frames(self) -> None:
        # Read before the first await: a later call may change them meanwhile.
        chat_key, is_resumed = self.chat_key, self._is_resumed
        ids: Mapping[str, str] = {} if self._ids_written else self._ids
        frames = self._frames.since(self._written)
        # A resumed chat must be running in the store before it can be finished again.
        if not frames and not ids and not (is_resumed and self._end):
            return
        if is_resumed:
            self._start = self._written

        def write(c: sqlite3.Connection) -> int:
            # Tool outputs or a recovery continue a chat that was final.
            first = journal.resume_chat(c, chat_key, now_ms()) if is_resumed else self._first_number
            journal.append_frames(c, chat_key, first + self._written - self._start, frames)
            if ids:
                journal.note_ids(c, chat_key, **ids)
            return first

        self._first_number = await self._database.write(write)
        self._written += len(frames)
        self._ids_written, self._is_resumed = True, False

    async def identify(self, state: TurnState, logid: str) -> None:
        """Write the IDs."""
        self._ids = {
            "chat_id": state.chat_id,
            "conversation_id": state.conversation_id,
            "section_id": state.section_id,
            "logid": logid,
        }
        self._ids_written = False
        await self._save()

    async def finish(
        self, state: TurnState, figures: TurnFigures, outcome: Outcome, error: CozeTuiError | None, at_us: int
    ) -> None:
        """Pack the frames; write the messages and figures of the turn."""
        ended = ended_record(figures, outcome, error, at_us)
        messages = messages_of(state, self.sent_at_ms)
        is_unfetched = lacks_rest(outcome, error)

        self._end = lambda c: journal.finish_chat(
            c, self.chat_key, ended, messages, is_unfetched=is_unfetched
        )
        await self._save()

    async def _write_end(self) -> None:
        if (end := self._end) is None:
            return
        await self._database.write(end)
        # The chat is final now, so whatever follows has to resume it.
        self._is_resumed = True
        # `finish` may have set a newer end during the write.
        if self._end is end:
            self._end = None


def ended_record(
    figures: TurnFigures,
    outcome: Outcome,
    error: CozeTuiError | None,
    at_us: int,
    record: ChatRecord = ChatRecord(),  # noqa: B008 frozen
) -> ChatRecord:
    """Return the record of a chat with the fields that are set when it ends."""
    usage = figures.usage
    return replace(
        record,
        is_final=True,
        status=str(outcome),
        first_text_us=figures.first_text_us or 0,
        total_us=at_us,
        deltas=figures.deltas,
        characters=figures.characters,
        input_tokens=usage.input_count if usage else 0,
        output_tokens=usage.output_count if usage else 0,
        token_count=usage.token_count if usage else 0,
        error_code=code_of(error),
        error_msg=error_text(error),
        waited_us=figures.breaks.waited_us,
        # An interrupted turn was cut at its end.
        cut_us=figures.breaks.cut_us or (at_us if outcome is Outcome.INTERRUPTED else 0),
        asks_back=outcome is Outcome.COMPLETED and figures.has_asked,
    )


def lacks_rest(outcome: Outcome, error: CozeTuiError | None) -> bool:
    """Return whether Coze may have the rest of a chat, so that a later request is worthwhile."""
    return outcome is Outcome.INTERRUPTED and not is_refusal(error)


def error_text(error: CozeTuiError | None) -> str:
    """Return the stored text of an error: Coze's own words, or ours for any other error.

    A cut needs only its details, because the outcome already says that there was one.
    """
    match error:
        case None:
            return ""
        case ApiError():
            return error.msg
        case ProtocolError() if code_of(error):
            return error.excerpt
        case StreamCut() if not isinstance(error, StillAnswering):
            return clean_line(error.detail)
        case _:
            return explain(error, base_url="").text


def messages_of(state: TurnState, sent_at_ms: int) -> tuple[SavedMessage, ...]:
    """Return the messages of a chat in the order of their first appearance, each response after its call."""
    # Responses are stored after their calls, wherever they arrived.
    responses = [part for part in state.parts if isinstance(part, Tool) and part.answers]
    by_call = {response.answers: response for response in responses}
    messages = []
    for part in state.parts:
        match part:
            case Answer():
                if part.whole_text or part.whole_reasoning:
                    messages.append(_saved_answer(part, sent_at_ms))
            case Tool() if not part.answers:
                messages.append(_saved_tool(part, sent_at_ms))
                if part.answered_by and (response := by_call.pop(part.message_id, None)) is not None:
                    messages.append(_saved_tool(response, sent_at_ms))
            case Tool():
                pass  # added after its call
            case Agent():
                messages.append(
                    SavedMessage(
                        "assistant",
                        str(MessageType.VERBOSE),
                        part.condition,
                        name=part.name,
                        message_id=part.message_id,
                        created_at=sent_at_ms + part.at_us // 1000,
                    )
                )
    # Their calls have no row, so they come last.
    messages += [_saved_tool(response, sent_at_ms) for response in by_call.values()]
    messages += [
        SavedMessage("assistant", str(MessageType.FOLLOW_UP), question, created_at=sent_at_ms)
        for question in state.follow_ups
    ]
    return tuple(messages)


def _saved_answer(part: Answer, sent_at_ms: int) -> SavedMessage:
    return SavedMessage(
        "assistant",
        str(MessageType.ANSWER),
        part.whole_text,
        part.whole_reasoning,
        message_id=part.message_id,
        created_at=sent_at_ms,
        thought_us=part.thought_us,
    )


def _saved_tool(part: Tool, sent_at_ms: int) -> SavedMessage:
    return SavedMessage(
        "assistant",
        str(part.type),
        part.text,
        name=part.name,
        message_id=part.message_id,
        created_at=sent_at_ms + part.at_us // 1000,
    )
