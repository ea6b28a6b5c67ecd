"""From exec to the first frame, the first key, the first byte."""

from __future__ import annotations

import re
import resource
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.benchmarks.figures import Figure
from tests.benchmarks.programs import COZE_TUI, NEIGHBORS, PYTHON, Server, a_home, output_of
from tests.benchmarks.sessions import Session
from tests.support.samples import ROOT

_KEY = "Ж"
_COLORED = b"\x1b[38;2;"
_IMPORTED = re.compile(rb"import time:\s+(\d+) \|\s+(\d+) \| +([\w.]+)")
_READY = "ype a message"
"""Of the prompt; the cursor stands on what is before it."""


def first_frame(server: Server, runs: int) -> Iterator[Figure]:
    """Of a key typed at exec: when is something painted, when is it seen, when does the app show it."""
    painted, seen, shown, neighbor_painted, neighbor_seen = [], [], [], [], []
    for _ in range(2 * runs):
        with Session([PYTHON, NEIGHBORS, "bare"], cwd=ROOT) as session:
            session.send(_KEY)
            neighbor_seen.append(session.wait_for(_KEY) - session.began)
            first = next(piece.at for piece in session.pieces if _COLORED in piece.data)
            neighbor_painted.append(first - session.began)
        with a_home() as home, Session(COZE_TUI, env=server.with_bot("Fast", home), cwd=ROOT) as session:
            session.send(_KEY)
            seen.append(session.wait_for(_KEY) - session.began)
            painted.append(session.wait_for("●") - session.began)
            shown.append(session.wait_for(_KEY, after=_end_of(session, _KEY)) - session.began)
    yield _milliseconds("exec → first painted frame", painted, neighbor_painted, "bare Textual app", goal=50)
    yield _milliseconds("exec → a typed key is seen", seen, neighbor_seen, "bare Textual app", ratio=1.2)
    own = "exec → the key in the app's own frame"
    yield _milliseconds(own, shown, neighbor_seen, "bare Textual app", ratio=1.25)


def _end_of(session: Session, text: str) -> int:
    """The number of bytes up to the end of the piece that first held a text."""
    size = 0
    for piece in session.pieces:
        size += len(piece.data)
        if text.encode() in piece.data:
            break
    return size


def early_keys(server: Server, runs: int) -> Iterator[Figure]:
    """Keys typed from exec on, while everything is imported and painted."""
    typed = "".join(chr(ord("a") + number % 26) for number in range(90))
    lost = 0
    for _ in range(runs):
        with a_home() as home, Session(COZE_TUI, env=server.with_bot("Fast", home), cwd=ROOT) as session:
            for character in typed:
                session.send(character)
                time.sleep(0.01)
            session.wait_for("I talk fast")
            session.settle()
            row = next((row for row in session.screen().text().splitlines() if row.startswith(" ›")), "")
            lost += row.removeprefix(" ›").strip() != typed
    yield Figure(f"runs of {runs} in which keys typed before the app is ready were lost", lost, "", goal=0)


def words_only(runs: int) -> Iterator[Figure]:
    """What needs no screen."""
    times = max(10, 4 * runs)
    nothing = _cpu_of([PYTHON, "-c", "pass"], times)
    for flag in ("--version", "--help"):
        yield Figure(
            f"coze-tui {flag}, CPU",
            _cpu_of([*COZE_TUI, flag], times),
            "ms",
            beside="python -c pass",
            other=nothing,
            goal_ratio=3,
        )


def asking(server: Server, runs: int) -> Iterator[Figure]:
    """`ask` beside the twenty lines that one would write instead."""
    with a_home() as home:
        environment = server.with_bot("Fast", home)
        ours: list[tuple[float, float, bytes]] = []
        theirs: list[tuple[float, float, bytes]] = []
        question = "n=10000 rate=0 len=5"
        for _ in range(runs):
            theirs.append(output_of([PYTHON, NEIGHBORS, "print", question], environment))
            ours.append(output_of([*COZE_TUI, "ask", question], environment))
        assert ours[0][2] == theirs[0][2], "both must print the same"
        script = "requests + json.loads"
        yield _milliseconds(
            "ask: exec → first byte", [one[0] for one in ours], [one[0] for one in theirs], script, ratio=1.3
        )
        yield _milliseconds(
            "ask: all of 10,000 deltas",
            [one[1] for one in ours],
            [one[1] for one in theirs],
            script,
            ratio=1.4,
        )


def imported(server: Server) -> str:
    """What `python -X importtime` tells of the two first frames, the dearest modules first."""
    command = [PYTHON, "-X", "importtime", *COZE_TUI[1:]]
    with a_home() as home, Session(command, env=server.with_bot("Fast", home), cwd=ROOT) as session:
        session.wait_for(_READY)
        data = b"".join(piece.data for piece in session.pieces)
    skeleton, _, rest = data.partition(b"\x1b[?1049h")
    screen, _, _ = rest.partition(_READY.encode())
    return "\n".join(
        [
            *_imports_of("until the skeleton is painted", skeleton),
            "",
            *_imports_of("from there until the prompt is painted", screen),
        ]
    )


def _imports_of(title: str, data: bytes) -> Iterator[str]:
    found = [(int(own), name.decode()) for own, _total, name in _IMPORTED.findall(data)]
    total = sum(own for own, _ in found)
    yield f"-X importtime {title}: {len(found)} modules, {total / 1000:.1f} ms"
    by_package: dict[str, int] = {}
    for own, name in found:
        parts = name.split(".")
        package = ".".join(parts[: 3 if parts[0] == "coze_tui" else 1])
        by_package[package] = by_package.get(package, 0) + own
    for package, own in sorted(by_package.items(), key=lambda item: -item[1])[:12]:
        yield f"{own / 1000:8.1f} ms  {package}"


def _milliseconds(
    what: str,
    values: Sequence[float],
    others: Sequence[float],
    beside: str,
    *,
    goal: float | None = None,
    ratio: float | None = None,
) -> Figure:
    value, other = statistics.median(values) * 1000, statistics.median(others) * 1000
    return Figure(what, value, "ms", goal=goal, beside=beside, other=other, goal_ratio=ratio)


def _cpu_of(command: Sequence[str | Path], times: int) -> float:
    """Milliseconds of processor time of a program, the middle of several runs."""
    spent = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, stdout=subprocess.DEVNULL, cwd=ROOT, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(spent) * 1000
