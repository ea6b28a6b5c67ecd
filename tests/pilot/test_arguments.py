"""Arguments of slash commands are completed as their names are."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.config.saved_prompts import SavedPrompts
from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.text.i18n import current_language, use_language
from coze_tui.tui.commands import slash_commands
from coze_tui.tui.screens.bots import BotPicker
from coze_tui.tui.screens.dialogs import Confirm
from coze_tui.tui.widgets.prompt.completion import CompletionList
from tests.support.desk import Desk, desk
from tests.support.shown import toasts_of

pytestmark = pytest.mark.quick
BOTS = [
    Bot("7511000000000000777", "海水 Sea", [Answer("河流把盐带走。")]),
    Bot("7511000000000000778", "沙漠 Desert", [Answer("沙子。")]),
    Bot("7511000000000000779", "Twin", [Answer("a")]),
    Bot("7511000000000000780", "Twin", [Answer("b")]),
]
OWN_TEXT = {"/send", "/rename"}
"""Commands whose argument is the user's own text."""


def shown(at: Desk) -> list[str]:
    return [each.shown for each in at.screen.query_one(CompletionList).candidates]


async def typed(at: Desk, text: str) -> None:
    """Type into an empty prompt."""
    at.screen.prompt.clear_message()
    await at.pilot.press(*({" ": "space", "/": "slash"}.get(character, character) for character in text))


def test_each_argument_is_completed_unless_it_is_the_users_own_text() -> None:
    arguments = {each.name for each in slash_commands() if each.argument}
    assert {each.name for each in slash_commands() if each.completes} == arguments - OWN_TEXT


async def test_every_argument_has_a_list_that_narrows(home: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl").write_text("")
    (tmp_path / "sub").mkdir()
    async with desk(home, BOTS) as at:
        SavedPrompts(at.context.startup.paths.prompts).save("tides", "When is high tide in {{place}}?")
        for command in slash_commands():
            if command.completes:
                await typed(at, f"{command.name} ")
                if command.completes in ("path", "folder"):
                    at.screen.prompt.insert_pasted(f"{tmp_path}/")
                    await at.until(lambda: "sub/" in shown(at), command.name)
                    assert ("notes.jsonl" in shown(at)) == (command.completes == "path")
                await at.until(lambda: shown(at), command.name)
                first = shown(at)[0]
                await at.pilot.press(first[0])
                await at.until(lambda first=first: first in shown(at), f"{command.name} {first[0]}")  # type: ignore[misc]
        await typed(at, "/prompts rename ti")
        await at.until(lambda: shown(at) == ["tides"], "the names also follow the words that change them")
        await typed(at, "/theme au")
        assert shown(at)[0] == "auto"  # the theme that follows the terminal
        await typed(at, "/theme nosuch")
        await at.until(lambda: not shown(at), "there is none")


async def test_what_is_completed_applies_at_once(home: Path) -> None:
    try:
        async with desk(home, BOTS) as at:
            await typed(at, "/theme coze-li")
            await at.pilot.press("enter")
            await at.until(lambda: at.app.theme == "coze-light")
            await typed(at, "/lang ")
            await at.pilot.press("up", "tab")
            assert at.screen.prompt.message.strip() == "/lang zh_CN"
            await at.pilot.press("enter")
            await at.until(lambda: current_language() == "zh_CN")
    finally:
        use_language("en")


async def test_a_bot_is_chosen_by_its_name(home: Path) -> None:
    async with desk(home, BOTS) as at:
        await typed(at, "/bot des")
        await at.until(lambda: shown(at) == ["沙漠 Desert"], "the bots of the workspace")
        await at.pilot.press("enter")
        await at.until(lambda: at.screen.conversation.bot.id == BOTS[1].id, "it is in use")
        assert at.app.screen is at.screen
        await typed(at, "/bot twin")
        await at.until(lambda: shown(at) == ["Twin", "Twin"], "two have this name")
        await at.pilot.press("down", "enter")
        await at.until(lambda: at.screen.conversation.bot.id == BOTS[3].id, "it is told by its ID")
        await typed(at, "/bot  Twin")
        await at.pilot.press("escape", "enter")
        await at.until(lambda: isinstance(at.app.screen, BotPicker), "the user says which")


async def test_an_export_has_the_form_and_the_place_that_are_typed(home: Path, tmp_path: Path) -> None:
    place = tmp_path / "my notes"
    place.mkdir()
    async with desk(home, BOTS) as at:
        await at.ask("海水？")
        await at.answered()
        await at.ask(f"/export md {place}")
        await at.until(lambda: list(place.glob("*.md")), "it is written")
        await at.ask(f"/export html {place}/a page.html")
        await at.until(lambda: (place / "a page.html").is_file(), "it has this name")
        await at.ask(f"/export html {place}/a page.html")
        await at.until(lambda: isinstance(at.app.screen, Confirm), "nothing is overwritten unasked")
        await at.pilot.press("n")
        await at.ask("/export pdf")
        await at.until(lambda: any("Unknown format pdf." in text for text in toasts_of(at.app)))
