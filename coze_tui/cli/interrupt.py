"""The signals that ask the program to exit, for commands that talk to a bot."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
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
    """Install a handler for the signals that ask for an exit; return those that were not ignored before."""
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
    """Handles Ctrl+C and its like: the first stops the turn, the second exits, the third exits at once."""

    def __init__(self) -> None:
        self.signal = 0
        """The first signal that arrived."""
        self._stop: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_leaving = False

    def run(self, work: Coroutine[Any, Any, _T]) -> _T | int:
        """Run a coroutine with the signals taken; return its result, or the exit status if it was stopped."""
        # Not through the loop: it may be stuck in a write.
        for number in take_ending_signals(self._take):
            # The interpreter removes our handler long before it has exited.
            atexit.register(signal.signal, number, signal.SIG_IGN)
        try:
            return asyncio.run(work)
        except KeyboardInterrupt:
            forget_stdout()  # it may be stuck, and would be written to again
            return self.status

    @property
    def status(self) -> int:
        """Return the exit status for the first signal."""
        return 128 + (self.signal or signal.SIGINT)

    @contextmanager
    def stopping(self, stop: Callable[[], None]) -> Iterator[None]:
        """Call `stop` on the running loop at the first signal, as long as this is entered."""
        self._stop, self._loop = stop, asyncio.get_running_loop()
        try:
            yield
        finally:
            self._stop = None

    def _take(self, number: int, frame: FrameType | None) -> None:
        is_first, self.signal = not self.signal, self.signal or number
        if self._is_leaving:
            os._exit(128 + self.signal)  # an exception would be raised in whatever runs by now
        if not is_first or self._stop is None or self._loop is None:
            self._is_leaving = True
            raise KeyboardInterrupt
        self._loop.call_soon_threadsafe(self._stop)
