from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("POSIX only", allow_module_level=True)

from coze_tui.terminal.early_keys import EarlyEcho
from coze_tui.terminal.first_frame import paint_skeleton, skeleton
from tests.support.terminal import ScreenFeed, Terminal, TerminalScreen

ROWS = [(0, " 小春 · coze.cn", "#171a23"), (-2, " › ", "#171a23")]


def screen_of(text: str) -> TerminalScreen:
    screen = TerminalScreen(40, 10)
    ScreenFeed(screen).feed(text.encode())
    return screen


def test_the_skeleton_has_its_lines_and_its_colors() -> None:
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
        "from coze_tui.terminal.first_frame import paint_skeleton\n"
        "print(paint_skeleton([], '#000000', '#ffffff'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "None"
    assert done.stderr == ""
    assert callable(paint_skeleton)


def test_it_imports_nothing_that_takes_time() -> None:
    program = "import sys; import coze_tui.terminal.first_frame; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.getcwd()},
    )
    loaded = set(done.stdout.split())
    assert not loaded & {"textual", "rich", "asyncio", "httpx", "re", "typing", "json"}


def test_the_pen_waits_in_the_prompt() -> None:
    screen = screen_of(skeleton(ROWS, "#11131a", "#d7dae4", 40, 10, colors=True, prompt=(3, -2)) + "typed")
    assert screen.row(8) == " › typed"
    assert screen.cells()[8][4].background == "171a23"


def test_what_was_typed_before_the_frame_is_shown_in_it_and_kept() -> None:
    program = (
        "import sys, time\n"
        "from coze_tui.terminal.first_frame import paint_skeleton\n"
        "sys.stdin.readline()\n"
        f"frame = paint_skeleton({ROWS!r}, '#11131a', '#d7dae4', (3, -2))\n"
        "frame.restore()\n"
        "print(frame.take_keys())\n"
    )
    with Terminal([sys.executable, "-c", program], env={"PYTHONPATH": os.getcwd()}) as terminal:
        terminal.send("go\n你\x1b[A好")
        terminal.wait()
        assert repr("你\x1b[A好".encode()) in terminal.text
        assert "› 你好" in screen_before(terminal.raw).row(22)


def test_keys_typed_before_the_app_runs_are_echoed_there_and_kept(tmp_path: Path) -> None:
    program = (
        "import os, sys, time\n"
        "from coze_tui.terminal.first_frame import paint_skeleton\n"
        f"frame = paint_skeleton({ROWS!r}, '#11131a', '#d7dae4', (3, -2))\n"
        "while not os.path.exists(sys.argv[1]):\n"
        "    time.sleep(0.01)\n"
        "data = frame.take_keys()\n"
        "frame.restore()\n"
        "print(data)\n"
    )
    gate = tmp_path / "gate"
    with Terminal([sys.executable, "-c", program, gate], env={"PYTHONPATH": os.getcwd()}) as terminal:
        terminal.wait_for("›")
        terminal.send("early \x1b[31m\x9d0;x\x9c\u202e中.")
        terminal.wait_for("› early 0;x中.")
        gate.touch()
        terminal.wait()
        assert repr("early \x1b[31m\x9d0;x\x9c\u202e中.".encode()) in terminal.text.replace("\n", "")
        assert not set("\x9d\x9c\u202e") & set(terminal.raw.decode())
        assert terminal.modes() == terminal.modes_before


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_of_early_keys_only_harmless_characters_are_shown_in_their_row(size: int) -> None:
    data = "a\x1b[1;5Ab\x1bOPc\x1bxd\x9b31m\u202e中\x7f\r\n0123456789".encode()
    echo = EarlyEcho(12)
    shown = "".join(echo.feed(data[at : at + size]) for at in range(0, len(data), size))
    assert shown == "abcd31m中012"


def screen_before(raw: bytes) -> TerminalScreen:
    """The screen just before the frame was taken away."""
    screen = TerminalScreen(80, 24)
    ScreenFeed(screen).feed(raw[: raw.rindex(b"\x1b[0m\x1b[?7h\x1b[?1049l")])
    return screen
