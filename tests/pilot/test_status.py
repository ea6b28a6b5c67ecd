"""The sidebar, the inspector and the state chip show the chat that the log shows, and its true state."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.drivers.headless_driver import HeadlessDriver

from coze_tui.engine.session import runner
from coze_tui.engine.session.turn_clock import TurnClock
from coze_tui.exports import describe
from coze_tui.standin.scenarios import (
    Answer,
    Bot,
    Complete,
    Cut,
    Delta,
    Fail,
    FollowUps,
    Gate,
    Refuse,
    Step,
    Turn,
)
from coze_tui.standin.server import StandIn
from coze_tui.tui.screens.inspector import InspectorScreen
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.status import Chip
from tests.support.desk import Desk, desk

BOT = "7511000000000000777"
BELL = "\a"


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
    at.screen.actions.inspect()
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
        await at.until(lambda: f"chat …{ids[1]}" in at.life(), "the newest chat")
        await at.pilot.press("tab", "g")
        await at.until(lambda: f"chat …{ids[0]}" in at.life(), "the chat under the cursor")
        await at.pilot.press("j", "f")
        await at.until(lambda: at.screen.conversation.title and "question 2" not in at.text(), "the fork")
        await at.pilot.press("escape")
        await at.until(lambda: f"chat …{ids[0]}" in at.life(), "the chat of the fork")
        await at.ask("question 3")
        await at.until(lambda: "Answer 3." in at.text())
        await at.answered()
        chat_id = at.screen.turns.view.figures.chat_id[-4:]
        assert chat_id not in ids
        await at.until(lambda: f"chat …{chat_id}" in at.life(), "the chat that was asked for last")
        await at.pilot.press("tab", "g", "f")
        await at.until(lambda: len(at.screen.log_widget.entries) == 1, "a question has no answer in its fork")
        await at.until(lambda: "no events" in at.life(), "nor events")
        assert at.screen.header.chip.text == "idle"


@pytest.mark.parametrize(("seconds", "rings"), [(9.0, False), (11.0, True)])
async def test_the_time_of_an_answer_decides_whether_its_end_is_signaled(
    home: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, rings: bool
) -> None:
    passed = 0.0
    monkeypatch.setattr(runner, "TurnClock", lambda now: TurnClock(lambda: now() + passed))
    steps: list[Step] = [Delta("盐"), Gate("held"), Delta("。"), Complete()]
    async with desk(home, [Bot(BOT, "海水", steps)]) as at:
        written: list[str] = []
        monkeypatch.setattr(at.app, "write_to_terminal", written.append)
        await at.ask("海水为什么咸？")
        await at.until(lambda: "盐" in at.text())
        passed = seconds
        at.stand_in.release("held")
        await at.answered()
        if rings:
            await at.until(lambda: BELL in written)
        await at.until(lambda: not any(worker.group == "announce" for worker in at.app.workers))
        assert (BELL in written) is rings


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
            await second.screen.opener.open(first.screen.conversation.key)
            await first.ask("二")
            await first.answered()
            chat_id = first.screen.turns.view.figures.chat_id[-4:]
            await second.until(lambda: "二" in second.text() and not second.screen.turns.runs, "the answer")
            await second.until(lambda: f"chat …{chat_id}" in second.life(), "its events")


async def test_an_empty_sidebar_says_why_it_is_empty(home: Path, tmp_path: Path) -> None:
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Answer("盐")])]) as stand_in:
        mine = {"COZE_BOT_ID": BOT}
        async with desk(home, stand_in=stand_in, environment=mine) as at:
            assert at.life() == "EVENTS\nno events yet"
            at.screen.actions.inspect()
            await at.until_told("Nothing has been sent in this conversation yet.")
            await at.pilot.press("escape")
            await at.ask("海水？")
            await at.answered()
        async with desk(tmp_path / "elsewhere", stand_in=stand_in, environment=mine) as at:
            thread = at.context.engine_thread
            page = await thread.call(lambda engine: engine.server_side.page(BOT))
            taken = await thread.call(lambda engine: engine.server_side.take(page.items[0]))
            await at.screen.opener.open(taken.key)
            assert "盐" in at.text()
            gone = "The events of this chat are\nnot on this machine."
            assert gone in at.life()
            assert at.screen.header.chip == Chip.idle()
            at.screen.actions.inspect()
            await at.until_told("The events of this chat are not on this machine.")
            await at.pilot.press("escape")
            await at.ask("死海？")
            await at.answered()
            await at.until(lambda: "✓ done" in at.life(), "the events of a chat that was asked here")
            await at.pilot.press("tab", "g")
            await at.until(lambda: gone in at.life(), "those of the imported chat")
            await at.pilot.press("G")
            await at.until(lambda: "✓ done" in at.life(), "those of the last chat")


BILLED = "Coze bills this chat and drops it from the context."
RECALLED = "↑ in the prompt brings your question back."
RESTORED = "Your question is back in the prompt"


@pytest.mark.parametrize("is_suggested", [False, True])
async def test_a_stopped_chat_says_what_it_costs_and_how_to_get_the_question_back(
    home: Path, is_suggested: bool
) -> None:
    def steps(turn: Turn) -> list[Step]:
        return [Delta("河流"), Gate("held"), Complete()] if turn.number == 1 else [Answer("盐")]

    bots = [Bot(BOT, "海水", steps, suggested_questions=("海水为什么咸？",))]
    async with desk(home, bots, size=(80, 24)) as at:
        if is_suggested:
            await at.until(lambda: "1 海水为什么咸？" in at.text())
            await at.pilot.press("1", "enter")
        else:
            await at.ask("海水为什么咸？")
        await at.until(lambda: "河流" in at.text())
        await at.pilot.press("escape")
        await at.answered()
        await at.until(lambda: RECALLED in at.text(), "the way back")
        assert BILLED in at.text()
        chip = at.screen.header.chip
        assert (chip.sign, chip.text) == ("◼", "stopped")
        await at.pilot.press("up")
        await at.until(lambda: at.screen.prompt.message == "海水为什么咸？", "the question is back")
        await at.pilot.press("enter")
        await at.until(lambda: "盐" in at.text())
        await at.answered()
        assert RECALLED not in at.text(), "it is true of the last question only"
        assert BILLED in at.text()
        await at.screen.opener.open(at.screen.conversation.key)
        assert BILLED in at.text()


@pytest.mark.parametrize(
    ("step", "chip"), [(Refuse(code=4101, msg="denied"), "✗ 4101"), (Fail(code=4028, msg="quota"), "✗ 4028")]
)
async def test_a_failed_question_is_back_in_the_prompt_and_typing_replaces_it(
    home: Path, step: Step, chip: str
) -> None:
    async with desk(home, [Bot(BOT, "海水", [step])]) as at:
        await at.ask("1")
        await at.answered()
        await at.until(lambda: RESTORED in at.text(), "what became of the question")
        shown = at.screen.header.chip
        assert f"{shown.sign} {shown.text}" == chip
        assert (at.screen.prompt.message, at.screen.prompt.selected_text) == ("1", "1")
        await at.pilot.press("2")
        assert at.screen.prompt.message == "2"
        await at.pilot.press("enter")
        await at.until(lambda: len(at.screen.log_widget.entries) == 4 and not at.screen.turns.runs)
        await at.until(lambda: at.text().count(RESTORED) == 1, "it is true of the last question only")
        await at.pilot.press("ctrl+c", "ctrl+c")
        assert at.screen.prompt.message == "", "the first one copies, the second one clears"


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_a_chat_that_was_cut_and_fetched_says_so_for_good(home: Path, size: tuple[int, int]) -> None:
    async with desk(
        home, [Bot(BOT, "海水", [Delta("河流"), Cut(), Delta("带走"), Complete()])], size=size
    ) as at:
        await at.ask("海水为什么咸？")
        await at.until(lambda: "河流带走" in at.text())
        await at.answered()
        assert "↻ cut off after" in at.text()
        await at.until(lambda: at.screen.header.chip.sign == "✓", "the header shows the end")
        notice = next(line for line in at.text().splitlines() if "↻" in line)
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        await at.screen.opener.open(at.screen.conversation.key)
        assert notice in at.text()
        page = await at.context.engine_thread.call(
            lambda engine: engine.conversations.page(at.screen.conversation.key)
        )
        assert any("the rest was fetched" in words for words in describe.metrics_of(page.chats[-1]))


async def test_a_new_language_is_spoken_at_once_while_an_answer_arrives(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", held)]) as at:
        await at.ask("one")
        await at.until(lambda: "Answer 1." in at.text())
        at.stand_in.release("end 1")
        await at.answered()
        await at.ask("two")
        await at.until(lambda: "Answer 2." in at.text())
        at.screen.commands.choose_language("zh_CN")
        await at.until(lambda: at.text().count("▎ 你") == 2, "both questions")
        footer = at.screen.query_one(KeyFooter)
        await at.until(lambda: any("停止" in key for key in footer.shown()), "the footer")
        assert "首字" in at.life()
        assert at.screen.turns.runs
        at.stand_in.release("end 2")
        await at.answered()
        at.screen.commands.choose_language("en")


async def test_the_bell_rings_for_a_long_answer_or_for_a_user_who_looks_elsewhere(home: Path) -> None:
    written: list[str] = []

    class Heard(HeadlessDriver):
        def write(self, data: str) -> None:
            written.append(data)

    def rings() -> int:
        return sum(text.startswith("\a") for text in written)

    async with desk(home, driver=Heard) as at:
        announce, count = at.context.announce, 0
        for seconds, is_focused, setting, is_loud in (
            (9.9, True, "auto", False),
            (10.1, True, "auto", True),
            (0.1, False, "auto", True),
            (60.0, False, "never", False),
        ):
            at.app.app_focus = is_focused
            at.context.settings = replace(at.context.settings, notifications=setting)
            announce("title", "text", seconds)
            await at.finished()
            count += is_loud
            assert rings() == count, (seconds, is_focused, setting)
