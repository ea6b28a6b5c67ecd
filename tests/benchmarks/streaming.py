"""What a running chat costs, how soon it is seen, and how soon a key is seen beside it."""

from __future__ import annotations

import random
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.benchmarks.figures import Figure, quantile
from tests.benchmarks.programs import (
    MINI_DONE,
    NEIGHBORS,
    PYTHON,
    Server,
    a_home,
    ask,
    chatting,
    mini,
    neighbor,
    output_of,
    wait_for_end,
)
from tests.benchmarks.sessions import Late, Session

_KEYS = "".join(
    chr(code)
    for start, stop in ((0x430, 0x450), (0x3B1, 0x3CA), (0x561, 0x587), (0x10D0, 0x10F1), (0x410, 0x430))
    for code in range(start, stop)
)
"""Letters of one cell that no answer holds, so each is new on the line."""
_ROW = 40
"""Keys after which the prompt is emptied, so that it stays one row high."""
_STAMP = re.compile(r"<(\d+\.\d{6}) (\d+)>")
_DONE = "✓ completed"


def idle(server: Server, seconds: float) -> Iterator[Figure]:
    """Nothing happens."""
    with chatting(server) as session:
        time.sleep(2)  # what is done after the first frame has been done
        size, cpu = session.size, session.cpu
        time.sleep(seconds)
        yield Figure("idle: bytes to the terminal", (session.size - size) / seconds, "B/s", goal=0)
        yield Figure("idle: CPU", (session.cpu - cpu) / seconds * 100, "% of a core", goal=0.2)
        resident = session.resident
    with neighbor("bare") as session:
        session.settle()
        bare = session.resident
    yield Figure("idle: resident", resident, "MB", goal=50, beside="bare Textual app", other=bare)


def echo(server: Server, keys: int) -> Iterator[Figure]:
    """How soon a typed key is on the terminal: idle, and while an answer streams."""
    with neighbor("bare") as session:
        session.settle()
        bare = _echoes(session, keys)
    with chatting(server) as session:
        moments = _echoes(session, keys)
    for part in (0.5, 0.95):
        yield Figure(
            f"key echo, idle, p{part * 100:.0f}",
            quantile(moments, part),
            "ms",
            goal=8 if part > 0.5 else None,
            beside="bare Textual app",
            other=quantile(bare, part),
        )
    for rate, goal in ((50, 25.0), (200, 50.0)):
        with chatting(server) as session:
            ask(session, f"n={rate * 600} rate={rate} len=5")
            moments = _echoes(session, keys)
        yield Figure(
            f"key echo while {rate} deltas/s stream, p95",
            quantile(moments, 0.95),
            "ms",
            goal=goal,
            beside="p50",
            other=_p50(moments),
        )


def _p50(values: Sequence[float]) -> float:
    return quantile(values, 0.5)


def _echoes(session: Session, count: int) -> list[float]:
    """Milliseconds from each key to its being seen."""
    chance = random.Random(1)
    moments = []
    for number in range(count):
        key = _KEYS[number % len(_KEYS)]
        if number % _ROW == 0:
            session.send("\x15")  # Ctrl+U
            time.sleep(0.3)
        size = session.size
        sent = session.send(key)
        moments.append((session.wait_for(key, after=size, timeout=30) - sent) * 1000)
        time.sleep(chance.uniform(0.05, 0.12))
    return moments


def latency(server: Server, seconds: float) -> Iterator[Figure]:
    """From the server's write of a delta to the terminal."""
    for rate, p50, p95 in ((50, 25.0, 40.0), (200, 25.0, 40.0), (1000, None, 40.0)):
        question = f"n={int(rate * seconds)} rate={rate} len=20 stamp={max(1, rate // 200)}"
        with chatting(server) as session:
            size = session.size
            ask(session, question)
            wait_for_end(session, after=size)
            late = _lateness(session, rate)
        with mini(server) as session:
            size = session.size
            ask(session, question)
            session.wait_for(MINI_DONE, after=size, timeout=120)
            other = _lateness(session, rate)
        for part, goal in ((0.5, p50), (0.95, p95)):
            yield Figure(
                f"delta → terminal at {rate}/s, p{part * 100:.0f}",
                quantile(late, part),
                "ms",
                goal=goal,
                beside="mini",
                other=quantile(other, part),
            )


def _lateness(session: Session, first: int) -> list[float]:
    """Milliseconds from the writing of each stamp to its being seen, from the stamp `first` on."""
    ahead = time.time() - time.perf_counter()
    return [
        (at + ahead - float(match.group(1))) * 1000
        for at, match in session.moments_of(_STAMP)
        if int(match.group(2)) >= first
    ]


def rate(server: Server, count: int, runs: int) -> Iterator[Figure]:
    """As fast as the server can, shown to the end.

    Compares the time from Enter until the end of the answer is on the terminal. Both programs draw meanwhile,
    as the last row shows. `mini` draws fewer than its thirty frames a second, because laying out the text of
    one takes longer than its period. Only ours saves the answer, masks the token and limits what it reads.
    """
    ours, floor, least = [], [], []
    our_frames, its_frames = [], []
    question = f"n={count} rate=0 len=5"
    for _ in range(runs):
        with a_home() as home:
            environment = server.with_bot("Fast", home)
            _first, _whole, printed = output_of([PYTHON, NEIGHBORS, "drain", question], environment)
            read, seconds = printed.split()
            assert int(read) == count
            floor.append(count / float(seconds))
        with chatting(server) as session:
            size = session.size
            began = ask(session, question)
            wait_for_end(session, after=size)
            seen = session.first_shown(lambda text: _DONE in text, after=began)
            assert seen is not None
            ours.append(count / (seen - began))
            our_frames.append(session.frames_between(began, seen) / (seen - began))
        with mini(server) as session:
            size = session.size
            began = ask(session, question)
            shown = session.wait_for(MINI_DONE, after=size, timeout=120)
            least.append(count / (shown - began))
            its_frames.append(session.frames_between(began, shown) / (shown - began))
    yield Figure(
        f"{count:,} deltas at full speed, beside mini",
        statistics.median(ours),
        "deltas/s",
        beside="mini",
        other=statistics.median(least),
        goal_ratio=0.8,
        is_least=True,
    )
    yield Figure(
        f"{count:,} deltas at full speed, shown to the end",
        statistics.median(ours),
        "deltas/s",
        goal=20_000,
        is_least=True,
        beside="httpx-sse + json, not shown",
        other=statistics.median(floor),
    )
    yield Figure(
        f"{count:,} deltas at full speed, frames drawn meanwhile",
        statistics.median(our_frames),
        "frames/s",
        beside="mini",
        other=statistics.median(its_frames),
    )


@dataclass(frozen=True, slots=True)
class Cost:
    """What one delta of five characters costs."""

    cpu: float
    """Milliseconds."""
    bytes: float
    """To the terminal, for each character of the answer."""


def cost(server: Server, seconds: float, runs: int) -> Iterator[Figure]:
    """Processor time and bytes of a stream in its middle."""
    known_bytes = {50: 16.0, 200: 12.0}
    for per_second, goal in ((50, 4.0), (200, 2.0), (1000, 0.6)):
        costs = [_cost_at(server, per_second, seconds) for _ in range(runs)]
        yield Figure(
            f"CPU per delta at {per_second}/s",
            statistics.median(one.cpu for one in costs),
            "ms",
            goal=goal,
            beside="httpx-sse + json, not shown",
            other=statistics.median(_floor_at(server, per_second, seconds) for _ in range(runs)),
        )
        yield Figure(
            f"CPU per delta at {per_second}/s, beside mini",
            statistics.median(one.cpu for one in costs),
            "ms",
            beside="mini",
            other=statistics.median(_mini_at(server, per_second, seconds) for _ in range(runs)),
            goal_ratio=1.1,
        )
        yield Figure(
            f"bytes per character at {per_second}/s, sidebar counting",
            statistics.median(one.bytes for one in costs),
            "B",
            goal=known_bytes.get(per_second),
        )


def _cost_at(server: Server, per_second: int, seconds: float) -> Cost:
    with chatting(server) as session:
        return _cost_of(session, per_second, seconds)


def _mini_at(server: Server, per_second: int, seconds: float) -> float:
    with mini(server) as session:
        return _cost_of(session, per_second, seconds).cpu


def _cost_of(session: Session, per_second: int, seconds: float) -> Cost:
    ask(session, f"n={int(per_second * (seconds + 6))} rate={per_second} len=5")
    time.sleep(2)
    began, cpu, size = time.perf_counter(), session.cpu, session.size
    time.sleep(seconds)
    lasted, cpu, size = time.perf_counter() - began, session.cpu - cpu, session.size - size
    deltas = per_second * lasted
    return Cost(cpu / deltas * 1000, size / deltas / 5)


def _floor_at(server: Server, per_second: int, seconds: float) -> float:
    """Milliseconds of processor time to read a delta and do no more."""
    question = f"n={int(per_second * (seconds + 6))} rate={per_second} len=5"
    with a_home() as home, neighbor("drain", question, environment=server.with_bot("Fast", home)) as session:
        time.sleep(3)
        began, cpu = time.perf_counter(), session.cpu
        time.sleep(seconds)
        return (session.cpu - cpu) / (time.perf_counter() - began) / per_second * 1000


def memory(server: Server) -> Iterator[Figure]:
    """After a long answer."""
    with chatting(server) as session:
        size = session.size
        ask(session, "n=20000 rate=0 len=5")
        wait_for_end(session, after=size)
        yield Figure("resident after an answer of 100 kB", session.resident, "MB", goal=65)


def slow_reader(server: Server, keys: int) -> Iterator[Figure]:
    """A line of 2,000 bytes a second, and 50 deltas a second with 440 bytes and nine rows of text.

    It is the second answer of the conversation, as most answers are not the first.
    """
    with chatting(server, bytes_per_second=2000) as session:
        size = session.size
        ask(session, "n=10 rate=50 len=5")
        wait_for_end(session, after=size)
        count = 50 * (keys // 2 + 5) + 1  # the last one has a stamp
        ask(session, f"n={count} rate=50 len=5 stamp=5")
        time.sleep(3)
        moments = []
        began = time.perf_counter()
        for key in _KEYS[:keys]:
            size = session.size
            sent = session.send(key)
            try:
                moments.append(session.wait_for(key, after=size, timeout=20) - sent)
            except Late:
                moments.append(20.0)
            time.sleep(0.4)
        rest = session.settle(1.5, timeout=120)
        ahead = time.time() - time.perf_counter()
        seen = [(at, float(match.group(1)) - ahead) for at, match in session.moments_of(_STAMP)]
    # A row that is half painted may show a stamp that was never written.
    shown = [(at, written) for at, written in seen if began - 10 < written <= at]
    ended = max(written for _at, written in shown)
    for part, goal in ((0.5, None), (0.95, 0.3)):
        yield Figure(f"2,000 B/s line: key echo, p{part * 100:.0f}", quantile(moments, part), "s", goal=goal)
    ages = list(_ages(shown, began, ended))
    for part, goal in ((0.5, 0.6), (0.95, 1.5)):
        yield Figure(
            f"2,000 B/s line: age of the newest text shown, p{part * 100:.0f}",
            quantile(ages, part),
            "s",
            goal=goal,
        )
    yield Figure("2,000 B/s line: last delta → at rest", rest - ended, "s", goal=0.5)


def _ages(shown: Sequence[tuple[float, float]], start: float, end: float) -> Iterator[float]:
    """Return how old the newest text was that was shown, every 0.1 s.

    Args:
        shown: When each stamp was shown, and when it was written.
    """
    newest, number, at = start, 0, start
    while at < end:
        while number < len(shown) and shown[number][0] <= at:
            newest = max(newest, shown[number][1])
            number += 1
        yield at - newest
        at += 0.1
