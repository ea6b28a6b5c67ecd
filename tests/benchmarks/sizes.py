"""A million messages: statistics, an export of everything, a cold start; beside plain SQLite and files."""

from __future__ import annotations

import os
import shutil
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from coze_tui.config.addresses import site_name
from coze_tui.config.locations import find_paths
from coze_tui.store.migrations import LATE_INDEXES
from tests.benchmarks.figures import Figure
from tests.benchmarks.programs import COZE_TUI, NEIGHBORS, PYTHON, Server, a_home, output_of
from tests.benchmarks.sessions import Session
from tests.support.children import end_with_parent
from tests.support.samples import ROOT

_MEASURED = """
import resource, subprocess, sys, time
from tests.support.children import end_with_parent
began = time.perf_counter()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True, preexec_fn=end_with_parent())
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""
_MILLION = 1_000_000
_FREQUENT = "学"
_SHOWN = "▎"
"""Begins each line of a message in the log."""
_QUIT, _RESTORED = "\x11", "\x1b[?1049l"


class Cost(NamedTuple):
    """What a command took."""

    seconds: float
    resident: float
    """Its peak in MB."""


def cost(command: Sequence[str | Path], home: Path) -> Cost:
    """Run a command with a home to its end."""
    environment = {
        **os.environ,
        "COZE_TUI_HOME": str(home),
        "COZE_TUI_LANGUAGE": "en",
        "PYTHONPATH": str(ROOT),
    }
    ran = subprocess.run(
        [PYTHON, "-c", _MEASURED, *map(str, command)],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=end_with_parent(),
    )
    return Cost(*map(float, ran.stdout.split()))


def added_up(home: Path, messages: int, runs: int) -> Iterator[Figure]:
    """Statistics by bot and by conversation, beside a loop over the same columns of the same rows."""
    neighbor: list[str | Path] = [PYTHON, NEIGHBORS, "rows", _file_of(home)]
    other = statistics.median(cost(neighbor, home).seconds for _ in range(runs))
    options: list[str]
    for name, options, seconds in (
        ("stats", [], 1.0),
        ("stats --by conversation --csv", ["--by", "conversation", "--csv"], 2.0),
    ):
        costs = [cost([*COZE_TUI, "stats", *options], home) for _ in range(runs)]
        what = f"{name} over {messages:,} messages"
        yield Figure(
            what,
            statistics.median(each.seconds for each in costs),
            "s",
            goal=seconds,
            beside="a loop over the rows",
            other=other,
        )
        yield Figure(f"{what}: peak", max(each.resident for each in costs), "MB", goal=80)


def searched(home: Path, messages: int, runs: int) -> Iterator[Figure]:
    """All matches of a frequent character, beside plain SQLite that reads the same messages."""
    ours = [*COZE_TUI, "history", "search", "--limit", "0", _FREQUENT]
    plain: list[str | Path] = [PYTHON, NEIGHBORS, "search", _file_of(home), _FREQUENT]
    environment = {"COZE_TUI_HOME": str(home), "COZE_TUI_LANGUAGE": "en", "PYTHONPATH": str(ROOT)}
    first, other = (
        statistics.median(output_of(command, environment)[0] for _ in range(runs))
        for command in (ours, plain)
    )
    what = f"search --limit 0 of a frequent character over {messages:,} messages"
    yield Figure(
        f"{what}: first line", first * 1000, "ms", goal=300, beside="plain SQLite", other=other * 1000
    )
    whole, all_plain = cost(ours, home), cost(plain, home)
    yield Figure(f"{what}: all", whole.seconds, "s", beside="plain SQLite", other=all_plain.seconds)
    yield Figure(
        f"{what}: peak", whole.resident, "MB", goal=60, beside="plain SQLite", other=all_plain.resident
    )


def exported(home: Path, messages: int) -> Iterator[Figure]:
    """An export of everything as Markdown, beside plain files with the same texts."""
    with a_home() as folder:
        ours = cost([*COZE_TUI, "history", "export", "--all", "-o", folder / "ours"], home)
        shutil.rmtree(folder / "ours")
        plain = cost([PYTHON, NEIGHBORS, "files", _file_of(home), folder / "plain"], home)
    what = f"export --all of {messages:,} messages"
    yield Figure(what, ours.seconds, "s", goal=60, beside="plain files, each synced", other=plain.seconds)
    yield Figure(f"{what}: peak", ours.resident, "MB", goal=100)


class ColdStart(NamedTuple):
    """What a start took with no page of the history in memory."""

    shown: float
    """Seconds until the messages are on the screen."""
    read: float
    """Megabytes read from the disk by then and two seconds later."""
    left: float
    """Seconds from the restored screen to the end of the program."""


def cold_start(server: Server, home: Path, smaller: Path, runs: int) -> Iterator[Figure]:
    """The longest conversation, opened with no page of the history in memory, beside a tenth of it."""
    for each in (home, smaller):
        _move_to(server, _file_of(each))
    large = [_opened_cold(server, home) for _ in range(runs)]
    small = [_opened_cold(server, smaller) for _ in range(runs)]
    megabytes = _file_of(home).stat().st_size >> 20
    what = f"exec → the longest conversation of {megabytes:,} MB, cold"
    yield Figure(
        what,
        max(each.shown for each in large) * 1000,
        "ms",
        goal=500,
        beside="of a tenth",
        other=max(each.shown for each in small) * 1000,
    )
    yield Figure(
        f"read from the disk by then and 2 s later, of {megabytes:,} MB",
        statistics.median(each.read for each in large),
        "MB",
        beside="of a tenth",
        other=statistics.median(each.read for each in small),
        goal_ratio=1.5,
    )
    yield Figure(
        f"restored screen → exit with {megabytes:,} MB",
        max(each.left for each in large) * 1000,
        "ms",
        goal=200,
        beside="with a tenth",
        other=max(each.left for each in small) * 1000,
    )
    older = [_opened_cold(server, home, without_indexes=True) for _ in range(runs)]
    yield Figure(
        f"{what}, as the first start with an older history",
        max(each.shown for each in older) * 1000,
        "ms",
        goal=500,
        beside="later",
        other=max(each.shown for each in large) * 1000,
    )


def _move_to(server: Server, file: Path) -> None:
    """Let all conversations be of the site and the bot in use, as in most histories."""
    site, bot = site_name(server.environment["COZE_API_BASE"]), server.id_of("Fast")
    with closing(sqlite3.connect(file)) as c, c:
        c.execute("UPDATE conversations SET site = ?, bot_id = ?", (site, bot))
        c.execute("UPDATE conversations SET bot_name = ?", (server.name_of("Fast"),))


def _opened_cold(server: Server, home: Path, *, without_indexes: bool = False) -> ColdStart:
    """Open the longest conversation cold.

    Args:
        without_indexes: those that a migration leaves out are missing, and are built in the background.
    """
    file = _file_of(home)
    with closing(sqlite3.connect(file)) as c, c:
        [key] = c.execute(
            "SELECT conversation FROM chats GROUP BY conversation ORDER BY count(*) DESC LIMIT 1"
        ).fetchone()
        for name in LATE_INDEXES if without_indexes else ():
            c.execute(f"DROP INDEX IF EXISTS {name}")
    descriptor = os.open(file, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)
    environment = server.with_bot("Fast", home)
    with Session([*COZE_TUI, "-s", key], env=environment, cwd=ROOT) as session:
        shown = session.wait_for(_SHOWN) - session.began
        time.sleep(2)
        io = Path(f"/proc/{session.process.pid}/io").read_text()
        [read] = [int(line.split()[1]) for line in io.splitlines() if line.startswith("read_bytes")]
        session.send(_QUIT)
        restored = session.wait_for(_RESTORED)
        session.process.wait()
        return ColdStart(shown, read / 1e6, time.perf_counter() - restored)


def _file_of(home: Path) -> Path:
    return find_paths({"COZE_TUI_HOME": str(home)}).database_file
