"""A program in a pty of 120×40: every byte it writes with its moment, what it costs, and keys into it.

Nothing is interpreted while a program runs, so that watching costs little; `seen` plays the bytes through a
screen afterwards. POSIX; figures of cost are Linux's.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tests.support.children import end_with_parent
from tests.support.terminal import ENVIRONMENT_KEPT, ScreenFeed, TerminalScreen

COLUMNS, LINES = 120, 40
_QUESTION, _ANSWER = b"\x1b[5n", b"\x1b[0n"
_MOST_READ = 65_536
_PIECES_PER_SECOND = 50
"""Pieces that a slow line delivers each second."""
_CATCHES_UP_S = 0.25
"""Seconds for which a reader that woke late makes up."""


class Piece(NamedTuple):
    """What one read gave, and when its last byte arrived."""

    at: float
    data: bytes


class Late(RuntimeError):
    """What was waited for did not come."""


class Session:
    """A program that runs in a pty of its own, without the terminal's echo.

    Args:
        command: what to run.
        env: added to a small clean environment.
        bytes_per_second: the speed of a line without a buffer, whose bytes arrive when it has carried them.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        bytes_per_second: int | None = None,
    ) -> None:
        self._master, slave = os.openpty()
        self._set_size(COLUMNS, LINES)
        modes = termios.tcgetattr(slave)
        modes[3] &= ~termios.ECHO  # else a key is "seen" before the program has begun
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        self.pieces: list[Piece] = []
        self._size = 0
        self._tail = b""
        self._rate = bytes_per_second
        self._changed = threading.Condition()
        self._ended = False
        environment = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
        environment |= {"HOME": os.environ.get("HOME", "/"), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
        environment |= {"COLORTERM": "truecolor", **(env or {})}

        ends_too = end_with_parent()

        def take_the_tty() -> None:
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            ends_too()

        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            [str(part) for part in command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=cwd,
            env=environment,
            start_new_session=True,
            preexec_fn=take_the_tty,
        )
        os.close(slave)
        self._thread = threading.Thread(target=self._read, name="session-reader", daemon=True)
        self._thread.start()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # --- what it writes ---

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._size

    def wait_for(self, *texts: str, after: int = 0, timeout: float = 60) -> float:
        """Wait until it has written one of these texts in one go, from byte `after` on; when that was read.

        Raises:
            Late: it has not.
        """
        wanted = [text.encode() for text in texts]
        longest = max(map(len, wanted))
        end = time.monotonic() + timeout
        with self._changed:
            first = size = 0
            while True:
                for number in range(first, len(self.pieces)):
                    size += len(self.pieces[number].data)
                    if size > after:
                        before = self.pieces[number - 1].data[-longest:] if number else b""
                        data = before + self.pieces[number].data
                        if any(text in data for text in wanted):
                            return self.pieces[number].at
                first = len(self.pieces)
                left = end - time.monotonic()
                if left <= 0 or self._ended:
                    raise Late(f"{texts} did not come; the screen:\n{self.screen().text()}")
                self._changed.wait(min(left, 1))

    def wait_until(self, holds: Callable[[], bool], *, timeout: float = 60) -> None:
        """Wait until something is true of what has come."""
        with self._changed:
            if not self._changed.wait_for(holds, timeout):
                raise Late(f"it did not come true; the screen:\n{self.screen().text()}")

    def settle(self, quiet: float = 0.3, *, timeout: float = 60) -> float:
        """Wait until nothing has come for `quiet` seconds; the moment of the last byte."""
        end = time.monotonic() + timeout
        with self._changed:
            size = -1
            while size != self._size:
                if time.monotonic() > end:
                    raise Late(f"it never stops writing; the screen:\n{self.screen().text()}")
                size = self._size
                self._changed.wait_for(lambda seen=size: self._size != seen, quiet)  # type: ignore[misc]
            return self.pieces[-1].at if self.pieces else self.began

    def screen(self) -> TerminalScreen:
        """What the terminal shows by now."""
        with self._changed:
            pieces = list(self.pieces)
        screen = TerminalScreen(COLUMNS, LINES)
        feed = ScreenFeed(screen)
        for piece in pieces:
            feed.feed(piece.data)
        return screen

    def first_shown(self, holds: Callable[[str], bool], *, after: float = 0.0) -> float | None:
        """When the screen first held text of which this is true, looking at what came after a moment."""
        for at, screen in self.replayed():
            if at > after and holds(screen.text()):
                return at
        return None

    def replayed(self) -> Iterator[tuple[float, TerminalScreen]]:
        """The screen after each piece, with the piece's moment; `screen.dirty` is for the reader to clear."""
        screen = TerminalScreen(COLUMNS, LINES)
        feed = ScreenFeed(screen)
        for piece in list(self.pieces):
            feed.feed(piece.data)
            yield piece.at, screen

    def moments_of(self, pattern: re.Pattern[str]) -> Iterator[tuple[float, re.Match[str]]]:
        """Every match that comes to be seen on a row of the screen, with its moment; each text once."""
        known: set[str] = set()
        for at, screen in self.replayed():
            for y in sorted(screen.dirty):
                for match in pattern.finditer(screen.row(y)):
                    if match.group() not in known:
                        known.add(match.group())
                        yield at, match
            screen.dirty.clear()

    def bytes_between(self, start: float, end: float) -> int:
        """Bytes that came between two moments."""
        return sum(len(piece.data) for piece in list(self.pieces) if start < piece.at <= end)

    def frames_between(self, start: float, end: float) -> int:
        """Frames that came between two moments; writes that follow within 10 ms belong to the same frame."""
        times = [piece.at for piece in list(self.pieces) if start < piece.at <= end]
        return sum(1 for before, at in pairwise([start, *times]) if at - before > 0.01)

    # --- what it costs ---

    @property
    def cpu(self) -> float:
        """Seconds of processor time of its living threads."""
        spent = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                spent += int((task / "schedstat").read_text().split()[0])
            except OSError:  # the thread has just ended
                pass
        return spent / 1e9

    @property
    def resident(self) -> float:
        """Megabytes of memory it holds."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
        return int(found.group(1)) / 1000 if found else 0.0

    # --- what is done to it ---

    def send(self, data: bytes | str) -> float:
        """Type; the moment before."""
        at = time.perf_counter()
        os.write(self._master, data.encode() if isinstance(data, str) else data)
        return at

    def resize(self, columns: int, lines: int) -> float:
        """Make the window another size; the moment before."""
        at = time.perf_counter()
        self._set_size(columns, lines)
        return at

    def close(self) -> None:
        """End it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with self._changed:
            self._ended = True
        self._thread.join(5)
        os.close(self._master)

    # --- inside ---

    def _set_size(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def _read(self) -> None:
        most = _MOST_READ if self._rate is None else max(1, self._rate // _PIECES_PER_SECOND)
        free_at = 0.0
        while not self._ended:
            is_busy = bool(select.select([self._master], [], [], 0)[0])
            if not is_busy and not select.select([self._master], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self._master, most)
            except OSError:
                data = b""
            if self._rate is not None:
                now = time.perf_counter()
                # Only bytes that waited may make up for a late reader: an idle line saves nothing up.
                start = max(free_at, now - _CATCHES_UP_S) if is_busy else now
                free_at = start + len(data) / self._rate
                time.sleep(max(0.0, free_at - time.perf_counter()))
            at = time.perf_counter()
            with self._changed:
                if not data:
                    self._ended = True
                    self._changed.notify_all()
                    return
                self.pieces.append(Piece(at, data))
                self._size += len(data)
                self._changed.notify_all()
            self._answer(data)

    def _answer(self, data: bytes) -> None:
        """Answer status queries, as terminals do."""
        asked = (self._tail + data).count(_QUESTION) - self._tail.count(_QUESTION)
        self._tail = data[-(len(_QUESTION) - 1) :]
        if asked:
            try:
                os.write(self._master, _ANSWER * asked)
            except OSError:
                pass
