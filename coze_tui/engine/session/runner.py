"""One live turn: stream → record → state → updates; stopping and recovering. Knows no screen."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Protocol

from coze_tui.api import chats
from coze_tui.api.chats import ChatRequest, ChatStream, ToolOutput
from coze_tui.api.client import CozeClient
from coze_tui.api.events import error_of_code, parse_event
from coze_tui.api.objects import Chat, ChatStatus, Frame, Message
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.frame_log import FrameLog
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.reader import TurnReplay
from coze_tui.engine.model.state import RETRIEVED, TurnState
from coze_tui.engine.model.updates import (
    ChatIdentified,
    EventNoted,
    EventRecord,
    LogidReported,
    Phase,
    TurnEnded,
    TurnUpdate,
)
from coze_tui.errors import (
    ApiError,
    CozeTuiError,
    InternalError,
    NotFoundError,
    StreamCut,
    TransportError,
)

_CANCEL_SECONDS = 2.0
_GRACE_SECONDS = 2.0
"""How long `done` is waited for once a chat event has told the end (docs/wire.md 7.2: it may never come)."""
_MOST_AT_ONCE = 2_000
"""Frames that are written down and told together; while more wait, the screen has its turns."""
_MOST_WAITING = 4_000
"""Frames that are read ahead; a server that is quicker than the disk waits."""
_GATHER_SECONDS = 0.008
"""So long are frames gathered after others, since each time they are told costs more than they do."""
_CANNOT_CANCEL = frozenset({4104, 103200005})


class TurnRecord(Protocol):
    """Where a turn is written down. None of its methods raises on a full or broken disk."""

    async def begin(self, request: ChatRequest) -> None:
        """The question is about to be sent."""

    async def append(self, frames: FrameLog) -> None:
        """Save the frames that were added to the turn's log; they are shown afterwards."""

    async def identify(self, state: TurnState, logid: str) -> None:
        """The chat has its ids."""

    async def finish(
        self, state: TurnState, figures: TurnFigures, outcome: Outcome, error: CozeTuiError | None, at_us: int
    ) -> None:
        """The turn is over, or waits for tool outputs."""


_Opened = AbstractAsyncContextManager[ChatStream]
_Item = Frame | LogidReported | CozeTuiError | None
"""What the reader hands over; None is the end of the file."""


class ChatTurn:
    """One question and all that the bot sends back for it.

    Args:
        record: where it is written down before it is told.
        streaming: False asks without a stream, and polls (docs/wire.md 2.3).
        gathers: neighbouring deltas that arrived together are one update; False gives one for each.
        on_text: is given the stream as it arrives.
        idle_seconds: without an event, after which the stream counts as cut.
        poll_seconds: between two looks at a chat that is not streamed.
        recovery_seconds: for which a chat is looked after once its stream was cut.
    """

    def __init__(
        self,
        client: CozeClient,
        request: ChatRequest,
        *,
        record: TurnRecord | None = None,
        streaming: bool = True,
        gathers: bool = True,
        on_text: Callable[[str], None] | None = None,
        idle_seconds: float = 300.0,
        poll_seconds: float = 1.0,
        recovery_seconds: float = 60.0,
        clock: Callable[[], float] = time.perf_counter,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.request = request
        self.state = TurnState(conversation_id=request.conversation_id)
        self.figures = TurnFigures()
        self.frames = FrameLog()
        self.logid = ""
        self._client = client
        self._record = record
        self._gathers = gathers
        self._on_text = on_text
        self._idle_seconds = idle_seconds
        self._poll_seconds = poll_seconds
        self._recovery_seconds = recovery_seconds
        self._clock = clock
        self._pause = pause
        self._open: Callable[[], _Opened] | None = self._open_chat if streaming else None
        self._started = clock()
        self._has_begun = False
        self._stop_asked = asyncio.Event()
        self._arrived: asyncio.Queue[_Item] | None = None
        """What the stream has brought and nobody has taken yet; None at its end, or to wake who waits."""
        self._taken_at = -math.inf

    @property
    def elapsed_us(self) -> int:
        """Microseconds since the question was sent."""
        return int((self._clock() - self._started) * 1_000_000)

    def stop(self) -> None:
        """End the stream; `updates` then cancels the chat at Coze and ends with TurnEnded(canceled)."""
        self._stop_asked.set()
        if self._arrived is not None and self._arrived.empty():
            self._arrived.put_nowait(None)

    def submit(self, outputs: Sequence[ToolOutput]) -> None:
        """Let the next `updates` go on with a chat that required action (docs/wire.md 4.4)."""
        sent = tuple(outputs)
        self._stop_asked.clear()
        self._open = lambda: chats.submit_tool_outputs(
            self._client, self.state.conversation_id, self.state.chat_id, sent, on_text=self._on_text
        )

    def recover_from(self, frames: Sequence[Frame], ids: ChatIdentified) -> None:
        """Let the next `updates` fetch the rest of a chat whose frames are known (docs/wire.md 7.4)."""
        self.frames = FrameLog(frames)
        reader = TurnReplay(self.state)
        self.figures.add_all(reader.begin())
        self.figures.add_all(reader.take_all(frames))
        self.state.chat_id, self.state.conversation_id = ids.chat_id, ids.conversation_id
        self.state.outcome = self.state.error = None
        self._has_begun = True
        self._started = self._clock() - max((frame.at_us for frame in frames), default=0) / 1_000_000
        self._open = None

    async def updates(self) -> AsyncGenerator[TurnUpdate, None]:
        """All that happens, in order; exactly one TurnEnded, last, unless the consumer is cancelled."""
        async with aclosing(self._all_updates()) as updates:
            async for update in updates:
                self.figures.add(update)
                yield update

    async def _all_updates(self) -> AsyncGenerator[TurnUpdate, None]:
        for update in await self._begin():
            yield update
        error: CozeTuiError | None = None
        try:
            if self._stop_asked.is_set():
                pass  # before anything was sent
            elif self._open is not None:
                async with aclosing(self._stream()) as stream:
                    async for update in stream:
                        yield update
            elif not self.state.is_identified:
                async with aclosing(self._start_unstreamed()) as started:
                    async for update in started:
                        yield update
        except CozeTuiError as failure:
            error = failure
        recoverable = error is None or isinstance(error, StreamCut)
        if not self._stop_asked.is_set() and not self.state.is_ending and recoverable:
            if self.state.is_identified:
                error = error or StreamCut("closed")
                try:
                    async with aclosing(self._recover(error)) as recovered:
                        async for update in recovered:
                            yield update
                except CozeTuiError as failure:
                    error = failure if isinstance(failure, ApiError) else error
            else:
                # nothing is known of the chat, so nothing can be fetched (docs/wire.md 7.4)
                if error is None:
                    error = TransportError("closed", "the stream ended before the chat began")
                elif isinstance(error, StreamCut):
                    error = TransportError(error.kind, error.detail, url=error.url)
        async with aclosing(self._end(error)) as ending:
            async for update in ending:
                yield update

    # --- beginning ---

    async def _begin(self) -> list[TurnUpdate]:
        if self._has_begun:
            return self.state.resumed(self.elapsed_us) if self._open is not None else []
        self._has_begun = True
        if self._record is not None:
            await self._record.begin(self.request)
        self._started = self._clock()
        return self.state.sent()

    def _open_chat(self) -> _Opened:
        return chats.stream(self._client, self.request, on_text=self._on_text)

    # --- reading ---

    async def _stream(self) -> AsyncGenerator[TurnUpdate, None]:
        assert self._open is not None
        self._arrived = asyncio.Queue(_MOST_WAITING)
        reader = asyncio.create_task(_read(self._open(), self._started, self._arrived))
        try:
            while (items := await self._next_items(self._arrived)) and not self._stop_asked.is_set():
                end = next(
                    (n for n, item in enumerate(items) if not isinstance(item, Frame | LogidReported)), None
                )
                for update in await self._take(items[:end]):
                    yield update
                if end is not None:
                    failure = items[end]
                    if isinstance(failure, CozeTuiError):
                        raise failure
                    return
                if self.state.is_done:
                    return
        finally:
            # one task owns the stream: it is cancelled, never raced (docs/architecture.md)
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            self._open = self._arrived = None  # they hold frames, which would wait for the collector

    async def _next_items(self, arrived: asyncio.Queue[_Item]) -> list[_Item]:
        """What has arrived, at least one; nothing where the stream is over without a word."""
        items: list[_Item] = []
        if arrived.empty():
            seconds = _GRACE_SECONDS if self.state.is_ending else self._idle_seconds
            try:
                async with asyncio.timeout(seconds):
                    items.append(await arrived.get())
            except TimeoutError:
                if self.state.is_ending:
                    return []
                # bytes may drip for ever without one event (docs/textual.md 12.4)
                raise StreamCut("timeout", f"no event for {seconds:.0f} s") from None
        loop = asyncio.get_running_loop()
        if (early := self._taken_at + _GATHER_SECONDS - loop.time()) > 0:
            await asyncio.sleep(early)
        self._taken_at = loop.time()
        while not arrived.empty() and len(items) < _MOST_AT_ONCE:
            items.append(arrived.get_nowait())
        return items

    async def _take(self, items: Sequence[_Item]) -> list[TurnUpdate]:
        """Write down what arrived together, then say what it means."""
        updates: list[TurnUpdate] = []
        frames = [item for item in items if isinstance(item, Frame)]
        self.frames.add(frames)
        if frames and self._record is not None:
            await self._record.append(self.frames)
        for item in items:  # at most one, and before all frames
            if isinstance(item, LogidReported) and item.logid:
                self.logid = item.logid
                updates.append(item)
        if self._gathers:
            updates += self.state.apply_all(frames)
        else:
            for frame in frames:
                updates += self.state.apply(parse_event(frame))
        told = any(isinstance(update, ChatIdentified | LogidReported) for update in updates)
        if told and self._record is not None:
            await self._record.identify(self.state, self.logid)
        # only now, and nothing is awaited any more: a new follower receives each of them once
        self.frames.show()
        return updates

    # --- without a stream, and after a cut (docs/wire.md 2.3, 7.4) ---

    async def _start_unstreamed(self) -> AsyncGenerator[TurnUpdate, None]:
        chat = await chats.start(self._client, self.request)
        for update in await self._take([self._frame("conversation.chat.created", chat.raw)]):
            yield update
        async with aclosing(self._poll()) as polled:
            async for update in polled:
                yield update

    async def _recover(self, cut: CozeTuiError) -> AsyncGenerator[TurnUpdate, None]:
        note = EventRecord("cut", self.elapsed_us, level="attention", detail=str(cut)[:120])
        yield EventNoted(note)
        for update in self.state.enter(Phase.RECOVERING, self.elapsed_us):
            yield update
        async with aclosing(self._poll()) as polled:
            async for update in polled:
                yield update

    async def _poll(self) -> AsyncGenerator[TurnUpdate, None]:
        """Ask once a second until the chat is final, then hand on what was missing, as frames."""
        chat = await self._final_chat()
        if chat is None:
            return
        status = str(chat.status)
        yield EventNoted(EventRecord("retrieve", self.elapsed_us, level="good", detail=status))
        messages: tuple[Message, ...] = ()
        if chat.status is not ChatStatus.CANCELED:
            messages = await chats.list_messages(self._client, chat.conversation_id, chat.id)
        missing = [
            self._frame("conversation.message.completed", message.raw)
            for message in _in_order(messages)
            if message.id not in self.state.completed_ids
        ]
        final = self._frame(f"conversation.chat.{chat.status}", chat.raw)
        for update in await self._take([*missing, final]):
            yield update

    async def _final_chat(self) -> Chat | None:
        """The chat once it is final; None when stopped. Raises the last error when time is up."""
        deadline = self._clock() + self._recovery_seconds
        failure: CozeTuiError = StreamCut("timeout", "the chat did not end")
        while not self._stop_asked.is_set():
            try:
                chat = await chats.retrieve(self._client, self.state.conversation_id, self.state.chat_id)
            except NotFoundError:
                raise
            except (ApiError, TransportError) as error:
                failure = error  # the line may come back
            else:
                if chat.status.is_final:
                    return chat
            if self._clock() >= deadline:
                raise failure
            await self._wait(self._poll_seconds)
        return None

    async def _wait(self, seconds: float) -> None:
        """Pause, but not past the user's stop."""
        pausing = asyncio.ensure_future(self._pause(seconds))
        stopped = asyncio.create_task(self._stop_asked.wait())
        try:
            await asyncio.wait((pausing, stopped), return_when=asyncio.FIRST_COMPLETED)
        finally:
            pausing.cancel()
            stopped.cancel()

    def _frame(self, event: str, data: object) -> Frame:
        text = self._client.without_token(json.dumps(data, ensure_ascii=False))
        return Frame(event, text, self.elapsed_us, RETRIEVED)

    # --- ending ---

    async def _end(self, error: CozeTuiError | None) -> AsyncGenerator[TurnUpdate, None]:
        state = self.state
        if self._stop_asked.is_set() and state.outcome is None:
            for update in state.enter(Phase.STOPPING, self.elapsed_us):
                yield update
            if record := await self._cancel():
                yield EventNoted(record)
            outcome, error = Outcome.CANCELED, None
        elif state.error is not None:
            outcome, error = (
                Outcome.FAILED,
                error_of_code(state.error.code, state.error.msg, logid=self.logid),
            )
        elif state.outcome is not None:
            outcome, error = state.outcome, None
        elif isinstance(error, StreamCut) and state.is_identified:
            outcome = Outcome.INTERRUPTED
        elif state.is_identified:
            outcome = Outcome.INTERRUPTED if state.parts else Outcome.FAILED
        else:
            outcome = Outcome.FAILED
        at_us = self.elapsed_us
        for update in state.settle(at_us):
            yield update
        if self._record is not None:
            await self._record.finish(state, self.figures, outcome, error, at_us)
        for update in state.enter(outcome, at_us):
            yield update
        yield TurnEnded(outcome, at_us, error)

    async def _cancel(self) -> EventRecord | None:
        """Tell Coze, two seconds at most; that it cannot be cancelled any more is no news.

        See docs/wire.md 4.3.
        """
        if not self.state.is_identified:
            return None
        detail, level = "", Outcome.COMPLETED.level
        try:
            async with asyncio.timeout(_CANCEL_SECONDS):
                await chats.cancel(self._client, self.state.conversation_id, self.state.chat_id)
        except TimeoutError:
            detail, level = "timeout", "attention"
        except CozeTuiError as failure:
            if not (isinstance(failure, ApiError) and failure.code in _CANNOT_CANCEL):
                detail, level = str(failure)[:120], "attention"
        return EventRecord("cancel", self.elapsed_us, level=level, detail=detail)


async def _read(opened: _Opened, started: float, queue: asyncio.Queue[_Item]) -> None:
    """The one task that owns the stream. It knows no turn: once cancelled it may wait for the collector."""
    try:
        async with opened as stream:
            await queue.put(LogidReported(stream.logid))
            async with aclosing(stream.frames(started=started)) as frames:
                async for frame in frames:
                    await queue.put(frame)
    except CozeTuiError as failure:
        await queue.put(failure)
    except Exception as failure:  # noqa: BLE001 - a fault of our own must end the turn, not hang it
        await queue.put(InternalError(failure))
    else:
        await queue.put(None)


_ORDER = {"function_call": 0, "tool_response": 1, "tool_output": 1, "knowledge": 1, "answer": 2, "verbose": 3}


def _in_order(messages: Sequence[Message]) -> list[Message]:
    """message/list comes in no sure order: by time, then by what follows what in a chat.

    See docs/wire.md 4.2.
    """
    return sorted(messages, key=lambda message: (message.created_at, _ORDER.get(str(message.type), 4)))
