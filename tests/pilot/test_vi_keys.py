"""The keys of vi in the chat: which Esc means what, and where they are found."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from coze_tui.standin.scenarios import Answer, Bot, Delta, Gate
from coze_tui.tui.screens.bots import BotPicker
from coze_tui.tui.screens.help import HelpScreen
from coze_tui.tui.screens.side_by_side import SideBySideScreen
from coze_tui.tui.widgets.prompt.prompt import Prompt
from tests.support.desk import desk

pytestmark = pytest.mark.quick
BOT = "7511000000000000777"
VI = {"COZE_TUI_EDIT_MODE": "vi"}


async def test_escape_goes_to_normal_mode_then_leaves_the_question_then_stops(home: Path) -> None:
    bots = [Bot(BOT, "海水", [Delta("盐"), Gate("held"), Answer("。")])]
    async with desk(home, bots, environment=VI) as at:
        prompt = at.screen.prompt
        await at.pilot.press(*"salt?", "escape")
        assert prompt.mode == "normal"
        await at.pilot.press("enter")  # sends in normal mode, too
        await at.until(lambda: "盐" in at.text())
        assert (prompt.message, prompt.mode) == ("", "insert")
        at.screen.log_widget.focus()
        await at.pilot.press("e")
        assert prompt.message == "salt?"
        await at.pilot.press("escape", "escape", "x")
        assert (prompt.message, at.screen.conversation.edit.is_on, at.screen.turns.runs) == ("", False, True)
        await at.pilot.press("escape")
        await at.until(lambda: not at.screen.turns.runs, "stopped")
        at.stand_in.release("held")


async def test_they_are_in_the_help_and_in_the_prompt_of_the_comparison(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("。")])], environment=VI) as at:
        await at.pilot.press("f1")
        await at.until(lambda: isinstance(at.app.screen, HelpScreen))
        await at.pilot.press(*"vi prompt")
        rows = at.app.screen.query_one("SelectList")
        await at.until(lambda: any("iw aw" in line for line in _lines(rows)))
        await at.pilot.press("escape")
        await at.until(lambda: at.app.screen is at.screen)
        at.screen.opener.ask_side_by_side()
        await at.until(lambda: isinstance(at.app.screen, BotPicker))
        at.app.post_message(events.Paste(BOT))
        await at.pilot.press("enter")
        await at.until(lambda: isinstance(at.app.screen, SideBySideScreen))
        await at.until(
            lambda: at.app.screen.query(Prompt) and at.app.screen.query_one(Prompt).mode == "insert"
        )


def _lines(rows: object) -> list[str]:
    return [rows.render_line(y).text for y in range(rows.line_count)]  # type: ignore[attr-defined]
