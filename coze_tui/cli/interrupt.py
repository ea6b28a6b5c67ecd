"""Ctrl+C and its like, for commands that talk to a bot."""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
from collections.abc import Callable
from types import FrameType

Handler = Callable[[int, FrameType | None], None]

_ENDING = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
"""A system may lack some. Of SIGQUIT's core file one could read the token."""


def take_ending_signals(handler: Handler, *, with_ctrl_c: bool = True) -> list[int]:
    """Let a function have the signals that ask for an end, save those ignored here; which these are."""
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
    """Ctrl+C and its like: the first stops the turn, the second ends the program, the third at once."""

    def __init__(self) -> None:
        self.signal = 0
        """The first signal that came."""
        self._stop: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_leaving = False

    def install(self) -> None:
        """Take the signals that mean an end. Not through the loop: it may be stuck in a write."""
        for number in take_ending_signals(self._take):
            # The interpreter takes our handler away long before it has ended.
            atexit.register(signal.signal, number, signal.SIG_IGN)

    def stopping(self, stop: Callable[[], None]) -> Stopping:
        """While this is entered a first signal calls `stop`, on the loop."""
        return Stopping(self, stop)

    def aim(self, stop: Callable[[], None] | None) -> None:
        self._stop = stop
        self._loop = asyncio.get_running_loop()

    def _take(self, number: int, frame: FrameType | None) -> None:
        is_first, self.signal = not self.signal, self.signal or number
        if self._is_leaving:
            os._exit(128 + self.signal)  # an exception would come up in whatever runs by now
        if not is_first or self._stop is None or self._loop is None:
            self._is_leaving = True
            raise KeyboardInterrupt
        self._loop.call_soon_threadsafe(self._stop)


class Stopping:
    def __init__(self, stopper: Interrupt, stop: Callable[[], None]) -> None:
        self._stopper = stopper
        self._stop = stop

    def __enter__(self) -> None:
        self._stopper.aim(self._stop)

    def __exit__(self, *error: object) -> None:
        self._stopper.aim(None)
