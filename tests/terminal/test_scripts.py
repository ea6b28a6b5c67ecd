"""Scripts whose vowel signs take a cell in some terminals and none in others stay legible in both."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.standin.server import StandIn
from coze_tui.terminal.spacing_marks import counts_spacing_marks
from tests.support.program import BOT, TOKEN, Start
from tests.support.tmux import in_tmux

WORDS = ("हिन्दी", "नमस्ते", "தமிழ்", "வணக்கம்", "বাংলা", "ಕನ್ನಡ", "മലയാളം", "မြန်မာ", "ខ្មែរ", "ภาษาไทย", "한국어")
TEXT = " · ".join(WORDS) + "\n\n| a | b |\n|---|---|\n" + "".join(f"| {word} | x |\n" for word in WORDS)


@pytest.fixture
def stand_in() -> StandIn:
    return StandIn(token=TOKEN, pace=0, bots=[Bot(BOT, "सागर", [Answer(TEXT)])])


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_every_script_is_as_legible_in_tmux_as_with_cat(home: Path, stand_in: StandIn) -> None:
    with stand_in, in_tmux(home, stand_in) as (terminal, ask):
        terminal.wait_for("● idle")
        terminal.send("हिन्दी")
        terminal.settle()
        assert "हिन्दी" in ask("capture-pane", "-p").splitlines()[-2]
        terminal.send("\r")
        terminal.wait_for("completed")
        terminal.settle()
        shown = ask("capture-pane", "-p", "-J")
        assert [word for word in WORDS if shown.count(word) < 2] == []


def test_a_terminal_that_draws_whole_clusters_shows_them_whole(run: Start, stand_in: StandIn) -> None:
    with stand_in:
        program = run(stand_in=stand_in, env={"TERM_PROGRAM": "WezTerm"})
        program.ask("?", "한국어")
        assert [word for word in WORDS if word not in program.text] == []
        program.send(b"\x11")
        program.check_left()


def test_an_unknown_terminal_that_draws_clusters_loses_no_mark(run: Start, stand_in: StandIn) -> None:
    with stand_in:
        program = run(stand_in=stand_in)
        program.ask("?", "한국어")
        shown = program.text.replace(" ", "")
        assert [word for word in WORDS if word not in shown] == []
        program.send(b"\x11")
        program.check_left()


@pytest.mark.parametrize(
    ("environment", "counts"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "screen"}, True),
        ({"TERM": "xterm-kitty"}, False),
        ({"TERM": "xterm-kitty", "STY": "1.x"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, False),
        (
            {"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "LC_TERMINAL": "iTerm2", "TMUX": "/tmp/x,1,0"},
            True,
        ),
    ],
)
def test_a_multiplexer_decides_whatever_is_around_it(environment: dict[str, str], counts: bool) -> None:
    if sys.platform != "win32":
        assert counts_spacing_marks(environment) is counts


def test_rich_measures_spacing_marks_as_cells_once_it_is_asked_to() -> None:
    program = (
        "from coze_tui.terminal.spacing_marks import count_spacing_marks\n"
        "from rich.cells import cell_len\n"
        "words = ['हिन्दी', 'தமிழ்', 'বাংলা', 'กำลัง', 'e\\u0301']\n"
        "words += ['葛\\U000e0100', '👨\\u200d👩\\u200d👧', '한국어']\n"
        "before = [cell_len(word) for word in words]\n"
        "count_spacing_marks()\n"
        "count_spacing_marks()\n"
        "print(before, [cell_len(word) for word in words])\n"
    )
    told = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", program], check=True, capture_output=True, text=True
    )
    assert told.stdout.strip() == "[3, 3, 2, 4, 1, 2, 2, 6] [5, 4, 5, 4, 1, 2, 2, 6]"
