"""Editing an earlier question: a mode that says what it does, and that loses neither draft nor question."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot, Delta, Gate
from coze_tui.tui.context import LaunchTarget
from coze_tui.tui.log.entries import QuestionEntry
from coze_tui.tui.widgets.prompt.area import EditStrip
from tests.support.desk import Desk, desk
from tests.support.shown import go_to

pytestmark = pytest.mark.quick
BOT = "7511000000000000777"


def bots(*steps: object) -> list[Bot]:
    return [Bot(BOT, "海水", list(steps or (Answer("因为盐。"),)))]  # type: ignore[arg-type]


def strip_of(at: Desk) -> str:
    strip = at.screen.query_one(EditStrip)
    return strip.render_line(0).text.strip() if strip.display else ""


def questions(at: Desk) -> list[str]:
    return [entry.text for entry in at.screen.log_widget.entries if isinstance(entry, QuestionEntry)]


async def asked(at: Desk, *texts: str) -> None:
    for text in texts:
        await at.ask(text)
        await at.until(lambda: questions(at)[-1:] == [text])  # noqa: B023
        await at.answered()
        await at.until(lambda: at.screen.turns.is_idle, "the chat is stored")


async def edit(at: Desk, text: str) -> None:
    """Press `e` on a question."""
    log = at.screen.log_widget
    log.focus()
    go_to(
        log, next(entry for entry in log.entries if isinstance(entry, QuestionEntry) and entry.text == text)
    )
    await at.pilot.press("e")
    await at.until(lambda: strip_of(at))


async def test_the_strip_says_what_is_edited_and_escape_restores_the_draft(home: Path) -> None:
    async with desk(home, bots()) as at:
        await asked(at, "海水为什么咸？", "And the rivers?")
        at.screen.prompt.set_message("a draft")
        await edit(at, "海水为什么咸？")
        assert at.screen.prompt.message == "海水为什么咸？"
        assert strip_of(at).startswith("✎ editing a question from ")
        assert strip_of(at).endswith("· Enter asks it here · F4 in a fork · Esc leaves")
        await edit(at, "And the rivers?")
        assert at.screen.prompt.message == "And the rivers?"
        await at.pilot.press("x", "escape")
        assert (at.screen.prompt.message, strip_of(at)) == ("a draft", "")
        await at.pilot.press("ctrl+underscore")  # what was typed in the mode is not lost, either
        assert at.screen.prompt.message == "And the rivers?x"


async def test_hints_of_the_strip_that_do_not_fit_are_left_out_whole(home: Path) -> None:
    async with desk(home, bots(), size=(60, 20)) as at:
        await asked(at, "海水为什么咸？")
        await edit(at, "海水为什么咸？")
        assert strip_of(at).endswith("· Enter asks it here")


async def test_enter_asks_it_here_and_the_draft_returns(home: Path) -> None:
    async with desk(home, bots()) as at:
        await asked(at, "海水为什么咸？")
        at.screen.prompt.offer(("one", "two"))
        at.screen.prompt.set_message("a draft")
        await edit(at, "海水为什么咸？")
        at.screen.prompt.set_message("2")  # no follow-up: it is what the question has become
        await at.pilot.press("enter")
        await at.until(lambda: questions(at) == ["海水为什么咸？", "2"])
        assert (at.screen.prompt.message, strip_of(at)) == ("a draft", "")
        await at.answered()
        await at.finished()
        key = at.screen.conversation.key
        opened = await at.context.engine_thread.call(lambda engine: engine.conversations.open(key))
        assert opened is not None
        assert (opened.summary.draft, opened.edit) == ("a draft", None)


async def test_escape_leaves_the_question_before_it_stops_an_answer(home: Path) -> None:
    async with desk(home, bots(Delta("盐"), Gate("held"), Answer("。"))) as at:
        await at.ask("海水为什么咸？")
        await at.until(lambda: "盐" in at.text())
        await edit(at, "海水为什么咸？")
        await at.pilot.press("escape")
        assert strip_of(at) == ""
        assert at.screen.turns.runs
        await edit(at, "海水为什么咸？")
        await at.pilot.press("!", "enter")  # queued behind the answer, as any question
        await at.until(lambda: at.screen.queue_strip.queued == ("海水为什么咸？!",))
        await at.pilot.press("escape")
        at.stand_in.release("held")
        await at.answered()


@pytest.mark.parametrize("number", [0, 1])
async def test_a_key_asks_it_in_a_fork_that_ends_before_it(home: Path, number: int) -> None:
    async with desk(home, bots()) as at:
        texts = ["海水为什么咸？", "And the rivers?"]
        await asked(at, *texts)
        first = at.screen.conversation.key
        at.screen.prompt.set_message("a draft")
        await edit(at, texts[number])
        await at.pilot.press("!", "f4")
        await at.until(lambda: questions(at) == [*texts[:number], texts[number] + "!"])
        await at.answered()
        assert at.screen.conversation.key != first
        assert (at.screen.prompt.message, strip_of(at)) == ("", "")
        header = at.screen.header.render_line(0).text
        assert "⑂ 海水为什么咸？ (2)" in header
        await at.screen.opener.open(first)
        assert at.screen.prompt.message == "a draft"
        assert questions(at) == texts
        assert "⑂" not in at.screen.header.render_line(0).text


async def test_the_mode_survives_another_conversation_and_the_end_of_the_program(home: Path) -> None:
    async with desk(home, bots()) as at:
        await asked(at, "海水为什么咸？")
        key = at.screen.conversation.key
        at.screen.prompt.set_message("a draft")
        await edit(at, "海水为什么咸？")
        await at.pilot.press("!", "ctrl+n")
        await at.until(lambda: not at.screen.conversation.key)
        assert (at.screen.prompt.message, strip_of(at)) == ("", "")
        await at.finished()
        await at.screen.opener.open(key)
        assert at.screen.prompt.message == "海水为什么咸？!"
        await at.pilot.press("!")
        at.screen.prompt.post_draft()
        await at.pilot.pause()
        await at.finished()
        opened = await at.context.engine_thread.call(lambda engine: engine.conversations.open(key))
        assert opened is not None
        assert opened.edit is not None  # what a crash would leave
        assert (opened.summary.draft, opened.edit.text) == ("a draft", "海水为什么咸？!!")
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: strip_of(at))
        assert at.screen.prompt.message == "海水为什么咸？!!"
        await at.pilot.press("escape")
        assert at.screen.prompt.message == "a draft"


async def test_without_a_question_nothing_is_edited(home: Path) -> None:
    async with desk(home, bots()) as at:
        at.screen.prompt.set_message("a draft")
        at.screen.log_widget.focus()
        await at.pilot.press("e")
        await at.until_told("There is no question to edit yet.")
        assert (at.screen.prompt.message, strip_of(at)) == ("a draft", "")
