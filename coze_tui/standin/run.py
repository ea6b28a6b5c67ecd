"""Plays the steps of a scenario one by one, and updates the state of its chat.

See docs/wire.md 3.2, 9.

The run belongs to the stand-in and not to the connection: it continues when the client hangs up.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator, Mapping

from coze_tui.standin import objects
from coze_tui.standin.context import ServerContext
from coze_tui.standin.emitter import Emitter
from coze_tui.standin.faults import Faults
from coze_tui.standin.recorded import Stream, apply_stream, streams, take_ids, timed
from coze_tui.standin.scenarios import (
    AskBack,
    Burst,
    Capture,
    Complete,
    Cut,
    Delta,
    Drip,
    Error,
    Event,
    Expire,
    Fail,
    FunctionCall,
    Gate,
    Knowledge,
    Page,
    Pause,
    Plain,
    Raw,
    Refuse,
    RequireAction,
    ToolCall,
    ToolResponse,
    Turn,
    Usage,
    Verbose,
)  # fmt: skip
from coze_tui.standin.state import Chat, Conversation, PendingCall
from coze_tui.standin.wire import Wire

SLICE = 0.05
"""Seconds after which a pause checks whether to continue."""


class _Canceled(Exception):
    pass


class Run:
    """A run of one chat, to its end or until it waits for the outputs of tools."""

    def __init__(
        self,
        context: ServerContext,
        chat: Chat,
        conversation: Conversation,
        turn: Turn,
        steps: Iterator[Plain],
        faults: Faults,
    ) -> None:
        self.turn = turn
        self._context = context
        self._chat = chat
        self._conversation = conversation
        self._steps = steps
        self._faults = faults
        self._emitter = Emitter(context, chat, conversation, faults)
        self._calls = 0
        self._recorded: list[Stream] = []
        self._has_replayed = False

    async def start(self, wire: Wire | None) -> None:
        """Send created and in_progress, then play the steps until the chat ends or waits."""
        self._emitter.wire = wire
        if self._faults.has("echo-question"):
            await self._emitter.echo(self.turn.question)
        await self._be("created", "conversation.chat.created")
        await self._be("in_progress", "conversation.chat.in_progress")
        await self._play()

    async def resume(self, wire: Wire | None) -> None:
        """Continue after tool outputs: the same chat, from in_progress (docs/wire.md 4.4)."""
        if self._recorded:
            self._chat.waiting = ()
            await self.replay(wire)
            return
        self._emitter.begin_again(wire)
        calls, self._chat.waiting = self._chat.waiting, ()
        self._chat.completed_at = 0
        await self._be("in_progress", "conversation.chat.in_progress")
        for call in calls:
            await self._emitter.other("tool_response", self.turn.outputs[call.id])
        await self._play()

    def remember(self, capture: Capture) -> None:
        """Take the IDs of a recording, which `replay` sends in place of the steps."""
        self._recorded = streams(capture.data)
        take_ids(self._context.state, self._chat, self._conversation, capture.data)

    async def replay(self, wire: Wire | None) -> None:
        """Send the next recorded stream at its own pace."""
        self._emitter.wire = wire
        self._chat.status = "in_progress"
        stream = self._recorded.pop(0)
        parts = list(timed(stream.sent))
        # A later stream is timed from its own first event, because tool outputs take any time.
        begun = parts[0][0] if parts and self._has_replayed else 0.0
        self._has_replayed = True
        start = time.monotonic()
        try:
            for at, data in parts[:-1]:
                await self._pause_until(start, at - begun)
                await self._emitter.raw(data)
            for at, _data in parts[-1:]:
                await self._pause_until(start, at - begun)
            # Update the state before sending the last bytes, because clients may ask for it at once.
            apply_stream(self._chat, self._conversation, stream, is_last=not self._recorded)
            for _at, data in parts[-1:]:
                await self._emitter.raw(data)
            await self._emitter.over()
        except _Canceled:
            await self._stopped()

    async def _pause_until(self, start: float, at: float) -> None:
        await self._pause(start + at * self._context.pace - time.monotonic(), scaled=False)

    def hand_over(self, answer: str) -> Iterator[Plain]:
        """Return the rest of the steps, for the chat that answers this one's question."""
        for call in self._chat.waiting:
            self.turn.outputs[call.id] = answer
        self.turn.outputs["reply"] = answer
        return self._steps

    async def _play(self) -> None:
        try:
            for step in self._steps:
                self._check_canceled()
                if await self._step(step):
                    return
            self._check_canceled()
            await self._end()
        except _Canceled:
            await self._stopped()
        except BaseException:
            # A scenario that raises an exception must not leave its client waiting.
            if self._emitter.wire is not None:
                self._emitter.wire.cut("close")
            raise

    def _check_canceled(self) -> None:
        if self._chat.stop.is_set():
            raise _Canceled

    async def _step(self, step: Plain) -> bool:
        """Play one step; return whether the chat has ended, or waits, after it."""
        emitter, studio = self._emitter, self._context.studio
        match step:
            case Pause(seconds, scaled):
                await self._pause(seconds * (self._context.pace if scaled else 1.0), scaled=scaled)
            case Gate(name):
                await self._context.gates.hold(name, self._chat.stop)
            case Delta():
                await emitter.delta(step)
            case Burst():
                await emitter.burst(step)
            case Complete():
                await emitter.whole(step)
            case FunctionCall():
                self._chat.called_plugin = self._chat.called_plugin or not step.local
                await emitter.other(
                    "function_call", objects.function_call_content(step, self._call_id(), studio=studio)
                )
            case ToolResponse():
                await emitter.other("tool_response", objects.tool_response_content(step, studio=studio))
            case Knowledge():
                await emitter.other("knowledge", objects.knowledge_content(step))
            case Verbose(msg_type, data):
                await emitter.other("verbose", objects.verbose_content(msg_type, data, studio=studio))
            case Usage():
                emitter.usage = step
            case Event(name, data):
                await emitter.event(name, data)
            case Raw(data):
                await emitter.raw(data)
            case Drip():
                await self._drip(step)
            case Cut(reset, end):
                if emitter.wire is not None:
                    emitter.wire.cut("reset" if reset else "end" if end else "close")
            case RequireAction(calls):
                await self._require(calls)
                return True
            case AskBack(text):
                await self._ask_back(text)
                return True
            case Error():
                await self._error(step)
                return True
            case Fail():
                await self._fail(step)
                return True
            case Expire():
                await self._be("expired", "conversation.chat.expired")
                await emitter.done()
                return True
            case Refuse() | Page() | Capture():
                pass  # only meaningful as first steps, which the endpoint handles
        return False

    # ── the ends ────────────────────────────────────────────────────────────────────────────────────────

    async def _be(self, status: str, event: str) -> None:
        if not self._chat.stop.is_set():  # an earlier cancel determines the state
            self._chat.status = status
        await self._emitter.chat(event)

    async def _end(self) -> None:
        await self._emitter.finish_answers(0)
        usage = self._emitter.used()
        self._chat.input_tokens, self._chat.output_tokens = usage.input, usage.output
        self._chat.completed_at = self._context.now()
        await self._be("completed", "conversation.chat.completed")
        if self._faults.has("audio"):
            await self._emitter.sound(base64.b64encode(bytes(3000)).decode())
        await self._emitter.done()

    async def _stopped(self) -> None:
        """Handle a cancel: leave the stream open for the client to close, or report it, by switch."""
        if self._context.switches.cancel_event:
            await self._be("canceled", "conversation.chat.canceled")
            await self._emitter.done()

    async def _error(self, step: Error) -> None:
        body: Mapping[str, object] = {} if step.empty else {"code": step.code, "msg": step.msg}
        await self._emitter.event(step.event, body if step.data is None else step.data)
        if self._context.studio or step.then_completed:
            await self._end()
        else:
            self._set_failed(step.code, step.msg)
            self._chat.status = "failed"
            await self._emitter.over()

    async def _fail(self, step: Fail) -> None:
        if self._context.studio:
            await self._error(Error(103200002, "Internal Server Error"))
            return
        self._set_failed(step.code, step.msg)
        if step.bare:
            self._chat.status = "failed"
            await self._emitter.event("conversation.chat.failed", {"code": step.code, "msg": step.msg})
        else:
            await self._be("failed", "conversation.chat.failed")
        if self._context.switches.done_after_failed:
            await self._emitter.done()
        else:
            await self._emitter.over()

    def _set_failed(self, code: int, msg: str) -> None:
        self._chat.error_code, self._chat.error_msg = code, msg
        self._chat.completed_at = self._chat.failed_at = self._context.now()

    # ── someone must act ────────────────────────────────────────────────────────────────────────────────

    async def _require(self, calls: tuple[ToolCall, ...]) -> None:
        """Send requires_action; studio instead asks in a text, and the next message continues (3.8).

        See docs/wire.md 3.6.
        """
        waiting = tuple(
            PendingCall(call.id or self._call_id(), call.api, objects.arguments_text(call.arguments))
            for call in calls
        )
        for call, pending in zip(calls, waiting, strict=True):
            function = FunctionCall(call.plugin, call.api, call.arguments, local=True)
            content = objects.function_call_content(function, pending.id, studio=self._context.studio)
            await self._emitter.other("function_call", content)
        if self._context.studio:
            wanted = ", ".join(f"{call.name}({call.arguments})" for call in waiting)
            text = self.turn.pick(f"请告诉我结果：{wanted}", f"Please tell me the result of {wanted}")
            await self._emitter.whole(Complete(text))
        await self._interrupt(waiting)

    async def _ask_back(self, text: str) -> None:
        await self._emitter.delta(Delta(text))
        await self._emitter.whole(Complete(text))
        await self._interrupt((PendingCall(self._call_id(), "", "", "reply_message"),))

    async def _interrupt(self, waiting: tuple[PendingCall, ...]) -> None:
        content = objects.verbose_content("interrupt", "", studio=self._context.studio)
        await self._emitter.other("verbose", content)
        await self._emitter.finish_answers(1)
        self._chat.waiting = waiting
        if self._context.studio or waiting[0].type == "reply_message":
            self._conversation.waiting = self._chat.id
        self._chat.completed_at = self._context.now()
        if self._context.studio:
            await self._be("completed", "conversation.chat.completed")
        else:
            await self._be("requires_action", "conversation.chat.requires_action")
        await self._emitter.done()

    def _call_id(self) -> str:
        self._calls += 1
        if self._context.studio:
            return f"call_{self._chat.id[-8:]}{self._calls:02}"
        return base64.b64encode(f"CALL-{self._chat.id[-6:]}-{self._calls:02}".encode()).decode()

    # ── time ────────────────────────────────────────────────────────────────────────────────────────────

    async def _pause(self, seconds: float, *, scaled: bool) -> None:
        """Wait. A pause in real time ends when the client hangs up."""
        end = time.monotonic() + seconds
        while True:
            left = end - time.monotonic()
            await asyncio.sleep(max(0.0, min(left, SLICE)))
            self._check_canceled()
            wire = self._emitter.wire
            if left <= SLICE or (not scaled and wire is not None and wire.gone.is_set()):
                return

    async def _drip(self, step: Drip) -> None:
        end = None if step.seconds is None else time.monotonic() + step.seconds
        while (wire := self._emitter.wire) is not None and not wire.gone.is_set():
            if end is not None and time.monotonic() >= end:
                return
            await wire.write(b": drip\n\n")
            await self._pause(step.every, scaled=False)
