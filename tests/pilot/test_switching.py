"""Going from one conversation to another while something still happens in the first."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import TextArea

from coze_tui.engine.engine import Engine
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import TurnState
from coze_tui.standin.scenarios import Answer, Bot, Complete, Delta, Gate, RequireAction, ToolCall
from coze_tui.standin.server import StandIn
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import QuestionEntry
from coze_tui.tui.screens.bots import BotPicker
from coze_tui.tui.screens.dialogs import Choose
from coze_tui.tui.screens.tool_request import ToolRequest
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.prompt.prompt import Prompt
from coze_tui.tui.widgets.status import Chip
from tests.support.desk import Desk, desk

BOT = "7511000000000000777"


def bot(*steps: object) -> list[Bot]:
    return [Bot(BOT, "海水", list(steps))]  # type: ignore[arg-type]


async def asked_and_left(at: Desk) -> str:
    """Ask, wait for the first text, and start a new conversation; the key of the one that was left."""
    await at.ask("first")
    await at.until(lambda: "河流把" in at.text() and at.screen.conversation.key)
    key = at.screen.conversation.key
    await at.pilot.press("ctrl+n")
    await at.pilot.pause()
    return key


async def running(at: Desk) -> list[str]:
    """Return the keys of the conversations in which the engine runs a turn."""

    async def ask(engine: Engine) -> list[str]:
        return [live.conversation for live in engine.live.running]

    return await at.context.engine_thread.call(ask)


async def ended(at: Desk) -> None:
    """Wait until the engine runs no turn."""
    async with asyncio.timeout(20):
        while await running(at):
            await at.pilot.pause(0.01)


async def test_a_turn_that_was_left_says_nothing_in_a_new_conversation(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Delta("盐带走"), Complete())) as at:
        left = await asked_and_left(at)
        at.stand_in.release("held")
        await ended(at)
        for _ in range(5):
            await at.pilot.pause(0.02)
        assert at.screen.turns.view.phase is None
        assert not at.screen.turns.runs
        assert "盐" not in at.text()
        assert at.screen.header.chip == Chip.idle()
        await at.screen.opener.open(left)
        await at.until(lambda: "河流把盐带走" in at.text())


async def test_a_question_in_a_new_conversation_does_not_wait_for_the_turn_that_was_left(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Delta("盐带走"), Complete())) as at:
        await asked_and_left(at)
        assert not at.screen.turns.runs
        await at.ask("second")
        await at.until(lambda: "河流把" in at.text() and "second" in at.text())
        assert at.screen.queue_strip.queued == ()
        at.stand_in.release("held")
        await at.answered()
        assert at.text().count("河流把盐带走") == 1


async def test_the_keys_offer_no_stop_where_nothing_runs(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Delta("盐带走"), Complete())) as at:
        footer = at.screen.query_one(KeyFooter)
        await at.ask("first")
        await at.until(lambda: "河流把" in at.text() and "Esc stop" in footer.shown())
        await at.pilot.press("ctrl+n")
        await at.until(lambda: "Esc stop" not in footer.shown())
        at.stand_in.release("held")


async def test_the_queue_of_a_conversation_that_was_left_waits_there_and_enter_sends_it(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Delta("盐带走"), Complete())) as at:
        await at.ask("first")
        await at.until(lambda: "河流把" in at.text() and at.screen.conversation.key)
        left = at.screen.conversation.key
        await at.ask("second")
        await at.ask("third")
        await at.pilot.press("ctrl+n")
        at.stand_in.release("held")
        await ended(at)
        await at.screen.opener.open(left)
        assert at.screen.queue_strip.queued == ("second", "third")
        assert not at.screen.queue_strip.answer_runs
        await at.pilot.press("enter")
        await at.until(lambda: at.text().count("河流把盐带走") == 3 and not at.screen.turns.runs)
        assert not at.screen.queue_strip.queued
        questions = [entry.text for entry in at.screen.log_widget.entries if isinstance(entry, QuestionEntry)]
        assert questions == ["first", "second", "third"]


async def test_what_was_just_typed_is_kept_where_it_was_typed(home: Path) -> None:
    async with desk(home, bot(Answer("河流把"))) as at:
        await at.ask("first")
        await at.answered()
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        left = at.screen.conversation.key
        at.screen.prompt.set_message("half typed")
        await at.pilot.press("ctrl+n")
        await at.pilot.pause()
        await at.screen.opener.open(left)
        assert at.screen.prompt.message == "half typed"


async def test_entries_know_their_own_chats_when_a_queue_is_worked_off(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Delta("盐带走"), Complete())) as at:
        await at.ask("first")
        await at.until(lambda: "河流把" in at.text())
        await at.ask("second")
        at.stand_in.release("held")
        await at.until(lambda: at.text().count("河流把盐带走") == 2 and not at.screen.turns.runs)
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        chats = [e.chat for e in at.screen.log_widget.entries if isinstance(e, QuestionEntry | AnswerEntry)]
        assert chats[0] == chats[1] != chats[2] == chats[3]


async def test_the_life_beside_a_conversation_is_its_own(home: Path) -> None:
    async with desk(home, bot(Answer("河流把"))) as at:
        await at.ask("first")
        await at.answered()
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        first, first_chat = at.screen.conversation.key, at.screen.turns.view.figures.chat_id
        await at.pilot.press("ctrl+n")
        await at.ask("second")
        await at.answered()
        assert at.screen.turns.view.figures.chat_id != first_chat
        await at.screen.opener.open(first)
        await at.until(lambda: at.screen.sidebar.figures and at.screen.sidebar.figures.chat_id == first_chat)
        await at.pilot.press("tab", "k", "k", "G")
        await at.pilot.pause()
        assert at.screen.sidebar.figures is not None
        assert at.screen.sidebar.figures.chat_id == first_chat


async def test_files_come_back_when_a_conversation_is_busy(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "猫.png"
    picture.write_bytes(b"\x89PNG sample")
    async with desk(home, bot(Answer("一只猫。"))) as at:
        await at.ask(f"/attach {picture}")
        await at.until(lambda: at.screen.attachments.files == (picture,))
        at.stand_in.fault("code=4016", path="/v3/chat", times=1)
        await at.ask("这是什么？")
        await at.until(lambda: isinstance(at.app.screen, Choose))
        await at.pilot.press("3")
        await at.until(lambda: "一只猫。" in at.text())
        await at.answered()
        asked = [request for request in at.stand_in.requests if request.path == "/v3/chat"]
        assert "object_string" in str(asked[-1].body)


async def test_asking_again_sends_the_question_and_not_the_names_of_its_files(
    home: Path, tmp_path: Path
) -> None:
    picture = tmp_path / "猫.png"
    picture.write_bytes(b"\x89PNG sample")
    async with desk(home, bot(Answer("一只猫。"))) as at:
        await at.ask(f"/attach {picture}")
        await at.until(lambda: at.screen.attachments.files == (picture,))
        await at.ask("这是什么？")
        await at.answered()
        assert "+ 猫.png" in at.text()
        await at.pilot.press("tab", "e")
        await at.until(lambda: at.screen.prompt.message)
        assert at.screen.prompt.message == "这是什么？"


async def test_the_names_of_files_are_kept_with_their_question(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "猫.png"
    picture.write_bytes(b"\x89PNG sample")
    async with desk(home, bot(Answer("一只猫。"))) as at:
        await at.ask(f"/attach {picture}")
        await at.until(lambda: at.screen.attachments.files == (picture,))
        await at.ask("这是什么？")
        await at.answered()
        key = at.screen.conversation.key
        await at.pilot.press("ctrl+n")
        await at.screen.opener.open(key)
        assert "+ 猫.png" in at.text()
        assert at.screen.conversation.title == "这是什么？"
        (hit,) = (
            await at.context.engine_thread.call(lambda engine: engine.browsing.search("猫.png"))
        ).conversations
        assert hit.summary.key == key


async def test_a_tool_is_answered_after_a_restart(home: Path) -> None:
    call = ToolCall("home", "set_lamp", {"room": "书房"}, "call-1")
    steps = bot(RequireAction((call,)), Answer("灯开了"))
    async with desk(home, steps) as at:
        await at.ask("开灯")
        await at.until(
            lambda: isinstance(at.app.screen, ToolRequest) and isinstance(at.app.focused, TextArea)
        )
        await at.pilot.press("escape")
        await at.answered()
        left = at.screen.conversation.key
        await at.pilot.press("ctrl+n")
        await at.pilot.pause()
        await at.screen.opener.open(left)
        await at.until(lambda: "is waiting for the output" in at.text())
        await at.pilot.press("tab", "enter")
        await at.until(
            lambda: isinstance(at.app.screen, ToolRequest) and isinstance(at.app.focused, TextArea),
            "the form",
        )
        at.app.screen.query_one(TextArea).text = '{"ok":true}'
        await at.pilot.pause()
        await at.pilot.press("ctrl+s")
        await at.until(lambda: "灯开了" in at.text(), "the answer goes on")


async def test_escape_ends_an_upload(home: Path, tmp_path: Path) -> None:
    picture = tmp_path / "猫.png"
    picture.write_bytes(b"\x89PNG sample")
    async with desk(home, bot(Answer("一只猫。"))) as at:
        await at.ask(f"/attach {picture}")
        await at.until(lambda: at.screen.attachments.files == (picture,))
        at.stand_in.fault("hang", path="/v1/files/upload", times=1)
        await at.ask("这是什么？")
        await at.until(lambda: any(r.path == "/v1/files/upload" for r in at.stand_in.requests))
        await at.pilot.press("escape")
        await at.answered()
        assert at.screen.turns.view.phase is Outcome.CANCELED
        assert at.screen.attachments.files == (picture,)
        assert at.screen.prompt.message == "这是什么？"
        assert not any(r.path == "/v3/chat" for r in at.stand_in.requests)


async def test_a_draft_and_a_question_at_once_make_one_conversation(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Complete())) as at:
        at.screen.prompt.set_message("draft")
        at.screen.prompt.post_message(Prompt.DraftChanged(at.screen.prompt, "draft"))
        await at.ask("first")
        await at.until(lambda: "河流把" in at.text())
        assert await running(at) == [at.screen.conversation.key]
        at.stand_in.release("held")
        await at.answered()


async def test_an_answer_comes_to_its_end_while_another_bot_is_chosen(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Delta("盐带走"), Complete())) as at:
        await at.ask("first")
        await at.until(lambda: "河流把" in at.text())
        other = replace(at.context.settings, bot_id="42")
        await at.context.engine_thread.call(lambda engine: engine.site.use(other))
        at.stand_in.release("held")
        await at.answered()
        assert at.screen.turns.view.phase is Outcome.COMPLETED
        assert "河流把盐带走" in at.text()


async def test_a_fault_of_our_own_ends_the_turn(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(home, bot(Answer("河流把"))) as at:
        monkeypatch.setattr(TurnState, "apply_all", lambda state, frames: 1 / 0)
        await at.ask("first")
        await at.answered()
        assert at.screen.turns.view.phase is Outcome.INTERRUPTED


async def test_a_question_goes_to_no_other_site_than_its_conversation(home: Path) -> None:
    first, second = StandIn(pace=0, bots=bot(Answer("一"))), StandIn(pace=0, bots=bot(Answer("二")))
    first.start()
    second.start()
    try:
        async with desk(home, bot(), stand_in=first) as at:
            await at.ask("first")
            await at.answered()
            key = at.screen.conversation.key
        async with desk(home, bot(), stand_in=second) as at:
            await at.screen.opener.open(key)
            await at.ask("second")
            await at.answered()
            assert "this conversation belongs to" in at.text()
            await at.until(lambda: at.screen.prompt.message == "second")
        assert not any(request.path == "/v3/chat" for request in second.requests)
    finally:
        first.stop()
        second.stop()


async def test_what_is_typed_at_the_very_end_is_kept(home: Path) -> None:
    async with desk(home, bot(Answer("一"))) as at:
        at.screen.prompt.set_message("half typed")
    async with desk(home, bot(Answer("一"))) as at:
        page = await at.context.engine_thread.call(lambda engine: engine.browsing.page())
        assert [item.has_draft for item in page.items] == [True]


async def test_a_text_that_is_longer_than_its_field_leaves_it_its_only_line(home: Path) -> None:
    async with desk(home) as at:
        at.screen.action_bot()
        await at.until(
            lambda: isinstance(at.app.screen, BotPicker) and at.app.screen.query(Field), "it opens"
        )
        field = at.app.screen.query_one(Field)
        field.put("long " * 60 + "end")
        await at.until(lambda: field.virtual_size.width > 300 and field.size.width, "it is laid out")
        await at.pilot.pause()
        assert field.scrollable_content_region.height == 1, "no scrollbar stands there"
