"""Saved prompts in the chat: saved, chosen, filled, renamed and deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.tui.screens.dialogs import AskText, Confirm
from coze_tui.tui.screens.saved_prompts import FillBlanks, PromptPicker
from coze_tui.tui.widgets.key_footer import KeyFooter
from tests.support.desk import Desk, desk
from tests.support.shown import drawn_text

pytestmark = pytest.mark.quick
BOTS = [Bot("7511000000000000777", "海水", [Answer("因为盐。")])]


def write(home: Path, **texts: str) -> Path:
    folder = home / "config" / "prompts"
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / f"{name}.md").write_text(f"{text}\n", "utf-8")
    return folder


async def run(at: Desk, command: str) -> None:
    at.screen.prompt.set_message(command)
    at.screen.prompt.focus()
    await at.pilot.pause()
    await at.pilot.press("escape", "enter")


async def test_a_prompt_is_chosen_by_its_letters_and_its_blanks_are_filled(home: Path) -> None:
    write(home, review="Review this.", translate="把{{text}}翻译成{{language}}：{{text}}")
    async with desk(home, BOTS, size=(80, 24)) as at:
        await run(at, "/prompts")
        await at.until(lambda: isinstance(at.app.screen, PromptPicker) and at.app.screen.current)
        picker = at.app.screen
        assert isinstance(picker, PromptPicker)
        assert picker.preview.text == "Review this."
        await at.pilot.press(*"翻译")  # the text is searched, too
        await at.until(lambda: picker.current is not None and picker.current.name == "translate")
        assert picker.preview.text == "把{{text}}翻译成{{language}}：{{text}}"
        await at.pilot.press("enter")
        await at.until(lambda: isinstance(at.app.screen, FillBlanks))
        form = at.app.screen
        assert isinstance(form, FillBlanks)
        assert form.asked.text == "text  1/2"
        assert form.query_one(KeyFooter).shown()[0] == "Enter next blank"
        await at.pilot.press(*"salt", "tab")
        assert form.asked.text == "language  2/2"
        assert form.preview.text == "把salt翻译成{{language}}：salt"
        await at.until(lambda: form.query_one(KeyFooter).shown()[0] == "Enter use")
        await at.pilot.press("x", "shift+tab", "y", "tab", "enter")
        await at.until(lambda: at.app.screen is at.screen)
        assert at.screen.prompt.message == "把salty翻译成x：salty"
        assert at.screen.prompt.has_focus


async def test_the_title_is_whole_beside_a_long_folder(home: Path) -> None:
    async with desk(home / ("folder " * 9), BOTS, size=(60, 20)) as at:
        await run(at, "/prompts")
        await at.until(lambda: "● Saved prompts " in drawn_text(at.app))
        assert "…" in drawn_text(at.app).splitlines()[1], "the folder is shortened"


async def test_escape_leaves_the_prompt_as_it_was(home: Path) -> None:
    write(home, one="{{a}}")
    async with desk(home, BOTS) as at:
        await run(at, "/prompts one")
        await at.until(lambda: isinstance(at.app.screen, FillBlanks))
        await at.pilot.press("x", "escape")
        await at.until(lambda: at.app.screen is at.screen)
        assert at.screen.prompt.message == ""


async def test_the_text_below_the_command_or_the_last_question_is_saved(home: Path) -> None:
    async with desk(home, BOTS) as at:
        await run(at, "/prompts save empty")
        await at.until_told("There is nothing to save")
        await at.ask("海水为什么咸？")
        await at.answered()
        await run(at, "/prompts save salt")
        await at.until_told("Saved the prompt salt")
        await run(at, "/prompts save two\nline 1\nline 2")
        await at.until(lambda: at.screen.prompt.message == "line 1\nline 2")
        folder = home / "config" / "prompts"
        assert (folder / "salt.md").read_text("utf-8") == "海水为什么咸？\n"
        assert (folder / "two.md").read_text("utf-8") == "line 1\nline 2\n"
        await run(at, "/prompts save salt\nother")
        await at.until(lambda: isinstance(at.app.screen, Confirm))
        await at.pilot.press("n")
        await at.until(lambda: at.app.screen is at.screen)
        assert (folder / "salt.md").read_text("utf-8") == "海水为什么咸？\n"
        await run(at, "/prompts rename salt sea")
        await at.until(lambda: (folder / "sea.md").exists())
        await run(at, "/prompts delete sea")
        await at.until(lambda: not (folder / "sea.md").exists())
        await run(at, "/prompts see")
        await at.until_told("see is not the name of a saved prompt")
        await run(at, "/prompts save a b")
        await at.until_told("Type /prompts save NAME")


async def test_the_list_saves_renames_and_deletes(home: Path) -> None:
    folder = write(home, one="1", two="2")
    async with desk(home, BOTS) as at:
        at.screen.prompt.set_message("a draft ")
        at.screen.run_in_worker("screen", at.screen.actions.use_prompts, "")  # as the palette does
        await at.until(lambda: isinstance(at.app.screen, PromptPicker) and at.app.screen.current)
        picker = at.app.screen
        assert isinstance(picker, PromptPicker)
        rows = picker.rows
        await at.pilot.press("ctrl+s")
        await at.until(lambda: isinstance(at.app.screen, AskText))
        await at.pilot.press(*"draft", "enter")
        await at.until(lambda: at.app.screen is picker and rows.current == "draft")
        assert (folder / "draft.md").read_text("utf-8") == "a draft \n"
        await at.pilot.press("f6")
        await at.until(lambda: isinstance(at.app.screen, AskText))
        await at.pilot.press("2", "enter")
        await at.until(lambda: at.app.screen is picker and rows.current == "draft2")
        await at.pilot.press("f8")
        await at.until(lambda: isinstance(at.app.screen, Confirm))
        await at.pilot.press("y")
        await at.until(lambda: at.app.screen is picker and rows.current == "one")
        assert sorted(path.name for path in folder.iterdir()) == ["one.md", "two.md"]
        await at.pilot.press("down", "enter")
        await at.until(lambda: at.app.screen is at.screen)
        assert at.screen.prompt.message == "a draft 2"  # at the cursor
