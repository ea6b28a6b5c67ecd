"""The app in a real pty: what is typed arrives, what ends it leaves the terminal as it was."""

from __future__ import annotations

import fcntl
import os
import signal
import struct
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.samples import ROOT
from tests.support.terminal import Terminal, TerminalScreen

SAMPLE = (sys.executable, "-m", "tests.support.sample_program")
MODES_LEFT_ON = {1000, 1003, 1006, 1004, 2004, 1049}

Start = Callable[..., Terminal]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.touch()
    return path


@pytest.fixture
def start(log: Path) -> Iterator[Start]:
    terminals: list[Terminal] = []

    def starter(*arguments: str, ready: bool = True, **options: object) -> Terminal:
        command = [*SAMPLE, "--log", str(log), *arguments]
        env = {"PYTHONPATH": str(ROOT)} | dict(options.pop("env", {}))  # type: ignore[call-overload]
        terminal = Terminal(command, env=env, **options)  # type: ignore[arg-type]
        terminals.append(terminal)
        if ready:
            wait_for_line(terminal, log, "ready")
        return terminal

    yield starter
    for terminal in terminals:
        terminal.close()


def lines(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines()


def wait_for_line(terminal: Terminal, log: Path, line: str) -> None:
    terminal.wait_until(lambda: line in lines(log))


def is_restored(terminal: Terminal) -> bool:
    return terminal.modes() == terminal.modes_before and not (MODES_LEFT_ON & terminal.screen.private_modes)


# -- keys


# tests/unit/terminal/test_keys.py holds the names of all keys.
@pytest.mark.parametrize(("data", "key"), [(b"\x1b[13;2u", "shift+enter"), ("中".encode(), "中")])
def test_a_key_reaches_the_app_by_its_name(start: Start, log: Path, data: bytes, key: str) -> None:
    terminal = start()
    terminal.send(data)
    wait_for_line(terminal, log, f"key {key}")


def test_enter_sends_and_its_kin_make_new_lines(start: Start, log: Path) -> None:
    terminal = start()
    for part in (b"a", b"\n", b"b", b"\x1b\r", b"c", b"\x1b[13;2u", b"d", b"\r"):
        terminal.send(part)
        terminal.settle(0.08)
    wait_for_line(terminal, log, r"sent 'a\nb\nc\nd'")


def test_a_paste_without_brackets_sends_nothing(start: Start, log: Path) -> None:
    terminal = start()
    terminal.send("first line\rsecond line\rthird\r")
    terminal.wait_for("third")
    terminal.settle()
    assert not [line for line in lines(log) if line.startswith("sent")]
    terminal.send("\r")
    wait_for_line(terminal, log, r"sent 'first line\nsecond line\nthird\n'")


@pytest.mark.parametrize("paste", ["safe\x1b[201~evil\r", "a\x1b\rb\rc", "\x1b]0;x\x07\ry\r"])
def test_a_hostile_paste_sends_nothing(start: Start, log: Path, paste: str) -> None:
    terminal = start()
    terminal.paste(paste)
    terminal.settle(0.3)
    assert [line for line in lines(log) if line.startswith(("paste", "key"))]
    assert not [line for line in lines(log) if line.startswith("sent")]


def test_a_paste_whose_end_is_lost_does_not_swallow_the_keys_for_ever(start: Start, log: Path) -> None:
    terminal = start()
    terminal.send(b"\x1b[200~half a paste")
    wait_for_line(terminal, log, "paste 'half a paste'")
    terminal.send("x")
    wait_for_line(terminal, log, "key x")


def test_bytes_that_are_not_utf8_end_nothing(start: Start, log: Path) -> None:
    terminal = start()
    terminal.send(b"caf\xe9 \xff\xfe!")
    wait_for_line(terminal, log, "key exclamation_mark")
    terminal.wait_for("caf\ufffd")
    terminal.send(b"\x11")
    assert terminal.wait() == 0


def test_answers_of_the_terminal_are_not_typed(start: Start, log: Path) -> None:
    terminal = start("--stream", "300")
    terminal.wait_until(lambda: terminal.raw.count(b"\x1b[5n") > 3)
    terminal.send("z")
    wait_for_line(terminal, log, "key z")
    assert not [line for line in lines(log) if line not in ("guarded", "ready", "key z")]


def test_an_answer_inside_a_paste_is_not_pasted(start: Start, log: Path) -> None:
    terminal = start()
    for piece in (b"\x1b[200~left ", b"\x1b[", b"0", b"n", b"right\x1b[?1u\x1b]11;rgb:0/0/0\x1b\\\x1b[201~"):
        terminal.send(piece)
        terminal.settle(0.05)
    wait_for_line(terminal, log, "paste 'left right'")


def test_a_reported_size_beyond_any_screen_changes_nothing(start: Start, log: Path) -> None:
    terminal = start(size=(60, 16))
    terminal.wait_for("the sample")
    before = terminal.cells()
    terminal.send(b"\x1b[?2048;1$y\x1b[48;99999;99999;1;1t\x1b[48;5000;5000;1;1t\x1b[48;50;200;1;1t")
    terminal.send("x")
    wait_for_line(terminal, log, "key x")
    terminal.send(b"\x7f")
    wait_for_line(terminal, log, "key backspace")
    terminal.wait_for(lambda screen: screen.cells() == before)
    terminal.resize(70, 20)  # the signal still counts
    terminal.wait_for(lambda screen: screen.row(1)[50:].startswith("side"))


def test_a_tty_larger_than_any_screen_is_drawn_in_part(start: Start, log: Path) -> None:
    terminal = start("--early", size=(1200, 24))
    assert max(map(len, terminal.raw.decode().split("\x1b"))) < 1100
    terminal.send("x")
    wait_for_line(terminal, log, "key x")


def test_what_is_typed_before_the_app_is_ready_comes_in_order(start: Start, log: Path) -> None:
    terminal = start("--early", "--hold", "0.3", ready=False)
    terminal.wait_for("early header")
    assert not terminal.modes()[3] & termios.ECHO
    terminal.send("typed ahead 中文")
    wait_for_line(terminal, log, "ready")
    terminal.wait_for("typed ahead 中文")
    assert [line[4:] for line in lines(log) if line.startswith("key")] == [
        *"typed", "space", *"ahead", "space", *"中文",
    ]  # fmt: skip


# -- the early frame


def test_the_early_frame_gives_way_without_entering_the_alternate_screen_twice(start: Start) -> None:
    terminal = start("--early")
    terminal.wait_for("the sample")
    assert terminal.raw.count(b"\x1b[?1049h") == 1
    assert b"\x1b[2J" not in terminal.raw
    terminal.wait_for(lambda screen: "early header" not in screen.text())
    terminal.send(b"\x11")
    assert terminal.wait() == 0
    assert is_restored(terminal)


# -- ends


@pytest.mark.parametrize("arguments", [(), ("--early",), ("--stream", "500"), ("--plain",)])
def test_quitting_leaves_the_terminal_as_it_was(start: Start, arguments: tuple[str, ...]) -> None:
    terminal = start(*arguments)
    terminal.wait_for("the sample")
    terminal.send(b"\x11")
    assert terminal.wait() == 0
    assert is_restored(terminal)
    assert terminal.raw.rindex(b"\x1b[0m") < terminal.raw.rindex(b"\x1b[?1049l")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_the_app_in_order(start: Start, log: Path, number: signal.Signals) -> None:
    terminal = start("--stream", "100")
    terminal.signal(number)
    assert terminal.wait() == 128 + number
    assert f"leaving {128 + number}" in lines(log)
    assert is_restored(terminal)


def test_an_app_that_does_not_leave_is_ended_by_the_watchdog(start: Start, log: Path) -> None:
    terminal = start("--stall-exit", "--patience", "0.5")
    terminal.signal(signal.SIGTERM)
    wait_for_line(terminal, log, "leaving 143")
    assert terminal.wait() == 143
    assert is_restored(terminal)


def test_a_terminal_that_stops_reading_can_still_be_left(start: Start, log: Path) -> None:
    terminal = start("--stream", "5000", size=(120, 40))
    terminal.stop_reading()
    terminal.wait_until(lambda: waiting_bytes(terminal) > 4000)
    terminal.signal(signal.SIGTERM)
    wait_for_line(terminal, log, "leaving 143")
    assert terminal.wait() == 143
    assert terminal.modes() == terminal.modes_before


def waiting_bytes(terminal: Terminal) -> int:
    """Bytes of the program that the terminal has not read, as far as the kernel tells (up to 4,095)."""
    (waiting,) = struct.unpack("i", fcntl.ioctl(terminal.master, termios.FIONREAD, b"\0\0\0\0"))
    return int(waiting)


def test_a_lost_line_ends_the_app(start: Start, log: Path) -> None:
    terminal = start()
    terminal.hang_up()
    assert terminal.wait() == 128 + signal.SIGHUP
    assert "leaving 129" in lines(log)


def test_a_lost_line_is_noticed_where_the_signal_is_ignored(log: Path) -> None:
    # Not nohup, which would also take the terminal from stdin.
    command = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *SAMPLE, "--log", str(log)]
    with Terminal(command, env={"PYTHONPATH": str(ROOT)}, cwd=log.parent) as terminal:
        wait_for_line(terminal, log, "ready")
        terminal.hang_up()
        assert terminal.wait() == 128 + signal.SIGHUP


def test_a_signal_before_the_app_runs_restores_the_terminal(start: Start, log: Path) -> None:
    terminal = start("--early", "--hold", "30", ready=False)
    wait_for_line(terminal, log, "guarded")
    terminal.signal(signal.SIGTERM)
    assert terminal.wait() == 143
    assert is_restored(terminal)


# -- stop and continue


def test_ctrl_z_gives_the_shell_its_terminal_and_comes_back(start: Start) -> None:
    terminal = start()
    terminal.wait_for("the sample")
    terminal.send(b"\x1a")
    terminal.wait_until(lambda: stopped(terminal))
    terminal.wait_until(lambda: is_restored(terminal))
    written = len(terminal.raw)
    terminal.signal(signal.SIGCONT)
    terminal.wait_for_raw(b"the sample", after=written)
    terminal.send("y")
    terminal.wait_for("y")
    terminal.send(b"\x11")
    assert terminal.wait() == 0
    assert is_restored(terminal)


def test_the_app_continues_after_a_stop_without_notice(start: Start, log: Path) -> None:
    terminal = start()
    terminal.signal(signal.SIGSTOP)
    terminal.wait_until(lambda: stopped(terminal))
    # The shell takes the terminal back.
    termios.tcsetattr(terminal.master, termios.TCSANOW, terminal.modes_before)
    written = len(terminal.raw)
    terminal.signal(signal.SIGCONT)
    terminal.wait_for_raw(b"the sample", after=written)
    assert not terminal.modes()[3] & termios.ECHO
    terminal.send("abc")
    terminal.wait_until(lambda: lines(log)[-3:] == ["key a", "key b", "key c"])
    terminal.send(b"\x11")
    assert terminal.wait() == 0
    assert is_restored(terminal)


def stopped(terminal: Terminal) -> bool:
    if sys.platform != "linux":
        pytest.skip("reads /proc")
    status = Path(f"/proc/{terminal.process.pid}/stat").read_text(encoding="ascii")
    return status.rpartition(")")[2].split()[0] == "T"


# -- the picture


def test_ctrl_l_repairs_what_another_program_wrote(start: Start) -> None:
    terminal = start(size=(60, 16))
    terminal.wait_for("the sample")
    terminal.settle()
    before = terminal.cells()
    slave = os.open(os.readlink(f"/proc/{terminal.process.pid}/fd/2"), os.O_WRONLY | os.O_NOCTTY)
    os.write(slave, b"\x1b[5;5HBroadcast message\r\n\x1b[31mfrom root\x1b[3;9r\x1b[4h")
    os.close(slave)
    terminal.wait_for("Broadcast")
    terminal.send(b"\x0c")
    terminal.wait_for(lambda screen: "Broadcast" not in screen.text() and screen.cells() == before)


def test_a_resize_ends_in_a_right_screen(start: Start) -> None:
    terminal = start("--stream", "60")
    for columns in range(80, 90):  # a signal within the handler of another one comes in one storm of a few

        def is_right(screen: TerminalScreen, side: int = columns - 20) -> bool:
            return screen.row(0) == "the sample" and "delta" in screen.row(1)[side:]

        for size in ((40, 10), (120, 40), (1, 1), (200, 50), (columns, 24)):
            terminal.resize(*size)
        terminal.wait_for(is_right)


@pytest.mark.parametrize("answers", [True, False])
def test_a_reader_that_pauses_sees_the_newest_state_soon_after(start: Start, answers: bool) -> None:
    terminal = start("--stream", "300", size=(120, 40), answers=answers)
    terminal.wait_for("delta 3")
    terminal.stop_reading()
    # One that answers is missed at once; one that does not only when the pty is full.
    terminal.wait_until(lambda: waiting_bytes(terminal) > (200 if answers else 4000))
    terminal.start_reading()
    resumed = len(terminal.raw)
    terminal.send("q")
    terminal.wait_for(lambda screen: any(screen.row(y).strip() == "q" for y in range(34, 40)))
    # The pty was full; beyond that at most a few frames may have been waiting.
    assert len(terminal.raw) - resumed < 60_000


def test_a_slow_reader_gets_the_newest_state_and_its_keys(start: Start) -> None:
    terminal = start("--stream", "300", size=(120, 40), bytes_per_second=2000)
    terminal.wait_for("delta ")
    rows = range(34, 40)
    for count in range(1, 8):
        before = len(terminal.raw)
        terminal.send("k")
        terminal.wait_for(lambda screen, n=count: any(screen.row(y).strip() == "k" * n for y in rows))  # type: ignore[misc]
        # What was read until the echo was seen is what it had to wait for, at 2,000 bytes a second. A backlog
        # of whole frames would be tens of thousands.
        if count > 3:
            assert len(terminal.raw) - before < 6000


def test_nothing_is_written_while_idle(start: Start) -> None:
    terminal = start()
    terminal.wait_for("the sample")
    terminal.settle(0.5)
    written = len(terminal.raw)
    terminal.settle(1.0)
    assert len(terminal.raw) == written


def test_differences_cost_a_fraction(start: Start) -> None:
    sizes = {}
    for mode in ((), ("--plain",)):
        terminal = start("--stream", "40", *mode, size=(120, 40))
        terminal.wait_for("word60")
        sizes[mode] = len(terminal.raw)
        terminal.close()
    assert sizes[()] * 5 < sizes[("--plain",)]
