"""Converts a bot's messages to events on the wire, and stores them.

An emitter without a wire sends nothing, like a chat without a stream, but still stores everything.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

from coze_tui.standin import objects
from coze_tui.standin.context import ServerContext
from coze_tui.standin.faults import Faults, edit
from coze_tui.standin.scenarios import CHINESE, Burst, Complete, Delta, Usage
from coze_tui.standin.state import Chat, Conversation, Message
from coze_tui.standin.wire import DONE_STYLES, MARK, Frame, Wire

NOT_IN_CONTEXT = frozenset({"verbose", "follow_up", "knowledge"})
DELTA = "conversation.message.delta"
COMPLETED = "conversation.message.completed"
BATCH = 32_000


@dataclass
class _Draft:
    """A message that is being sent."""

    id: str
    content: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)


class Emitter:
    """An emitter of the events of one chat."""

    def __init__(
        self, context: ServerContext, chat: Chat, conversation: Conversation, faults: Faults
    ) -> None:
        self.wire: Wire | None = None
        self.usage: Usage | None = None
        """Token counts to report in place of an estimate."""
        self._context = context
        self._chat = chat
        self._conversation = conversation
        self._faults = faults
        self._drafts: dict[str, _Draft] = {}
        self._answered = False
        self._finished = False
        self._output = 0
        self._started = context.clock()

    # ── messages ────────────────────────────────────────────────────────────────────────────────────────

    async def delta(self, step: Delta) -> None:
        """Send a piece of a message."""
        draft = self._draft(step.message)
        draft.content.append(step.content)
        draft.reasoning.append(step.reasoning)
        message = self._message(
            draft.id, "answer", step.content, reasoning=step.reasoning, content_type=step.content_type
        )
        await self.event(DELTA, self._object(message, delta=True))

    async def burst(self, step: Burst) -> None:
        """Send many deltas: bytes from a template, several per write if no rate is set."""
        template = self._template(step.message)
        draft = self._draft(step.message)
        batch: list[bytes] = []
        size = 0
        due = time.monotonic()
        for piece in step.pieces:
            if self._chat.stop.is_set():
                return
            if template is None:
                await self.delta(Delta(piece, message=step.message))
            else:
                draft.content.append(piece)
                batch.append(template[0] + objects.dumps(piece)[1:-1].encode() + template[1])
                size += len(batch[-1])
            if batch and (step.rate or size > BATCH):
                await self.raw(b"".join(batch), whole=True)
                batch.clear()
                size = 0
                await asyncio.sleep(0)
            if step.rate:
                due += self._context.pace / step.rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        await self.raw(b"".join(batch), whole=True)

    def _template(self, name: str) -> tuple[bytes, bytes] | None:
        if self.wire is None or self._faults:
            return None
        message = self._message(self._draft(name).id, "answer", MARK)
        return self.wire.template(Frame(DELTA, self._object(message, delta=True)))

    async def whole(self, step: Complete) -> None:
        """Send a completed message; a missing text is joined from its deltas."""
        if step.type == "follow_up":
            await self.finish_answers(0)
        draft = self._draft(step.message)
        del self._drafts[step.message]
        message = self._message(
            draft.id,
            step.type,
            "".join(draft.content) if step.content is None else step.content,
            reasoning="".join(draft.reasoning) if step.reasoning is None else step.reasoning,
            content_type=step.content_type,
        )
        if step.type == "answer":
            self._answered, self._finished = True, False
            self._output += tokens(message.content) + tokens(message.reasoning)
            if self._context.studio:
                message.meta_data = self._studio_usage()
        await self._say(message)

    async def other(self, type_: str, content: str) -> None:
        """Send a completed message of another type than answer."""
        await self._say(self._message(self._context.state.new_id(), type_, content))

    async def echo(self, question: str) -> None:
        """Send the question, as some servers do."""
        message = self._message(self._context.state.new_id(), "question", question)
        message.role = "user"
        await self.event(COMPLETED, self._object(message))

    async def sound(self, data: str) -> None:
        """Send the audio of the answer in base64."""
        message = self._message(self._context.state.new_id(), "answer", data, content_type="audio")
        await self.event("conversation.audio.delta", self._object(message))

    async def finish_answers(self, reason: int) -> None:
        """Send `generate_answer_finish`, once after the last answer (docs/wire.md 3.4)."""
        if self._finished or (reason == 0 and not self._answered):
            return
        self._finished = True
        await self.other("verbose", objects.answer_finish(reason, studio=self._context.studio))

    def begin_again(self, wire: Wire | None) -> None:
        """Continue the chat in another stream."""
        self.wire = wire
        self._answered = self._finished = False

    async def _say(self, message: Message) -> None:
        if self._chat.saved:
            self._chat.messages.append(message)
            if message.type not in NOT_IN_CONTEXT:
                self._conversation.messages.append(message)
        await self.event(COMPLETED, self._object(message))

    def _draft(self, name: str) -> _Draft:
        draft = self._drafts.get(name)
        if draft is None:
            draft = self._drafts[name] = _Draft(self._context.state.new_id())
        return draft

    def _message(
        self, id_: str, type_: str, content: str, *, reasoning: str = "", content_type: str = "text"
    ) -> Message:
        return Message(
            id=id_,
            conversation_id=self._chat.conversation_id,
            section_id=self._chat.section_id,
            role="assistant",
            type=type_,
            content=content,
            content_type=content_type,
            created_at=self._context.now(),
            bot_id=self._chat.bot_id,
            chat_id=self._chat.id,
            reasoning=reasoning,
        )

    def _object(self, message: Message, *, delta: bool = False) -> objects.Json:
        return objects.stream_message(message, studio=self._context.studio, delta=delta)

    # ── tokens ──────────────────────────────────────────────────────────────────────────────────────────

    def used(self) -> Usage:
        """Return the token counts that were set, or an estimate."""
        asked = 96 + sum(tokens(message.content) for message in self._conversation.messages[-20:])
        return self.usage or Usage(asked, self._output)

    def _studio_usage(self) -> dict[str, str]:
        """Return token counts in studio's form: texts in the answer's meta_data (docs/wire.md 3.8)."""
        usage = self.used()
        return {
            "input_tokens": str(usage.input),
            "output_tokens": str(usage.output),
            "time_cost": f"{self._context.clock() - self._started:.1f}",
            "token": str(usage.input + usage.output),
        }

    # ── events and bytes ────────────────────────────────────────────────────────────────────────────────

    async def chat(self, event: str) -> None:
        """Send an event with the current chat."""
        await self.event(event, objects.chat_object(self._chat, studio=self._context.studio))

    async def event(self, name: str, data: object) -> None:
        """Send an event."""
        frame = edit(Frame(name, data), self._faults)
        if self.wire is not None and frame is not None:
            await self.wire.emit(frame)

    async def raw(self, data: bytes, *, whole: bool = False) -> None:
        """Send bytes unchanged."""
        if self.wire is not None:
            await self.wire.write(data, whole=whole)

    async def done(self) -> None:
        """Send the end mark of the dialect, or the one that a fault requests (docs/wire.md 3.1)."""
        style = self._faults.text("done")
        if self.wire is None:
            return
        if style == "none":
            await self.wire.finish()
            return
        if style in DONE_STYLES:
            event, data = DONE_STYLES[style]
        else:
            event, data = DONE_STYLES["stream-done" if self._context.studio else "quoted"]
        frame = Frame(event, data)
        if self._faults.has("nameless") or self._faults.has("wrapped"):
            frame = Frame("", "[DONE]")
        await self.wire.emit(frame, last=True)

    async def over(self) -> None:
        """End the stream without an end mark."""
        if self.wire is not None:
            await self.wire.finish()


def tokens(text: str) -> int:
    """Estimate the number of tokens of a text."""
    chinese = len(CHINESE.findall(text))
    return round(chinese * 0.7 + (len(text) - chinese) * 0.3)
