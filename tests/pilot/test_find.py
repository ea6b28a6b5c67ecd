"""Finding in the open conversation, near and far."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from textual import events

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.standin.scenarios import Answer, Bot, Complete, Delta, FunctionCall, Gate, ToolResponse
from coze_tui.tui.context import LaunchTarget
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import QuestionEntry
from coze_tui.tui.widgets.field import FindBar
from coze_tui.tui.widgets.key_footer import KeyFooter
from tests.support.desk import Desk, desk
from tests.support.shown import go_to, toasts_of
from tests.support.stores import BOT, bots, talk, write
from tests.support.waiting import resize


async def long_home(home: Path, count: int = 200, every: int = 50) -> str:
    """A conversation with a word in every so many answers, and in one far down a long one."""
    turns = [(f"question {n}", f"answer {n}" + (" 春节" if n % every == 0 else "")) for n in range(count)]
    turns.append(
        ("a long one", "\n\n".join(["filler"] * 100 + ["春节 far down", *["filler"] * 100, "春节 end 春节"]))
    )
    return await write(home, talk("long", *turns))


async def here(home: Path, at: Desk) -> None:
    """Let the conversations be of the site of this app, so that one can go on with them."""
    site = at.context.settings.site
    await write(home, lambda c: c.execute("UPDATE conversations SET site = ?", (site,)))


def place(at: Desk) -> str:
    """What the bar says before the keys."""
    return at.screen.find_bar.remark.strip().partition("   ")[0]


def marked(at: Desk) -> list[str]:
    """The texts in the color of the current match."""
    log = at.screen.log_widget
    style = at.context.palette.search_match
    return [
        segment.text
        for strip in log.render_lines(log.size.region)
        for segment in strip
        if segment.style and (segment.style.bgcolor, segment.style.bold) == (style.bgcolor, style.bold)
    ]


def is_at(at: Desk, where: str, text: str) -> bool:
    return place(at) == where and text in at.text()


async def find(at: Desk, text: str) -> None:
    await at.pilot.press("ctrl+f")
    at.screen.find_bar.field.put(text)


async def test_every_match_is_reached_also_what_is_not_loaded(home: Path) -> None:
    key = await long_home(home)
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        await find(at, "春节")
        await at.until(lambda: is_at(at, "6/7", "春节 end"), "the first one in sight")
        await at.pilot.press("enter")
        await at.until(lambda: is_at(at, "7/7", "春节 end"))
        await at.pilot.press("enter")
        await at.until(lambda: is_at(at, "1/7", "answer 0 春节"))
        assert at.screen.log_widget.viewport.has_newer
        for number in (2, 3, 4):
            await at.pilot.press("enter")
            await at.until(partial(is_at, at, f"{number}/7", f"answer {50 * (number - 1)} 春节"))
        await at.pilot.press("up")
        await at.until(lambda: place(at) == "3/7" and "answer 100 春节" in at.text())
        await at.pilot.press("up", "up", "up")
        await at.until(lambda: is_at(at, "7/7", "春节 end"))
        await at.pilot.press("up", "up")
        await at.until(lambda: is_at(at, "5/7", "春节 far down"))
        for _key in range(3):  # faster than the store answers
            at.screen.find_bar.post_message(FindBar.Stepped(1))
        await at.until(lambda: is_at(at, "1/7", "answer 0 春节"), "no step is lost")


async def test_finding_starts_at_the_view_and_marks_the_current_match(home: Path) -> None:
    key = await long_home(home, count=60, every=1)
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        screen, view = at.screen, at.screen.log_widget.viewport
        entry = next(e for e in screen.log_widget.entries if e.copy_text() == "answer 50 春节")
        view.show_entry(entry)
        await at.until(lambda: "answer 50 春节" in at.text())
        top = view.top
        first = int(at.text().split("answer ")[1].split()[0])
        await find(at, "answer")
        await at.until(lambda: place(at) == f"{first + 1}/60", "the first in sight, not of all")
        assert view.top == top, "nothing moves for what is in sight"
        assert marked(at) == ["answer"]
        screen.find_bar.field.put("answer 57")
        await at.until(lambda: place(at) == "1/1" and marked(at) == ["answer 57"])
        screen.find_bar.field.put("answer 5")
        await at.until(lambda: place(at) == f"{first - 48}/11" and marked(at) == ["answer 5"])
        assert view.top == top, "typing starts where the search started"
        await at.pilot.press("enter")
        await at.until(lambda: place(at) == f"{first - 47}/11" and marked(at) == ["answer 5"])
        shown = screen.query_one(KeyFooter).shown()
        assert shown[:4] == ["Enter next", "↑ previous", "Esc close", "Tab go to the messages"]
        assert screen.find_bar.remark.strip().endswith("Enter next · ↑ previous · Esc close")
        await resize(at.pilot, 70, 30)
        await at.until(lambda: marked(at) == ["answer 5"], "the mark survives another width")
        assert place(at) == screen.find_bar.remark.strip(), "the keys give way"
        await at.pilot.press("escape")
        await at.until(lambda: not marked(at), "no mark")
        await at.pilot.press("ctrl+f")
        await at.until(lambda: place(at).endswith("/11") and marked(at) == ["answer 5"], "and again")


async def test_a_match_above_the_view_is_gone_to_if_there_is_none_below(home: Path) -> None:
    key = await long_home(home, count=60, every=100)
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        await find(at, "answer")
        await at.until(lambda: is_at(at, "60/60", "answer 59") and marked(at) == ["answer"])


async def test_the_current_match_differs_without_colors(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    key = await write(home, talk("salt", ("盐", "盐和盐")))
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        await find(at, "盐")
        await at.until(lambda: place(at) == "1/3")
        log = at.screen.log_widget
        styles = [
            (segment.style.reverse, segment.style.bold, segment.style.color)
            for strip in log.render_lines(log.size.region)
            for segment in strip
            if segment.text == "盐" and segment.style
        ]
        assert [style[:2] for style in styles] == [(True, True), (True, None), (True, None)]
        assert all(color is None or color.is_default for *_rest, color in styles)


async def test_n_goes_on_in_the_log_and_escape_ends_it(home: Path) -> None:
    key = await long_home(home, count=10, every=4)
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        screen = at.screen
        screen.log_widget.focus()
        screen.log_widget.action_to_top()
        for key_pressed in ("slash", *"4 春"):  # as from one packet
            at.app.post_message(events.Key(key_pressed, key_pressed if len(key_pressed) == 1 else None))
        await at.until(lambda: screen.find_bar.value == "4 春", "no letter is lost")
        screen.find_bar.field.put("春节")
        await at.until(lambda: place(at) == "1/6")
        await at.pilot.press("tab")
        assert screen.log_widget.has_focus
        await at.pilot.press("n")
        await at.until(lambda: place(at) == "2/6" and "answer 4 春节" in at.text())
        await at.pilot.press("N")
        await at.until(lambda: place(at) == "1/6")
        await at.pilot.press("escape")
        assert not screen.find_bar.is_open
        assert screen.log_widget.has_focus
        await at.pilot.press("escape")
        assert screen.prompt.has_focus


async def test_what_is_not_there_is_told(home: Path) -> None:
    key = await long_home(home, count=3)
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        await find(at, "nowhere")
        await at.until(lambda: place(at) == "not found")
        await at.pilot.press("enter")
        at.screen.find_bar.field.put("/quit")
        await at.until(lambda: place(at) == "not found · /quit is a command for the prompt")
        at.screen.find_bar.field.put("")
        await at.until(lambda: place(at) == "")
        await at.pilot.press("escape")
        await at.until(lambda: at.screen.prompt.has_focus, "the bar was opened from there")


async def test_what_is_said_but_not_drawn_is_gone_to_again_and_again(home: Path) -> None:
    key = await write(home, talk("link", ("where", '[here](https://example.invalid/ "needle")')))
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        await find(at, "needle")
        await at.until(lambda: place(at) == "1/1")
        await at.pilot.press("enter", "up", "enter")
        assert place(at) == "1/1"


async def test_finding_in_nothing_finds_nothing(home: Path) -> None:
    async with desk(home, bots()) as at:
        await find(at, "盐")
        await at.until(lambda: place(at) == "not found")


async def test_a_fold_that_holds_the_text_opens(home: Path) -> None:
    steps = (FunctionCall("ferry", "next", {"pier": "三号码头"}), ToolResponse('{"dep":"18:40"}'))
    async with desk(home, [Bot(BOT, "海水", [*steps, Answer("好。", reasoning="先查船。")])]) as at:
        await at.ask("下一班？")
        await at.answered()
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        await find(at, "三号码头")
        await at.until(lambda: "▾ ferry-next" in at.text())
        await at.until(lambda: place(at) == "1/2", "in the line of the call, and in what was folded")
        at.screen.find_bar.field.put("查船")
        await at.until(lambda: "先查船。" in at.text())


async def test_finding_does_not_lose_an_answer_that_comes(home: Path) -> None:
    key = await long_home(home)
    async with desk(
        home,
        [Bot(BOT, "海水", [Delta("河流"), Gate("held"), Delta("带盐"), Complete()])],
        target=LaunchTarget(conversation=key),
    ) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        await here(home, at)
        await at.ask("海水？")
        await at.until(lambda: "河流" in at.text())
        await find(at, "answer 0 春节")
        await at.until(lambda: place(at) == "1/1" and "answer 0 春节" in at.text())
        at.stand_in.release("held")
        await at.answered()
        assert at.screen.turns.view.phase is Outcome.COMPLETED
        last = at.screen.log_widget.entries[-1]
        assert isinstance(last, AnswerEntry)
        assert last.copy_text() == "河流带盐"


async def test_a_fork_goes_on_from_the_chosen_message(home: Path) -> None:
    key = await long_home(home, count=5)
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        await here(home, at)
        log = at.screen.log_widget
        entry = next(e for e in log.entries if isinstance(e, QuestionEntry) and e.text == "question 2")
        log.focus()
        go_to(log, entry)
        await at.pilot.press("f")
        await at.until(lambda: at.screen.conversation.key != key)
        texts = [e.text for e in at.screen.log_widget.entries if isinstance(e, QuestionEntry)]
        assert texts == ["question 0", "question 1", "question 2"]
        at.screen.prompt.focus()
        await at.ask("on with it")
        await at.answered()
        assert "因为盐。" in at.text()


async def test_the_ends_of_a_long_conversation_are_one_key_away(home: Path) -> None:
    key = await long_home(home, count=300, every=1000)
    async with desk(home, bots(), target=LaunchTarget(conversation=key)) as at:
        await at.until(lambda: at.screen.conversation.key == key)
        log = at.screen.log_widget
        log.focus()
        await at.pilot.press("g")
        await at.until(lambda: "question 0" in at.text() and log.viewport.has_newer)
        await at.pilot.press("G")
        await at.until(lambda: "春节 end" in at.text() and not log.viewport.has_newer)
        assert log.viewport.following


async def test_ctrl_c_closes_the_bar_and_quits_nothing(home: Path) -> None:
    async with desk(home, []) as at:
        await at.pilot.press("ctrl+f", "a", "ctrl+c")
        await at.until(lambda: not at.screen.find_bar.is_open)
        assert toasts_of(at.app) == []
