"""The line's rules, on a pipe and a clock that the test moves."""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from typing import IO

import pytest

if sys.platform == "win32":
    pytest.skip("POSIX only", allow_module_level=True)

from coze_tui.terminal.throttle import LAG, MARK, UNLIMITED, OutputThrottle


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Line:
    """An throttle into a pipe, whose reader the test is."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.reader, writer = os.pipe()
        self.file: IO[str] = os.fdopen(writer, "w")
        self.throttle = OutputThrottle(self.file, self.clock)

    def frame(self, size: int) -> str:
        """Write a frame as the display does; the mark that went with it."""
        text = "x" * size
        mark = self.hand(text)
        self.throttle.write(text + mark)
        return mark

    def hand(self, text: str) -> str:
        mark = self.throttle.mark(len(text))
        self.throttle.count_queued(text + mark)
        return mark

    def close(self) -> None:
        self.file.close()
        os.close(self.reader)


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


def test_an_idle_line_has_all_the_room(line: Line) -> None:
    assert line.throttle.room() == UNLIMITED


def test_text_arrives_as_utf8_and_lone_surrogates_as_a_question_mark(line: Line) -> None:
    line.throttle.write("中文\ud83d")
    assert os.read(line.reader, 100) == "中文?".encode()


def test_what_this_process_still_holds_takes_the_room(line: Line) -> None:
    line.throttle.count_queued("x" * 5000)
    assert line.throttle.room() == 0
    line.throttle.write("x" * 5000)
    assert line.throttle.room() == UNLIMITED


def test_even_a_little_takes_the_room_when_it_does_not_leave(line: Line) -> None:
    line.throttle.count_queued("x")
    assert line.throttle.room() > 0
    line.clock.now += 1
    assert line.throttle.room() == 0


def test_an_answer_that_is_late_closes_the_line_until_it_comes(line: Line) -> None:
    assert line.frame(500) == MARK
    line.clock.now += 0.03
    line.throttle.answered()
    line.clock.now += 1
    assert line.frame(500) == MARK
    line.clock.now += 0.1
    assert line.throttle.room() > 0
    line.clock.now += 0.2
    assert line.throttle.room() == 0
    line.throttle.answered()
    assert line.throttle.room() > 0


def test_late_answers_tell_the_speed_and_frames_become_as_small(line: Line) -> None:
    line.frame(500)
    line.clock.now += 0.02
    line.throttle.answered()
    line.clock.now += 1
    line.frame(2000)
    line.clock.now += 1
    line.throttle.answered()
    assert line.throttle.room() == pytest.approx(2000 * LAG, rel=0.1)


def test_a_line_of_known_speed_says_how_long_it_takes(line: Line) -> None:
    assert line.throttle.seconds_for(5000) == 0
    test_late_answers_tell_the_speed_and_frames_become_as_small(line)
    assert line.throttle.seconds_for(5000) == pytest.approx(2.5, rel=0.1)
    assert line.throttle.room(0.1) == pytest.approx(200, rel=0.1)


class SlowReader:
    """Reads a fixed number of bytes a second from a line, and answers its marks.

    Args:
        late: Seconds by which this process sees the answers later, by the time.
        burst: Bytes that the line carries at once after a pause.
    """

    def __init__(
        self, line: Line, bytes_per_second: int, late: Callable[[float], float], burst: float = 0.0
    ) -> None:
        self.line = line
        self.speed = bytes_per_second
        self.late = late
        self.burst = self.saved = burst
        self.carried = 0.0
        self.written = 0
        self.marks: deque[int] = deque()
        self.answers: deque[float] = deque()

    def write(self, size: int) -> None:
        if self.line.frame(size):
            self.marks.append(self.written + size)
        self.written += size

    def read_for(self, seconds: float) -> None:
        end = self.line.clock.now + seconds
        while self.line.clock.now < end:
            now = self.line.clock.now = self.line.clock.now + 0.005
            may_carry = self.saved + self.speed * 0.005
            carried = min(self.written - self.carried, may_carry)
            self.carried += carried
            self.saved = min(self.burst, may_carry - carried)
            while self.marks and self.marks[0] <= self.carried:
                self.marks.popleft()
                seen_at = now + self.late(now)
                self.answers.append(max(seen_at, self.answers[-1] if self.answers else 0.0))
            while self.answers and self.answers[0] <= now:
                self.answers.popleft()
                self.line.throttle.answered()


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(lambda _now: 0.0, id="answers arrive at once"),
        pytest.param(lambda now: 0.08 if now % 1 > 0.5 else 0.0, id="answers arrive together"),
    ],
)
def test_small_frames_and_answers_that_arrive_together_do_not_make_a_slow_line_fast(
    line: Line, late: Callable[[float], float]
) -> None:
    reader = SlowReader(line, 2000, late)
    reader.write(500)
    reader.speed = 100_000
    reader.read_for(1)
    reader.speed = 2000
    reader.write(1500)
    reader.read_for(1)
    assert line.throttle.seconds_for(2000) == pytest.approx(1, rel=0.3)
    for step in range(150):
        reader.read_for(0.2)
        if room := line.throttle.room():
            reader.write(min(room, 900 if step % 20 == 0 else 120))
        assert line.throttle.seconds_for(2000) == pytest.approx(1, rel=0.35)
        assert reader.written - reader.carried < 900


def test_a_line_that_carries_bursts_after_pauses_is_not_taken_for_a_fast_one(line: Line) -> None:
    reader = SlowReader(line, 2000, lambda _now: 0.0, burst=500)
    reader.write(300)
    reader.read_for(1)
    reader.write(3000)
    reader.read_for(3)
    for step in range(600):
        reader.read_for(0.05)
        # A stream that leaves the line time to rest, and a second of large output every five.
        size = 2000 if step % 100 > 80 else 90
        if (room := line.throttle.room()) and (size > 90 or step % 2):
            reader.write(min(room, size))
        assert reader.written - reader.carried < 3 * 2000 * LAG
        assert line.throttle.seconds_for(2000) > 0.5


def test_the_speed_does_not_count_what_the_quickest_answer_took_to_come(line: Line) -> None:
    reader = SlowReader(line, 2000, lambda _now: 0.0)
    reader.write(400)
    reader.read_for(0.3)
    reader.write(1500)
    reader.read_for(1)
    assert line.throttle.seconds_for(2000) > 0.9


def test_output_waits_while_an_answer_is_later_than_the_known_speed_explains(line: Line) -> None:
    test_late_answers_tell_the_speed_and_frames_become_as_small(line)
    line.frame(300)
    line.clock.now += 0.15
    assert line.throttle.room() > 0
    line.clock.now += 0.1
    assert line.throttle.room() == 0
    line.throttle.answered()
    assert line.throttle.room() > 0


def test_a_line_that_becomes_quick_again_is_trusted_again(line: Line) -> None:
    test_late_answers_tell_the_speed_and_frames_become_as_small(line)
    for _ in range(40):
        line.clock.now += 1
        line.frame(300)
        line.clock.now += 0.02
        line.throttle.answered()
    assert line.throttle.room() == UNLIMITED


def test_small_frames_and_quick_ones_are_not_marked(line: Line) -> None:
    assert line.frame(500) == MARK
    line.clock.now += 0.01
    assert line.frame(500) == ""
    line.throttle.answered()
    line.clock.now += 1
    assert line.frame(20) == MARK  # the 500 before have not been asked about
    line.throttle.answered()
    line.clock.now += 1
    assert line.frame(20) == ""


def test_a_terminal_that_never_answers_is_asked_once(line: Line) -> None:
    assert line.frame(500) == MARK
    marks = []
    for _ in range(20):
        line.clock.now += 1
        marks.append(line.frame(500))
        assert line.throttle.room() == UNLIMITED
    assert set(marks) == {""}


def test_a_lost_answer_does_not_close_the_line_for_ever(line: Line) -> None:
    line.frame(500)
    line.clock.now += 0.01
    line.throttle.answered()
    line.clock.now += 1
    assert line.frame(500) == MARK
    line.clock.now += 3
    assert line.throttle.room() == 0
    line.clock.now += 3
    assert line.throttle.room() == UNLIMITED
    assert line.frame(500) == ""
    line.throttle.answered()
    line.clock.now += 1
    assert line.frame(500) == MARK


def test_a_key_is_echoed_although_the_line_is_closed_but_not_for_ever(line: Line) -> None:
    line.frame(500)
    line.throttle.answered()
    line.clock.now += 1
    line.frame(500)
    line.clock.now += 5
    assert line.throttle.room() == 0
    assert line.throttle.urgent_room() > 0
    line.throttle.spent_urgently(500)
    assert line.throttle.urgent_room() == 0
    line.throttle.answered()
    assert line.throttle.urgent_room() > 0


def test_a_write_that_waits_tells_the_speed_where_nothing_answers(line: Line) -> None:
    # The clock passes four seconds in each write, as if the reader had taken its time.
    ticks = iter(range(1000))
    slow = OutputThrottle(line.file, lambda: 100.0 + 4 * next(ticks))
    slow.count_queued("x" * 100)
    slow.write("x" * 100)
    assert slow.room() < 5000 * LAG


def test_a_closed_terminal_swallows_the_text(line: Line) -> None:
    os.close(line.reader)
    line.reader = os.open(os.devnull, os.O_RDONLY)
    line.throttle.count_queued("x")
    line.throttle.write("x")
    line.clock.now += 1
    assert line.throttle.room() == UNLIMITED


def test_a_terminal_that_was_away_begins_anew(line: Line) -> None:
    test_late_answers_tell_the_speed_and_frames_become_as_small(line)
    line.frame(5)
    line.throttle.renew()
    assert line.throttle.room() == UNLIMITED


def test_an_answer_nobody_asked_for_is_ignored(line: Line) -> None:
    line.throttle.answered()
    assert line.throttle.room() == UNLIMITED


def test_a_non_blocking_terminal_is_waited_for(line: Line) -> None:
    import threading

    os.set_blocking(line.file.fileno(), False)
    data = "x" * 300_000
    writing = threading.Thread(target=line.throttle.write, args=(data,))
    writing.start()
    got = 0
    while got < len(data):
        got += len(os.read(line.reader, 65536))
    writing.join(10)
    assert not writing.is_alive()


def test_waiting_for_answers_ends_with_the_last_one(line: Line) -> None:
    import threading

    line.frame(500)
    line.throttle.answered()
    line.clock.now += 1
    line.frame(500)
    threading.Timer(0.02, line.throttle.answered).start()
    line.throttle.wait_for_answers(20)
    assert line.throttle.room() == UNLIMITED
