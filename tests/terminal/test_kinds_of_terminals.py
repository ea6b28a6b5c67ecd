"""The program on terminals that cannot show screens, or only without colors."""

from __future__ import annotations

import re
import readline
import shutil
import subprocess
from pathlib import Path

import pytest

from coze_tui.standin.server import StandIn
from tests.support.program import Start
from tests.support.reports import REPORTS

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
    chinese = run("--lang", "zh_CN", "replay", "no such chat", ready=False, env={"TERM": "dumb"})
    assert chinese.wait() == 2
    assert "。请" in chinese.text.replace("\n", "")


def test_such_a_terminal_is_good_enough_for_linear(run: Start) -> None:
    program = run("--linear", ready=False, env={"TERM": "dumb"})
    program.wait_for("You:")
    program.send("/foo\n")
    program.wait_for("Press Enter again to send it as text")
    program.send("\n")  # the same in a terminal as on the screens
    program.wait_for("You asked: “/foo”")
    program.send("/quit\n")
    assert program.wait() == 0


@pytest.mark.parametrize("mode", ["emacs", "vi"])
@pytest.mark.skipif("GNU" not in (readline.__doc__ or ""), reason="another library edits lines")
def test_late_reports_of_a_terminal_are_not_typed_in_linear(run: Start, stand_in: StandIn, mode: str) -> None:
    program = run("--linear", ready=False, env={"COZE_TUI_EDIT_MODE": mode})
    program.wait_for("You:")
    program.send("ab" + "cd".join(REPORTS.values()) + "ef\n")
    program.wait_for("Status: completed")
    program.send("/quit\n")
    assert program.wait() == 0
    (asked,) = [request.body for request in stand_in.requests if request.path == "/v3/chat"]
    assert isinstance(asked, dict)
    assert asked["additional_messages"][-1]["content"] == "ab" + "cd" * (len(REPORTS) - 1) + "ef"


@pytest.mark.parametrize("term", ["jumper", "no-such-entry", "xterm-of-the-future", None])
def test_a_terminal_that_can_or_that_nobody_knows_shows_the_screens(
    run: Start, terminfo: Path, term: str | None
) -> None:
    program = run(env={"TERM": term, "TERMINFO": str(terminfo)})
    program.send(b"\x11")
    program.check_left()


def colors_in(raw: bytes) -> list[bytes]:
    """Return the SGR sequences that set a color, also the terminal's own."""
    sequences = re.findall(rb"\x1b\[([0-9;:]*)m", raw)
    return [each for each in sequences if re.search(rb"(?:^|;)(?:[34]\d|9[0-7]|10[0-7])\b", each)]


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"COZE_TUI_THEME": "coze-light"},
        {"COZE_TUI_THEME": "dracula"},
        {"COZE_TUI_THEME": "ansi", "COLORTERM": ""},
        {"COZE_TUI_PARTIAL_REDRAW": "off"},
        {"TERM": "xterm", "COLORTERM": ""},
    ],
    ids=str,
)
def test_no_color_sends_no_color_and_marks_with_attributes(run: Start, env: dict[str, str]) -> None:
    program = run(env={"NO_COLOR": "1", **env})
    program.ask("1 + 1", "= 2")
    program.type("one two")
    program.press("\x1b[1;6D")  # select a word
    program.settle()
    row = next(row for row in program.cells() if "› one" in "".join(cell.text for cell in row))
    assert "".join(cell.text for cell in row if cell.reverse).strip() == "two"
    program.press("\x13")  # the history, with a bar over the chosen row
    program.wait_for("TODAY")
    program.settle()
    assert any(sum(cell.reverse for cell in row) > 20 for row in program.cells())
    program.send(b"\x11")
    program.check_left()
    # Textual, which draws without differences, names the terminal's own colors.
    assert set(colors_in(program.raw)) <= ({b"39;49"} if "COZE_TUI_PARTIAL_REDRAW" in env else set())


def test_an_empty_no_color_asks_for_nothing(run: Start) -> None:
    program = run(env={"NO_COLOR": ""})
    program.send(b"\x11")
    program.check_left()
    assert colors_in(program.raw)


def test_a_theme_chosen_without_colors_is_remembered_for_a_start_with_them(run: Start) -> None:
    program = run(env={"NO_COLOR": "1"})
    program.send_message("/theme coze-light")
    program.wait_for("NO_COLOR is set")
    program.send(b"\x11")
    program.check_left()
    assert colors_in(program.raw) == []
    colorful = run()
    assert b"48;2;251;251;253" in colorful.raw
    colorful.send(b"\x11")
    colorful.check_left()
