"""A part of a message is selected and copied with the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot, Complete, Delta, Gate
from coze_tui.tui.widgets.key_footer import KeyFooter
from tests.support.desk import Desk, desk
from tests.support.waiting import resize

pytestmark = pytest.mark.quick
BOT = "7511000000000000777"
TEXT = "River water carries salt 河流把盐带进海里。\n\nThe sun takes the water away, and the salt stays."


def bots(*steps: object) -> list[Bot]:
    return [Bot(BOT, "海水", list(steps or (Answer(TEXT),)))]  # type: ignore[arg-type]


async def answered(at: Desk) -> None:
    await at.ask("海水为什么咸？")
    await at.answered()
    at.screen.log_widget.focus()
    await at.pilot.pause()


def selected(at: Desk) -> str:
    return at.screen.get_selected_text() or ""


def copied(at: Desk) -> str:
    return (at.context.startup.paths.copies / "copied.txt").read_text("utf-8").rstrip("\n")


def footer(at: Desk) -> list[str]:
    return at.screen.query_one(KeyFooter).shown()


async def test_words_lines_and_characters_are_selected_and_copied(home: Path) -> None:
    async with desk(home, bots()) as at:
        await answered(at)
        await at.pilot.press("v")
        assert selected(at) == "R"
        await at.until(lambda: "v from here" in footer(at))
        assert {"↑↓ extend", "y copy", "Esc stop selecting"} < set(footer(at))
        await at.pilot.press("e")
        assert selected(at) == "River"
        await at.pilot.press("w", "w", "w", "v", "e")  # from there on
        assert selected(at) == "salt"
        await at.pilot.press("l", "l", "l")
        assert selected(at) == "salt 河流"
        await at.pilot.press("o", "b")
        assert selected(at) == "carries salt 河流"
        await at.pilot.press("o", "j", "j", "0", "e")
        assert selected(at) == "carries salt 河流把盐带进海里。\n\nThe"
        await at.pilot.press("V")
        assert selected(at) == TEXT.replace("，", ",")
        await at.pilot.press("y")
        await at.until_told("Copied")
        assert copied(at) == TEXT
        assert (selected(at), at.screen.log_widget.selector.is_on) == ("", False)


async def test_escape_leaves_the_selection_first_and_then_the_log(home: Path) -> None:
    async with desk(home, bots()) as at:
        await answered(at)
        await at.pilot.press("v", "$", "R", "f")  # other letters do nothing meanwhile
        assert selected(at) == TEXT.split("\n", 1)[0]
        await at.pilot.press("escape")
        assert selected(at) == ""
        assert at.screen.log_widget.has_focus
        await at.pilot.press("escape")
        assert at.screen.prompt.has_focus
        assert len(at.screen.log_widget.entries) == 2


async def test_ctrl_c_copies_the_selection_and_leaves_it(home: Path) -> None:
    async with desk(home, bots()) as at:
        await answered(at)
        await at.pilot.press("v", "e", "ctrl+c")
        await at.until_told("Copied")
        assert copied(at) == "River"
        assert not at.screen.log_widget.selector.is_on
        await at.pilot.press("k")  # moves the cursor of the log again
        assert selected(at) == ""


async def test_the_selection_stays_on_its_text_while_more_arrives(home: Path) -> None:
    long = "\n\n".join(f"line {number} 盐" for number in range(200))
    async with desk(
        home, bots(Delta(long), Gate("held"), Delta("\n\nthe end"), Complete()), size=(80, 24)
    ) as at:
        await at.ask("海水为什么咸？")
        await at.until(lambda: "line 199" in at.text())
        log = at.screen.log_widget
        log.focus()
        await at.pilot.press("g", "j", "v", "j", "j", "j", "j", "$")
        assert selected(at) == "line 0 盐\n\nline 1 盐\n\nline 2 盐"
        before, top = selected(at), log.viewport.top
        at.stand_in.release("held")
        await at.answered()
        assert (selected(at), log.viewport.top) == (before, top)
        await at.pilot.press("G", "$")  # the end of a text that is longer than the view
        await at.until(lambda: selected(at).endswith("the end"))
        assert "line 100 盐" in selected(at)
        await resize(at.pilot, 60, 24)  # other lines
        await at.until(lambda: not log.selector.is_on)
        assert selected(at) == ""
