"""Years of history: the list, a search, a long conversation opened, scrolled and resized."""

from __future__ import annotations

import asyncio
import re
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from coze_tui.config.locations import find_paths
from coze_tui.store import search
from coze_tui.store.database import Database
from tests.benchmarks.figures import Figure
from tests.benchmarks.fill_store import filled, timed
from tests.benchmarks.programs import Server, chatting
from tests.benchmarks.sessions import COLUMNS, LINES, Session

_QUIET = 0.4
"""Seconds without a byte after which the screen counts as right."""
_HISTORY, _END, _UP, _TOP = "\x13", "\x1b[F", "\x1b[A", "\x1b[1;5H"
_WORD = "退款"
SIZES = (2_000, 20_000)
"""Messages of the two oldest conversations of a filled store, the oldest last."""


def home_with_years(folder: Path, conversations: int, messages: int) -> Path:
    """A home with so much history; made once, used again."""
    home = folder / f"{conversations}-{messages}"
    path = find_paths({"COZE_TUI_HOME": str(home)}).database_file
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)

    async def fill() -> None:
        await (await filled(path, conversations, messages)).close()

    asyncio.run(fill())
    return home


def history(server: Server, home: Path, smaller: Path, runs: int) -> Iterator[Figure]:
    """The list of all conversations, and a search in all messages, beside a tenth of them."""
    listed, found = zip(*(_history_at(server, home) for _ in range(runs)), strict=True)
    listed_tenth, found_tenth = zip(*(_history_at(server, smaller) for _ in range(runs)), strict=True)
    yield Figure(
        "history screen of 5,000 conversations",
        statistics.median(listed),
        "ms",
        goal=150,
        beside="of 500",
        other=statistics.median(listed_tenth),
    )
    yield Figure(
        "search in 100,000 messages, typed → seen",
        statistics.median(found),
        "ms",
        beside="in 10,000",
        other=statistics.median(found_tenth),
    )
    yield Figure(
        "search in 100,000 messages, in the store",
        asyncio.run(_searched(home)),
        "ms",
        goal=60,
        beside="in 10,000",
        other=asyncio.run(_searched(smaller)),
    )


def _history_at(server: Server, home: Path) -> tuple[float, float]:
    with chatting(server, home=home) as session:
        sent = session.send(_HISTORY)
        session.settle(_QUIET)  # with the preview of the first one, which comes later
        shown = session.first_shown(_is_list, after=sent)
        assert shown is not None
        listed = (shown - sent) * 1000
        session.send("/")
        session.settle(_QUIET)
        found = _until_right(session, lambda: session.send(_WORD))
    return listed, found


def _is_list(text: str) -> bool:
    """Whether the screen is full of conversations."""
    return " conversations" in text and len(re.findall(r"  \d\d:\d\d ", text)) > 10


async def _searched(home: Path) -> float:
    database = await Database.open(find_paths({"COZE_TUI_HOME": str(home)}).database_file)
    try:
        spent, _rows = await database.read(lambda c: timed(lambda: search.search(c, _WORD)))
    finally:
        await database.close()
    return spent


def conversation(server: Server, home: Path, runs: int) -> Iterator[Figure]:
    """A conversation of 2,000 and one of 20,000 messages."""
    opened: dict[int, list[float]] = {size: [] for size in SIZES}
    top: dict[int, list[float]] = {size: [] for size in SIZES}
    resized: dict[int, list[float]] = {size: [] for size in SIZES}
    resident = []
    for _ in range(runs):
        for ups, size in enumerate(reversed(SIZES)):
            with _in_history(server, home, ups) as session:
                opened[size].append(_until_right(session, lambda: session.send("\r")))
                top[size].append(_until_right(session, lambda: session.send(_TOP)))
                resized[size].append(_until_right(session, lambda: session.resize(COLUMNS - 10, LINES)))
                if size == SIZES[-1]:
                    resident.append(session.resident)
    small, large = SIZES
    for what, moments, goal in (
        ("open a conversation of {n:,} messages", opened, 250),
        ("scroll to the top of {n:,} messages", top, 100),
        ("resize with {n:,} messages open", resized, 100),
    ):
        other = statistics.median(moments[small])
        yield Figure(what.format(n=small), other, "ms", goal=goal)
        yield Figure(
            what.format(n=large),
            statistics.median(moments[large]),
            "ms",
            goal=goal,
            beside=f"of {small:,}",
            other=other,
        )
    yield Figure(f"resident with {large:,} messages open", statistics.median(resident), "MB", goal=90)


@contextmanager
def _in_history(server: Server, home: Path, ups: int) -> Iterator[Session]:
    """The history screen, with the cursor so many above the oldest conversation."""
    with chatting(server, home=home) as session:
        for key in (_HISTORY, _END, *[_UP] * ups):
            session.send(key)
            session.settle()
        yield session


def _until_right(session: Session, do: Callable[[], float]) -> float:
    """Milliseconds until the last byte that something led to."""
    size = session.size
    sent = do()
    session.wait_until(lambda: session.size > size)
    return (session.settle(_QUIET) - sent) * 1000
