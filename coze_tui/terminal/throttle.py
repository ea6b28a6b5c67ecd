"""The line to the terminal: how much waits on it, and how much may be written without lagging behind.

A frame that is written while others still wait makes everything after it late, keys included. So whoever
draws asks `room` first. What waits is known from four sides: what the writer thread has not written, what the
kernel says (TIOCOUTQ; always 0 for a pty on Linux), writes that block, and marks: status queries (DSR) sent
after a frame, whose answer says that the terminal has taken everything before it, however many buffers of
ssh or tmux lie in between. A terminal that never answers is not asked again.

POSIX only.
"""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import IO

MARK = "\x1b[5n"
UNLIMITED = 1 << 20
LAG = 0.25
"""Seconds that a frame may make the terminal late on a slow line."""
_SLACK = 0.15
"""Seconds an answer may be later than the quickest one before the line counts as behind."""
_BETWEEN_MARKS = 0.05
_MOST_MARKS = 16
_WORTH_A_MARK = 256
"""Bytes since the last mark; the echo of a key alone is not asked about."""
_ANSWER_LIMIT = 5.0
"""Seconds after which a terminal that has not answered counts as one that does not."""
_FAST = 100_000
"""Bytes a second from which on nothing is held back."""
_LEAST = 96
"""A frame of fewer bytes is not worth its cursor moves."""
_CHUNK = 2048
_BLOCKED = 0.04
"""Seconds from which on a write has waited for its reader."""
_KERNEL = 16_000
"""Bytes that a Linux pty holds; a write that waits goes on when nearly all are read (found by trial)."""
_CALM = 5.0
"""Seconds without a byte after which a slow line is tried at twice the speed."""


class OutputThrottle:
    """A file to write text to, which knows how far its reader is.

    `write` runs in the writer thread; everything else may be called from any thread and never blocks.
    """

    def __init__(self, file: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._fd = file.fileno()
        self._clock = clock
        self._lock = threading.Lock()
        self._handed = 0
        self._written = 0
        self._handed_at = 0.0
        self._broken = False
        # Marks
        self._marks: deque[tuple[float, int]] = deque()
        self._marked_at = -1.0
        self._marked = 0
        self._answers = 0
        self._silent = False
        self._acknowledged = (0.0, 0)
        self._quickest: float | None = None
        # The speed of the line, None while it is fast enough
        self._rate: float | None = None
        self._backlog = (0.0, 0.0)
        self._urgent = 0

    # -- as a file, for the writer thread

    def fileno(self) -> int:
        """The terminal's file number."""
        return self._fd

    def isatty(self) -> bool:
        """Whether it still is a terminal."""
        return os.isatty(self._fd)

    def flush(self) -> None:
        """Nothing is held back here."""

    def write(self, text: str) -> None:
        """Write all of it, waiting as long as the terminal takes; a closed terminal swallows it."""
        data = memoryview(text.encode("utf-8", "replace"))
        while data and not self._broken:
            started = self._clock()
            try:
                written = os.write(self._fd, data[:_CHUNK])
            except BlockingIOError:
                # Somebody who shares the terminal made it non-blocking.
                select.select([], [self._fd], [], 1)
                written = 0
            except OSError:
                self._broken = True
                break
            data = data[written:]
            self._wrote(written, started)
        if self._broken:
            with self._lock:
                self._written = self._handed

    def _wrote(self, count: int, started: float) -> None:
        now = self._clock()
        with self._lock:
            self._written += count
            self._add_backlog(now, count)
            if now - started > _BLOCKED:
                self._blocked(now, now - started)

    # -- for whoever draws

    def handed(self, text: str) -> None:
        """Note that this text is on its way to `write`."""
        count = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
        with self._lock:
            if self._handed == self._written:
                self._handed_at = self._clock()
            self._handed += count

    @property
    def broken(self) -> bool:
        """The terminal is gone."""
        return self._broken

    @property
    def rate(self) -> float | None:
        """Bytes a second the line was found to take; None when it is fast."""
        return self._rate

    @property
    def unwritten(self) -> int:
        """Bytes that this process still holds."""
        return self._handed - self._written

    def room(self) -> int:
        """Bytes that may be written now; 0 while the line is busy with earlier ones."""
        now = self._clock()
        waiting = self._kernel_waits()
        with self._lock:
            unwritten = self._handed - self._written
            if unwritten > _CHUNK or (unwritten and now - self._handed_at > _BLOCKED):
                return 0
            if waiting > (_CHUNK if self._rate is None else self._rate * LAG):
                return 0
            if self._marks and self._answers and now - self._marks[0][0] > _ANSWER_LIMIT:
                self._give_up(now)
            if self._marks and self._answers:
                if now - self._marks[0][0] > (self._quickest or 0.0) + _SLACK:
                    return 0
                in_flight = float(self._handed - self._acknowledged[1])
            else:
                in_flight = self._backlog_now(now)
            if self._rate is None:
                return UNLIMITED
            room = int(max(_LEAST, self._rate * LAG) - in_flight)
            return room if room >= _LEAST else 0

    def urgent_room(self) -> int:
        """Bytes for the echo of a key although `room` is 0: a few, until the line has moved on."""
        with self._lock:
            if self._handed - self._written > _CHUNK:
                return 0
            return max(0, 2 * _LEAST - self._urgent)

    def spent_urgently(self, count: int) -> None:
        """Note that so many bytes of `urgent_room` were used."""
        with self._lock:
            self._urgent += count
            # Without answers there is nobody to tell when they have left.
            if not self._answers and self._urgent >= _LEAST:
                self._urgent = 0

    def mark(self, size: int) -> str:
        """What to write after a frame of `size` to learn when the terminal has taken it; often nothing."""
        now = self._clock()
        with self._lock:
            if self._silent or now - self._marked_at < _BETWEEN_MARKS or len(self._marks) >= _MOST_MARKS:
                return ""
            if self._handed + size - self._marked < _WORTH_A_MARK:
                return ""
            if self._marks and not self._answers:
                self._silent = now - self._marks[0][0] > _ANSWER_LIMIT
                return ""
            self._marked_at = now
            self._marked = self._handed + size
            self._marks.append((now, self._marked))
            return MARK

    def answered(self) -> None:
        """The terminal has answered the oldest mark."""
        now = self._clock()
        with self._lock:
            self._silent = False
            if not self._marks:
                return
            self._answers += 1
            self._urgent = 0
            sent, handed = self._marks.popleft()
            trip = now - sent
            late = self._quickest is not None and trip > self._quickest + _SLACK
            if self._quickest is None or trip < self._quickest:
                self._quickest = trip
            last, taken = self._acknowledged
            if late and handed > taken and self._answers > 1:
                # The line was busy all the time since the later of the two.
                measured = (handed - taken) / max(now - max(last, sent), 1e-3)
                self._rate = measured if self._rate is None else (self._rate + measured) / 2
            elif self._rate is not None and not late:
                self._rate *= 1.25
            if self._rate is not None and self._rate > _FAST:
                self._rate = None
            self._acknowledged = (now, handed)

    def wait_for_answers(self, limit: float) -> None:
        """Wait until the terminal has answered everything it was asked, but not for long."""
        if self._silent or not self._answers:
            limit = min(limit, 0.05)
        end = time.monotonic() + limit
        while self._marks and time.monotonic() < end:
            time.sleep(0.005)

    def renew(self) -> None:
        """Forget what is on its way: the terminal was away (suspended), or is another one now."""
        with self._lock:
            self._marks.clear()
            self._acknowledged = (self._clock(), self._handed)
            self._backlog = (0.0, 0.0)
            self._rate = None
            self._urgent = 0

    # -- inside, under the lock

    def _give_up(self, now: float) -> None:
        """An answer got lost (in a paste, to another program): go on without until one comes all the same."""
        self._marks.clear()
        self._acknowledged = (now, self._handed)
        self._answers = 0
        self._silent = True

    def _kernel_waits(self) -> int:
        try:
            (waiting,) = struct.unpack("i", fcntl.ioctl(self._fd, termios.TIOCOUTQ, b"\0\0\0\0"))
        except OSError:
            return 0
        return int(waiting)

    def _backlog_now(self, now: float) -> float:
        at, backlog = self._backlog
        return max(0.0, backlog - (now - at) * self._rate) if self._rate is not None else 0.0

    def _add_backlog(self, now: float, count: int) -> None:
        if self._rate is None:
            return
        if now - self._backlog[0] > _CALM:
            # Nothing was written for long: perhaps the line is better now.
            self._rate *= 2
            if self._rate > _FAST:
                self._rate = None
                return
        self._backlog = (now, self._backlog_now(now) + count)

    def _blocked(self, now: float, waited: float) -> None:
        """A write has waited for its reader, who has emptied the kernel's buffer in that time."""
        if not self._answers and (rate := _KERNEL / waited) < _FAST:
            self._rate = rate
            self._backlog = (now, 0.0)


_BURST = 2.0
_PATIENCE = 0.6
"""Of the time between two frames: so much longer than it must may text wait for more."""


def over_ssh(env: Mapping[str, str]) -> bool:
    """Whether the terminal is at the other end of an SSH line."""
    return bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))


class FrameBudget:
    """So many frames a second in the long run, and two at once after a pause.

    Text that comes while nothing is left may wait a little longer than it must: drawn together with the next
    piece, it makes that one be seen at once.
    """

    def __init__(self) -> None:
        self._left = _BURST
        self._at = 0.0

    def may_draw(self, now: float, seconds: float) -> bool:
        """Whether there is a frame left.

        Args:
            seconds: Between two frames in the long run.
        """
        self._left = min(_BURST, self._left + (now - self._at) / seconds)
        self._at = now
        return self._left >= 1

    def spend(self, now: float, seconds: float) -> None:
        """A frame is drawn."""
        self.may_draw(now, seconds)
        self._left = max(0.0, self._left - 1)

    def latest(self, seconds: float) -> float:
        """When to draw what has just come, if nothing else comes before."""
        return self._at + (1 - self._left + _PATIENCE) * seconds
