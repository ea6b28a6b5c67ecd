from __future__ import annotations

import os
import subprocess
import sys

import pytest

if sys.platform == "win32":
    pytest.skip("POSIX only", allow_module_level=True)

from coze_tui.tui.terminal.early import paint_skeleton, skeleton
from tests.terminal.harness import ScreenFeed, TerminalScreen

ROWS = [(0, " 小春 · coze.cn", "#171a23"), (-2, " › ", "#171a23")]


def screen_of(text: str) -> TerminalScreen:
    screen = TerminalScreen(40, 10)
    ScreenFeed(screen).feed(text.encode())
    return screen


def test_the_skeleton_has_its_lines_and_its_colours() -> None:
    screen = screen_of(skeleton(ROWS, "#11131a", "#d7dae4", 40, 10, colors=True))
    assert screen.row(0) == " 小春 · coze.cn"
    assert screen.row(8) == " ›"
    cells = screen.cells()
    assert {cell.background for cell in cells[0]} == {"171a23"}
    assert {cell.background for y in (1, 5, 9) for cell in cells[y]} == {"11131a"}
    assert cells[0][1].foreground == "d7dae4"


def test_without_truecolor_it_is_text_alone() -> None:
    assert "38;2" not in skeleton(ROWS, "#11131a", "#d7dae4", 40, 10, colors=False)


@pytest.mark.parametrize("size", [(1, 1), (5, 2), (500, 200)])
def test_any_size_of_window_will_do(size: tuple[int, int]) -> None:
    screen = TerminalScreen(*size)
    ScreenFeed(screen).feed(skeleton(ROWS, "#11131a", "#d7dae4", *size, colors=True).encode())
    assert screen.cells()[0][0].background in ("171a23", "11131a")


def test_without_a_terminal_there_is_no_early_frame() -> None:
    program = (
        "from coze_tui.tui.terminal.early import paint_skeleton\n"
        "print(paint_skeleton([], '#000000', '#ffffff'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "None"
    assert done.stderr == ""
    assert callable(paint_skeleton)


def test_it_imports_nothing_that_takes_time() -> None:
    program = "import sys; import coze_tui.tui.terminal.early; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"textual", "rich", "asyncio", "httpx", "re", "typing", "json"}
