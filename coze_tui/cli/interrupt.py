"""The signals that ask the program to exit, for commands that talk to a bot."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from coze_tui.cli.exits import forget_stdout

Handler = Callable[[int, FrameType | None], None]
_T = TypeVar("_T")

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""A system may lack some. The core file of SIGQUIT could show the token."""


def take_ending_signals(handler: Handler, *, with_ctrl_c: bool = True) -> list[int]:
    """Install a handler for the signals that ask for an exit and are not ignored; return their numbers."""
    taken = []
    for name in _ENDING:
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) is signal.SIG_IGN:
            continue
        if with_ctrl_c or name != "SIGINT":
            signal.signal(number, handler)
            taken.append(number)
    return taken


class Interrupt:
    """Handles the signals that ask for an exit: the first ends the turn, the next exits.

    Only Ctrl+C stops the turn, which cancels its chat. The others leave it: a lost line is not a stop.
    Without a turn the first exits, by SystemExit. What fails on the way out because of it is not reported.
    """

    def __init__(self) -> None:
        self.signal = 0
        """The first signal that arrived."""
        self._stop: Callable[[], None] | None = None
        self._leave: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_leaving = False

    def take(self, *, with_ctrl_c: bool = True) -> None:
        """Install the handler. It does not need the loop, which may be blocked in a write."""
        take_ending_signals(self._take, with_ctrl_c=with_ctrl_c)

    def run(self, work: Coroutine[Any, Any, _T]) -> _T | int:
        """Run a coroutine with the signals taken; return its result, or the exit status after a signal."""
        self.take()
        try:
            return asyncio.run(self._quietly(work))
        except BaseException:
            # Libraries wrap the exit in groups, and tasks that it interrupts fail with other errors.
            if not self._is_leaving:
                raise
            return self.status

    async def _quietly(self, work: Coroutine[Any, Any, _T]) -> _T:
        await self.take_loop()
        return await work

    async def take_loop(self) -> None:
        """Make the running loop ignore errors of tasks that fail because the program is exiting."""

        def report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
            if not self._is_leaving:
                loop.default_exception_handler(context)

        asyncio.get_running_loop().set_exception_handler(report)

    @property
    def status(self) -> int:
        """Return the exit status for the first signal."""
        return 128 + (self.signal or signal.SIGINT)

    @contextmanager
    def ending(self, *, stop: Callable[[], None], leave: Callable[[], None]) -> Iterator[None]:
        """Call one of these on the running loop at the first signal within the context.

        Args:
            stop: For Ctrl+C.
            leave: For every other signal.
        """
        self._stop, self._leave, self._loop = stop, leave, asyncio.get_running_loop()
        try:
            yield
        finally:
            self._stop = self._leave = None

    def _take(self, number: int, frame: FrameType | None) -> None:
        is_first, self.signal = not self.signal, self.signal or number
        if not is_first:
            os._exit(self.status)  # an exception could surface in any code that is running by now
        end = self._stop if number == signal.SIGINT else self._leave
        if end is not None and self._loop is not None:
            self._loop.call_soon_threadsafe(end)
            return
        self._is_leaving = True
        forget_stdout()  # it may be blocked, and the exit would write to it again
        sys.unraisablehook = self._leave_at_once
        raise SystemExit(self.status)

    def _leave_at_once(self, problem: sys.UnraisableHookArgs) -> None:
        """Exit if Python has dropped the exit, as it does in the callback of a weak reference."""
        if isinstance(problem.exc_value, SystemExit):
            os._exit(self.status)
        sys.__unraisablehook__(problem)
