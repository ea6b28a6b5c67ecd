"""Chats looked at after the fact, and while they run in another program."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from coze_tui.api.captures import read_capture
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.statistics import Group
from coze_tui.engine.library.chats import Inspecting
from coze_tui.engine.model.dialects import Dialect
from coze_tui.engine.model.outcomes import Outcome, outcome_of
from coze_tui.errors import ApiError
from coze_tui.store import history, journal, retention
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord
from coze_tui.store.totals import ChatFilter
from tests.support.samples import STREAMS
from tests.support.stores import DONE

SOME = [
    Frame("conversation.chat.created", '{"id":"1"}', 84_000),
    Frame("conversation.message.delta", '{"content":"你好"}', 412_000),
    Frame("done", "[DONE]", 1_903_000),
]


def frames_of(stream: str) -> list[Frame]:
    text = (STREAMS / f"{stream}.sse").read_text(encoding="utf-8")
    return list(read_capture(text).frames)


@pytest.fixture
def inspecting(database: Database) -> Inspecting:
    return Inspecting(database)


async def conversation(database: Database) -> str:
    return await database.write(
        lambda c: history.create_conversation(c, "coze.cn", "7402", 1_000, bot_name="小春")
    )


async def begin(database: Database, key: str, question: str = "q") -> int:
    return await database.write(lambda c: journal.begin_chat(c, key, question, "7402", 5_000))


async def test_a_running_chat_grows_and_ends(database: Database, inspecting: Inspecting) -> None:
    key = await conversation(database)
    chat = await begin(database, key)
    await database.write(lambda c: journal.append_frames(c, chat, 1, SOME[:2]))
    page = await inspecting.page(key)
    assert page is not None
    assert (page.record.key, page.frames, page.record.is_final) == (chat, tuple(SOME[:2]), False)
    assert (page.record.bot, page.record.question, outcome_of(page.record)) == ("小春", "q", None)
    await database.write(lambda c: journal.append_frames(c, chat, 3, SOME[2:]))
    await database.write(lambda c: journal.finish_chat(c, chat, DONE, []))
    page = await inspecting.page(key, chat, after=2)
    assert page is not None
    assert (page.frames, page.record.is_final, page.record.has_lost_frames) == (tuple(SOME[2:]), True, False)
    assert (outcome_of(page.record), page.record.total_us) == (Outcome.COMPLETED, 1_902_000)


async def test_frames_that_were_removed_are_told_from_none(
    database: Database, inspecting: Inspecting
) -> None:
    key = await conversation(database)
    chat = await begin(database, key)
    await database.write(lambda c: journal.append_frames(c, chat, 1, SOME))
    await database.write(lambda c: journal.finish_chat(c, chat, DONE, []))
    await database.write(lambda c: retention.prune_frames(c, 1 << 60))
    page = await inspecting.page(key, chat)
    assert page is not None
    assert (page.frames, page.record.has_lost_frames) == ((), True)
    figures = await inspecting.figures(chat)
    assert (figures.lacks_events, figures.rows, figures.events) == (True, [], 0)
    assert (figures.outcome, figures.total_us) == (Outcome.COMPLETED, 1_902_000)
    assert (figures.usage, figures.characters) == (DONE.usage, DONE.characters)


async def test_the_life_of_a_stored_chat_is_that_of_the_live_one(
    database: Database, inspecting: Inspecting
) -> None:
    key = await conversation(database)
    chat = await begin(database, key)
    frames = [*frames_of("requires_action"), *frames_of("tool_outputs")]
    await database.write(lambda c: journal.append_frames(c, chat, 1, frames))
    await database.write(lambda c: journal.note_ids(c, chat, logid="2026LOG"))
    await database.write(lambda c: journal.finish_chat(c, chat, DONE, []))
    figures = await inspecting.figures(chat)
    names = [row.name for row in figures.rows]
    assert names.index("requires_action") < names.index("tool_outputs") < names.index("answer")
    assert (figures.outcome, figures.total_us, figures.logid) == (Outcome.COMPLETED, 1_902_000, "2026LOG")
    assert await inspecting.waiting_calls(chat) == ()


async def test_a_stored_failure_is_told_with_its_code(database: Database, inspecting: Inspecting) -> None:
    key = await conversation(database)
    chat = await begin(database, key)
    await database.write(lambda c: journal.append_frames(c, chat, 1, frames_of("failed")))
    failed = ChatRecord(status="failed", error_code=4028, error_msg="no quota")
    await database.write(lambda c: journal.finish_chat(c, chat, failed, []))
    error = (await inspecting.figures(chat)).error
    assert isinstance(error, ApiError)
    assert (error.code, error.msg) == (4028, "no quota")


async def test_a_chat_tells_the_calls_that_it_waits_for(database: Database, inspecting: Inspecting) -> None:
    key = await conversation(database)
    chat = await begin(database, key)
    await database.write(lambda c: journal.append_frames(c, chat, 1, frames_of("requires_action")))
    await database.write(lambda c: journal.finish_chat(c, chat, ChatRecord(status="requires_action"), []))
    assert [call.name for call in await inspecting.waiting_calls(chat)] == ["set_lamp"]


async def test_there_is_no_page_of_what_there_is_not(database: Database, inspecting: Inspecting) -> None:
    key = await conversation(database)
    assert await inspecting.page(key) is None
    assert await inspecting.page("", 77) is None
    assert await inspecting.find("no such") == 0
    chat = await begin(database, key)
    await database.write(lambda c: journal.note_ids(c, chat, chat_id="7511"))
    assert await inspecting.find("7511") == chat


async def test_chats_of_the_same_question_are_told_apart(database: Database, inspecting: Inspecting) -> None:
    key = await conversation(database)

    async def over(question: str) -> int:
        chat = await begin(database, key, question)
        await database.write(lambda c: journal.append_frames(c, chat, 1, SOME))
        await database.write(lambda c: journal.finish_chat(c, chat, DONE, []))
        return chat

    last = [await over(question) for question in ("else", "q", "q")][-1]
    page = await inspecting.page(key, last)
    assert page is not None
    found = await inspecting.comparable_chats(page.record)
    assert [record.question for record in found] == ["q", "else"]
    assert last not in [record.key for record in found]


async def test_chats_are_added_up(database: Database, inspecting: Inspecting) -> None:
    key = await conversation(database)
    chat = await begin(database, key)
    await database.write(lambda c: journal.finish_chat(c, chat, DONE, []))
    found = await inspecting.statistics("conversation")
    assert [(group.key, group.tokens) for group in found.groups] == [(key, 432)]
    groups: list[Group] = []
    assert not (await inspecting.statistics("conversation", take=groups.append)).groups
    assert tuple(groups) == found.groups
    assert (await inspecting.statistics(only=ChatFilter(6_000))).total.chats == 0


async def test_only_the_groups_with_the_most_tokens_are_kept(
    database: Database, inspecting: Inspecting
) -> None:
    for tokens in (3, 1, 5, 2, 4):
        chat = await begin(database, await conversation(database))
        ended = replace(DONE, token_count=tokens)
        await database.write(partial(journal.finish_chat, chat=chat, ended=ended, messages=[]))
    whole = await inspecting.statistics("conversation")
    for most in (0, 1, 3, 5, 9):
        found = await inspecting.statistics("conversation", most=most)
        assert [group.tokens for group in found.groups] == [5, 4, 3, 2, 1][:most]
        assert (found.left_out, found.total) == (max(0, 5 - most), whole.total)


async def test_the_kind_of_a_server_is_told_by_its_address_or_its_last_chat(
    database: Database, inspecting: Inspecting
) -> None:
    assert await inspecting.dialect("https://api.coze.com", "coze.com") is Dialect.COM
    assert await inspecting.dialect("http://127.0.0.1:8888", "127.0.0.1:8888") is Dialect.UNKNOWN
    key = await database.write(lambda c: history.create_conversation(c, "127.0.0.1:8888", "7402", 1_000))
    chat = await begin(database, key)
    await database.write(
        lambda c: journal.append_frames(c, chat, 1, [Frame("conversation.stream.done", "", 5)])
    )
    assert await inspecting.dialect("http://127.0.0.1:8888", "127.0.0.1:8888") is Dialect.STUDIO
    assert await inspecting.dialect("http://127.0.0.1:9999", "127.0.0.1:9999") is Dialect.UNKNOWN
