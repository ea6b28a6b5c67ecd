"""However a question is sent, it is on disk before it is shown; and a store that is held shows it at once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path

import pytest
from textual import events

from coze_tui.standin.scenarios import Answer, Bot, Delta, Fail, FollowUps, Gate, Step, Turn
from coze_tui.tui.log.entries import Entry, QuestionEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.screens.bots import BotPicker
from coze_tui.tui.screens.side_by_side import SideBySideScreen
from coze_tui.tui.widgets.prompt import prompt as prompt_module
from coze_tui.tui.widgets.prompt.area import QueueStrip
from coze_tui.tui.widgets.prompt.prompt import Prompt
from tests.support.desk import Desk, desk

BOT_ID = "7511000000000000777"
TALK = Bot(BOT_ID, "海水", [Answer("河流把盐带进海里。"), FollowUps(("死海为什么更咸？",), wait=0)])
SLOW = Bot(BOT_ID, "海水", [Delta("河流"), Gate("go on"), Answer("把盐带进海里。")])


def rows(home: Path, sql: str) -> list[str]:
    with closing(sqlite3.connect(home / "data" / "history.db")) as c:
        return [str(value) for (value,) in c.execute(sql)]


def questions(home: Path) -> list[str]:
    """What the store says was asked."""
    return rows(home, "SELECT question FROM chats ORDER BY key")


class Watch:
    """Looks into the store whenever a question is about to be shown."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown: list[str] = []
        self.early: list[str] = []
        """Shown before the store had them as a chat, or as the queue."""
        append, show = MessageLog.append, QueueStrip.show

        def watched_append(log: MessageLog, *entries: Entry) -> None:
            for entry in entries:
                if isinstance(entry, QuestionEntry):
                    self.shown.append(entry.text)
                    if questions(home).count(entry.text) < self.shown.count(entry.text):
                        self.early.append(entry.text)
            append(log, *entries)

        def watched_show(strip: QueueStrip, queued: Sequence[str]) -> None:
            stored = [json.loads(queue) for queue in rows(home, "SELECT queue FROM conversations")]
            if queued and list(queued) not in stored:
                self.early += queued
            show(strip, queued)

        monkeypatch.setattr(MessageLog, "append", watched_append)
        monkeypatch.setattr(QueueStrip, "show", watched_show)


async def ask(at: Desk) -> None:
    await at.ask("海水为什么咸？")
    await at.until(lambda: "带进海里" in at.text())
    await at.answered()


async def ask_a_follow_up(at: Desk) -> None:
    await ask(at)
    at.screen.prompt.set_message("1")
    await at.until(lambda: at.screen.prompt.chosen_number == 1)
    await at.pilot.press("enter")


async def ask_again(at: Desk) -> None:
    await ask(at)
    await at.ask("/retry")


async def ask_what_was_chosen_in_the_log(at: Desk) -> None:
    await ask(at)
    at.screen.log_widget.post_message(MessageLog.QuestionChosen("死海为什么更咸？"))


async def ask_again_after_a_change(at: Desk) -> None:
    await ask(at)
    at.screen.log_widget.post_message(MessageLog.Asked("edit", None))
    await at.until(lambda: at.screen.prompt.message == "海水为什么咸？")
    await at.ask("湖水为什么不咸？")


async def ask_in_a_fork(at: Desk) -> None:
    await ask(at)
    key = at.screen.conversation.key
    at.screen.log_widget.post_message(MessageLog.Asked("fork", None))
    await at.until(lambda: at.screen.conversation.key != key)
    await at.ask("湖水为什么不咸？")


WAYS = (ask_a_follow_up, ask_again, ask_what_was_chosen_in_the_log, ask_again_after_a_change, ask_in_a_fork)


@pytest.mark.parametrize("way", WAYS)
async def test_a_question_is_stored_before_it_is_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch, way: Callable[[Desk], Awaitable[None]]
) -> None:
    async with desk(home, [TALK]) as at:
        watch = Watch(home, monkeypatch)
        await way(at)
        await at.until(lambda: len(watch.shown) == 2)
        await at.answered()
    assert watch.early == []


async def test_a_queued_question_is_stored_before_it_is_shown_and_until_it_is_sent(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(home, [SLOW]) as at:
        watch = Watch(home, monkeypatch)
        await at.ask("海水为什么咸？")
        await at.until(lambda: "河流" in at.text())
        await at.ask("湖水为什么不咸？")
        await at.until(lambda: at.screen.queue_strip.queued == ("湖水为什么不咸？",))
        at.stand_in.release("go on")
        await at.until(lambda: questions(home) == ["海水为什么咸？", "湖水为什么不咸？"])
        await at.answered()
    assert watch.early == []
    assert rows(home, "SELECT queue FROM conversations") == ["[]"]


async def test_a_question_to_several_bots_is_stored_before_it_is_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(home, [TALK, Bot("7511000000000000778", "River", [Answer("Rivers.")])]) as at:
        watch = Watch(home, monkeypatch)
        await at.ask("/side-by-side")
        await at.until(lambda: isinstance(at.app.screen, BotPicker))
        at.app.post_message(events.Paste("7511000000000000778"))
        await at.pilot.press("enter")
        await at.until(lambda: isinstance(at.app.screen, SideBySideScreen))
        screen = at.app.screen
        assert isinstance(screen, SideBySideScreen)
        screen.prompt.focus()
        screen.prompt.set_message("海水为什么咸？")
        await at.pilot.pause()
        await at.pilot.press("enter")
        await at.until(lambda: watch.shown and not screen.runs)
    assert watch.early == []


async def test_a_draft_for_several_bots_is_stored_without_a_second_wait(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(home, [TALK, Bot("7511000000000000778", "River", [Answer("Rivers.")])]) as at:
        await at.ask("/side-by-side")
        await at.until(lambda: isinstance(at.app.screen, BotPicker))
        at.app.post_message(events.Paste("7511000000000000778"))
        await at.pilot.press("enter")
        await at.until(lambda: isinstance(at.app.screen, SideBySideScreen))
        screen = at.app.screen
        assert isinstance(screen, SideBySideScreen)
        monkeypatch.setattr(prompt_module, "DRAFT_SECONDS", 3600)
        screen.post_message(Prompt.DraftChanged(screen.prompt, "海水为什么"))
        await at.until(lambda: rows(home, "SELECT draft FROM conversations") == ["海水为什么"])


async def test_a_question_whose_file_cannot_be_sent_is_kept_with_the_reason(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "timetable.png"
    file.write_bytes(b"png")
    async with desk(home, [TALK]) as at:
        watch = Watch(home, monkeypatch)
        await at.screen.actions.attach(str(file))
        file.unlink()
        await at.ask("下一班？")
        await at.until(lambda: "cannot send the file" in at.text())
        await at.answered()
    assert watch.early == []
    assert rows(home, "SELECT status FROM chats") == ["failed"]
    assert "timetable.png" in str(rows(home, "SELECT name FROM messages"))


@contextmanager
def held(home: Path) -> Iterator[None]:
    """Another program holds the store for writing."""
    with closing(sqlite3.connect(home / "data" / "history.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def test_what_is_asked_while_the_store_is_held_is_shown_and_stored_in_order(
    home: Path,
) -> None:
    async with desk(home, [SLOW]) as at:
        with held(home):
            await at.ask("一")
            await at.until(lambda: "河流" in at.text())
            await at.until(lambda: "locked by another program" in " ".join(at.screen.banner.texts))
            await at.ask("二")
            await at.until(lambda: at.screen.queue_strip.queued == ("二",))
            await at.ask("三")
            await at.until(lambda: at.screen.queue_strip.queued == ("二", "三"))
            await at.pilot.press("escape")
            await at.until(lambda: at.screen.queue_strip.queued == ("三",))
            at.stand_in.release("go on")
            await at.until(lambda: at.screen.queue_strip.queued == ())
            await at.answered()
            assert questions(home) == []
        await at.until(lambda: not at.screen.banner.texts)
        assert questions(home) == ["一", "二", "三"]
        assert rows(home, "SELECT status FROM chats ORDER BY key") == ["canceled", "completed", "completed"]
        assert rows(home, "SELECT queue FROM conversations") == ["[]"]


async def test_each_action_says_what_a_held_store_prevents(home: Path) -> None:
    async with desk(home, [TALK]) as at:
        await ask(at)
        key = at.screen.conversation.key
        with held(home):
            await at.ask("下一班？")
            await at.until(lambda: at.text().count("带进海里") == 2)
            await at.answered()
            await at.ask("/rename 班次")
            await at.until(lambda: at.screen.conversation.title == "班次")
            at.screen.run_in_worker("fork", at.screen.opener.fork, None)
            await at.until_told("locked by another program")
            await at.until(lambda: len(at.screen.banner.texts) == 1)
            assert "Chats are not being saved" in at.screen.banner.texts[0]
            await at.ask("/export md")
            await at.until_told("are not exported")
            await at.pilot.press("escape")
            at.screen.opener.show_new()
            await at.until_told("are hidden until")
        await at.until(lambda: not at.screen.banner.texts)
        assert questions(home)[1:] == ["下一班？"]
        assert rows(home, f"SELECT title FROM conversations WHERE key = '{key}'") == ["班次"]


async def test_the_answer_that_is_missing_at_the_end_is_named(home: Path) -> None:
    with ExitStack() as stack:
        async with desk(home, [SLOW]) as at:
            await at.ask("海水为什么咸？")
            await at.until(lambda: "河流" in at.text())
            stack.enter_context(held(home))
            at.stand_in.release("go on")
            await at.until(lambda: at.screen.banner.texts)
            await at.answered()
        unsaved = at.context.engine_thread.unsaved
        assert unsaved is not None
        assert unsaved.texts == ("the answer to: 海水为什么咸？",)


def fails_first(turn: Turn) -> Sequence[Step]:
    return [Delta("河流"), Gate("go on"), Fail(code=4028)] if turn.question == "一" else [Answer("好。")]


@pytest.mark.parametrize("is_held", [True, False])
async def test_the_next_question_of_a_queue_is_sent_on_demand(home: Path, is_held: bool) -> None:
    async with desk(home, [Bot(BOT_ID, "海水", fails_first)]) as at:
        await at.ask("一")
        await at.until(lambda: "河流" in at.text())
        with held(home) if is_held else nullcontext():
            await at.ask("二")
            await at.until(lambda: at.screen.queue_strip.queued == ("二",))
            at.stand_in.release("go on")
            await at.until(lambda: at.screen.prompt.message == "一")
            await at.pilot.press("ctrl+u", "enter")
            await at.until(lambda: "好。" in at.text())
            await at.answered()
            assert at.screen.queue_strip.queued == ()
        await at.until(lambda: questions(home) == ["一", "二"])
        await at.until(lambda: rows(home, "SELECT queue FROM conversations") == ["[]"])
