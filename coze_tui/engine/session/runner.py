"""Runs one live turn: stream → record → state → updates, with stopping and recovery."""

from __future__ import annotations

import asyncio
import json
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from coze_tui.api import chats
from coze_tui.api.chats import ChatRequest, ToolOutput
from coze_tui.api.client import CozeClient
from coze_tui.api.events import DELTA_EVENT, error_of_code, foreign_events, parse_event
from coze_tui.api.frames import ChatWithoutStream
from coze_tui.api.objects import Chat, Frame
from coze_tui.engine.model.frame_log import FrameLog
from coze_tui.engine.model.outcomes import Outcome
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
from coze_tui.engine.session.arrivals import Arrivals, OpenedStream, StreamItem, read_stream
from coze_tui.engine.session.fetching import ChatFetcher
from coze_tui.engine.session.turn_clock import TurnClock
from coze_tui.errors import CozeTuiError, StreamCut, TransportError
from coze_tui.store.records import Breaks
from coze_tui.text.i18n import _

if TYPE_CHECKING:
    from coze_tui.engine.model.figures import TurnFigures

_CANCEL_SECONDS = 2.0
_GRACE_SECONDS = 2.0
"""Seconds to wait for `done` after the event that ends the chat; it may never arrive (docs/wire.md 7.2)."""
_MOST_AT_ONCE = 2_000
"""Frames that are saved and shown together; after them, other tasks of the loop can run."""
_MOST_WAITING = 4_000
"""Frames that are read ahead; if the disk is slower than the server, the reader waits."""
_GATHER_SECONDS = 1 / 30
"""Deltas that arrive within this time are saved and shown together, as often as a screen is drawn, because a
transaction and waking two threads cost more than a delta. Every other frame ends the wait."""
_ID_SECONDS = 1.0
"""Seconds that `leave` waits for the ID of the chat, without which it cannot be fetched later."""
_SILENCE_SECONDS = 30.0
"""Seconds without an event before Coze is asked whether the chat is over, because a server may never end the
stream: after a cancel by another program, for example. After generate_answer_finish a third of it is enough.
Each later wait is twice as long."""


class TurnRecord(Protocol):
    """A recorder of a turn. Its methods report a full or broken disk and never raise because of it."""

    async def begin(self, request: ChatRequest) -> None:
        """Save the question before it is sent."""

    async def append(self, frames: FrameLog) -> None:
        """Save the frames that were added to the turn's log, before they are shown."""

    async def identify(self, state: TurnState, logid: str) -> None:
        """Save the IDs of the chat."""

    async def finish(
        self, state: TurnState, figures: TurnFigures, outcome: Outcome, error: CozeTuiError | None, at_us: int
    ) -> None:
        """Save the outcome of the turn, or that it waits for tool outputs."""


class ChatTurn:
    """One question and everything that the bot sends back for it.

    Args:
        record: saves everything before it is shown.
        streaming: if False, ask without a stream and poll (docs/wire.md 2.3).
        gathers: merge neighboring deltas that arrived together; if False, yield one update for each.
        measures: if False, leave `figures` empty, for a caller that neither records nor shows them.
        on_text: called with the text of the stream as it arrives.
        idle_seconds: time without an event after which the stream counts as cut; also how long to wait for
            the end of a chat without a stream while Coze reports that it is in progress.
        poll_seconds: pause between two requests for a chat without a stream, and the first pause for a chat
            whose stream was cut.
        recovery_seconds: how long to ask for a chat if no request succeeds.
        silence_seconds: time without an event after which Coze is asked whether the chat is over; a third of
            it after generate_answer_finish.
    """

    def __init__(
        self,
        client: CozeClient,
        request: ChatRequest,
        *,
        record: TurnRecord | None = None,
        streaming: bool = True,
        gathers: bool = True,
        measures: bool = True,
        on_text: Callable[[str], None] | None = None,
        idle_seconds: float = 300.0,
        poll_seconds: float = 1.0,
        recovery_seconds: float = 60.0,
        silence_seconds: float = _SILENCE_SECONDS,
        clock: Callable[[], float] = time.perf_counter,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.request = request
        self._client = client
        self.state = self.new_state()
        self.frames = FrameLog()
        self.logid = ""
        self._record = record
        self._gathers = gathers
        self._measures = measures
        self._on_text = on_text
        self._idle_seconds = idle_seconds
        self._silence_seconds = silence_seconds
        self._clock = TurnClock(clock)
        self._streaming = streaming
        self._open: Callable[[], OpenedStream] | None = self._open_chat
        self._has_begun = False
        self._is_sent = False
        self._error: CozeTuiError | None = None
        """The error that ended the present `updates`."""
        self._is_unfetched = False
        """Coze has the chat, but its end could not be fetched."""
        self._stop_asked = asyncio.Event()
        self._fetcher = ChatFetcher(
            client,
            self.state,
            stopped=self._stop_asked,
            running_seconds=idle_seconds,
            poll_seconds=poll_seconds,
            failing_seconds=recovery_seconds,
            clock=clock,
            pause=pause,
        )
        self._is_left = False
        self._arrived: Arrivals[StreamItem] | None = None
        """The items that the turn has not handled yet; None if no stream is open."""
        self._taken_at = -math.inf

    @cached_property
    def figures(self) -> TurnFigures:
        """Return the metrics of the turn; they stay empty if nobody needs them."""
        from coze_tui.engine.model.figures import TurnFigures  # deferred, because `ask` needs none

        return TurnFigures()

    def new_state(self) -> TurnState:
        """Return the state of the turn before its first event, which masks the token."""
        return TurnState(conversation_id=self.request.conversation_id, new_cleaner=self._client.new_cleaner)

    @property
    def elapsed_us(self) -> int:
        """Return microseconds since the question was sent, without the time of waiting for the user."""
        return self._clock.elapsed_us

    def stop(self) -> None:
        """End the stream; `updates` then cancels the chat on the server and ends with TurnEnded(canceled)."""
        self._is_left = False
        self._end_reading()

    def leave(self) -> None:
        """End the stream without canceling the chat, because the program exits or its terminal is lost.

        `updates` then ends with TurnEnded(interrupted). Coze finishes the chat, and `recover_from` can fetch
        the rest. If the chat has no ID yet, the turn waits up to a second for it.
        """
        if self._stop_asked.is_set():
            return
        self._is_left = True
        if self.state.is_identified or self._arrived is None:
            self._end_reading()
        else:
            asyncio.get_running_loop().call_later(_ID_SECONDS, self._end_reading)

    def _end_reading(self) -> None:
        self._stop_asked.set()
        if self._arrived is not None and self._arrived.empty():
            self._arrived.put_nowait(None)  # wakes `_next_items`, which waits for an item

    def submit(self, outputs: Sequence[ToolOutput]) -> None:
        """Let the next `updates` continue a chat that required action (docs/wire.md 4.4)."""
        sent = tuple(outputs)
        self._stop_asked.clear()
        self._clock.resume()
        self._open = lambda: chats.submit_tool_outputs(
            self._client, self.state.conversation_id, self.state.chat_id, sent, on_text=self._on_text
        )

    def recover_from(
        self,
        frames: Sequence[Frame],
        ids: ChatIdentified,
        *,
        breaks: Breaks = Breaks(),  # noqa: B008 frozen
        waited_us: int = 0,
    ) -> None:
        """Let the next `updates` fetch the rest of a chat whose frames are known (docs/wire.md 7.4).

        Args:
            breaks: its interruptions so far.
            waited_us: how long it has waited for the user since its last frame.
        """
        from coze_tui.engine.model.turn_replay import TurnReplay  # deferred, because few turns are recovered

        self.frames = FrameLog(frames)
        replay = TurnReplay(self.state)
        self.figures.add_all(replay.start())
        self.figures.add_all(replay.apply_all(frames))
        self.state.chat_id, self.state.conversation_id = ids.chat_id, ids.conversation_id
        self.state.outcome = self.state.error = None
        self._has_begun = self._is_sent = True
        self._clock.restore(max((frame.at_us for frame in frames), default=0), breaks, waited_us)
        self._open = None

    async def updates(self) -> AsyncGenerator[TurnUpdate, None]:
        """Yield all updates in order. The last one is always TurnEnded, unless the consumer is canceled."""
        self._error, self._is_unfetched = None, False
        for step in (self._begin, self._stream, self._recover, self._end):
            async with aclosing(step()) as updates:
                async for update in updates:
                    if self._measures:
                        self.figures.add(update)
                    yield update

    # --- starting ---

    async def _begin(self) -> AsyncGenerator[TurnUpdate, None]:
        if not self._has_begun:
            self._has_begun = True
            if self._record is not None:
                await self._record.begin(self.request)
            self._clock.start()
            for update in self.state.sent():
                yield update
        elif self._open is not None:
            for update in self.state.resumed(self.elapsed_us):
                yield update

    def _open_chat(self) -> OpenedStream:
        return chats.stream(self._client, self.request, streaming=self._streaming, on_text=self._on_text)

    # --- reading ---

    async def _stream(self) -> AsyncGenerator[TurnUpdate, None]:
        if self._open is None or self._stop_asked.is_set():
            return  # only the rest is missing, or the question was not sent
        self._is_sent = True
        unstreamed: Chat | None = None
        self._arrived = Arrivals(_MOST_WAITING)
        reader = asyncio.create_task(read_stream(self._open(), self._clock.started, self._arrived))
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
                if self._is_left and self.state.is_identified:
                    self._end_reading()
                if self.state.is_done:
                    return
        except ChatWithoutStream as found:
            unstreamed = found.chat
        except CozeTuiError as failure:
            self._error = failure
        finally:
            # One task owns the stream: it is canceled, never raced (docs/architecture.md 3).
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            self._open = self._arrived = None  # free their frames at once, without the garbage collector
        if unstreamed is not None:
            async with aclosing(self._poll_begun(unstreamed)) as polled:
                async for update in polled:
                    yield update

    async def _next_items(self, arrived: Arrivals[StreamItem]) -> list[StreamItem]:
        """Return the arrived items, at least one; empty if `done` does not arrive in time."""
        silent, pause = 0.0, self._silence_seconds
        if self.state.phase is Phase.SETTLING:
            pause /= 3
        while arrived.empty():
            seconds = _GRACE_SECONDS if self.state.is_ending else self._idle_seconds - silent
            if self.state.is_identified:
                seconds = min(seconds, pause)
            try:
                async with asyncio.timeout(seconds):
                    await arrived.wait()
            except TimeoutError:
                silent, pause = silent + seconds, 2 * pause
                if self.state.is_ending:
                    return []
                if silent >= self._idle_seconds:
                    # Bytes without any event can arrive forever, such as SSE comments (docs/textual.md 12.4).
                    detail = _("no event for {seconds} s").format(seconds=round(silent))
                    raise StreamCut("timeout", detail) from None
                if frames := await self._ask_whether_over(arrived):
                    return [*frames, None]
        loop = asyncio.get_running_loop()
        if (early := self._taken_at + _GATHER_SECONDS - loop.time()) > 0:
            await arrived.gather(early)
        items = arrived.take(_MOST_AT_ONCE)
        if _is_delta(items[-1]):  # show the first delta after anything else at once
            self._taken_at = loop.time()
        return items

    async def _ask_whether_over(self, arrived: Arrivals[StreamItem]) -> Sequence[Frame]:
        """Return the rest of the chat if Coze reports it as final, unless an item arrives first."""
        asking = asyncio.create_task(self._fetcher.rest_if_over())
        arriving = asyncio.create_task(arrived.wait())
        try:
            await asyncio.wait((asking, arriving), return_when=asyncio.FIRST_COMPLETED)
            return [self._frame(*item) for item in asking.result()] if asking.done() else ()
        finally:
            asking.cancel()
            arriving.cancel()

    async def _take(self, items: Sequence[StreamItem]) -> list[TurnUpdate]:
        """Save the items that arrived together, then return their updates."""
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
        is_identified = any(isinstance(update, ChatIdentified | LogidReported) for update in updates)
        if is_identified and self._record is not None:
            await self._record.identify(self.state, self.logid)
        # Show them last, without another await: a new follower then receives each frame exactly once.
        self.frames.show()
        return updates

    # --- without a stream, and after a cut (docs/wire.md 2.3, 7.4) ---

    async def _poll_begun(self, chat: Chat) -> AsyncGenerator[TurnUpdate, None]:
        """Follow a chat for which the server sends no stream."""
        try:
            for update in await self._take([self._frame("conversation.chat.created", chat.raw)]):
                yield update
            async with aclosing(self._fetch()) as polled:
                async for update in polled:
                    yield update
        except CozeTuiError as failure:
            self._error = failure

    async def _recover(self) -> AsyncGenerator[TurnUpdate, None]:
        """Fetch the rest if the stream ended too early."""
        error = self._error
        if self._stop_asked.is_set() or self.state.is_ending or self._is_unfetched:
            return
        if error is not None and not isinstance(error, StreamCut):
            return
        if not self.state.is_identified:
            # The chat has no ID, so nothing can be fetched (docs/wire.md 7.4).
            self._error = foreign_events(self.frames.shown()) or TransportError(
                "closed", _("the stream ended before the chat began")
            )
            if error is not None:
                self._error = TransportError(error.kind, error.detail, url=error.url)
            return
        from coze_tui.diagnostics.explain import cut_reason  # deferred, because few turns need it

        self._error = cut = error or StreamCut("closed")
        self._clock.cut(self.elapsed_us)
        yield EventNoted(EventRecord("cut", self.elapsed_us, level="attention", detail=cut_reason(cut)))
        for update in self.state.enter(Phase.RECOVERING, self.elapsed_us):
            yield update
        try:
            async with aclosing(self._fetch(is_recovery=True)) as polled:
                async for update in polled:
                    yield update
        except CozeTuiError as failure:
            self._error = failure

    async def _fetch(self, *, is_recovery: bool = False) -> AsyncGenerator[TurnUpdate, None]:
        """Ask until the chat is final, then apply its missing parts as frames.

        Raises:
            CozeTuiError: the request is refused, none succeeds in time, or the chat does not end in time.
        """
        self._is_unfetched = True
        final: Chat | None = None
        asked = 0
        async with aclosing(self._fetcher.chats(slows_down=is_recovery)) as found:
            async for chat in found:
                asked += 1
                if chat.status.is_final:
                    final = chat
                elif is_recovery or asked > 1:  # without a stream, the first request is always too early
                    for update in self._still_running(chat):
                        yield update
        if final is not None:
            for update in await self._apply_fetched(final):
                yield update
        self._is_unfetched = False

    async def _apply_fetched(self, chat: Chat) -> list[TurnUpdate]:
        """Apply the end of a chat and the messages that the stream lacked; return the updates."""
        note = EventRecord("retrieve", self.elapsed_us, level="good", detail=str(chat.status))
        missing = await self._fetcher.missing(chat)
        return [EventNoted(note), *await self._take([self._frame(*item) for item in missing])]

    def _frame(self, event: str, data: object) -> Frame:
        """Return a fetched part as a frame, with the token masked."""
        text = self._client.without_token(json.dumps(data, ensure_ascii=False))
        return Frame(event, text, self.elapsed_us, RETRIEVED)

    def _still_running(self, chat: Chat) -> list[TurnUpdate]:
        """Return the updates for a chat that Coze has not finished; none the second time in a row."""
        entered = self.state.enter(Phase.AWAITING, self.elapsed_us)
        note = EventRecord("retrieve", self.elapsed_us, level="attention", detail=str(chat.status))
        return [*entered, EventNoted(note)] if entered else []

    # --- ending ---

    async def _end(self) -> AsyncGenerator[TurnUpdate, None]:
        state, error = self.state, self._error
        if self._is_left and not state.is_ending and (error is None or isinstance(error, StreamCut)):
            # A question that was never sent counts as stopped: there is nothing to fetch.
            outcome, error = Outcome.INTERRUPTED if self._is_sent else Outcome.CANCELED, None
        elif self._stop_asked.is_set() and state.outcome is None:
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
        elif self._is_unfetched or (isinstance(error, StreamCut) and state.is_identified):
            outcome = Outcome.INTERRUPTED
        elif state.is_identified:
            outcome = Outcome.INTERRUPTED if state.parts else Outcome.FAILED
        else:
            outcome = Outcome.FAILED
        at_us = self.elapsed_us
        if outcome is Outcome.INTERRUPTED:
            self._clock.cut(at_us)
        elif outcome is Outcome.REQUIRES_ACTION:
            self._clock.pause()
        for update in state.settle(at_us):
            yield update
        if self._measures:
            self.figures.breaks = self._clock.breaks
        if self._record is not None:
            await self._record.finish(state, self.figures, outcome, error, at_us)
        for update in state.enter(outcome, at_us):
            yield update
        silence = state.silence if outcome is Outcome.COMPLETED else None
        yield TurnEnded(outcome, at_us, error, silence, self._clock.breaks)

    async def _cancel(self) -> EventRecord | None:
        """Cancel the chat on the server, within two seconds; ignore that it may already be over.

        See docs/wire.md 4.3.
        """
        if not self.state.is_identified:
            return None
        detail, level = "", Outcome.COMPLETED.level
        try:
            async with asyncio.timeout(_CANCEL_SECONDS):
                await chats.cancel(self._client, self.state.conversation_id, self.state.chat_id)
        except TimeoutError:
            detail, level = _("no response"), "attention"
        except CozeTuiError as failure:
            if not chats.is_not_running(failure):
                from coze_tui.diagnostics.explain import explain

                detail, level = explain(failure, base_url="").title, "attention"
        return EventRecord("cancel", self.elapsed_us, level=level, detail=detail)


def _is_delta(item: StreamItem) -> bool:
    return isinstance(item, Frame) and item.event == DELTA_EVENT
