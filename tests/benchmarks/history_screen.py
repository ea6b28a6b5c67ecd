"""Times the history as a person meets it, on a filled store beside one of a tenth of the size.

Run `python -m tests.benchmarks.history_screen [FOLDER]`; the filled stores are kept in FOLDER and used again.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from coze_tui.config.locations import find_paths
from coze_tui.tui.context import LaunchTarget
from coze_tui.tui.screens.history import HistoryScreen
from tests.benchmarks.fill_store import filled
from tests.support.desk import Desk, desk

_TIMES = 7


async def screen_timings(home: Path) -> list[tuple[str, float]]:
    """What is timed, and the median in milliseconds."""
    database = await filled(find_paths({"COZE_TUI_HOME": str(home)}).database_file, *_SIZES[home.name])
    longest = str(
        (
            await database.read(
                lambda c: c.execute(
                    """SELECT conversation FROM messages GROUP BY conversation
                       ORDER BY abs(count(*) - 2000) LIMIT 1"""
                ).fetchone()
            )
        )[0]
    )
    await database.close()
    found: list[tuple[str, float]] = []
    async with desk(home, size=(120, 40)) as at:
        found.append(("open the history", await median(lambda: open_history(at), lambda: leave_history(at))))
        await open_history(at)
        for text in ("退款", "refund", "我们可以", "不存在", "%_"):
            spent = await median(partial(search, at, text), partial(search, at, ""))
            found.append((f"search {text}", spent))
        found.append(("down one conversation", await median(lambda: down(at), _nothing)))
        await leave_history(at)
    async with desk(home, size=(120, 40), target=LaunchTarget()) as at:
        start = time.perf_counter()
        await at.screen.opener.open(longest)
        await shown(at, lambda: at.screen.conversation.key == longest and at.screen.log_widget.entries)
        found.append(("open 2 000 messages", (time.perf_counter() - start) * 1000))
    return found


_SIZES = {"tenth": (500, 10_000), "whole": (5_000, 100_000)}


async def median(act: Callable[[], Awaitable[None]], undo: Callable[[], Awaitable[None]]) -> float:
    """Milliseconds of several runs."""
    spent = []
    for _ in range(_TIMES):
        start = time.perf_counter()
        await act()
        spent.append((time.perf_counter() - start) * 1000)
        await undo()
    return statistics.median(spent)


async def shown(at: Desk, is_so: Callable[[], object]) -> None:
    """Wait for a state to be drawn, without waiting longer than for the loop to come round."""
    while not is_so():
        await asyncio.sleep(0)
    drawn = asyncio.Event()
    at.app.screen.call_after_refresh(drawn.set)
    await drawn.wait()


def history_of(at: Desk) -> HistoryScreen:
    assert isinstance(at.app.screen, HistoryScreen)
    return at.app.screen


async def open_history(at: Desk) -> None:
    at.screen.action_history()
    await shown(at, lambda: isinstance(at.app.screen, HistoryScreen) and at.app.screen.is_mounted)
    await shown(at, lambda: history_of(at).conversations.items)


async def leave_history(at: Desk) -> None:
    history_of(at).action_back()
    await shown(at, lambda: not isinstance(at.app.screen, HistoryScreen))
    await at.pilot.pause(0.05)


async def search(at: Desk, text: str) -> None:
    history = history_of(at)
    history.bar.field.put(text)
    if text:
        await shown(at, lambda: "match" in history.bar.remark)
    else:
        await shown(at, lambda: not history.bar.remark)


async def down(at: Desk) -> None:
    history = history_of(at)
    before = history.conversations.current
    history.conversations.move(1)
    await shown(at, lambda: history.conversations.current is not before)


async def _nothing() -> None:
    pass


async def main() -> None:
    """Fills both stores and prints their times side by side."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="coze-tui-benchmark-"))
    columns = []
    for name in _SIZES:
        path = find_paths({"COZE_TUI_HOME": str(folder / name)}).database_file
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        columns.append(await screen_timings(folder / name))
    print(f"{'ms':30}{'a tenth':>10}{'whole':>10}")
    for (what, small), (_, large) in zip(*columns, strict=True):
        print(f"{what:30}{small:10.1f}{large:10.1f}")


if __name__ == "__main__":
    asyncio.run(main())
