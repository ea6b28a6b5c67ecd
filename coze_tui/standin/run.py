"""One chat, played: steps of a scenario in, events out, and the chat's state on the way (api 3.2, 9).

The run belongs to the stand-in and not to the connection: when the client hangs up, it goes on.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Iterator, Mapping

from coze_tui.standin import objects
from coze_tui.standin.faults import Faults, edit
from coze_tui.standin.recorded import read_capture, timed
from coze_tui.standin.scenarios import (
    CHINESE,
    AskBack,
    Burst,
    Capture,
    Complete,
    Cut,
    Delta,
    Drip,
    Error,
    Event,
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
from coze_tui.standin.state import Chat, Conversation, Message, PendingCall
from coze_tui.standin.wire import DONE_STYLES, MARK, Frame, Wire
from coze_tui.standin.world import World

NOT_IN_CONTEXT = frozenset({"verbose", "follow_up", "knowledge"})
SLICE = 0.05


class _Canceled(Exception):
    pass


class Run:
    """Plays the steps of one chat. `play` returns at the end, or where the chat waits for outputs."""

    def __init__(
        self,
        world: World,
        chat: Chat,
        conversation: Conversation,
        turn: Turn,
        steps: Iterator[Plain],
        faults: Faults,
    ) -> None:
        self.turn = turn
        self._world = world
        self._chat = chat
        self._conversation = conversation
        self._steps = steps
        self._faults = faults
        self._wire: Wire | None = None
        self._ids: dict[str, str] = {}
        self._texts: dict[str, list[str]] = {}
        self._reasonings: dict[str, list[str]] = {}
        self._answered = False
        self._finished = False
        self._output = 0
        self._usage: Usage | None = None
        self._call_ids = 0
        self._started = world.clock()

    async def start(self, wire: Wire | None) -> None:
        """Play from the beginning."""
        self._wire = wire
        if self._faults.has("echo-question"):
            question = self._message("question", self.turn.question, role="user")
            await self._emit("conversation.message.completed", self._message_json(question))
        await self._chat_event("created", "conversation.chat.created")
        await self._chat_event("in_progress", "conversation.chat.in_progress")
        await self._play()

    async def resume(self, wire: Wire | None) -> None:
        """Go on after tool outputs: the same chat, from in_progress (api 4.4)."""
        self._wire = wire
        self._answered = self._finished = False
        calls, self._chat.waiting = self._chat.waiting, ()
        self._chat.completed_at = 0
        await self._chat_event("in_progress", "conversation.chat.in_progress")
        for call in calls:
            await self._complete("tool_response", self.turn.outputs[call.id])
        await self._play()

    async def replay(self, wire: Wire | None, capture: Capture) -> None:
        """Send a recorded stream at its own pace, and know its chat from then on."""
        self._wire = wire
        read_capture(self._world.state, self._chat, self._conversation, capture.data)
        start = time.monotonic()
        try:
            for at, data in timed(capture.data):
                await self._pause(start + at * self._world.pace - time.monotonic(), scaled=False)
                await self._raw(data)
            await self._over()
        except _Canceled:
            await self._stopped()

    async def _play(self) -> None:
        try:
            for step in self._steps:
                if self._chat.stop.is_set():
                    raise _Canceled
                if await self._step(step):
                    return
            if self._chat.stop.is_set():
                raise _Canceled
            await self._end()
        except _Canceled:
            await self._stopped()
        except BaseException:
            # A scenario with a fault of its own must not leave its client waiting.
            if self._wire is not None:
                self._wire.cut("close")
            raise

    async def _step(self, step: Plain) -> bool:
        """Play one step; whether the chat is over, or waits, after it."""
        match step:
            case Pause(seconds, scaled):
                await self._pause(seconds, scaled=scaled)
            case Gate(name):
                await self._world.gates.hold(name, self._chat.stop)
            case Delta():
                await self._delta(step)
            case Burst():
                await self._burst(step)
            case Complete():
                await self._whole(step)
            case FunctionCall():
                self._chat.called_plugin = self._chat.called_plugin or not step.local
                content = objects.function_call_content(step, self._new_call_id(), studio=self._world.studio)
                await self._complete("function_call", content)
            case ToolResponse():
                await self._complete(
                    "tool_response", objects.tool_response_content(step, studio=self._world.studio)
                )
            case Knowledge():
                await self._complete("knowledge", objects.knowledge_content(step))
            case Verbose(msg_type, data):
                await self._complete(
                    "verbose", objects.verbose_content(msg_type, data, studio=self._world.studio)
                )
            case Usage():
                self._usage = step
            case Event(name, data):
                await self._emit(name, data)
            case Raw(data):
                await self._raw(data)
            case Drip():
                await self._drip(step)
            case Cut(reset, end):
                if self._wire is not None:
                    self._wire.cut("reset" if reset else "end" if end else "close")
            case RequireAction(calls):
                await self._require(calls)
                return True
            case AskBack(text):
                await self._ask_back(text)
                return True
            case Error():
                return await self._error(step)
            case Fail():
                return await self._fail(step)
            case Refuse() | Page() | Capture():
                return False  # only meant as first steps, where the endpoint looks for them
        return False

    # ── messages ────────────────────────────────────────────────────────────────────────────────────────

    async def _delta(self, step: Delta) -> None:
        message = self._piece(step)
        await self._emit("conversation.message.delta", self._message_json(message, delta=True))

    def _piece(self, step: Delta) -> Message:
        self._texts.setdefault(step.message, []).append(step.content)
        self._reasonings.setdefault(step.message, []).append(step.reasoning)
        return self._message("answer", step.content, key=step.message, reasoning=step.reasoning)

    async def _burst(self, step: Burst) -> None:
        """Deltas as fast as they go: bytes from a template, many in one write if no rate is asked."""
        wire = self._wire
        template = None
        if wire is not None and not self._faults:
            message = self._message("answer", MARK, key=step.message)
            template = wire.template(
                Frame("conversation.message.delta", self._message_json(message, delta=True))
            )
        texts = self._texts.setdefault(step.message, [])
        batch: list[bytes] = []
        size = 0
        interval = self._world.pace / step.rate if step.rate else 0.0
        due = time.monotonic()
        for piece in step.pieces:
            if self._chat.stop.is_set():
                raise _Canceled
            if template is None or wire is None:
                await self._delta(Delta(piece, message=step.message))
            else:
                texts.append(piece)
                batch.append(template[0] + objects.dumps(piece)[1:-1].encode() + template[1])
                size += len(batch[-1])
                if step.rate or size > 32_000:
                    await wire.write(b"".join(batch), whole=True)
                    batch.clear()
                    size = 0
                    await asyncio.sleep(0)
            if step.rate:
                due += interval
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        if wire is not None:
            await wire.write(b"".join(batch), whole=True)

    async def _whole(self, step: Complete) -> None:
        content = step.content
        if content is None:
            content = "".join(self._texts.get(step.message, ()))
        reasoning = step.reasoning
        if reasoning is None:
            reasoning = "".join(self._reasonings.get(step.message, ()))
        if step.type == "follow_up":
            await self._finish_answers(0)
        await self._complete(
            step.type, content, key=step.message, reasoning=reasoning, content_type=step.content_type
        )
        self._texts.pop(step.message, None)
        self._reasonings.pop(step.message, None)
        self._ids.pop(step.message, None)

    async def _complete(
        self, type_: str, content: str, *, key: str = "", reasoning: str = "", content_type: str = "text"
    ) -> None:
        message = self._message(type_, content, key=key, reasoning=reasoning, content_type=content_type)
        if type_ == "answer":
            self._answered, self._finished = True, False
            self._output += tokens(content) + tokens(reasoning)
            if self._world.studio:
                message.meta_data = self._studio_usage()
        if self._chat.saved:
            self._chat.messages.append(message)
            if type_ not in NOT_IN_CONTEXT:
                self._conversation.messages.append(message)
        await self._emit("conversation.message.completed", self._message_json(message))

    def _message(
        self, type_: str, content: str, *, key: str = "", reasoning: str = "", content_type: str = "text",
        role: str = "assistant",
    ) -> Message:  # fmt: skip
        if not key:
            message_id = self._world.state.new_id()
        else:
            message_id = self._ids.get(key) or self._ids.setdefault(key, self._world.state.new_id())
        return Message(
            id=message_id,
            conversation_id=self._chat.conversation_id,
            section_id=self._chat.section_id,
            role=role,
            type=type_,
            content=content,
            content_type=content_type,
            created_at=self._world.now(),
            bot_id=self._chat.bot_id,
            chat_id=self._chat.id,
            reasoning=reasoning,
        )

    def _message_json(self, message: Message, *, delta: bool = False) -> objects.Json:
        workflow = bool(self._chat.workflow_id)
        return objects.stream_message(message, studio=self._world.studio, workflow=workflow, delta=delta)

    async def _finish_answers(self, reason: int) -> None:
        """`generate_answer_finish`, once after the last answer (api 3.4)."""
        if self._finished or (reason == 0 and not self._answered):
            return
        self._finished = True
        await self._complete("verbose", objects.answer_finish(reason, studio=self._world.studio))

    # ── the chat's state ────────────────────────────────────────────────────────────────────────────────

    async def _chat_event(self, status: str, event: str, *, last: bool = False) -> None:
        if not self._chat.stop.is_set():  # a cancel that came first keeps its state
            self._chat.status = status
        body = objects.chat_object(
            self._chat, studio=self._world.studio, workflow=bool(self._chat.workflow_id)
        )
        await self._emit(event, body, last=last)

    async def _end(self) -> None:
        await self._finish_answers(0)
        self._count()
        self._chat.completed_at = self._world.now()
        await self._chat_event("completed", "conversation.chat.completed")
        await self._late()
        await self._done()

    async def _late(self) -> None:
        """What the official service may send after chat.completed: the sound of the answer."""
        if self._faults.has("audio"):
            sound = base64.b64encode(bytes(3000)).decode()
            message = self._message("answer", sound, content_type="audio")
            await self._emit("conversation.audio.delta", self._message_json(message))

    async def _stopped(self) -> None:
        """Cancelled: the stream stays open until the client closes it, or tells so and ends, by switch."""
        if self._world.switches.cancel_event:
            await self._chat_event("canceled", "conversation.chat.canceled")
            await self._done()

    async def _error(self, step: Error) -> bool:
        body: Mapping[str, object] = {} if step.empty else {"code": step.code, "msg": step.msg}
        await self._emit("error", body)
        if self._world.studio or step.then_completed:
            await self._end()
        else:
            self._set_failed(step.code, step.msg)
            self._chat.status = "failed"
            await self._over()
        return True

    async def _fail(self, step: Fail) -> bool:
        if self._world.studio:
            return await self._error(Error(103200002, "Internal Server Error"))
        self._set_failed(step.code, step.msg)
        if step.bare:
            self._chat.status = "failed"
            await self._emit("conversation.chat.failed", {"code": step.code, "msg": step.msg})
        else:
            await self._chat_event("failed", "conversation.chat.failed")
        if self._world.switches.done_after_failed:
            await self._done()
        else:
            await self._over()
        return True

    def _set_failed(self, code: int, msg: str) -> None:
        self._chat.error_code, self._chat.error_msg = code, msg
        self._chat.completed_at = self._chat.failed_at = self._world.now()

    async def _require(self, calls: tuple[ToolCall, ...]) -> None:
        """requires_action (api 3.6); studio has none: it asks in text, the next message goes on (3.8)."""
        waiting = tuple(
            PendingCall(call.id or self._new_call_id(), call.api, objects.arguments_text(call.arguments))
            for call in calls
        )
        for call, pending in zip(calls, waiting, strict=True):
            function = FunctionCall(call.plugin, call.api, call.arguments, local=True)
            content = objects.function_call_content(function, pending.id, studio=self._world.studio)
            await self._complete("function_call", content)
        if self._world.studio:
            wanted = ", ".join(f"{call.name}({call.arguments})" for call in waiting)
            await self._whole(
                Complete(self.turn.pick(f"请告诉我结果：{wanted}", f"Please tell me the result of {wanted}"))
            )
        await self._interrupt(waiting)

    async def _ask_back(self, text: str) -> None:
        await self._delta(Delta(text))
        await self._whole(Complete(text))
        await self._interrupt((PendingCall(self._new_call_id(), "", "", "reply_message"),))

    async def _interrupt(self, waiting: tuple[PendingCall, ...]) -> None:
        content = objects.verbose_content("interrupt", "", studio=self._world.studio)
        await self._complete("verbose", content)
        await self._finish_answers(1)
        self._chat.waiting = waiting
        if self._world.studio or waiting[0].type == "reply_message":
            self._conversation.waiting = self
        self._chat.completed_at = self._world.now()
        if self._world.studio:
            await self._chat_event("completed", "conversation.chat.completed")
        else:
            await self._chat_event("requires_action", "conversation.chat.requires_action")
        await self._done()

    def hand_over(self, answer: str) -> Iterator[Plain]:
        """The rest of the steps, for the chat that answers this one's question."""
        for call in self._chat.waiting:
            self.turn.outputs[call.id] = answer
        self.turn.outputs["reply"] = answer
        return self._steps

    def _used(self) -> Usage:
        return self._usage or Usage(self._input(), self._output)

    def _studio_usage(self) -> dict[str, str]:
        """Token counts as studio gives them: text in the answer's meta_data (api 3.8)."""
        usage = self._used()
        return {
            "input_tokens": str(usage.input),
            "output_tokens": str(usage.output),
            "time_cost": f"{self._world.clock() - self._started:.1f}",
            "token": str(usage.input + usage.output),
        }

    def _count(self) -> None:
        usage = self._used()
        self._chat.input_tokens, self._chat.output_tokens = usage.input, usage.output

    def _input(self) -> int:
        return 96 + sum(tokens(message.content) for message in self._conversation.messages[-20:])

    def _new_call_id(self) -> str:
        self._call_ids += 1
        if self._world.studio:
            return f"call_{self._chat.id[-8:]}{self._call_ids:02}"
        return base64.b64encode(f"CALL-{self._chat.id[-6:]}-{self._call_ids:02}".encode()).decode()

    # ── bytes and time ──────────────────────────────────────────────────────────────────────────────────

    async def _emit(self, event: str, data: object, *, last: bool = False) -> None:
        if self._wire is None:
            return
        frame = edit(Frame(event, data), self._faults)
        if frame is not None:
            await self._wire.emit(frame, last=last)
        elif last:
            await self._wire.finish()

    async def _raw(self, data: bytes) -> None:
        if self._wire is not None:
            await self._wire.write(data)

    async def _done(self) -> None:
        """The end mark of the profile, or the one that was asked for (api 3.1)."""
        style = self._faults.text("done")
        if style == "none":
            await self._over()
            return
        if style in DONE_STYLES:
            event, data = DONE_STYLES[style]
        elif self._chat.workflow_id:
            query = f"execute_id={self._world.state.new_id()}\\u0026space_id={self._world.space_id}"
            event, data = "done", f'{{"debug_url":"https://www.coze.cn/work_flow?{query}"}}'
        else:
            event, data = DONE_STYLES["stream-done" if self._world.studio else "quoted"]
        if self._wire is not None:
            await self._wire.emit(Frame(event, data), last=True)

    async def _over(self) -> None:
        if self._wire is not None:
            await self._wire.finish()

    async def _pause(self, seconds: float, *, scaled: bool) -> None:
        end = time.monotonic() + seconds * (self._world.pace if scaled else 1.0)
        while True:
            left = end - time.monotonic()
            await asyncio.sleep(max(0.0, min(left, SLICE)))
            if self._chat.stop.is_set():
                raise _Canceled
            if left <= SLICE or (not scaled and self._wire is not None and self._wire.gone.is_set()):
                return

    async def _drip(self, step: Drip) -> None:
        end = None if step.seconds is None else time.monotonic() + step.seconds
        while (
            self._wire is not None
            and not self._wire.gone.is_set()
            and (end is None or time.monotonic() < end)
        ):
            await self._wire.write(b": drip\n\n")
            await self._pause(step.every, scaled=False)


def tokens(text: str) -> int:
    """About how many tokens a text is."""
    chinese = len(CHINESE.findall(text))
    return round(chinese * 0.7 + (len(text) - chinese) * 0.3)
