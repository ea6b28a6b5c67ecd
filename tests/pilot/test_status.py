"""The sidebar, the inspector and the state chip show the chat that the log shows, and its true state."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot, Complete, Delta, FollowUps, Gate, Step, Turn
from coze_tui.standin.server import StandIn
from coze_tui.tui.screens.inspector import InspectorScreen
from coze_tui.tui.widgets.status import Chip
from tests.support.desk import Desk, desk

BOT = "7511000000000000777"


def held(turn: Turn) -> list[Step]:
    """Return an answer that says which chat it is of, and holds before its end."""
    return [
        Delta(f"Answer {turn.number}. "),
        Gate(f"end {turn.number}"),
        Complete(),
        FollowUps(("And then?",), wait=0),
    ]


async def shows_chat(at: Desk, number: int) -> None:
    """Wait until the sidebar, the chip and the inspector show the chat that runs."""
    await at.until(lambda: f"Answer {number}." in at.text() and at.screen.turns.runs, "it is answered")
    await at.until(lambda: "◐ delta ×1" in at.life(), "its events are in the sidebar")
    await at.pilot.press("ctrl+g", "ctrl+g")
    await at.until(lambda: isinstance(at.app.screen, InspectorScreen), "the inspector")
    inspector = at.app.screen
    assert isinstance(inspector, InspectorScreen)
    figures = at.screen.turns.view.figures
    await at.until(lambda: inspector.chat.figures.chat_id == figures.chat_id, "its chat in the inspector")
    await at.pilot.press("escape")
    at.stand_in.release(f"end {number}")
    await at.answered()
    await at.until(lambda: "✓ done" in at.life(), "its end")
    assert f"chat …{figures.chat_id[-4:]}" in at.life()


@pytest.mark.parametrize("way", ["again", "edit", "retry", "queue", "chip", "click"])
async def test_the_sidebar_and_the_inspector_follow_every_new_chat(home: Path, way: str) -> None:
    async with desk(home, [Bot(BOT, "海水", held)]) as at:
        await at.ask("one")
        await at.until(lambda: "Answer 1." in at.text())
        if way == "queue":
            await at.pilot.press("tab", "k", "R", "escape")
            at.stand_in.release("end 1")
        else:
            at.stand_in.release("end 1")
            await at.answered()
            await at.until(lambda: at.screen.log_widget.entries[-1].chat, "its chat is named")
            await at.pilot.press("tab", "k")
        match way:
            case "again":
                await at.pilot.press("R")
            case "edit":
                await at.pilot.press("e", "x", "enter")
            case "retry":
                await at.pilot.press("escape")
                await at.ask("/retry")
            case "chip":
                await at.pilot.press("escape", "1", "enter")
            case "click":
                at.screen.log_widget.post_message(at.screen.log_widget.QuestionChosen("And then?"))
            case _:
                pass
        await shows_chat(at, 2)


async def test_the_sidebar_follows_forks_and_the_cursor(home: Path) -> None:
    def steps(turn: Turn) -> list[Step]:
        return [Answer(f"Answer {turn.number}.")]

    async with desk(home, [Bot(BOT, "海水", steps)]) as at:
        ids = []
        for number in (1, 2):
            await at.ask(f"question {number}")
            await at.answered()
            await at.until(lambda: at.screen.log_widget.entries[-1].chat, "its chat is named")
            ids.append(at.screen.turns.view.figures.chat_id[-4:])
        assert f"chat …{ids[1]}" in at.life()
        await at.pilot.press("tab", "g")
        await at.until(lambda: f"chat …{ids[0]}" in at.life(), "the chat under the cursor")
        await at.pilot.press("f")
        await at.until(lambda: at.screen.conversation.title and "question 2" not in at.text(), "the fork")
        await at.pilot.press("escape")
        await at.until(lambda: f"chat …{ids[0]}" in at.life(), "the chat of the fork")
        await at.ask("question 3")
        await at.until(lambda: "Answer 3." in at.text())
        await at.answered()
        assert at.screen.turns.view.figures.chat_id[-4:] not in ids
        assert f"chat …{at.screen.turns.view.figures.chat_id[-4:]}" in at.life()


async def test_the_sidebar_follows_what_another_program_has_asked(home: Path) -> None:
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Answer("盐")])]) as stand_in:
        mine = {"COZE_BOT_ID": BOT}
        async with (
            desk(home, stand_in=stand_in, environment=mine) as first,
            desk(home, stand_in=stand_in, environment=mine) as second,
        ):
            await first.ask("一")
            await first.answered()
            await first.until(lambda: first.screen.log_widget.entries[-1].chat)
            await second.screen.actions.open(first.screen.conversation.key)
            await first.ask("二")
            await first.answered()
            chat_id = first.screen.turns.view.figures.chat_id[-4:]
            await second.until(lambda: "二" in second.text() and not second.screen.turns.runs, "the answer")
            await second.until(lambda: f"chat …{chat_id}" in second.life(), "its events")


async def test_an_empty_sidebar_says_why_it_is_empty(home: Path, tmp_path: Path) -> None:
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Answer("盐")])]) as stand_in:
        mine = {"COZE_BOT_ID": BOT}
        async with desk(home, stand_in=stand_in, environment=mine) as at:
            assert at.life() == "EVENTS\nnothing sent yet"
            await at.pilot.press("ctrl+g", "ctrl+g")
            await at.until_told("Nothing was sent in this conversation yet.")
            await at.pilot.press("escape")
            await at.ask("海水？")
            await at.answered()
        async with desk(tmp_path / "elsewhere", stand_in=stand_in, environment=mine) as at:
            thread = at.context.engine_thread
            page = await thread.call(lambda engine: engine.server_side.page(BOT))
            taken = await thread.call(lambda engine: engine.server_side.take(page.items[0]))
            await at.screen.actions.open(taken.key)
            assert "盐" in at.text()
            gone = "The events of this chat are\nnot on this machine."
            assert gone in at.life()
            assert at.screen.header.chip == Chip.idle()
            await at.pilot.press("ctrl+g", "ctrl+g")
            await at.until_told("The events of this chat are not on this machine.")
            await at.pilot.press("escape")
            await at.ask("死海？")
            await at.answered()
            await at.until(lambda: "✓ done" in at.life(), "the events of a chat that was asked here")
            await at.pilot.press("tab", "g")
            await at.until(lambda: gone in at.life(), "those of the imported chat")
            await at.pilot.press("G")
            await at.until(lambda: "✓ done" in at.life(), "those of the last chat")
