"""Exits on TERM, HUP, QUIT, INT, on a closed pty, and on a terminal that hangs during the exit.

Handlers are set with `signal.signal`, because those of the event loop do not run while it is blocked. Each
asks the app to exit with 128 + number and starts a watchdog. If the process still runs after a while, the
watchdog restores the terminal and ends the process. A thread regularly checks that the terminal still
exists, because some hang-ups send no signal (nohup, some containers).

On Windows only TERM and BREAK exist, and no terminal modes need restoring.
"""

from __future__ import annotations

import asyncio
import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import IO, Any

if sys.platform != "win32":
    import termios

PATIENCE = 2.5
"""Seconds that the app has to exit by itself."""
_LOOK = 1.5
_WRITE_LIMIT = 1.0
RESET = (
    "\x1b[?2026l\x1b[0m\x1b[r\x1b[<u\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l\x1b[?1004l"
    "\x1b[?2004l\x1b[?2048l\x1b[?7h\x1b[?1049l\x1b[?25h"
)
"""The sequence that undoes every mode that Textual and the early frame set."""


class ExitGuard:
    """A context manager that handles terminating signals and restores the terminal.

    Use it around the whole run; call `attach` once the loop runs.

    Args:
        modes: The termios attributes to restore; None reads them now.
        patience: Seconds that the app has to exit.
    """

    def __init__(self, modes: list[Any] | None = None, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._modes = modes if modes is not None else _modes_of_stdin()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._exit: Callable[[int], object] | None = None
        self._before: dict[int, Any] = {}
        self._watchdog: threading.Timer | None = None
        self._left = threading.Event()
        self.received: int | None = None
        """The number of the first signal."""
        self.undo = ""
        """Sequences that undo further changes by the app, for the watchdog."""

    def __enter__(self) -> ExitGuard:
        for number in _ending_signals():
            self._before[number] = signal.signal(number, self._receive)
        if self._modes is not None:
            threading.Thread(target=self._look_for_hangup, name="hangup", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._left.set()
        self._loop = None
        if self._watchdog is not None:
            self._watchdog.cancel()  # the app has exited in time
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def code(self) -> int | None:
        """Return the exit status if a signal has ended the run, else None."""
        return None if self.received is None else 128 + self.received

    def attach(self, loop: asyncio.AbstractEventLoop, leave: Callable[[int], object]) -> None:
        """Start to call `leave` with the exit status in this loop."""
        self._loop, self._exit = loop, leave
        if self.received is not None:
            loop.call_soon_threadsafe(leave, 128 + self.received)

    def hung_up(self) -> None:
        """Exit because the terminal is gone. May be called from any thread."""
        self._leave(getattr(signal, "SIGHUP", signal.SIGTERM))

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._loop is None:
            # The loop does not run yet, or no longer, so nothing needs saving.
            self.received = number
            self._last_resort()
        self._leave(number)

    def _leave(self, number: int) -> None:
        if self.received is None:
            self.received = int(number)
            self._watchdog = threading.Timer(self._patience, self._last_resort)
            # Otherwise the interpreter would wait for it.
            self._watchdog.daemon = True
            self._watchdog.start()
        loop, leave = self._loop, self._exit
        if loop is not None and leave is not None:
            try:
                loop.call_soon_threadsafe(leave, 128 + self.received)
            except RuntimeError:
                return  # closed meanwhile: the run is over anyway

    def _last_resort(self) -> None:
        """Restore the terminal without the app, and end the process."""
        restore_terminal(self._modes, self.undo)
        # Not `sys.exit`, because the main thread may hang in a write to the terminal.
        os._exit(128 + (self.received or signal.SIGTERM))

    def _look_for_hangup(self) -> None:
        if sys.platform == "win32":
            return
        while not self._left.wait(_LOOK):
            try:
                termios.tcgetattr(0)
            except termios.error:
                self.hung_up()
                return


def restore_terminal(modes: list[Any] | None, undo: str = "") -> None:
    """Restore the modes, then try to write the reset sequences and `undo`, for at most a second."""
    if sys.platform == "win32":
        return
    try:
        # Open the terminal again: O_NONBLOCK on stderr would affect the shell, too.
        terminal = os.open("/dev/tty", os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return
    try:
        if modes is not None:
            # Changing the modes would stop a background process.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
            termios.tcsetattr(terminal, termios.TCSANOW, modes)
        left = (RESET + undo).encode()
        end = time.monotonic() + _WRITE_LIMIT
        while left and time.monotonic() < end:
            try:
                left = left[os.write(terminal, left) :]
            except BlockingIOError:
                time.sleep(0.02)
    except (OSError, termios.error):
        return
    finally:
        os.close(terminal)


def missing_terminals(stdin: IO[str] | None, stderr: IO[str] | None) -> tuple[str, ...]:
    """Return which of "stdin" (Textual reads it) and "stderr" (Textual draws on it) are not terminals."""
    return tuple(
        name
        for name, stream in (("stdin", stdin), ("stderr", stderr))
        if stream is None or stream.closed or not stream.isatty()
    )


def speak_utf8(stream: IO[str] | None) -> bool:
    """Make a stream write UTF-8 whatever the locale. Return whether it already did."""
    if not isinstance(stream, io.TextIOWrapper):
        return True
    spoke = stream.encoding.lower().replace("-", "") == "utf8"
    stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    return spoke


def _modes_of_stdin() -> list[Any] | None:
    if sys.platform == "win32":
        return None
    try:
        return termios.tcgetattr(0)
    except termios.error:
        return None


def _ending_signals() -> list[int]:
    # SIGINT comes from other programs, because Ctrl+C is a key while the terminal is in raw mode.
    names = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT", "SIGBREAK")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
