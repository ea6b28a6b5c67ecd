"""The pickers for theme and language: they show a choice at once, and restore what was if none is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.text.i18n import current_language, use_language
from coze_tui.tui.screens.look import LanguagePicker, ThemePicker
from coze_tui.tui.widgets.select_list import SelectList
from tests.support.desk import Desk, desk
from tests.support.shown import drawn_text

BOTS = [Bot("7511000000000000777", "海水", [Answer("因为盐。")], prologue="你好！")]
PLAIN = {"COZE_TUI_LANGUAGE": "auto", "LANG": "C.UTF-8"}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    use_language("en")


def keys(at: Desk) -> list[str]:
    return [row.key for rows in at.app.screen.query(SelectList) for row in rows.rows if row.key is not None]


async def test_a_theme_is_shown_while_the_cursor_is_on_it(home: Path) -> None:
    async with desk(home, BOTS) as at:
        await at.ask("/theme")
        await at.until(lambda: isinstance(at.app.screen, ThemePicker))
        assert at.app.screen.query_one(SelectList).current == "auto"
        own, others = keys(at)[:4], keys(at)[4:]
        assert own == ["auto", "coze-dark", "coze-light", "ansi"]
        assert others == sorted(set(at.app.available_themes) - set(own))
        text = drawn_text(at.app)
        for words in (
            "● Theme",
            "● now",
            "██",
            "↑↓ preview",
            "Enter keep",
            "Esc back",
            "TEXTUAL THEMES",
            "like the terminal: dark",
        ):
            assert words in text, words
        await at.pilot.press("down", "down")
        await at.until(lambda: at.app.theme == "coze-light")
        await at.pilot.press("escape")
        assert at.app.theme == "coze-dark"
        assert at.context.settings.theme == "auto"
        await at.ask("/theme")
        await at.until(lambda: isinstance(at.app.screen, ThemePicker))
        await at.pilot.press(*"nord", "enter")
        await at.until(lambda: at.app.theme == "nord")
    async with desk(home, BOTS) as at:
        assert at.app.theme == "nord"


async def test_enter_keeps_the_theme_before_it_was_shown(home: Path) -> None:
    async with desk(home, BOTS) as at:
        await at.ask("/theme")
        await at.until(lambda: isinstance(at.app.screen, ThemePicker))
        await at.pilot.press("down", "down", "enter")
        assert at.app.theme == "coze-light"
        assert at.context.settings.theme == "coze-light"


async def test_auto_follows_the_background_and_a_chosen_theme_does_not(home: Path) -> None:
    async with desk(home, BOTS) as at:
        at.app.background_reported(True)
        assert at.app.theme == "coze-light"
        at.app.background_reported(False)
        assert at.app.theme == "coze-dark"
        await at.ask("/theme nord")
        await at.until(lambda: at.app.theme == "nord")
        at.app.background_reported(True)
        assert at.app.theme == "nord"
        await at.ask("/theme auto")
        await at.until(lambda: at.app.theme == "coze-light")
    async with desk(home, BOTS) as at:
        assert at.app.theme == "coze-light", "the background is remembered"


async def test_a_name_is_used_at_once_and_an_unknown_one_filters(home: Path) -> None:
    async with desk(home, BOTS) as at:
        await at.ask("/theme nord")
        await at.until(lambda: at.app.theme == "nord")
        assert at.app.screen is at.screen
        at.screen.commands.choose_theme("catp")
        await at.until(lambda: isinstance(at.app.screen, ThemePicker) and at.app.screen.is_mounted)
        await at.until(lambda: keys(at))
        assert all(name.startswith("catp") for name in keys(at))


async def test_a_language_is_shown_while_the_cursor_is_on_it(home: Path) -> None:
    async with desk(home, BOTS, environment=PLAIN) as at:
        await at.until(lambda: "你好！" in at.text())
        await at.ask("/lang")
        await at.until(lambda: isinstance(at.app.screen, LanguagePicker))
        assert keys(at) == ["en", "zh_CN"]
        await at.pilot.press("down")
        await at.until(lambda: "● 语言" in drawn_text(at.app))
        assert "事件" in at.life()
        await at.until(lambda: "筛选语言" in drawn_text(at.app) and "Enter 采用" in drawn_text(at.app))
        await at.pilot.press("up")
        await at.until(lambda: "● Language" in drawn_text(at.app))
        await at.pilot.press("down")
        await at.until(lambda: "● 语言" in drawn_text(at.app))
        await at.pilot.press("escape")
        await at.until(lambda: "EVENTS" in at.life())
        await at.until(lambda: "你好！" in at.text(), "the greeting is still there")
        await at.ask("/lang")
        await at.until(lambda: isinstance(at.app.screen, LanguagePicker))
        await at.pilot.press("down", "enter")
        await at.until(lambda: at.app.screen is at.screen)
        assert current_language() == "zh_CN"
    async with desk(home, BOTS, environment=PLAIN) as at:
        assert (await at.context.app_state()).chosen["language"] == "zh_CN"


async def test_a_command_does_not_come_back_into_the_prompt_with_the_other_language(home: Path) -> None:
    """The conversation is opened again for its words; a draft of it may be on disk."""
    async with desk(home, BOTS, environment=PLAIN) as at:
        await at.ask("海水为什么咸？")
        await at.answered()
        at.screen.prompt.focus()
        await at.pilot.press(*"/lang")
        await at.pilot.press("space", *"zh_CN")
        await at.until(lambda: at.screen.prompt.message == "/lang zh_CN")
        await at.screen.conversation.keep_draft()
        await at.pilot.press("enter")
        await at.until(lambda: "你" in at.text() and current_language() == "zh_CN")
        await at.finished()
        assert at.screen.prompt.message == ""
