"""The harness itself: it must see what a terminal sees, or the tests above it prove nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
import termios

import pytest

from tests.support.samples import ROOT
from tests.support.terminal import Gone, ScreenFeed, Terminal, TerminalScreen

PYTHON = sys.executable
KILLED = {
    "a child": """
import subprocess, sys
from tests.support.children import end_with_parent
program = "import time; print('started', flush=True); time.sleep(600)"
subprocess.Popen([sys.executable, "-c", program], preexec_fn=end_with_parent())
""",
    "a server": """
from tests.benchmarks.programs import serving
server = serving()
server.__enter__()
print("started", flush=True)
""",
}
"""Programs that start another one, which has the same stderr."""


def screen_after(data: bytes, columns: int = 20, lines: int = 4) -> TerminalScreen:
    screen = TerminalScreen(columns, lines)
    feed = ScreenFeed(screen)
    for byte in data:
        feed.feed(bytes([byte]))
    return screen


def test_a_program_is_seen_typed_at_and_its_exit_code_known() -> None:
    with Terminal([PYTHON, "-c", "print('hello', input()); raise SystemExit(7)"]) as terminal:
        terminal.send("world\r")
        terminal.wait_for("hello world")
        assert terminal.wait() == 7


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("name", KILLED)
def test_no_child_outlives_a_killed_parent(name: str, number: signal.Signals) -> None:
    program = f"{KILLED[name]}\nimport time\ntime.sleep(600)"
    pipe = subprocess.PIPE
    with subprocess.Popen([PYTHON, "-c", program], stdout=pipe, stderr=pipe, cwd=ROOT) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"started\n"
        parent.send_signal(number)
        parent.communicate(timeout=60)  # until the last program that has the pipe is gone


def test_what_does_not_come_fails_and_shows_the_screen() -> None:
    with Terminal([PYTHON, "-c", "print('here'); input()"]) as terminal:
        terminal.wait_for("here")
        with pytest.raises(Gone, match="here"):
            terminal.wait_for("there", timeout=0.1)


def test_the_program_learns_of_a_resize() -> None:
    program = (
        "import os, signal\n"
        "signal.signal(signal.SIGWINCH, lambda *a: os.write(1, b'size %d %d' % os.get_terminal_size()))\n"
        "print('ready', flush=True)\nwhile True: signal.pause()"
    )
    with Terminal([PYTHON, "-c", program]) as terminal:
        terminal.wait_for("ready")
        terminal.resize(100, 30)
        terminal.wait_for("size 100 30")


def test_changed_termios_is_seen_from_outside() -> None:
    program = (
        "import termios\na = termios.tcgetattr(0)\na[3] &= ~termios.ECHO\n"
        "termios.tcsetattr(0, termios.TCSANOW, a)\nprint('done', flush=True)\ninput()"
    )
    with Terminal([PYTHON, "-c", program]) as terminal:
        terminal.wait_for("done")
        assert terminal.modes() != terminal.modes_before
        assert not terminal.modes()[3] & termios.ECHO


def test_a_reader_that_stops_gets_the_rest_when_it_goes_on() -> None:
    with Terminal([PYTHON, "-c", "input(); print('x' * 100_000 + 'end')"]) as terminal:
        terminal.stop_reading()
        terminal.send("\r")
        terminal.start_reading()
        terminal.wait_for("end")
        assert terminal.raw.count(b"x") == 100_000


def test_hanging_up_sends_the_hangup_signal() -> None:
    with Terminal([PYTHON, "-c", "print('up', flush=True); import time; time.sleep(60)"]) as terminal:
        terminal.wait_for("up")
        terminal.hang_up()
        assert terminal.wait() == -signal.SIGHUP


def test_clusters_take_the_cells_textual_gives_them() -> None:
    screen = screen_after("👨‍👩‍👧x\r\n❤️y\r\ne\u0301z\r\n中文".encode())
    assert [screen.buffer[y][x].data for y, x in ((0, 2), (1, 2), (2, 1), (3, 2))] == ["x", "y", "z", "文"]
    assert screen.buffer[2][0].data == "e\u0301"


def test_half_of_a_wide_character_written_over_blanks_the_other_half() -> None:
    assert screen_after("中文\x1b[1;2Hx".encode()).row(0) == " x文"
    assert screen_after("中文\x1b[1;3Hx".encode()).row(0) == "中x"


def test_the_alternate_screen_gives_the_first_one_back() -> None:
    screen = screen_after(b"shell\x1b[?1049h\x1b[Happ\x1b[?1049l")
    assert screen.row(0) == "shell"
    assert screen_after(b"shell\x1b[?1049h\x1b[Happ").row(0) == "app"
    assert 1049 in screen_after(b"\x1b[?1049h\x1b[?2004h").private_modes


def test_keyboard_protocol_and_mode_queries_leave_no_mark() -> None:
    assert screen_after(b"\x1b[>25u\x1b[?2026$pa\x1b[<ub").text().strip() == "ab"
