"""The command palette: what it offers, in which order, and what its lines do."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.standin.scenarios import Answer, Bot, Complete, Delta, Gate, Scenario
from coze_tui.tui.commands import slash_commands
from coze_tui.tui.screens.dialogs import AskText, ShowText
from coze_tui.tui.screens.help import HelpScreen
from coze_tui.tui.screens.history import HistoryScreen
from coze_tui.tui.screens.look import ThemePicker
from coze_tui.tui.screens.palette import CommandPalette
from coze_tui.tui.widgets.select_list import SelectList
from tests.support.desk import Desk, desk

BOT = "7511000000000000777"


def bots(*scenario: object) -> list[Bot]:
    steps: Scenario = list(scenario)  # type: ignore[arg-type]
    return [Bot(BOT, "海水", steps)]


async def opened(at: Desk) -> list[str]:
    """Open the palette; its lines as text, an empty one between groups."""
    await at.pilot.press("ctrl+p")
    await at.until(lambda: isinstance(at.app.screen, CommandPalette), "the palette is open")
    return shown(at)


def shown(at: Desk) -> list[str]:
    rows = at.app.screen.query_one(SelectList).rows
    return [
        " ".join("".join(text for text, _role in (*row.left, (" ", ""), *row.right)).split()) for row in rows
    ]


async def run(at: Desk, typed: str) -> None:
    """Run the first command that is found."""
    await opened(at)
    await at.pilot.press(*typed, "enter")
    await at.until(lambda: not isinstance(at.app.screen, CommandPalette))


async def test_it_shows_every_slash_command_on_one_line_with_its_key(home: Path) -> None:
    async with desk(home, bots(Answer("x"))) as at:
        lines = await opened(at)
        for command in slash_commands():
            is_there = any(line.endswith(f" {command.name}") for line in lines)
            assert is_there is (command.name not in ("/send", "/stop", "/tools")), command.name
        assert lines[0] == "CONVERSATION"
        assert "New conversation ^N /new" in lines
        assert "Fork from here f /fork" in lines
        assert "Ask again R /retry" in lines
        for title in (
            "Edit and resend",
            "Plain view",
            "Find",
            "Support bundle",
            "Replay",
            "Export",
            "Inspector",
        ):
            assert any(line.startswith(title) for line in lines), title
        await at.pilot.press("ctrl+p")
        assert at.app.screen is at.screen


async def test_a_key_of_the_settings_is_shown(home: Path) -> None:
    async with desk(home, bots(Answer("x")), environment={"COZE_TUI_KEYS": '{"chat.new": "f6"}'}) as at:
        assert "New conversation F6 /new" in await opened(at)


async def test_what_matters_now_goes_first(home: Path) -> None:
    async with desk(home, bots(Delta("a"), Gate("held"), Delta("b"), Complete())) as at:
        await at.ask("question")
        await at.until(lambda: "a" in at.text())
        lines = await opened(at)
        assert lines[:2] == ["NOW", "Stop Esc /stop"]
        await at.pilot.press("enter")
        await at.answered()
        at.stand_in.release("held")
        assert at.screen.turns.view.phase is Outcome.CANCELED
        assert not any("/stop" in line for line in await opened(at))
        await at.pilot.press("escape", "tab", "k")
        lines = await opened(at)
        assert "Fork from here f /fork" in lines[: lines.index("")]
        assert "List the links of the message o" in lines[: lines.index("")]


async def test_a_binding_of_the_focused_part_acts_on_what_is_chosen_there(home: Path) -> None:
    async with desk(home, bots(Answer("one")), size=(100, 30)) as at:
        for question in ("first", "second"):
            await at.ask(question)
            await at.answered()
        at.screen.log_widget.focus()
        await at.pilot.press("k", "k", "k", "k")
        await run(at, "/resend")
        await at.until(lambda: at.screen.prompt.message == "first")


async def test_typing_filters_loosely_and_marks_what_was_found(home: Path) -> None:
    async with desk(home, bots(Answer("x"))) as at:
        await opened(at)
        await at.pilot.press(*"sptbndl")
        assert shown(at) == ["Support bundle /support-bundle"]
        (row,) = at.app.screen.query_one(SelectList).rows
        assert "".join(text for text, role in row.left if role == "bot bold") == "Sptbndl"
        await at.pilot.press(*"zz")
        assert shown(at) == ["no matches"]
        await at.pilot.press("enter")
        assert isinstance(at.app.screen, CommandPalette)


@pytest.mark.parametrize(
    ("typed", "screen"),
    [("/history", HistoryScreen), ("/theme", ThemePicker), ("/plain", ShowText), ("/help", HelpScreen)],
)
async def test_a_line_runs_its_command(home: Path, typed: str, screen: type[object]) -> None:
    async with desk(home, bots(Answer("x"))) as at:
        await run(at, typed)
        await at.until(lambda: isinstance(at.app.screen, screen), typed)


async def test_a_command_that_needs_an_argument_asks_for_it(home: Path) -> None:
    async with desk(home, bots(Answer("x"))) as at:
        await at.ask("question")
        await at.answered()
        at.screen.prompt.set_message("a draft")
        await run(at, "/rename")
        await at.until(lambda: isinstance(at.app.screen, AskText))
        assert at.app.screen.query_one(Input).value == "question"
        await at.pilot.press("s", "enter")
        await at.until(lambda: at.screen.conversation.title == "questions")
        assert at.screen.prompt.message == "a draft"


async def test_other_screens_offer_their_own_keys_first(home: Path) -> None:
    async with desk(home, bots(Answer("x"))) as at:
        await at.pilot.press("ctrl+s")
        await at.until(lambda: isinstance(at.app.screen, HistoryScreen))
        lines = await opened(at)
        assert lines[0] == "HISTORY"
        assert any(line.startswith("Search /") for line in lines)
        assert [line.rpartition(" ")[2] for line in lines if " /" in line][-4:] == [
            *("/theme", "/lang", "/help", "/quit")
        ]
        await at.pilot.press(*"search", "enter")
        await at.until(lambda: isinstance(at.app.screen.focused, Input), "the search is open")


async def test_the_support_bundle_has_no_token_and_replaces_no_file(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "report.sse"
    file.write_text("mine", encoding="utf-8")
    async with desk(home, bots(Answer("河流把盐带走。"))) as at:
        await run(at, "/support-bundle")
        await at.until_told("Nothing has been sent")
        await at.ask(f"my token is {at.stand_in.token}")
        await at.answered()
        await run(at, "/support-bundle")
        await at.until(
            lambda: "With message text" in str(shown(at)) if at.app.screen is not at.screen else False
        )
        await at.pilot.press("1")
        await at.until(lambda: isinstance(at.app.screen, AskText))
        at.app.screen.query_one(Input).value = str(file)
        await at.pilot.press("enter")
        told = await at.until_told("Saved")
        assert "report (2).sse" in told
        text = (tmp_path / "report (2).sse").read_text(encoding="utf-8")
        assert "my token is" in text
        assert at.stand_in.token not in text
        assert file.read_text(encoding="utf-8") == "mine"
