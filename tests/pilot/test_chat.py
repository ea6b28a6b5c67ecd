"""A chat as a person lives it: typed, streamed, seen, stopped, failed."""

from __future__ import annotations

import asyncio
import gc
import json
from pathlib import Path
from typing import Any, cast

import pytest

from coze_tui.api.objects import Bot as ApiBot
from coze_tui.config.secure_files import locked
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.session.sent_files import WebFile
from coze_tui.garbage import pause_collection
from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.scenarios import (
    CHINESE,
    Answer,
    Bot,
    Complete,
    Cut,
    Delta,
    Fail,
    FollowUps,
    FunctionCall,
    Gate,
    RequireAction,
    ToolCall,
    ToolResponse,
    Turn,
)
from coze_tui.standin.server import StandIn
from coze_tui.text.i18n import is_chinese
from coze_tui.tui.commands import slash_commands
from coze_tui.tui.context import Demo, LaunchTarget
from coze_tui.tui.screens.dialogs import Choose
from coze_tui.tui.screens.log_screen import ShowLink
from coze_tui.tui.screens.tool_request import ToolRequest
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.note_line import NoteLine
from coze_tui.tui.widgets.select_list import SelectList
from tests.support.desk import Desk, desk
from tests.support.shown import drawn_text, go_to, stale_rows, toasts_of
from tests.support.waiting import resize

pytestmark = pytest.mark.quick
BOT = "7511000000000000777"


def bot(*steps: object, **more: str) -> list[Bot]:
    return [Bot(BOT, "海水", list(steps), **more)]  # type: ignore[arg-type]


def lit(at: Desk) -> str:
    """The follow-up that is drawn as the typed one."""
    log = at.screen.log_widget
    parts = (part for strip in log.render_lines(log.size.region) for part in strip)
    return "".join(part.text for part in parts if part.style is not None and part.style.reverse)


async def test_a_question_is_answered_and_its_life_is_seen(home: Path) -> None:
    async with desk(
        home, bot(Answer("河流把**盐**带进海里。"), FollowUps(("死海为什么更咸？",), wait=0))
    ) as at:
        await at.ask("海水为什么咸？")
        await at.answered()
        text = at.text()
        assert "海水为什么咸？" in text
        assert "河流把盐带进海里。" in text
        await at.until(lambda: "1 死海为什么更咸？" in at.text(), "a digit chooses the question")
        for row in ("sent", "created", "in_progress", "delta", "answer", "follow_up", "done"):
            assert row in at.life()
        assert at.screen.header.title == "海水为什么咸？"
        assert at.screen.prompt.message == ""


async def test_an_answer_to_an_early_question_gets_the_name_of_the_bot_once_it_is_known(home: Path) -> None:
    async with desk(home, bot(Delta("河流"), Gate("rest"), Answer("把盐带进海里。"))) as at:
        await at.until(lambda: at.screen.header.bot == "海水", "the bot is known")
        at.screen.conversation.use_bot(ApiBot(id=BOT))  # as after the first run: its name is not known
        await at.ask("海水为什么咸？")
        await at.until(lambda: "河流" in at.text())
        assert "…0777" in at.text()
        assert BOT not in at.text()
        at.screen.bots.start_learning_bot()
        await at.until(lambda: "海水  " in at.text() and "…0777" not in at.text(), "the name")
        at.stand_in.release("rest")
        await at.answered()
        assert "…0777" not in at.text()


async def test_an_empty_conversation_says_what_to_do_until_something_is_asked(home: Path) -> None:
    bots = [
        Bot(BOT, "海水", [Answer("因为盐。")], prologue="你好！", suggested_questions=("海水为什么咸？",))
    ]
    stand_in = StandIn(pace=0, bots=bots).start()
    async with desk(home, bots, stand_in=stand_in) as at:
        await at.until(lambda: "1 海水为什么咸？" in at.text())
        keys = "/ commands   Ctrl+G Ctrl+G every frame   Ctrl+S history   F1 keys"
        for _again in range(2):
            assert "press a number, then Enter" in at.text()
            assert keys in at.text()
            assert "demo" not in at.text()
            await at.ask("海水为什么咸？")
            await at.answered()
            assert "every frame" not in at.text()
            assert "press a number" not in at.text()
            await at.pilot.press("ctrl+n")
            await at.until(lambda: "你好！" in at.text() and "因为盐" not in at.text())
    async with desk(home, bots, stand_in=stand_in) as at:  # the name is known from the time before
        assert at.screen.header.bot == "海水"
    stand_in.stop()


async def test_the_demo_introduces_itself_in_the_language_of_the_program(home: Path) -> None:
    stand_in = StandIn(pace=0)
    spoken: list[str] = []

    def use_language(code: str) -> list[ApiBot]:
        spoken.append(code)
        bots = demo_bots(chinese=is_chinese(code))
        stand_in.use_bots(bots)
        return [ApiBot(bot.id, bot.name, prologue=bot.prologue) for bot in bots if bot.is_published]

    with stand_in:
        target = LaunchTarget(demo=Demo(use_language))
        async with desk(home, stand_in=stand_in, target=target) as at:
            assert at.screen.header.bot == "Xiaochun"
            await at.until(lambda: "This is the demo: each of its 12 bots" in at.text())
            assert "Ctrl+T changes the bot" in at.text()
            assert not CHINESE.search(at.text())
            await at.screen.bots.learn_bot()  # in this language, which is kept
            at.context.choose_language("zh_CN")
            await at.until(lambda: "这是演示" in at.text() and "你好，我是小春" in at.text())
            await at.until(lambda: at.screen.header.bot == "小春")
            await at.screen.bots.learn_bot()
            assert at.screen.header.bot == "小春"
            assert "Xiaochun" not in at.text()
            assert "Hello" not in at.text()
            at.context.choose_language("en")
            await at.until(lambda: "Hello, I am Xiaochun" in at.text())
            await at.ask("1 + 1")
            await at.answered()
            at.context.choose_language("zh_CN")
            await at.until(lambda: "你好，我是小春" in at.text() and "Hello" not in at.text(), "it greets on")
            assert spoken == ["en", "zh_CN", "en", "zh_CN"]
            at.context.choose_language("en")
            await at.ask("/login")
            await at.until(lambda: any("The demo saves nothing" in text for text in toasts_of(at.app)))
            assert at.app.screen is at.screen


async def test_the_empty_prompt_says_that_it_searches(home: Path) -> None:
    async with desk(home, bot(Answer("盐。"))) as at:
        await at.until(lambda: "› Type a message" in drawn_text(at.app))
        await at.pilot.press("ctrl+r")
        await at.until(lambda: "/ Search earlier messages" in drawn_text(at.app))


async def test_the_title_in_the_header_is_the_one_that_is_kept(home: Path) -> None:
    async with desk(home, bot(Answer("盐。"))) as at:
        await at.ask("海水为什么咸？" * 12)
        await at.until(lambda: at.screen.header.title)
        shown = at.screen.header.title
        await at.answered()
        key = at.screen.conversation.key
        kept = await at.context.engine_thread.call(lambda engine: engine.conversations.summary(key))
        assert kept is not None
        assert shown == kept.title
        assert len(shown) == 80


async def test_text_is_on_the_screen_while_the_answer_still_comes(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Delta("盐带走"), Complete())) as at:
        await at.ask("海水？")
        await at.until(lambda: "河流把" in at.text())
        assert at.screen.turns.runs
        at.stand_in.release("held")
        await at.answered()
        assert "河流把盐带走" in at.text()


class SlowLine:
    """A line on which nothing ends in time; counts how often the counters have asked for it."""

    def __init__(self) -> None:
        self.asked = 0

    def seconds_for(self, count: int) -> float:
        self.asked += count > 2_000
        return 1_000.0


async def test_on_a_slow_line_the_counters_wait_for_a_change_of_state(home: Path) -> None:
    steps = Delta("a"), Gate("more"), Delta("b"), Delta("c"), Gate("end"), Complete()
    async with desk(home, bot(*steps)) as at:
        line = SlowLine()
        at.app.throttle = cast(Any, line)
        await at.ask("海水？")
        await at.until(lambda: "delta" in at.life())
        at.stand_in.release("more")
        await at.until(lambda: "abc" in at.text())
        before, asked = at.life(), line.asked
        await at.until(lambda: line.asked > asked + 2)
        assert at.life() == before
        assert "×3" not in at.life()
        at.stand_in.release("end")
        await at.until(lambda: "×3" in at.life(), "the end shows what waited")


async def test_escape_stops_and_the_half_answer_stays(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Delta("盐"))) as at:
        await at.ask("海水？")
        await at.until(lambda: "河流把" in at.text())
        await at.pilot.press("escape")
        await at.answered()
        at.stand_in.release("held")
        assert "河流把" in at.text()
        assert "stopped at" in at.text()
        assert [r.path for r in at.stand_in.requests].count("/v3/chat/cancel") == 1


async def test_a_question_typed_meanwhile_waits_and_is_sent_after(home: Path) -> None:
    async with desk(home, bot(Delta("a"), Gate("held"), Delta("b"), Complete())) as at:
        await at.ask("first")
        await at.until(lambda: at.screen.turns.runs and "a" in at.text())
        await at.ask("second")
        await at.until(lambda: at.screen.queue_strip.queued == ("second",))
        at.stand_in.release("held")
        await at.until(lambda: at.text().count("ab") == 2 and not at.screen.turns.runs)
        assert at.screen.queue_strip.queued == ()
        assert [r.path for r in at.stand_in.requests].count("/v3/chat") == 2


async def test_a_queued_question_can_be_taken_back(home: Path) -> None:
    async with desk(home, bot(Delta("a"), Gate("held"), Delta("b"), Complete())) as at:
        await at.ask("first")
        await at.until(lambda: "a" in at.text())
        await at.ask("second")
        await at.pilot.press("up")
        await at.until(lambda: at.screen.prompt.message == "second")
        assert at.screen.queue_strip.queued == ()
        at.stand_in.release("held")
        await at.answered()


async def test_a_queued_question_leaves_the_view_where_one_reads(home: Path) -> None:
    def steps(turn: Turn) -> list[object]:
        lines = "\n\n".join(f"{turn.question} {number}" for number in range(60))
        return [Delta(lines), Gate(turn.question), Complete()] if turn.question == "two" else [Answer(lines)]

    async with desk(home, [Bot(BOT, "海水", steps)]) as at:  # type: ignore[arg-type]
        await at.ask("one")
        await at.answered()
        await at.ask("two")
        await at.until(lambda: "two 59" in at.text())
        await at.ask("three")
        await at.until(lambda: at.screen.queue_strip.queued)
        at.screen.log_widget.action_to_top()
        await at.until(lambda: "one 0" in at.text())
        top = at.text()
        at.stand_in.release("two")
        await at.until(lambda: len(at.screen.log_widget.entries) >= 6 and not at.screen.queue_strip.queued)
        await at.answered()
        assert at.text().splitlines()[:20] == top.splitlines()[:20]
        await at.ask("four")
        await at.until(lambda: "four 59" in at.text(), "what the user sends is shown")


async def test_a_failed_chat_says_what_to_do_and_keeps_the_question(home: Path) -> None:
    async with desk(home, bot(Delta("首先"), Fail(code=4028, msg="no quota"))) as at:
        await at.ask("海水？")
        await at.answered()
        assert "4028" in at.text()
        assert "logid" in at.text()
        await at.until(lambda: at.screen.prompt.message == "海水？")


async def test_a_cut_answer_is_recovered_and_shown_once(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Cut(), Delta("盐带走"), Complete())) as at:
        await at.ask("海水？")
        await at.answered()
        assert at.text().count("河流把") == 1
        assert "河流把盐带走" in at.text()
        assert "cut" in at.life()


async def test_reasoning_and_tools_are_folded_and_open(home: Path) -> None:
    steps = (
        FunctionCall("ferry", "next", {"pier": "三号码头"}),
        ToolResponse('{"dep":"18:40"}'),
        Answer("下一班是 18:40。", reasoning="先查船。"),
    )
    async with desk(home, bot(*steps)) as at:
        await at.ask("下一班？")
        await at.answered()
        assert "▸ ferry-next" in at.text()
        assert "先查船" not in at.text()
        await at.pilot.press("tab", "enter")
        await at.until(lambda: '"18:40"' in at.text(), "the first fold is open")
        assert "先查船" not in at.text()
        await at.pilot.press("j", "space")
        await at.until(lambda: "先查船" in at.text(), "the second fold is open")


async def test_reasoning_is_seen_while_it_arrives_and_one_key_opens_the_last_fold(home: Path) -> None:
    steps = (
        Delta(reasoning="先查船。"),
        Gate("more"),
        Delta("下一班是 18:40。"),
        Complete(),
    )
    async with desk(home, bot(*steps)) as at:
        footer = at.screen.query_one(KeyFooter)
        await at.ask("下一班？")
        await at.until(lambda: "▾ thinking" in at.text() and "先查船。" in at.text())
        assert "^\\ unfold" in footer.shown()
        at.stand_in.release("more")
        await at.answered()
        assert "▸ thought for" in at.text()
        assert "先查船。" not in at.text()
        await at.pilot.press("ctrl+backslash")
        await at.until(lambda: "先查船。" in at.text())
        await at.until(lambda: "^\\ fold" in footer.shown())
        assert at.screen.prompt.has_focus
        await at.pilot.press("ctrl+backslash")
        await at.until(lambda: "先查船。" not in at.text())


async def test_the_footer_of_the_log_names_what_works_there(home: Path) -> None:
    answer = Answer("```go\nmain()\n```", reasoning="先查船。")
    async with desk(home, bot(answer, Gate("end"), FollowUps(("?",)))) as at:
        footer = at.screen.query_one(KeyFooter)
        await at.ask("下一班？")
        await at.until(lambda: "main()" in at.text())
        assert footer.shown()[0] == "Esc stop"
        await at.pilot.press("tab")
        await at.until(lambda: footer.shown()[0] == "^C stop")
        walk = ["↑↓ choose", "Enter open", "y copy", "R again", "e edit", "Esc back", "F1 help"]
        assert [key for key in footer.shown() if key in walk] == walk
        await at.pilot.press("enter")
        await at.until(lambda: "Enter close" in footer.shown())
        await at.pilot.press("left_square_bracket")
        await at.until(lambda: "Y copy code" in footer.shown())
        await at.pilot.press("Y")
        await at.until_told("code block 1/1 go")
        await at.pilot.press("ctrl+c")
        await at.answered()
        assert at.screen.turns.view.phase is Outcome.CANCELED
        await at.pilot.press("k")  # away from the code, whose key takes the room
        await at.until(lambda: "f fork" in footer.shown() and "^C stop" not in footer.shown())
        await at.pilot.press("escape")
        await at.until(lambda: at.screen.prompt.has_focus)


async def test_the_conversation_is_there_the_next_time(home: Path) -> None:
    async with desk(home, bot(Answer("河流把盐带走。"))) as at:
        await at.ask("海水？")
        await at.answered()
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        at.screen.prompt.set_message("half typed")
        await at.pilot.pause()
    async with desk(home, bot(Answer("河流把盐带走。")), target=LaunchTarget(continues_last=True)) as at:
        await at.until(lambda: "河流把盐带走。" in at.text())
        assert "海水？" in at.text()
        assert at.screen.prompt.message == "half typed"
        await at.until(lambda: "delta" in at.life(), "its events are shown")


async def test_a_greeting_offers_questions_and_a_digit_asks_one(home: Path) -> None:
    bots = [
        Bot(BOT, "海水", [Answer("因为盐。")], prologue="你好！", suggested_questions=("海水为什么咸？",))
    ]
    async with desk(home, bots) as at:
        await at.until(lambda: "1 海水为什么咸？" in at.text())
        await at.pilot.press("1")
        await at.until(lambda: "海水为什么咸？" in at.screen.prompt.render_line(0).text, "the preview")
        await at.until(lambda: lit(at) == "1 海水为什么咸？", "the chip is lit")
        await at.pilot.press("enter")
        await at.answered()
        assert "因为盐。" in at.text()
        # The bot has suggested nothing since, so the old question has no number and "1" is a text.
        assert "· 海水为什么咸？" in at.text()
        await at.pilot.press("1")
        await at.pilot.pause()
        assert lit(at) == ""
        assert "→" not in at.screen.prompt.render_line(0).text
        await at.pilot.press("enter")
        await at.answered()
        assert at.screen.turns.view.question == "1"


async def test_after_a_failure_no_digit_chooses_a_question(home: Path) -> None:
    bots = [Bot(BOT, "海水", [Fail(5000, "no")], prologue="你好！", suggested_questions=("海水为什么咸？",))]
    async with desk(home, bots) as at:
        await at.until(lambda: "1 海水为什么咸？" in at.text())
        await at.pilot.press("1", "enter")
        await at.answered()
        await at.until(lambda: at.screen.prompt.message == "海水为什么咸？", "the question is back")
        assert "· 海水为什么咸？" in at.text()
        at.screen.prompt.clear_message()
        await at.pilot.press("1")
        await at.pilot.pause()
        assert at.screen.prompt.chosen_number == 0
        assert lit(at) == ""


async def test_the_ladder_of_control_c(home: Path) -> None:
    async with desk(home, bot(Delta("a"), Gate("held"), Delta("b"), Complete())) as at:
        await at.ask("first")
        await at.until(lambda: "a" in at.text())
        await at.pilot.press("x", "ctrl+c")
        await at.answered()
        at.stand_in.release("held")
        assert at.screen.prompt.message == "x"
        await at.pilot.press("ctrl+c")
        assert at.screen.prompt.message == ""
        await at.pilot.press("ctrl+c", "ctrl+c")
        await at.until(lambda: at.app.return_code is not None, "the app is left")


async def test_every_size_shows_a_chat(home: Path) -> None:
    answer = Answer("| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint(1)\n```")
    async with desk(home, bot(answer), size=(1, 1)) as at:
        for size in ((1, 1), (120, 40), (80, 24), (39, 9), (20, 5), (2, 3), (300, 100)):
            await resize(at.pilot, *size)
            await at.ask("q")
            await at.answered()
            assert at.screen.turns.view.phase is Outcome.COMPLETED
            if size[0] >= 80:
                assert "print(1)" in at.text()


async def test_no_row_of_the_layout_before_remains_after_another_size(home: Path) -> None:
    async with desk(home, bot(Answer("ja")), size=(120, 40)) as at:
        await at.ask("q")
        await at.answered()
        for size in ((80, 24), (120, 40), (60, 20), (200, 50), (99, 30)):
            await resize(at.pilot, *size)
            assert await stale_rows(at.pilot) == []
            for key in ("ctrl+g", "ctrl+f", "escape"):
                await at.pilot.press(key)
                await at.pilot.pause()
                assert await stale_rows(at.pilot) == [], (size, key)
                assert drawn_text(at.app).count(" total ") == at.screen.sidebar.display, (size, key)


async def test_the_sidebar_lies_over_a_narrow_screen_when_asked_for(home: Path) -> None:
    async with desk(home, bot(Answer("ja")), size=(80, 24)) as at:
        await at.ask("q")
        await at.answered()
        assert not at.screen.sidebar.display
        assert at.screen.strip.display
        await at.pilot.press("ctrl+g")
        assert at.screen.sidebar.display
        await at.pilot.press("escape")
        assert not at.screen.sidebar.display
        await at.pilot.press("ctrl+g", "escape", "ctrl+g")
        assert at.app.screen is at.screen  # only the key for the events counts as pressed twice
        assert at.screen.sidebar.display
        await at.pilot.press("ctrl+g")
        await at.until(lambda: at.app.screen is not at.screen, "in a row")


async def test_garbage_is_collected_once_the_first_frame_is_shown(home: Path) -> None:
    pause_collection()
    try:
        async with desk(home, bot()) as at:
            await at.until(gc.isenabled, "the collector runs")
    finally:
        gc.enable()
        gc.unfreeze()


async def test_no_key_waits_for_what_is_remembered(home: Path) -> None:
    async with desk(home, bot(Answer("ja"))) as at:
        memory = at.context.startup.app_state
        with locked(memory.path):  # as another program holds it
            for shown in (False, True, False):
                await asyncio.wait_for(at.pilot.press("ctrl+g"), 5)
                assert at.screen.sidebar.display is shown
        await at.until(lambda: memory.read().chosen.get("sidebar") == "hidden", "the last choice is kept")


async def test_a_choice_that_cannot_be_kept_is_told(home: Path) -> None:
    async with desk(home, bot(Answer("ja"))) as at:
        path = at.context.startup.app_state.path
        path.unlink(missing_ok=True)
        path.mkdir()
        await at.pilot.press("ctrl+g")
        await at.until_told("Not saved for the next start")
        assert not at.screen.sidebar.display


async def test_a_url_goes_with_the_question_and_stays_its_name(home: Path) -> None:
    url = "https://example.invalid/cat.png"
    async with desk(home, bot(Answer("一只猫。"))) as at:
        await at.ask(f"/attach {url}")
        await at.until(lambda: at.screen.attachments.files == (WebFile(url),))
        await at.ask("这是什么？")
        await at.answered()
        assert f"+ {url}" in at.text()
        asked = next(request for request in at.stand_in.requests if request.path == "/v3/chat")
        [message] = json.loads(asked.raw)["additional_messages"]
        assert json.loads(message["content"])[1] == {"type": "image", "file_url": url}


async def test_a_file_goes_with_the_question_and_comes_back_when_that_fails(
    home: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "猫.png"
    picture.write_bytes(b"\x89PNG sample")
    async with desk(home, bot(Answer("一只猫。"))) as at:
        await at.ask(f"/attach {picture}")
        await at.until(lambda: at.screen.attachments.files == (picture,))
        at.stand_in.fault("500json", path="/v1/files/upload", times=9)
        await at.ask("这是什么？")
        await at.answered()
        await at.until(lambda: at.screen.attachments.files == (picture,), "it is there again")
        at.stand_in.fault("500json", path="/v1/files/upload", times=0)
    async with desk(home, bot(Answer("一只猫。"))) as at:
        await at.ask(f"/attach {picture}")
        await at.until(lambda: at.screen.attachments.files == (picture,))
        await at.ask("这是什么？")
        await at.answered()
        assert "一只猫。" in at.text()
        assert "+ 猫.png" in at.text()
        asked = next(request for request in at.stand_in.requests if request.path == "/v3/chat")
        assert "object_string" in str(asked.body)
        assert at.screen.attachments.files == ()


async def test_a_file_that_is_not_there_is_refused_with_a_sentence(home: Path) -> None:
    async with desk(home, bot(Answer("a"))) as at:
        await at.ask("/attach /no/such/file.png")
        await at.until(lambda: toasts_of(at.app))
        assert at.screen.attachments.files == ()


async def test_send_takes_a_text_that_begins_with_a_slash_and_what_is_typed_already(home: Path) -> None:
    async with desk(home, [Bot("7511000000000000777", "海水", [Answer("河流把盐带走。")])]) as at:
        await at.ask("/send /help is what?")
        await at.answered()
        assert "▎ /help is what?" in at.text()
        at.screen.prompt.set_message("from the palette")
        at.screen.commands.run(next(one for one in slash_commands() if one.name == "/send"), "")
        await at.until(lambda: "▎ from the palette" in at.text(), "it is sent")
        assert at.screen.prompt.message == ""
        await at.answered()


async def test_the_form_that_was_put_off_is_opened_again_by_enter(home: Path) -> None:
    async with desk(home, bot(RequireAction((ToolCall("clock", "now", {}, "call_1"),)))) as at:
        await at.ask("几点？")
        await at.until(lambda: isinstance(at.app.screen, ToolRequest), "the form is open")
        await at.pilot.press("escape")
        await at.until(lambda: at.app.screen is at.screen, "it is put off")
        assert "press Enter to answer" in at.text()
        assert at.screen.focused is at.screen.prompt
        await at.pilot.press("enter")
        await at.until(lambda: isinstance(at.app.screen, ToolRequest), "it is open again")


async def test_what_looks_like_a_command_is_sent_the_second_time_only(home: Path) -> None:
    async with desk(home, bot(Answer("河流把盐带走。"))) as at:
        line = at.screen.query_one("PromptArea NoteLine", NoteLine)
        for text, doubt in {
            "/foo bar": "Unknown command /foo.",
            "/histroy": "Unknown command /histroy. Did you mean /history?",
            "/help me": "/help takes no argument.",
            "/theme\nnord": "A command is one line.",
        }.items():
            await at.ask(text)
            await at.until(lambda doubt=doubt: doubt in line.text, doubt)  # type: ignore[misc]
            assert at.screen.prompt.message == text
            assert line.text.endswith("Enter again sends it as text")
        assert at.app.screen is at.screen
        assert at.screen.conversation.key == "" or not at.screen.turns.runs
        await at.pilot.press("enter")
        await at.answered()
        assert "▎ /theme\n ▎ nord" in at.text()
        await at.ask("/usr/bin is what?")
        await at.answered()
        assert "▎ /usr/bin is what?" in at.text()
        assert not line.display
        asked = [request for request in at.stand_in.requests if request.path == "/v3/chat"]
        assert len(asked) == 2
        await at.pilot.press("ctrl+r", *"help")
        assert "/help me" not in at.app.export_screenshot()


LINKS = (
    "见 [春节](https://zh.wikipedia.org/wiki/春节)，https://example.com/a__b__c 和 https://example.com/"
    + "long/" * 60
    + "end。再见 <https://example.com/a__b__c>。"
)


async def test_links_of_a_message_are_listed_by_number_and_put_into_the_prompt(home: Path) -> None:
    async with desk(home, bot(Answer(LINKS))) as at:
        await at.ask("哪里有？")
        await at.answered()
        at.screen.prompt.set_message("看")
        at.screen.log_widget.focus()
        await at.pilot.press("o")
        await at.until(
            lambda: isinstance(at.app.screen, Choose) and at.app.screen.query(SelectList), "the list"
        )
        rows = at.app.screen.query_one(SelectList).rows
        assert [row.key for row in rows] == [
            "https://zh.wikipedia.org/wiki/%E6%98%A5%E8%8A%82",
            "https://example.com/a__b__c",
            "https://example.com/" + "long/" * 60 + "end",
        ]
        shown = ["".join(text for text, *_ in (*row.left, *row.below)).split() for row in rows]
        assert shown[0] == ["1", "春节", "https://zh.wikipedia.org/wiki/春节"]
        assert shown[1:] == [["2", rows[1].key], ["3", rows[2].key]]
        await at.pilot.press("2")
        await at.until(lambda: isinstance(at.app.screen, ShowLink), "the target")
        await at.pilot.press("p")
        await at.until(lambda: at.screen.prompt.message == "看 https://example.com/a__b__c", "the prompt")
        assert at.screen.prompt.has_focus


async def test_a_question_has_links_too_and_a_message_without_any_says_so(home: Path) -> None:
    async with desk(home, bot(Answer("没有。"))) as at:
        await at.ask("看 https://example.com/x？")
        await at.answered()
        await at.pilot.press("tab", "k", "o")
        await at.until(lambda: isinstance(at.app.screen, ShowLink), "the only link")
        await at.pilot.press("escape")
        go_to(at.screen.log_widget, at.screen.log_widget.entries[-1])
        at.screen.log_widget.focus()
        await at.pilot.press("o")
        await at.until_told("No link in this message.")
