"""The program on terminals that cannot show screens, or only without colors."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.program import Start

_ENTRIES = """
crawler|a terminal whose cursor only advances, am, cols#80, lines#24, bel=^G, cr=\\r, cud1=\\n,
printer|a terminal that prints on paper, am, hc, cols#80, bel=^G, cr=\\r, cud1=\\n,
jumper|a terminal whose cursor moves, am, cols#80, lines#24, cup=\\E[%i%p1%d;%p2%dH,
"""


@pytest.fixture
def terminfo(tmp_path: Path) -> Path:
    """A terminfo database with entries of our own."""
    compiler = shutil.which("tic")
    if compiler is None:
        pytest.skip("tic is not installed")
    source, database = tmp_path / "entries.ti", tmp_path / "terminfo"
    source.write_text(_ENTRIES)
    subprocess.run([compiler, "-x", "-o", database, source], check=True, capture_output=True)
    return database


@pytest.mark.parametrize("arguments", [(), ("demo",), ("-c",)], ids=" ".join)
@pytest.mark.parametrize("term", ["dumb", "dumb-emacs-ansi", "unknown", "crawler", "printer"])
def test_a_terminal_that_cannot_move_its_cursor_gets_a_sentence(
    run: Start, terminfo: Path, arguments: tuple[str, ...], term: str
) -> None:
    program = run(*arguments, ready=False, env={"TERM": term, "TERMINFO": str(terminfo)})
    assert program.wait() == 2
    assert "\x1b" not in program.text.replace("\n", "")
    assert f"TERM={term}" in program.text.replace("\n", "")
    assert "--linear" in program.text.replace("\n", "")


def test_a_replay_on_such_a_terminal_names_the_command_that_prints(run: Start, tmp_path: Path) -> None:
    program = run("replay", "no such chat", ready=False, env={"TERM": "dumb"})
    assert program.wait() == 2
    assert "\x1b" not in program.text.replace("\n", "")
    assert "coze-tui show" in program.text.replace("\n", "")


def test_such_a_terminal_is_good_enough_for_linear(run: Start) -> None:
    program = run("--linear", ready=False, env={"TERM": "dumb"})
    program.wait_for("You:")
    program.send("/quit\n")
    assert program.wait() == 0


@pytest.mark.parametrize("term", ["jumper", "no-such-entry", "xterm-of-the-future", None])
def test_a_terminal_that_can_or_that_nobody_knows_shows_the_screens(
    run: Start, terminfo: Path, term: str | None
) -> None:
    program = run(env={"TERM": term, "TERMINFO": str(terminfo)})
    program.send(b"\x11")
    program.check_left()
