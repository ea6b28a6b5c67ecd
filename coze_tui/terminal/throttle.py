"""Measures how much output is pending on the line to the terminal, and the speed of the line.

A frame that is written while others are pending delays everything after it, including the echo of keys. So
the display asks `OutputThrottle.room` first. It estimates the pending output from four sources: text that the
writer thread has not written, the kernel's count (TIOCOUTQ; always 0 for a pty on Linux), writes that block,
and marks. A mark is a status query (DSR) after a frame. Its answer says that the terminal has read everything
before it, whatever buffers ssh or tmux have in between. A terminal that never answers is not queried again.

A late answer means that the line is slow, and shows its speed. From then on each answer corrects the speed,
and `seconds_for` returns the time that a number of bytes needs, which callers use to limit their updates.

POSIX only.
"""

from __future__ import annotations

import fcntl
import math
import os
import select
import struct
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import IO, NamedTuple

from coze_tui.terminal.cells import byte_count

MARK = "\x1b[5n"
UNLIMITED = 1 << 20
LAG = 0.2
"""Seconds by which a frame may delay the terminal on a slow line."""
_SLACK = 0.15
"""Seconds by which an answer may be later than expected before it shows that the line is slower."""
_PATIENCE = 0.05
"""Seconds by which an answer may be later than expected before output on a slow line waits for it."""
_BETWEEN_MARKS = 0.05
_MOST_MARKS = 16
_WORTH_A_MARK = 256
"""Bytes since the last mark that justify another mark; the echo of a key does not."""
_QUESTION_WAIT = 1.0
"""Seconds after a query in which the exit waits for its answer even if none has ever arrived."""
_ANSWER_LIMIT = 5.0
"""Seconds after which a terminal without an answer counts as one that never answers."""
_FAST = 100_000
"""Bytes a second from which output is not limited."""
_LEAST = 96
"""Bytes of the smallest frame worth its cursor moves."""
_CHUNK = 2048
_MEASURABLE = 0.03
"""Seconds by which an answer must be later than the quickest one to reveal the speed of the line."""
_LOOK_BACK = 2.0
"""Seconds of output before a mark that its answer is compared with."""
_MOST_FRAMES = 100
_SAMPLES = 8
"""Answers of which the highest speed counts, because a single one may be late for other reasons."""
_RAISE = 1.25
"""Factor by which one answer may increase the speed."""
_BETWEEN_RAISES = 1.0
"""Seconds between two increases for answers to little output."""
_BLOCKED = 0.04
"""Seconds from which a write counts as blocked."""
_KERNEL = 16_000
"""Bytes that a Linux pty buffers. A blocked write continues when nearly all are read (measured)."""
_CALM = 5.0
"""Seconds without output after which a slow line is tried at twice the speed."""


class _Mark(NamedTuple):
    """A status query without an answer yet."""

    at: float
    handed: int
    """Bytes of all output up to the end of the mark."""
    due: float
    """The time at which a line of the known speed would have answered it."""


class OutputThrottle:
    """A file to write text to, which estimates how far its reader lags behind.

    `write` runs in the writer thread. Everything else may be called from any thread and never blocks, except
    `wait_for_answers`.
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
        self._marks: deque[_Mark] = deque()
        self._frames: deque[tuple[float, int]] = deque(maxlen=_MOST_FRAMES)
        """Times of the latest output, and the bytes of all output before each."""
        self._marked_at = -1.0
        self._asked_at = -math.inf
        """The time of the latest query, whose answer would appear as text in a shell."""
        self._marked = 0
        self._answers = 0
        self._silent = False
        self._acknowledged = (0.0, 0)
        self._quickest: float | None = None
        # The speed of the line, None while it is fast enough
        self._rate: float | None = None
        self._samples: deque[float] = deque(maxlen=_SAMPLES)
        self._raised_at = 0.0
        self._backlog = (0.0, 0.0)
        self._urgent = 0

    # -- as a file, for the writer thread

    def fileno(self) -> int:
        """Return the terminal's file descriptor."""
        return self._fd

    def flush(self) -> None:
        """Do nothing: `write` does not buffer."""

    def write(self, text: str) -> None:
        """Write all of a text, however long the terminal takes. Ignores a closed terminal."""
        data = memoryview(text.encode("utf-8", "replace"))
        while data and not self._broken:
            started = self._clock()
            try:
                written = os.write(self._fd, data[:_CHUNK])
            except BlockingIOError:
                # Another program has made the terminal non-blocking.
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

    # -- for the driver and the display

    def count_queued(self, text: str) -> None:
        """Count a text that is about to be passed to `write`."""
        count = byte_count(text)
        now = self._clock()
        with self._lock:
            if self._handed == self._written:
                self._handed_at = now
            self._frames.append((now, self._handed))
            self._handed += count

    def seconds_for(self, count: int) -> float:
        """Return the seconds that the line needs for `count` bytes; 0 if it is fast enough for any amount."""
        rate = self._rate
        return count / rate if rate is not None else 0.0

    def room(self, lag: float = LAG) -> int:
        """Return how many bytes may be written now; 0 while the line is busy with earlier ones.

        Args:
            lag: Seconds by which they may delay later output on a slow line.
        """
        now = self._clock()
        waiting = self._kernel_waits()
        with self._lock:
            unwritten = self._handed - self._written
            # A little text that was handed over just now only waits for the writer thread.
            if unwritten > _CHUNK or (unwritten and now - self._handed_at > _BLOCKED):
                return 0
            if waiting > (_CHUNK if self._rate is None else self._rate * LAG):
                return 0
            if self._marks and self._answers and now - self._marks[0].at > _ANSWER_LIMIT:
                self._give_up(now)
            late = _SLACK if self._rate is None else _PATIENCE
            if self._marks and self._answers and now > self._marks[0].due + late:
                return 0
            # No answer was late so far, so the line has no known limit.
            if self._rate is None:
                return UNLIMITED
            room = int(max(_LEAST, self._rate * lag) - self._in_flight(now))
            return room if room >= _LEAST else 0

    def urgent_room(self) -> int:
        """Return how many bytes the echo of a key may use although `room` is 0."""
        with self._lock:
            if self._handed - self._written > _CHUNK:
                return 0
            return max(0, 2 * _LEAST - self._urgent)

    def spent_urgently(self, count: int) -> None:
        """Count used bytes of `urgent_room`."""
        with self._lock:
            self._urgent += count
            # Without answers nothing shows when they have been sent.
            if not self._answers and self._urgent >= _LEAST:
                self._urgent = 0

    def mark(self, size: int) -> str:
        """Return the mark to write after a frame of `size` bytes, or an empty text if none is due."""
        now = self._clock()
        with self._lock:
            if self._silent or now - self._marked_at < _BETWEEN_MARKS or len(self._marks) >= _MOST_MARKS:
                return ""
            if self._handed + size - self._marked < _WORTH_A_MARK:
                return ""
            if self._marks and not self._answers:
                self._silent = now - self._marks[0].at > _ANSWER_LIMIT
                return ""
            self._marked_at = now
            self._marked = self._handed + size
            expected = (self._in_flight(now) + size) / self._rate if self._rate is not None else 0.0
            self._marks.append(_Mark(now, self._marked, now + (self._quickest or 0.0) + expected))
            return MARK

    def mark_after_question(self, size: int) -> str:
        """Return the mark to write after a question of `size` bytes, whose answer the exit waits for."""
        now = self._clock()
        with self._lock:
            if len(self._marks) >= _MOST_MARKS:
                return ""
            self._marked_at = self._asked_at = now
            self._marked = self._handed + size
            self._marks.append(_Mark(now, self._marked, now + (self._quickest or 0.0)))
            return MARK

    def answered(self) -> None:
        """Handle the terminal's answer to the oldest mark."""
        now = self._clock()
        with self._lock:
            # Even a late answer proves that the terminal answers.
            self._silent = False
            if not self._marks:
                return
            self._answers += 1
            self._urgent = 0
            mark = self._marks.popleft()
            is_late = self._quickest is not None and now > mark.due + _SLACK
            self._quickest = min(self._quickest or now - mark.at, now - mark.at)
            in_flight = self._in_flight(now) if self._rate is not None else float(self._handed)
            self._measure(now, mark, is_late=is_late)
            if self._rate is not None and self._rate > _FAST:
                self._rate = None
            self._acknowledged = (now, mark.handed)
            self._backlog = (now, min(in_flight, self._handed - mark.handed))

    def wait_for_answers(self, limit: float) -> None:
        """Block until the terminal has answered all marks, at most `limit` seconds."""
        is_asked = self._clock() - self._asked_at < _QUESTION_WAIT
        if (self._silent or not self._answers) and not is_asked:
            # A terminal that has never answered would delay each exit.
            limit = min(limit, 0.05)
        end = time.monotonic() + limit
        while self._marks and time.monotonic() < end:
            time.sleep(0.005)

    def renew(self) -> None:
        """Discard pending output, because the terminal was suspended or replaced."""
        with self._lock:
            self._marks.clear()
            self._frames.clear()
            self._acknowledged = (self._clock(), self._handed)
            self._backlog = (0.0, 0.0)
            self._rate = None
            self._samples.clear()
            self._urgent = 0

    # -- inside, under the lock

    def _measure(self, now: float, mark: _Mark, *, is_late: bool) -> None:
        """Correct the speed of the line according to the answer to a mark.

        The line had carried everything up to the mark when the answer left, `_quickest` seconds ago. So its
        speed since each earlier moment was at least the output since then divided by the time, and exactly
        that while it was busy.
        """
        if self._rate is None and not is_late:
            return
        assert self._quickest is not None
        carried_at = now - self._quickest
        while self._frames and self._frames[0][0] < mark.at - _LOOK_BACK:
            self._frames.popleft()
        starts = [(at, before) for at, before in self._frames if before < mark.handed]
        if not starts:
            return
        # The quickest answer may have waited for earlier output, too. Without it the speed is a lower limit.
        least = _fastest(starts, mark.handed, now)
        if is_late:
            self._samples.clear()
            self._rate = least if self._rate is None else (self._rate + least) / 2
            self._samples.append(self._rate)
            return
        assert self._rate is not None
        count = mark.handed - starts[-1][1]
        if carried_at - mark.at < _MEASURABLE and count >= _WORTH_A_MARK:
            least = math.inf  # too fast to be measured at this speed
        if least > self._rate:
            sample = min(least, self._rate * _RAISE) if self._may_raise(now, count) else self._rate
        else:
            sample = min(_fastest(starts, mark.handed, carried_at), self._rate)
        self._samples.append(sample)
        self._rate = max(self._samples)

    def _may_raise(self, now: float, count: int) -> bool:
        """Return whether an answer to `count` bytes may increase the speed.

        Many slow lines carry a burst at once after a pause, which says little about their speed. So the next
        increase waits unless the bytes were a good part of what the line may have to carry at once.
        """
        assert self._rate is not None
        if count < self._rate * LAG / 2 and now - self._raised_at < _BETWEEN_RAISES:
            return False
        self._raised_at = now
        return True

    def _in_flight(self, now: float) -> float:
        """Estimate the number of bytes that the terminal has not read yet."""
        backlog = self._backlog_now(now)
        return min(backlog, self._handed - self._acknowledged[1]) if self._answers else backlog

    def _give_up(self, now: float) -> None:
        """Continue without answers until one arrives: one was lost in a paste or to another program."""
        self._marks.clear()
        self._frames.clear()
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
            # After a pause the line may be faster.
            self._rate *= 2
            if self._rate > _FAST:
                self._rate = None
                return
        self._backlog = (now, self._backlog_now(now) + count)

    def _blocked(self, now: float, waited: float) -> None:
        """Estimate the speed from a blocked write: the reader emptied the kernel's buffer meanwhile."""
        # Answers are the better measure.
        if not self._answers and (rate := _KERNEL / waited) < _FAST:
            self._rate = rate
            self._backlog = (now, 0.0)


def _fastest(starts: Sequence[tuple[float, int]], handed: int, end: float) -> float:
    """Return the highest average speed since one of the starts: a time, and the bytes of all output before.

    Args:
        handed: Bytes of all output up to `end`.
    """
    return max((handed - before) / max(end - at, _MEASURABLE) for at, before in starts)
