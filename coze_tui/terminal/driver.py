"""Textual's Linux driver with fixes.

With Textual's own driver, a byte that is not UTF-8 ends the app, a closed stdin uses a whole core or crashes,
and a
terminal that stops reading blocks the event loop. After several resizes at once it may report an older size
last. A process that continues after kill -STOP starts a second input thread, and leaves the terminal in raw
mode at the end. This driver fixes these faults, and takes over the terminal of the early frame.

POSIX only. It overrides private names of Textual: import it only if `textual_overrides.is_known_textual`.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import selectors
import signal
import sys
import termios
import threading
import time
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.message import Message

from coze_tui.terminal.first_frame import MOST_COLUMNS, MOST_LINES
from coze_tui.terminal.keys import EnterGuard, KeyRun
from coze_tui.terminal.parser import KeyParser
from coze_tui.terminal.throttle import OutputThrottle
from coze_tui.terminal.window import ASK_BACKGROUND, Window, is_light

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual.app import App

    from coze_tui.terminal.first_frame import EarlyFrame

_ALTERNATE_SCREEN = "\x1b[?1049h"
_PLAIN = "\x1b[0m\x1b[r"
_ANSWER_WAIT = 0.2
"""Seconds that the exit waits for pending answers of the terminal, which would otherwise reach the shell."""
_HOLD_LIMIT = 5.0
"""Seconds after which keys are delivered although nothing has the focus."""
_WRITER_WAIT = 1.0
"""Seconds that the exit waits for a terminal that does not read."""


@runtime_checkable
class DriverHost(Protocol):
    """The interface of an app that runs on `TerminalDriver`."""

    enter_guard: EnterGuard
    """Is notified of every piece of input."""
    early_frame: EarlyFrame | None
    """A terminal to take over; the driver resets it to None."""
    throttle: OutputThrottle | None
    """Set by the driver."""
    take_input: Callable[[], None] | None
    """Set by the driver; the app calls it as soon as a widget has the focus."""
    window: Window
    """The title, and whether to ask for the background."""

    def background_reported(self, is_light: bool) -> None:
        """Handle the reported background; called in the app's loop."""

    def terminal_was_away(self) -> None:
        """Handle a terminal with unknown content; called in the app's loop."""

    def terminal_is_gone(self) -> None:
        """Handle the loss of the terminal; called in the input thread."""


class TerminalDriver(LinuxDriver):
    """A driver for an app that is a `DriverHost`."""

    def __init__(
        self,
        app: App[Any],
        *,
        debug: bool = False,
        mouse: bool = True,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        assert sys.__stderr__ is not None
        self.throttle = OutputThrottle(sys.__stderr__)
        # Textual calls only write, flush and fileno.
        self._file: Any = self.throttle
        if not isinstance(app, DriverHost):
            raise TypeError(f"{type(app).__name__} is no DriverHost")
        self._host: DriverHost = app
        self._host.throttle = self.throttle
        self._host.take_input = self.take_input
        self._holding = True
        self._held: list[Message] = []
        self._hold_lock = threading.Lock()
        self._inbox: list[Message] = []
        self._inbox_lock = threading.Lock()
        self._in_application_mode = False
        self._skip_alternate_screen = False
        self._typed_early = b""

    # -- out

    def write(self, data: str) -> None:
        """Pass text to the writer thread; never blocks."""
        if self._skip_alternate_screen and data == _ALTERNATE_SCREEN:
            # Entering it twice would clear the early frame and lose the position of the shell's cursor.
            self._skip_alternate_screen = False
            return
        self.throttle.count_queued(data)
        super().write(data)

    def start_application_mode(self) -> None:
        """Take over the terminal, from the shell or from the early frame."""
        early = self._host.early_frame
        self._skip_alternate_screen = early is not None and early.painted
        self._typed_early = early.take_keys() if early is not None else b""
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._skip_alternate_screen = False
        if self._writer_thread is None:
            return  # in the background: Textual waits for the next SIGCONT
        signal.signal(signal.SIGWINCH, self._size_changed)
        asyncio.run_coroutine_threadsafe(self._send_size(if_other=True), self._loop)
        # A full queue would block the loop. `OutputThrottle.room` bounds it instead.
        self._writer_thread._queue.maxsize = 0
        if early is not None:
            self.attrs_before = early.modes
            # Read the shell's modes again after a suspension.
            self._host.early_frame = None
        self.write(self._host.window.start())
        if self._host.window.asks_background:
            self.ask_background()
        # This may run in a signal handler, in the middle of a frame.
        self._loop.call_soon_threadsafe(self._host.terminal_was_away)
        self._in_application_mode = True

    def ask_background(self) -> None:
        """Ask the terminal for its background. The app gets the answer if the terminal sends one.

        A mark follows: the terminal answers in order, so nothing arrives after the mark's answer.
        """
        self.write(ASK_BACKGROUND + self.throttle.mark_after_question(len(ASK_BACKGROUND)))

    def _reported(self, report: str) -> None:
        """Pass on the background. Runs in the input thread."""
        light = is_light(report)
        if light is not None:
            self._loop.call_soon_threadsafe(self._host.background_reported, light)

    def _size_changed(self, _number: int, _frame: FrameType | None) -> None:
        """Handle SIGWINCH. Another signal may interrupt this, so the loop reads the size later."""
        asyncio.run_coroutine_threadsafe(self._send_size(), self._loop)

    def _size_reported(self) -> None:
        """Read the size from the tty: a reported size may be wrong, late, or larger than any screen."""
        asyncio.run_coroutine_threadsafe(self._send_size(if_other=True), self._loop)

    def _get_terminal_size(self) -> tuple[int, int]:
        try:
            columns, lines = os.get_terminal_size(self._file.fileno())
        except OSError:
            columns = lines = 0
        if not (columns and lines):  # a serial line has no size; Textual then reads the environment
            columns, lines = super()._get_terminal_size()
        return min(columns, MOST_COLUMNS), min(lines, MOST_LINES)

    async def _send_size(self, *, if_other: bool = False) -> None:
        """Send the app the current size of the terminal."""
        size = Size(*self._get_terminal_size())
        if not (if_other and size == self._app.size):
            self._app.post_message(events.Resize(size, size))

    def stop_application_mode(self) -> None:
        """Restore the terminal."""
        self._in_application_mode = False
        self.throttle.wait_for_answers(_ANSWER_WAIT)
        self.write(_PLAIN + self._host.window.stop())
        super().stop_application_mode()

    def close(self) -> None:
        """End the writer thread, or abandon it if its terminal does not read."""
        if self._writer_thread is not None:
            # Textual's own `close` waits without end for a terminal that does not read (docs/textual.md 6.2).
            self._writer_thread._queue.put(None)
            self._writer_thread.join(_WRITER_WAIT)
        self.throttle.renew()

    def _sigcont_application(self, *args: object) -> None:
        """Continue after a stop: our own (SIGTSTP), or one without notice (SIGSTOP)."""
        if not self._auto_restart:
            return
        if not self._in_application_mode:
            self.resume_application_mode()
            return
        # The shell may have changed the modes of the terminal.
        try:
            modes = termios.tcgetattr(self.fileno)
            modes[3] = self._patch_lflag(modes[3])
            modes[0] = self._patch_iflag(modes[0])
            modes[6][termios.VMIN] = 1
            termios.tcsetattr(self.fileno, termios.TCSANOW, modes)
        except termios.error:
            return
        self.write(f"{_ALTERNATE_SCREEN}\x1b[?25l\x1b[?1004h")
        self._enable_bracketed_paste()
        self._disable_line_wrap()
        self._enable_mouse_support()
        self._loop.call_soon_threadsafe(self._host.terminal_was_away)

    # -- in

    def process_message(self, message: Message) -> None:
        """Deliver a message. Holds keys and pastes until a widget has the focus, or they would be lost."""
        # The input thread and the loop both deliver: without the lock, a key could overtake those held.
        with self._hold_lock:
            if self._holding and isinstance(message, (events.Key, events.Paste, KeyRun)):
                self._held.append(message)
                return
            super().process_message(message)

    def send_message(self, message: Message) -> None:
        """Add a message to the app's queue. Merges waiting characters into one run."""
        with self._inbox_lock:
            self._inbox.append(message)
            # The loop was called for the first message, and takes all that wait then.
            if len(self._inbox) > 1:
                return
        self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        with self._inbox_lock:
            inbox, self._inbox = self._inbox, []
        for message in _with_runs(inbox):
            self._app.post_message(message)

    def take_input(self) -> None:
        """Deliver the held input in order, because a widget has the focus now."""
        with self._hold_lock:
            self._holding = False
            for message in self._held:
                super().process_message(message)
            self._held.clear()

    def run_input_thread(self) -> None:
        """Read until the exit event or the end of the file. Invalid UTF-8 is replaced."""
        parser = KeyParser(
            self._host.enter_guard,
            self.throttle.answered,
            resized=self._size_reported,
            reported=self._reported,
            debug=self._debug,
        )
        give_up = time.monotonic() + _HOLD_LIMIT
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        if early := decode(self._typed_early):
            self._typed_early = b""
            for message in parser.feed(early):
                self.process_message(message)
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                # Not longer, because a lone Escape and the exit are noticed in between.
                if selector.select(0.1):
                    try:
                        data = os.read(self.fileno, 65536)
                    # The end of a closed pty is an error, unlike that of a file.
                    except OSError:
                        data = b""
                    if not data:
                        self._host.terminal_is_gone()
                        return
                    for message in parser.feed(decode(data)):
                        self.process_message(message)
                for message in parser.tick():
                    self.process_message(message)
                if self._holding and time.monotonic() > give_up:
                    self.take_input()


def _with_runs(messages: list[Message]) -> list[Message]:
    """Return messages with consecutive runs merged."""
    joined: list[Message] = []
    for message in messages:
        before = joined[-1] if joined else None
        if isinstance(before, KeyRun) and isinstance(message, KeyRun):
            joined[-1] = before.joined(message)
        else:
            joined.append(message)
    return joined
