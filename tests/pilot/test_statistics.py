"""The statistics: opened step by step, down to a conversation."""

from __future__ import annotations

from pathlib import Path

from coze_tui.standin.scenarios import Answer, Bot, Delta, Fail
from coze_tui.tui.screens.statistics import StatisticsScreen
from tests.support.desk import Desk, desk
from tests.support.shown import lines_of
from tests.support.waiting import resize

BOT = "7511000000000000777"


async def opened(at: Desk) -> StatisticsScreen:
    await at.ask("/stats")
    await at.until(lambda: isinstance(at.app.screen, StatisticsScreen))
    screen = at.app.screen
    assert isinstance(screen, StatisticsScreen)
    await at.until(lambda: shown(screen))
    return screen


def shown(screen: StatisticsScreen) -> str:
    return "\n".join(lines_of(screen.view)).strip()


def head(screen: StatisticsScreen) -> str:
    widget = screen.head
    return "\n".join(strip.text for strip in widget.render_lines(widget.outer_size.region))


async def test_a_bot_opens_to_its_days_and_those_to_conversations(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("因为盐。")])]) as at:
        await at.ask("海水为什么咸？")
        await at.answered()
        await at.ask("死海？")
        await at.answered()
        conversation = at.screen.conversation.key
        at.screen.action_new()
        screen = await opened(at)
        assert "海水" in shown(screen)
        assert "2 chats" in head(screen)
        await at.pilot.press("enter")
        await at.until(lambda: shown(screen).startswith("day"))
        assert "海水" in head(screen)
        await at.pilot.press("enter")
        await at.until(lambda: shown(screen).startswith("conversation"))
        assert "海水为什么咸？" in shown(screen)
        await at.pilot.press("enter")
        await at.until(lambda: at.app.screen is at.screen and at.screen.conversation.key == conversation)


async def test_groups_and_periods_change_and_esc_goes_back_step_by_step(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Delta("首先"), Fail(code=4028, msg="no quota")])]) as at:
        await at.ask("q")
        await at.answered()
        at.screen.prompt.clear_message()
        screen = await opened(at)
        assert "4028" in shown(screen)
        assert "1 failed" in head(screen)
        await at.pilot.press("c")
        await at.until(lambda: shown(screen).startswith("conversation"))
        await at.pilot.press("p")
        await at.until(lambda: "all time" in head(screen))
        await at.pilot.press("b")
        await at.until(lambda: shown(screen).startswith("bot"))
        await at.pilot.press("enter")
        await at.until(lambda: shown(screen).startswith("day"))
        await at.pilot.press("escape")
        await at.until(lambda: shown(screen).startswith("bot"))
        await at.pilot.press("escape")
        await at.until(lambda: at.app.screen is at.screen)


async def test_every_size_shows_them(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("因为盐。")])], size=(1, 1)) as at:
        await at.ask("q")
        await at.answered()
        for size in ((1, 1), (120, 40), (60, 20), (20, 5)):
            await resize(at.pilot, *size)
            at.screen.run_in_worker("screen", at.screen.opener.show_statistics, exclusive=True)
            await at.until(lambda: isinstance(at.app.screen, StatisticsScreen))
            await at.pilot.press("d", "enter", "escape", "escape")
            await at.until(lambda: at.app.screen is at.screen)
