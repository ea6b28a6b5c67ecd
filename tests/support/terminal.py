"""A real pty with a screen behind it: starts a program, shows what a person would see, types, resizes.

`Terminal` is the session, `TerminalScreen` the emulator: pyte, with what real terminals do beyond it
(grapheme widths, blanked halves of wide characters, the alternate screen, private modes remembered).
POSIX only.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

import pyte
from pyte.screens import Char, Margins
from rich.cells import split_graphemes

from tests.support.children import end_with_parent

Modes = list[Any]
"""What `termios.tcgetattr` gives."""

LIMIT_S = 45.0
"""Seconds after which a busy machine is no excuse."""

ENVIRONMENT_KEPT = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "COVERAGE_PROCESS_START")


class Cell(NamedTuple):
    """One cell as compared by tests; what cannot be seen on a blank is left out."""

    text: str
    foreground: str
    background: str
    bold: bool
    italics: bool
    underscore: bool
    strikethrough: bool
    reverse: bool


class TerminalScreen(pyte.Screen):
    """pyte's screen with the habits of a real terminal."""

    def __init__(self, columns: int, lines: int) -> None:
        self.private_modes: set[int] = set()
        self.title_seen: list[str] = []
        self.bells = 0
        self.scrolls = 0
        self._primary: tuple[dict[int, Any], Any] | None = None
        self._last = ("", 0, 0, 0)
        self.answers: Callable[[str], None] | None = None
        super().__init__(columns, lines)

    # -- text

    def draw(self, data: str) -> None:
        """Draw grapheme by grapheme, as wide as Textual believes them to be."""
        last, x, end, y = self._last
        if last and (self.cursor.x, self.cursor.y) == (end, y) and not data[0].isascii():
            # The rest of a cluster may come in the next piece.
            (_, length, width), *_ = split_graphemes(last + data)[0]
            if length > len(last):
                self.cursor.x = x
                self._draw_grapheme((last + data)[:length], width)
                data = data[length - len(last) :]
        for start, stop, width in split_graphemes(data)[0]:
            self._draw_grapheme(data[start:stop], width)

    def _draw_grapheme(self, text: str, width: int) -> None:
        line = self.buffer[self.cursor.y]
        if width == 0:
            if self.cursor.x:
                at = self.cursor.x - 1
                if line[at].data == "" and at:
                    at -= 1
                line[at] = line[at]._replace(data=line[at].data + text)
            return
        if self.cursor.x + width > self.columns:
            if pyte.modes.DECAWM in self.mode:
                self.carriage_return()
                self.linefeed()
                line = self.buffer[self.cursor.y]
            else:
                self.cursor.x = self.columns - width
        x = self.cursor.x
        self._blank_halves(line, x, x + width)
        line[x] = self.cursor.attrs._replace(data=text)
        if width == 2:
            line[x + 1] = self.cursor.attrs._replace(data="")
        self.cursor.x = x + width
        self._last = (text, x, x + width, self.cursor.y)
        self.dirty.add(self.cursor.y)

    def _blank_halves(self, line: Any, start: int, end: int) -> None:
        """A wide character loses both halves when one of them is written over."""
        if start > 0 and line[start].data == "":
            line[start - 1] = line[start - 1]._replace(data=" ")
        if end < self.columns and line[end].data == "":
            line[end] = line[end]._replace(data=" ")

    def erase_characters(self, count: int | None = None) -> None:
        line = self.buffer[self.cursor.y]
        self._blank_halves(line, self.cursor.x, min(self.cursor.x + (count or 1), self.columns))
        super().erase_characters(count)

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        if how == 0 and self.cursor.x < self.columns:
            self._blank_halves(self.buffer[self.cursor.y], self.cursor.x, self.columns)
        super().erase_in_line(how, private)

    def cursor_position(self, line: int | None = None, column: int | None = None) -> None:
        self._last = ("", 0, 0, 0)
        super().cursor_position(line, column)

    def cursor_to_column(self, column: int | None = None) -> None:
        self._last = ("", 0, 0, 0)
        super().cursor_to_column(column)

    # -- what pyte leaves out

    def index(self) -> None:
        _, bottom = self.margins or Margins(0, self.lines - 1)
        if self.cursor.y == bottom:
            self.scrolls += 1
        super().index()

    def reverse_index(self) -> None:
        top, _ = self.margins or Margins(0, self.lines - 1)
        if self.cursor.y == top:
            self.scrolls += 1
        super().reverse_index()

    def insert_lines(self, count: int | None = None) -> None:
        self.scrolls += count or 1
        super().insert_lines(count)

    def bell(self, *args: object) -> None:
        self.bells += 1

    def select_graphic_rendition(self, *attrs: int, **kwargs: Any) -> None:
        if not kwargs.get("private"):  # CSI > … m sets modifyOtherKeys, CSI ? … m asks for it
            super().select_graphic_rendition(*attrs)

    def set_title(self, param: str) -> None:
        self.title_seen.append(param)
        super().set_title(param)

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            for mode in modes:
                if mode == 1049 and 1049 not in self.private_modes:
                    self._primary = (dict(self.buffer), (self.cursor.x, self.cursor.y))
                    self.buffer.clear()
                self.private_modes.add(mode)
        super().set_mode(*modes, **kwargs)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        if kwargs.get("private"):
            for mode in modes:
                if mode == 1049 and self._primary is not None:
                    lines, (self.cursor.x, self.cursor.y) = self._primary
                    self.buffer.clear()
                    self.buffer.update(lines)
                    self._primary = None
                self.private_modes.discard(mode)
        super().reset_mode(*modes, **kwargs)

    def report_device_status(self, mode: int = 0, **kwargs: Any) -> None:
        if self.answers is not None and mode == 5:
            self.answers("\x1b[0n")

    def report_device_attributes(self, *args: Any, **kwargs: Any) -> None:
        return

    # -- reading it

    def text(self) -> str:
        """All rows, trailing blanks cut, joined by newlines."""
        return "\n".join(self.row(y) for y in range(self.lines))

    def row(self, y: int) -> str:
        """One row as text, trailing blanks cut."""
        line = self.buffer[y]
        return "".join(line[x].data for x in range(self.columns)).rstrip()

    def cells(self) -> list[list[Cell]]:
        """Every cell with its colors, rows first."""
        return [[_cell(self.buffer[y][x]) for x in range(self.columns)] for y in range(self.lines)]


def _cell(char: Char) -> Cell:
    blank = char.data == " " and not (char.reverse or char.underscore or char.strikethrough)
    return Cell(
        char.data,
        "" if blank else char.fg,
        char.bg,
        char.bold and not blank,
        char.italics and not blank,
        char.underscore,
        char.strikethrough,
        char.reverse,
    )


class ScreenFeed:
    """Bytes in, screen changed: the stream with what pyte's parser stumbles over taken out."""

    # Kitty's keyboard protocol (pyte would draw the "u") and the request for a mode.
    _FOREIGN = re.compile(rb"\x1b\[[<>=][0-9;]*[A-Za-z]|\x1b\[\?[0-9;]*\$p")
    _UNFINISHED = re.compile(rb"\x1b(?:\[[<>=?]?[0-9;]*\$?)?\Z")

    def __init__(self, screen: TerminalScreen) -> None:
        self._stream = pyte.ByteStream(screen)
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Take any number of bytes, cut anywhere."""
        data = self._rest + data
        self._rest = b""
        if unfinished := self._UNFINISHED.search(data):
            self._rest = data[unfinished.start() :]
            data = data[: unfinished.start()]
        if data:
            self._stream.feed(self._FOREIGN.sub(b"", data))


class Gone(AssertionError):
    """What was waited for did not come; the message shows the screen."""


class Terminal:
    """A program in a pty of its own.

    Args:
        command: What to run.
        size: Columns and rows.
        env: Added to a small clean environment (PATH, HOME, TERM=xterm-256color, COLORTERM=truecolor, UTF-8).
        cwd: Where to run it.
        stdin, stdout, stderr: Given instead of the pty, for tests of redirection.
        answers: Answer status queries (DSR) as a real terminal does.
        bytes_per_second: Read no faster than this; None reads as it comes.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        size: tuple[int, int] = (80, 24),
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
        answers: bool = True,
        bytes_per_second: int | None = None,
    ) -> None:
        columns, lines = size
        self.master, slave = os.openpty()
        self._set_size(columns, lines)
        self.modes_before: Modes = termios.tcgetattr(self.master)
        self.screen = TerminalScreen(columns, lines)
        if answers:
            self.screen.answers = self._answer
        self._feed = ScreenFeed(self.screen)
        self._raw = bytearray()
        self._changed = threading.Condition(threading.RLock())
        self._reading = threading.Event()
        self._reading.set()
        self._closed = False
        self.ended = False
        """The program's side of the pty is closed."""
        self._rate = bytes_per_second
        environment = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
        environment |= {
            "HOME": os.environ.get("HOME", "/"),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
            "TEXTUAL_ANIMATIONS": "none",
        }
        environment |= env or {}

        ends_too = end_with_parent()

        def take_the_tty() -> None:
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            ends_too()

        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=slave if stdin is None else stdin,
            stdout=slave if stdout is None else stdout,
            stderr=slave if stderr is None else stderr,
            cwd=cwd,
            env=environment,
            start_new_session=True,
            preexec_fn=take_the_tty,
        )
        os.close(slave)
        self._thread = threading.Thread(target=self._read, name="terminal-reader", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- what it shows

    @property
    def raw(self) -> bytes:
        """Every byte the program has written so far."""
        with self._changed:
            return bytes(self._raw)

    @property
    def text(self) -> str:
        """The screen as text."""
        with self._changed:
            return self.screen.text()

    def cells(self) -> list[list[Cell]]:
        """The screen's cells with colors."""
        with self._changed:
            return self.screen.cells()

    def modes(self) -> Modes:
        """The tty's termios now; to compare with `modes_before`."""
        return termios.tcgetattr(self.master)

    def wait_for(self, what: str | Callable[[TerminalScreen], bool], *, timeout: float = LIMIT_S) -> None:
        """Wait until a text is on the screen, or a claim about the screen holds.

        Raises:
            Gone: it did not happen; the message holds the screen.
        """

        def holds() -> bool:
            return what in self.screen.text() if isinstance(what, str) else what(self.screen)

        with self._changed:
            self._changed.wait_for(lambda: holds() or self.ended, timeout)
            if not holds():
                name = repr(what) if isinstance(what, str) else "the claim"
                raise Gone(f"{name} did not come; the screen:\n{self.screen.text()}")

    def wait_for_raw(self, part: bytes, *, timeout: float = 20, after: int = 0) -> None:
        """Wait until the program has written these bytes, looking from byte `after` on."""
        with self._changed:
            self._changed.wait_for(lambda: part in self._raw[after:] or self.ended, timeout)
            if part not in self._raw[after:]:
                raise Gone(f"{part!r} was not written; the last bytes: {bytes(self._raw[-300:])!r}")

    def wait_until(self, holds: Callable[[], bool], *, timeout: float = LIMIT_S) -> None:
        """Wait for something that is not on the screen (a file, a mode), looking often."""
        end = time.monotonic() + timeout
        while not holds():
            if time.monotonic() > end:
                raise Gone(f"the claim did not come true; the screen:\n{self.text}")
            time.sleep(0.01)

    def settle(self, quiet: float = 0.2, *, timeout: float = LIMIT_S) -> None:
        """Wait until nothing has been written for `quiet` seconds."""
        end = time.monotonic() + timeout
        with self._changed:
            size = -1
            while size != len(self._raw):
                if time.monotonic() > end:
                    raise Gone("the program never stops writing")
                size = len(self._raw)
                self._changed.wait_for(lambda seen=size: len(self._raw) != seen, quiet)  # type: ignore[misc]

    def wait(self, *, timeout: float = LIMIT_S) -> int:
        """Wait for the end of the program; its exit code (negative: the signal that killed it)."""
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise Gone(f"the program does not end; the screen:\n{self.text}") from None
        if self._reading.is_set() and not self._closed:
            with self._changed:
                # Another holder of the slave (a grandchild) may keep it open.
                self._changed.wait_for(lambda: self.ended, 5)
        return code

    # -- what is done to it

    def send(self, data: bytes | str) -> None:
        """Type bytes."""
        data = data.encode() if isinstance(data, str) else data
        while data:
            written = os.write(self.master, data)
            data = data[written:]

    def paste(self, text: str) -> None:
        """Paste as a terminal with bracketed paste does."""
        self.send(b"\x1b[200~" + text.encode() + b"\x1b[201~")

    def resize(self, columns: int, lines: int) -> None:
        """Make the window another size; the program is told by SIGWINCH."""
        with self._changed:
            self.screen.resize(lines, columns)
        self._set_size(columns, lines)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        self.process.send_signal(number)

    def stop_reading(self) -> None:
        """Read nothing more until `start_reading`, as a terminal that hangs."""
        self._reading.clear()

    def start_reading(self) -> None:
        """Go on reading."""
        self._reading.set()

    def hang_up(self) -> None:
        """Close the pty under the program, as a lost SSH line does."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
        self._reading.set()
        self._thread.join(5)
        os.close(self.master)

    def close(self) -> None:
        """End the program by force if it still runs, and free the pty."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        self.hang_up()

    # -- inside

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _answer(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self.master, text.encode())

    def _read(self) -> None:
        while not self._closed:
            if not self._reading.wait(0.05):
                continue
            ready, _, _ = select.select([self.master], [], [], 0.05)
            if not ready or not self._reading.is_set():
                continue
            try:
                data = os.read(self.master, 65536 if self._rate is None else max(1, self._rate // 20))
            except OSError:
                data = b""
            with self._changed:
                if not data:
                    self.ended = True
                    self._changed.notify_all()
                    return
                self._raw += data
                self._feed.feed(data)
                self._changed.notify_all()
            if self._rate is not None:
                time.sleep(len(data) / self._rate)
