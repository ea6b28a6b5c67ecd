"""The thread and loop of the network and the store: calls go in, updates come out.

A terminal that stops reading blocks the screen's loop, but never this one (docs/textual.md 6.2).
"""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine
    from coze_tui.engine.session.outbox import Unsaved

_T = TypeVar("_T")

_PATIENCE = 0.5
"""Seconds that running calls may take to end when the engine closes."""


def _hold_signals() -> set[int] | None:
    """Hold signals back in this thread; return its mask before, or None on Windows.

    Handlers raise exceptions, and two of them inside of `Thread.start` break its locks.
    """
    if sys.platform == "win32":
        return None
    return set(signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals()))


def _let_signals_in(mask: set[int] | None) -> None:
    if sys.platform != "win32" and mask is not None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


class EngineThread:
    """Runs an engine in a separate thread with its own loop.

    Args:
        build: opens the engine; called in the thread, which imports the modules that the engine needs.
    """

    def __init__(self, build: Callable[[], Awaitable[Engine]]) -> None:
        self._build = build
        self._calls: set[asyncio.Task[object]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._engine: Future[Engine] = Future()
        # Mark it as running, so that a canceled caller cannot cancel it for others.
        self._engine.set_running_or_notify_cancel()
        self._stop: asyncio.Event | None = None
        self._asking = threading.Lock()
        self._is_over = False
        """Whether new calls are rejected, because the loop would never run them."""
        self._looping = threading.Event()
        self.unsaved: Unsaved | None = None
        """The writes that the store did not accept before the engine closed."""
        self.left_chats = 0
        """Number of chats that ran when the engine closed and whose rest the next start fetches."""
        self.is_saved = False
        """Whether the store was a file when the engine closed."""

    def start(self) -> None:
        """Start the thread and return at once. It imports and opens what the engine needs."""
        # A daemon: a stuck system call must not keep the process alive after `close` has given up.
        held = _hold_signals()
        may_run = threading.Lock()
        may_run.acquire()

        def run() -> None:
            with may_run:  # a signal that this thread takes is handled in the one that starts it
                _let_signals_in(held)  # the programs that the engine starts have the same mask
            self._run()

        self._thread = threading.Thread(target=run, name="coze-engine", daemon=True)
        try:
            self._thread.start()
        finally:
            may_run.release()
            _let_signals_in(held)

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._report_problem)
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
            # With the lock of `call`: no call starts between this flag and the last calls below.
            with self._asking:
                self._is_over = True
            await asyncio.sleep(0)  # let the calls made so far start
            await self._end_calls()
            await engine.close()
            self.unsaved, self.left_chats = engine.unsaved, engine.left_chats
            self.is_saved = engine.is_saved

    def _report_problem(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report a task whose error nobody awaits, unless closing the engine has caused it."""
        # Closing cancels tasks, whose errors are expected.
        if not self._is_over:
            loop.default_exception_handler(context)

    async def _end_calls(self) -> None:
        """Wait a moment for the last calls, then cancel them: an interrupted request leaks its socket."""
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
        """Run a coroutine in the engine's loop and return its result. Called on the screen's loop.

        Raises CancelledError if the engine is closing or closed.
        """
        engine = await asyncio.wrap_future(self._engine)
        assert self._loop is not None
        with self._asking:
            if self._is_over:
                raise asyncio.CancelledError
            future = asyncio.run_coroutine_threadsafe(self._awaited(ask, engine), self._loop)
        return await asyncio.wrap_future(future)

    def post(self, ask: Callable[[Engine], Awaitable[object]]) -> Future[object]:
        """Run a coroutine without waiting for it. Called in any thread once the engine is up."""
        if self._loop is None or not self._engine.done() or self._engine.exception() is not None:
            raise RuntimeError("the engine is not up")
        return asyncio.run_coroutine_threadsafe(self._awaited(ask, self._engine.result()), self._loop)

    @property
    def is_up(self) -> bool:
        """Return whether calls run without waiting for the engine to open."""
        return self._engine.done() and self._engine.exception() is None

    async def opens_within(self, seconds: float) -> bool:
        """Wait until the engine is open, or has failed, or the time is over; return whether it is open."""
        if not self._engine.done():
            opening = asyncio.wrap_future(self._engine)
            await asyncio.wait([opening], timeout=seconds)
            if opening.done():
                opening.exception()  # the calls that need the engine report it
        return self.is_up

    def close(self, seconds: float = 5.0) -> bool:
        """Close the engine and its thread; return False if that took longer."""
        if self._thread is None:
            return True
        # The loop may not be running yet, and then cannot be stopped.
        if not self._looping.wait(seconds):
            return False
        assert self._loop is not None
        assert self._stop is not None
        try:
            self._loop.call_soon_threadsafe(self._stop.set)
        except RuntimeError:
            pass  # it has already ended
        self._thread.join(seconds)
        return not self._thread.is_alive()
