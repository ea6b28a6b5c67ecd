"""The thread and loop in which the network and the store live; calls go in, updates come out.

A terminal that stops reading stops the screen's loop, never this one (docs/textual.md 6.2).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from coze_tui.engine.model.updates import AnswerGrew, ReasoningGrew, TurnEnded, TurnUpdate

_T = TypeVar("_T")
_E = TypeVar("_E")

_Grew = AnswerGrew | ReasoningGrew

_PATIENCE = 0.5
"""Seconds that calls have to end when the engine is left."""


class _Growing:
    """Neighbouring deltas of one message, joined while nobody takes them."""

    __slots__ = ("arrivals_us", "bytes", "kind", "message_id", "texts")

    def __init__(self, first: _Grew) -> None:
        self.kind: type[AnswerGrew] | type[ReasoningGrew] = type(first)
        self.message_id = first.message_id
        self.texts = [first.text]
        self.arrivals_us = list(first.arrivals_us)
        self.bytes = first.bytes

    def joins(self, update: _Grew) -> bool:
        """Add the update if it continues this; never across another message or another kind."""
        if type(update) is not self.kind or update.message_id != self.message_id:
            return False
        self.texts.append(update.text)
        self.arrivals_us.extend(update.arrivals_us)
        self.bytes += update.bytes
        return True

    def update(self) -> TurnUpdate:
        return self.kind(self.message_id, "".join(self.texts), tuple(self.arrivals_us), self.bytes)


class TurnFeed:
    """The one crossing from the engine's thread to the screen's loop.

    Order is kept and nothing is dropped; deltas of one message are merged while they wait, so a screen
    that has fallen behind takes few, large updates.
    """

    def __init__(self) -> None:
        """On the screen's loop."""
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: list[TurnUpdate | _Growing] = []
        self._arrived = asyncio.Event()
        self._signalled = False
        self._ended = False

    def put(self, update: TurnUpdate) -> None:
        """From the engine's thread."""
        with self._lock:
            if isinstance(update, AnswerGrew | ReasoningGrew):
                last = self._waiting[-1] if self._waiting else None
                if not (isinstance(last, _Growing) and last.joins(update)):
                    self._waiting.append(_Growing(update))
            else:
                self._waiting.append(update)
            wake, self._signalled = not self._signalled, True
        if wake:
            try:
                self._loop.call_soon_threadsafe(self._arrived.set)
            except RuntimeError:  # the screen is gone; what was put is in the store
                pass

    async def take(self) -> list[TurnUpdate]:
        """On the screen's loop: all that waits, at least one; an empty list after TurnEnded was taken."""
        if self._ended:
            return []
        await self._arrived.wait()
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._signalled = False
            self._arrived.clear()
        updates = [item.update() if isinstance(item, _Growing) else item for item in waiting]
        self._ended = any(isinstance(update, TurnEnded) for update in updates)
        return updates

    async def updates(self) -> AsyncGenerator[TurnUpdate, None]:
        """On the screen's loop: each update, until TurnEnded."""
        while taken := await self.take():
            for update in taken:
                yield update


class EngineThread(Generic[_E]):
    """Runs an engine in a thread and a loop of its own."""

    def __init__(self, build: Callable[[], Awaitable[_E]], leave: Callable[[_E], Awaitable[None]]) -> None:
        self._build = build
        self._leave = leave
        self._calls: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._engine: Future[_E] = Future()
        self._engine.set_running_or_notify_cancel()  # who stops waiting for it must not take it from others
        self._stop: asyncio.Event | None = None
        self._asking = threading.Lock()
        self._is_over = False
        """Nothing more is taken: what came later would never be begun, nor end."""
        self._looping = threading.Event()

    def start(self) -> None:
        """Begin; returns at once. What the engine needs is imported and opened in its thread."""
        self._thread = threading.Thread(target=self._run, name="coze-engine", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._looping.set()
        try:
            engine = await self._build()
        except BaseException as failure:
            self._engine.set_exception(failure)
            if not isinstance(failure, Exception):
                raise
            return
        self._engine.set_result(engine)
        try:
            await self._stop.wait()
        finally:
            with self._asking:
                self._is_over = True
            await asyncio.sleep(0)  # what was asked until now is begun
            await self._end_calls()
            await self._leave(engine)

    async def _end_calls(self) -> None:
        """Let what was asked last come to its end, for a moment; a request that is torn leaks its socket."""
        if self._calls:
            _done, late = await asyncio.wait(self._calls, timeout=_PATIENCE)
            for call in late:
                call.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _awaited(self, ask: Callable[[_E], Awaitable[_T]], engine: _E) -> _T:
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        try:
            return await ask(engine)
        finally:
            self._calls.discard(call)

    async def call(self, ask: Callable[[_E], Awaitable[_T]]) -> _T:
        """From the screen's loop: run something in the engine's loop and await what it gives.

        Who asks when the engine is being left or has ended is cancelled.
        """
        engine = await asyncio.wrap_future(self._engine)
        assert self._loop is not None
        with self._asking:
            if self._is_over:
                raise asyncio.CancelledError
            future = asyncio.run_coroutine_threadsafe(self._awaited(ask, engine), self._loop)
        return await asyncio.wrap_future(future)

    def post(self, ask: Callable[[_E], Awaitable[object]]) -> Future[object]:
        """From any thread, once the engine is up: the same without waiting for it."""
        if self._loop is None or not self._engine.done() or self._engine.exception() is not None:
            raise RuntimeError("the engine is not up")
        return asyncio.run_coroutine_threadsafe(self._awaited(ask, self._engine.result()), self._loop)

    @property
    def is_up(self) -> bool:
        """The engine can be asked without waiting."""
        return self._engine.done() and self._engine.exception() is None

    def close(self, seconds: float = 5.0) -> bool:
        """End the engine and its thread; False if that took longer."""
        if self._thread is None:
            return True
        if not self._looping.wait(seconds):
            return False
        assert self._loop is not None
        assert self._stop is not None
        try:
            self._loop.call_soon_threadsafe(self._stop.set)
        except RuntimeError:
            pass  # it has ended already
        self._thread.join(seconds)
        return not self._thread.is_alive()
