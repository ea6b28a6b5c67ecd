"""The thread and loop in which the network and the store run; calls go in, updates come out.

A terminal that stops reading stops the screen's loop, never this one (docs/textual.md 6.2).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine

_T = TypeVar("_T")

_PATIENCE = 0.5
"""Seconds that calls have to end when the engine is left."""


class EngineThread:
    """Runs an engine in a thread and a loop of its own.

    Args:
        build: Opens the engine; called in the thread, which imports what the engine needs.
    """

    def __init__(self, build: Callable[[], Awaitable[Engine]]) -> None:
        self._build = build
        self._calls: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._engine: Future[Engine] = Future()
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
            await engine.close()

    async def _end_calls(self) -> None:
        """Let what was asked last come to its end, for a moment; a request that is torn leaks its socket."""
        if self._calls:
            _done, late = await asyncio.wait(self._calls, timeout=_PATIENCE)
            for call in late:
                call.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _awaited(self, ask: Callable[[Engine], Awaitable[_T]], engine: Engine) -> _T:
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        try:
            return await ask(engine)
        finally:
            self._calls.discard(call)

    async def call(self, ask: Callable[[Engine], Awaitable[_T]]) -> _T:
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

    def post(self, ask: Callable[[Engine], Awaitable[object]]) -> Future[object]:
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
