"""Two programs on one store: what one receives, the other sees."""

from __future__ import annotations

from pathlib import Path

from coze_tui.standin.bots import Bot
from coze_tui.standin.scenarios import Complete, Delta, Gate, Step
from coze_tui.standin.server import StandIn
from tests.pilot.conftest import desk

BOT = "7511000000000000777"


async def test_an_answer_that_comes_to_another_program_is_seen_here(home: Path) -> None:
    steps: list[Step] = [Delta("河流把"), Gate("held"), Delta("盐带走"), Complete()]
    with StandIn(pace=0, bots=[Bot(BOT, "海水", steps)]) as stand_in:
        mine = {"COZE_BOT_ID": BOT}
        async with (
            desk(home, stand_in=stand_in, environment=mine) as first,
            desk(home, stand_in=stand_in, environment=mine) as second,
        ):
            await first.ask("海水？")
            await first.until(lambda: "河流把" in first.text())
            key = first.screen.conversation
            await second.screen._open(key)
            await second.until(lambda: "河流把" in second.text(), "what has come so far")
            assert second.screen.turn_runs
            await second.pilot.press("escape")
            await second.until(lambda: second.app._notifications)
            assert second.screen.turn_runs
            stand_in.release("held")
            await first.answered()
            await second.answered()
            assert "河流把盐带走" in second.text()
            assert second.text().count("海水？") == 1
