"""After any resize the screen shows what a fresh drawing shows."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from coze_tui.standin.server import StandIn
from tests.support.program import Start
from tests.support.terminal import Cell, ScreenFeed, Terminal, TerminalScreen
from tests.support.tmux import in_tmux

QUESTION = "2025年春节是哪一天"
NARROW_THEN_WIDE = ((20, 24), (10, 8), (120, 40))
"""The sizes after which tmux 3.3a showed `小春 X aochun` in the header."""


def sizes_of(seed: int) -> Iterator[tuple[int, int]]:
    """Yield some sizes, often much smaller or larger than the one before."""
    rng = random.Random(seed)
    for _ in range(rng.randint(2, 5)):
        yield rng.choice((rng.randint(1, 30), rng.randint(30, 200))), rng.randint(2, 50)


@pytest.mark.parametrize("sizes", [NARROW_THEN_WIDE, *(tuple(sizes_of(seed)) for seed in range(12))], ids=str)
def test_a_resized_screen_equals_a_fresh_drawing(run: Start, sizes: tuple[tuple[int, int], ...]) -> None:
    program = run()
    program.ask(QUESTION, "2025 年春节是 1 月 29 日")
    for size in sizes:
        program.resize(*size)
        program.settle()
    drawn = program.cells()
    program.press("\x0c")
    program.settle()
    assert program.cells() == drawn
    program.send(b"\x11")
    program.check_left()


def seen(ask: Callable[..., str], size: tuple[int, int]) -> list[list[Cell]]:
    """Return what tmux shows, without what cannot be seen on a blank."""
    screen = TerminalScreen(*size)
    rows = ask("capture-pane", "-p", "-e", "-N").split("\n")[: size[1]]
    ScreenFeed(screen).feed("\r\n".join(rows).encode())
    return screen.cells()


def differing(fresh: list[list[Cell]], drawn: list[list[Cell]]) -> list[tuple[int, int, Cell, Cell]]:
    """Return the row, the column and both cells of each difference.

    Blanks are equal: capture-pane leaves out those that were erased at the end of a row.
    """
    return [
        (y, x, one, other)
        for y, rows in enumerate(zip(fresh, drawn, strict=True))
        for x, (one, other) in enumerate(zip(*rows, strict=True))
        if one != other and (one.text, other.text) != (" ", " ")
    ]


def resize(terminal: Terminal, ask: Callable[..., str], columns: int, lines: int) -> None:
    ask("resize-window", "-x", str(columns), "-y", str(lines))
    terminal.settle(0.3)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_a_resized_screen_equals_a_fresh_drawing_in_tmux(home: Path, stand_in: StandIn) -> None:
    with in_tmux(home, stand_in) as (terminal, ask):
        terminal.send(QUESTION)
        terminal.wait_for(QUESTION)
        terminal.settle(0.1)
        terminal.send("\r")
        terminal.wait_for("2025 年春节是 1 月 29 日")
        terminal.wait_for("✓")
        for sizes in (NARROW_THEN_WIDE, *(tuple(sizes_of(seed)) for seed in range(6))):
            for size in sizes:
                resize(terminal, ask, *size)
            drawn = seen(ask, sizes[-1])
            ask("send-keys", "C-l")
            terminal.settle(0.3)
            assert differing(seen(ask, sizes[-1]), drawn) == [], sizes
