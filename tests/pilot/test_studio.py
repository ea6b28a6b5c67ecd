"""What a coze-studio does not do is said where a person would use it, once."""

from __future__ import annotations

from pathlib import Path

from coze_tui.standin.scenarios import Answer, Bot, Delta, Gate
from coze_tui.tui.screens.bots import BotPicker
from coze_tui.tui.screens.history import HistoryScreen
from tests.support.desk import Desk, desk
from tests.support.shown import drawn_text, toasts_of

BOT = "7511000000000000777"


def notices(at: Desk) -> list[str]:
    """What is said at the edge of the screen."""
    return toasts_of(at.app)


def shown(at: Desk) -> str:
    """All that is on the screen."""
    return drawn_text(at.app)


async def test_a_stopped_chat_runs_on(home: Path) -> None:
    words = "Coze Studio does not stop a chat; it runs on and may still complete"
    async with desk(home, [Bot(BOT, "海水", [Delta("河流把"), Gate("held")])], profile="studio") as at:
        for count in (1, 2):
            await at.ask("海水？")
            await at.until(lambda: at.text().count("河流把") == count)  # noqa: B023
            await at.pilot.press("escape")
            await at.answered()
            await at.until(lambda: notices(at).count(words) == 1, "it is said once")


async def test_its_bots_are_not_asked_for_again(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("河流。")])], profile="studio") as at:
        await at.ask("海水？")
        await at.answered()
        before = len(at.stand_in.requests)
        await at.pilot.press("ctrl+t")
        await at.until(lambda: isinstance(at.app.screen, BotPicker))
        await at.until(lambda: "Coze Studio does not list bots" in shown(at))
        assert len(at.stand_in.requests) == before


async def test_the_server_s_conversations_lack_the_tools(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("河流。")])], profile="studio") as at:
        await at.ask("海水？")
        await at.answered()
        await at.pilot.press("ctrl+s")
        await at.until(lambda: isinstance(at.app.screen, HistoryScreen))
        await at.pilot.press("i")
        await at.until(lambda: "Coze Studio lists only questions and answers, not tool calls" in notices(at))


async def test_the_published_bot_answers_in_place_of_a_draft(home: Path) -> None:
    words = "Coze Studio always answers with the published bot, never the draft"
    environment = {"COZE_TUI_PUBLISH_STATUS": "unpublished_draft"}
    bots = [Bot(BOT, "海水", [Answer("河流。")])]
    async with desk(home, bots, profile="studio", environment=environment) as at:
        await at.ask("海水？")
        await at.answered()
        await at.until(lambda: words in notices(at))


async def test_the_cloud_does_all_of_it(home: Path) -> None:
    environment = {"COZE_TUI_PUBLISH_STATUS": "unpublished_draft"}
    bots = [Bot(BOT, "海水", [Delta("河流把"), Gate("held")])]
    async with desk(home, bots, environment=environment) as at:
        await at.ask("海水？")
        await at.until(lambda: "河流把" in at.text())
        await at.pilot.press("escape")
        await at.answered()
        await at.pilot.press("ctrl+t")
        await at.until(lambda: isinstance(at.app.screen, BotPicker))
        await at.until(lambda: any(r.path == "/v1/bots" for r in at.stand_in.requests), "bots are asked for")
        assert not any("coze-studio" in words for words in notices(at))
