"""Two programs on one store: what one receives, the other sees."""

from __future__ import annotations

from pathlib import Path

from coze_tui.standin.scenarios import Answer, Bot, Complete, Delta, Gate, Step, Turn
from coze_tui.standin.server import StandIn
from coze_tui.tui.log.entries import QuestionEntry
from tests.support.desk import desk
from tests.support.shown import toasts_of

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
            key = first.screen.conversation.key
            await second.screen.opener.open(key)
            await second.until(lambda: "河流把" in second.text(), "what has come so far")
            assert second.screen.turns.runs
            await second.pilot.press("escape")
            await second.until(lambda: toasts_of(second.app))
            assert second.screen.turns.runs
            stand_in.release("held")
            await first.answered()
            await second.answered()
            assert "河流把盐带走" in second.text()
            assert second.text().count("海水？") == 1


async def test_what_is_said_in_another_program_is_shown_in_the_open_conversation(home: Path) -> None:
    def steps(turn: Turn) -> list[Step]:
        return (
            [Delta("河流把"), Gate("held"), Delta("盐带走"), Complete()]
            if turn.question == "二"
            else [Answer("盐")]
        )

    with StandIn(pace=0, bots=[Bot(BOT, "海水", steps)]) as stand_in:
        mine = {"COZE_BOT_ID": BOT}
        async with (
            desk(home, stand_in=stand_in, environment=mine) as first,
            desk(home, stand_in=stand_in, environment=mine) as second,
        ):
            await first.ask("一")
            await first.answered()
            await first.until(lambda: first.screen.log_widget.entries[-1].chat)
            await second.screen.opener.open(first.screen.conversation.key)
            second.screen.prompt.set_message("half typed")
            await first.ask("二")
            await second.until(
                lambda: "河流把" in second.text() and second.screen.turns.runs, "it is followed"
            )
            stand_in.release("held")
            await first.answered()
            await second.until(lambda: "河流把盐带走" in second.text())
            await second.answered()
            assert second.screen.prompt.message == "half typed"
            await second.ask("三")
            await second.answered()
            for at in (first, second):
                await at.until(lambda at=at: len(at.screen.log_widget.entries) == 6)  # type: ignore[misc]
                asked = [
                    entry.text for entry in at.screen.log_widget.entries if isinstance(entry, QuestionEntry)
                ]
                assert asked == ["一", "二", "三"]


async def test_what_is_queued_in_one_program_is_sent_by_that_one_and_once(home: Path) -> None:
    steps: list[Step] = [Delta("河流把"), Gate("held"), Delta("盐带走"), Complete()]
    with StandIn(pace=0, bots=[Bot(BOT, "海水", steps)]) as stand_in:
        mine = {"COZE_BOT_ID": BOT}
        async with (
            desk(home, stand_in=stand_in, environment=mine) as first,
            desk(home, stand_in=stand_in, environment=mine) as second,
        ):
            await first.ask("海水？")
            await first.until(lambda: "河流把" in first.text())
            await first.ask("还有呢？")
            key = first.screen.conversation.key
            kept = first.app.context.engine_thread
            while (
                not (opened := await kept.call(lambda e: e.conversations.open(key)))
                or not opened.summary.queue
            ):
                await first.pilot.pause(0.01)
            await second.screen.opener.open(key)
            assert second.screen.queue_strip.queued == ("还有呢？",)
            stand_in.release("held")
            await first.until(lambda: first.text().count("河流把盐带走") == 2 and not first.screen.turns.runs)
            await second.answered()
            assert second.screen.prompt.message == ""
            await second.pilot.press("enter")  # there is nothing left to send, whatever is still shown
            await second.until(lambda: second.screen.queue_strip.queued == ())
            assert not second.screen.turns.runs
            questions = [
                chat.record.question for chat in (await kept.call(lambda e: e.conversations.page(key))).chats
            ]
            assert questions == ["海水？", "还有呢？"]
