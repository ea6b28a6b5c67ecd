"""The program over OpenSSH's own server: text, sizes, lost lines, tmux, the clipboard and traffic."""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from rich.cells import cell_len

from coze_tui.standin.scenarios import Answer, Bot, Burst, Complete, Delta, Gate, Step
from coze_tui.standin.server import StandIn
from tests.support.program import BOT, TOKEN, Program, processes_with
from tests.support.sshd import Connect
from tests.support.terminal import TerminalScreen

WHOLE = "河流把盐带进海里。"


@contextmanager
def sea(*steps: Step, pace: float = 0) -> Iterator[StandIn]:
    """A server whose bot answers with these steps, or in two halves with a gate between them."""
    halves = (Delta(WHOLE[:4]), Gate("held"), Delta(WHOLE[4:]), Complete())
    with StandIn(token=TOKEN, pace=pace, bots=[Bot(BOT, "海水", list(steps or halves))]) as stand_in:
        yield stand_in


def asked(stand_in: StandIn, path: str) -> int:
    """How often a path was requested."""
    return [request.path for request in stand_in.requests].count(path)


def fills(screen: TerminalScreen, columns: int) -> bool:
    """The header of a program whose chat is completed reaches from the left edge to the right one."""
    return "  ✓ " in screen.row(0) and columns - 3 < cell_len(screen.row(0)) <= columns


def gone(home: Path) -> bool:
    """Nothing that was started in this home runs any more."""
    return not processes_with(f"COZE_TUI_HOME={home}")


def test_chinese_is_typed_and_shown_in_the_posix_locale_at_every_size(connect: Connect) -> None:
    with sea(Answer(WHOLE)) as stand_in:
        program = connect(stand_in).ready()
        program.wait_for("no events yet")
        program.ask("海水为什么咸？", WHOLE)
        program.resize(60, 20)
        program.wait_for(lambda screen: fills(screen, 60))
        assert WHOLE in program.text
        program.type("又问")
        program.resize(110, 30)
        program.wait_for(
            lambda screen: "✓ completed" in screen.text() and "又问" in program.prompt_of(screen)
        )
        program.send(b"\x11")
        program.check_left()


def kill(program: Program) -> None:
    """The client dies, as with the machine on which it runs."""
    program.signal(signal.SIGKILL)


def escape(program: Program) -> None:
    """The user ends the connection with `~.`, which counts at the start of a line only."""
    program.press("\n~.")


@pytest.mark.parametrize("lose", [kill, escape])
def test_a_lost_line_stops_nothing_and_the_next_connection_has_the_whole_answer(
    connect: Connect, home: Path, lose: Callable[[Program], None]
) -> None:
    with sea() as stand_in:
        first = connect(stand_in).ready()
        first.send_message("海水为什么咸？")
        first.wait_for(WHOLE[:4])
        first.type("half a thought")
        lose(first)
        first.wait()
        first.wait_until(lambda: gone(home))
        assert first.store.statuses() == ["interrupted"]
        stand_in.release("held")
        second = connect(stand_in, "-c")
        second.wait_for(WHOLE)
        second.idle()
        assert second.text.count(WHOLE[:4]) == 1
        assert second.prompt.startswith("half a thought")
        second.send(b"\x11")
        second.check_left()
        assert second.store.statuses() == ["completed"]
        assert (asked(stand_in, "/v3/chat"), asked(stand_in, "/v3/chat/cancel")) == (1, 0)


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_in_tmux_it_goes_on_while_detached_and_fits_another_size_afterwards(
    connect: Connect, tmp_path: Path
) -> None:
    tmux = ("tmux", "-u", "-S", str(tmp_path / "tmux"), "-f", os.devnull)
    try:
        with sea() as stand_in:
            first = connect(stand_in, before=(*tmux, "new-session", "-A"), size=(120, 30))
            first.wait_for("no events yet")
            first.send_message("海水为什么咸？")
            first.wait_for(WHOLE[:4])
            first.send(b"\x02d")
            assert first.wait() == 0
            stand_in.release("held")
            second = connect(stand_in, before=(*tmux, "new-session", "-A"), size=(70, 20))
            second.wait_for(WHOLE)
            second.wait_for(lambda screen: fills(screen, 70))
            assert asked(stand_in, "/v3/chat/cancel") == 0
            second.send(b"\x11")
            assert second.wait() == 0
            assert second.modes() == second.modes_before
    finally:
        subprocess.run([*tmux, "kill-server"], check=False, capture_output=True)


def test_what_is_copied_reaches_the_near_side_and_an_idle_line_carries_nothing(connect: Connect) -> None:
    with sea(Answer(WHOLE)) as stand_in:
        program = connect(stand_in).ready()
        program.ask("海水为什么咸？", WHOLE)
        program.press("\t")
        program.press("y")
        program.wait_for_raw(b"\x1b]52;c;" + base64.b64encode(WHOLE.encode()))
        program.press("\x1b")
        program.wait_for(lambda screen: "copied" not in screen.text().lower())
        program.settle(1.0)
        written = len(program.raw)
        program.settle(2.0)
        assert len(program.raw) == written
        program.send(b"\x11")
        assert program.wait() == 0


def test_frames_are_as_few_as_the_line_wants(connect: Connect) -> None:
    # No two rows are alike, so that every frame is large enough to be marked as one.
    rows = [f"{n} " + "".join(chr(0x4E00 + (n * 37 + i * i) % 5000) for i in range(30)) for n in range(360)]
    with sea(Burst((f"{row}\n\n" for row in rows), 120), Complete(), pace=1) as stand_in:
        program = connect(stand_in, size=(100, 40)).ready()
        program.send("\x1b[?2026;2$y")  # this terminal marks frames
        program.settle()
        program.send_message("海水为什么咸？")
        before, began = program.raw.count(b"\x1b[?2026h"), time.monotonic()
        program.wait_for(rows[-1][:12])
        frames, seconds = program.raw.count(b"\x1b[?2026h") - before, time.monotonic() - began
        assert 5 < frames < 20 * seconds + 5, (frames, seconds)  # 15 a second, not the 30 of a near terminal
        program.idle()
        program.send(b"\x11")
        assert program.wait() == 0


def test_of_two_connections_to_one_history_one_fetches_what_the_other_has_lost(connect: Connect) -> None:
    def follows(screen: TerminalScreen) -> bool:
        return WHOLE[:4] in screen.text() and "● idle" not in screen.text()

    with sea() as stand_in:
        first = connect(stand_in).ready()
        first.send_message("海水为什么咸？")
        first.wait_for(WHOLE[:4])
        others = [connect(stand_in, "-c") for _ in range(2)]
        for other in others:
            other.wait_for(follows)
        kill(first)
        first.wait()
        others[0].wait_until(lambda: asked(stand_in, "/v3/chat/retrieve") > 0)
        stand_in.release("held")
        for other in others:
            other.wait_for(WHOLE)
            other.idle()
            assert other.text.count(WHOLE[:4]) == 1
            other.send(b"\x11")
            assert other.wait() == 0
        assert asked(stand_in, "/v3/chat/message/list") == 1
        assert asked(stand_in, "/v3/chat/cancel") == 0
