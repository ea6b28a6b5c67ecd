"""The history as it is looked through: pages, searches, and changes to one or several conversations."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from coze_tui.engine.library.conversations import Conversations
from coze_tui.engine.library.history import Browsing
from coze_tui.errors import StoreError
from coze_tui.store import history, journal
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord, SavedMessage
from tests.support.stores import append_messages

MINUTE = 60_000


@pytest.fixture
def browsing(database: Database) -> Browsing:
    return Browsing(database)


def talk(c: sqlite3.Connection, at: int, *turns: tuple[str, str], bot_name: str = "小春") -> str:
    """A conversation of so many questions and answers, a minute apart."""
    key = history.create_conversation(c, "coze.cn", "7402", at, bot_name=bot_name)
    for number, (question, answer) in enumerate(turns):
        chat = journal.begin_chat(c, key, question, "7402", at + number * MINUTE)
        said = SavedMessage("assistant", "answer", answer, created_at=at + number * MINUTE)
        journal.finish_chat(c, chat, ChatRecord(status="completed"), [said])
    return key


async def test_pages_hold_every_conversation_once_pinned_ones_first(
    database: Database, browsing: Browsing
) -> None:
    keys = await database.write(lambda c: [talk(c, 1_000 * n, (f"q{n}", "a")) for n in range(25)])
    await browsing.pin([keys[3], keys[7]], True)
    seen: list[str] = []
    page = await browsing.page(limit=10)
    while True:
        seen += [summary.key for summary in page.items]
        if page.end is None:
            break
        page = await browsing.page(after=page.end, limit=10)
    assert seen[:2] == [keys[7], keys[3]]
    assert seen[2:] == [key for key in reversed(keys) if key not in seen[:2]]


async def test_a_page_that_ends_the_list_has_no_next_one(database: Database, browsing: Browsing) -> None:
    assert (await browsing.page()).end is None
    await database.write(lambda c: [talk(c, n, ("q", "a")) for n in range(3)])
    assert (await browsing.page(limit=4)).end is None


async def test_the_number_is_of_what_the_list_shows(database: Database, browsing: Browsing) -> None:
    await database.write(lambda c: talk(c, 1, ("q", "a"), bot_name="旧\n名"))
    await database.write(lambda c: history.create_conversation(c, "coze.cn", "1", 2, bot_name="empty"))
    assert await browsing.count() == 1


async def test_a_filter_finds_titles_and_bots(database: Database, browsing: Browsing) -> None:
    await database.write(lambda c: [talk(c, 1, ("退款流程", "a")), talk(c, 2, ("other", "退款"))])
    assert [item.title for item in (await browsing.page(filter="款流")).items] == ["退款流程"]
    assert len((await browsing.page(filter="小春")).items) == 2


async def test_a_search_groups_its_places_by_conversation_the_latest_first(
    database: Database, browsing: Browsing
) -> None:
    old = await database.write(
        lambda c: talk(c, 10 * MINUTE, ("退款吗", "七天内可以退款，退款免费"), ("谢谢", "不客气"))
    )
    new = await database.write(lambda c: talk(c, 90 * MINUTE, ("hello", "no\tREFUND ＲＥＦＵＮＤ 退款")))
    findings = await browsing.search("退款")
    assert [found.summary.key for found in findings.conversations] == [new, old]
    assert findings.hits == 4  # with the title, which is the first question
    assert not findings.is_cut
    assert {hit.part for hit in findings.conversations[1].hits} == {"title", "content"}
    answer = next(hit for hit in findings.conversations[1].hits if hit.type == "answer")
    assert [answer.snippet[start:end] for start, end in answer.ranges] == ["退款", "退款"]
    assert (await browsing.search("退款", limit=2)).is_cut
    assert (await browsing.search("refund ref")).conversations[0].hits[
        0
    ].snippet == "no REFUND ＲＥＦＵＮＤ 退款"
    assert (await browsing.search(" ")).hits == 0


async def test_a_snippet_is_clean_and_its_ranges_still_fit(database: Database, browsing: Browsing) -> None:
    await database.write(lambda c: talk(c, 1, ("q", "\x1b]0;x\x07\u202eevil 退款")))
    (found,) = (await browsing.search("退款")).conversations
    assert found.hits[0].snippet == "]0;xevil 退款"
    assert [found.hits[0].snippet[a:b] for a, b in found.hits[0].ranges] == ["退款"]


async def test_finding_in_one_conversation_tells_the_place_of_each_message(
    database: Database, browsing: Browsing
) -> None:
    key = await database.write(lambda c: talk(c, 1, ("退款", "好"), ("hm", "退款 退款")))
    await database.write(lambda c: talk(c, 1, ("退款", "elsewhere")))
    first, second = await browsing.find(key, "退款")
    assert (first.type, second.type) == ("question", "answer")
    assert first.position < second.position
    assert first.chat != second.chat


async def test_a_window_around_a_message_holds_it_and_its_neighbors(
    database: Database, browsing: Browsing
) -> None:
    conversations = Conversations(database)
    turns = [(f"question {n}", f"answer {n}") for n in range(200)]
    key = await database.write(lambda c: talk(c, 1, *turns))
    for number in (0, 1, 77, 199):
        place = (await browsing.find(key, f"answer {number}"))[-1 if number > 1 else 0]
        page, position = await conversations.around(key, place.message)
        questions = [chat.record.question for chat in page.chats]
        assert f"question {number}" in questions
        assert position == place.position
        chat = next(chat for chat in page.chats if chat.first <= position <= chat.last)
        assert chat.record.question == f"question {number}"
        assert page.has_older == (questions[0] != "question 0")
        assert page.has_newer == (questions[-1] != "question 199")
    page, position = await conversations.around(key, 999_999)
    assert position == 0
    assert page.chats[-1].record.question == "question 199"
    assert (await conversations.around("nothere", 1))[0].chats == ()


async def test_a_window_holds_the_message_even_behind_a_very_long_chat(
    database: Database, browsing: Browsing
) -> None:
    def write(c: sqlite3.Connection) -> str:
        key = history.create_conversation(c, "coze.cn", "7402", 1)
        for length in (100, 3):
            chat = journal.begin_chat(c, key, "q", "7402", 1)
            said = [SavedMessage("assistant", "answer", f"{length}-{n}") for n in range(length)]
            journal.finish_chat(c, chat, ChatRecord(status="completed"), said)
        return key

    key = await database.write(write)
    (place,) = await browsing.find(key, "3-2")
    page, position = await Conversations(database).around(key, place.message)
    assert page.chats[-1].first <= position <= page.chats[-1].last


async def test_facts_tell_how_much_was_said_and_whence_it_was_forked(
    database: Database, browsing: Browsing
) -> None:
    key = await database.write(lambda c: talk(c, 5_000, ("q1", "a1"), ("q2", "a2")))
    facts = await browsing.details(key)
    assert facts is not None
    assert (facts.messages, facts.summary.created_at, facts.forked_from) == (4, 5_000, "")
    assert facts.said == (2, 2)
    forked = await browsing.details(await browsing.fork(key))
    assert forked is not None
    assert (forked.messages, forked.forked_from) == (4, "q1")
    await browsing.delete([key])
    assert await browsing.details(key) is None


async def test_a_name_that_was_given_is_kept_clean_and_found(database: Database, browsing: Browsing) -> None:
    key = await database.write(lambda c: talk(c, 1, ("q", "a")))
    await browsing.rename(key, " 退款\n与 \x1b[2J 春节 ")
    assert [item.title for item in (await browsing.page(filter="春节")).items] == ["退款 与 [2J 春节"]


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ((), ["q0", "a0", "q1", "a1", "q2", "a2"]),
        (("chat",), ["q0", "a0", "q1", "a1"]),
        (("chat", "question_only"), ["q0", "a0", "q1"]),
        (("position",), ["q0", "a0", "q1", "a1"]),
    ],
)
async def test_a_fork_ends_where_it_was_asked_to(
    database: Database, browsing: Browsing, place: tuple[str, ...], expected: list[str]
) -> None:
    key = await database.write(lambda c: talk(c, 1, *[(f"q{n}", f"a{n}") for n in range(3)]))
    conversations = Conversations(database)
    opened = await conversations.open(key)
    assert opened is not None
    second = opened.page.chats[1]
    new = await browsing.fork(
        key,
        chat=second.record.key if "chat" in place else 0,
        position=second.last if "position" in place else 0,
        question_only="question_only" in place,
    )
    forked = await conversations.open(new)
    assert forked is not None
    said = []
    for chat in forked.page.chats:
        said += [chat.record.question, *(part.text for part in chat.parts if hasattr(part, "text"))]
    assert said == expected
    assert forked.summary.conversation_id == ""
    ends_at_question = expected[-1].startswith("q")
    assert (forked.page.chats[-1].record.key == 0) == ends_at_question, "no chat whose answer was not copied"


async def test_a_fork_may_end_before_a_question(database: Database, browsing: Browsing) -> None:
    conversations = Conversations(database)
    key = await database.write(lambda c: talk(c, 1, ("q1", "a1"), ("q2", "a2")))
    opened = await conversations.open(key)
    assert opened is not None
    for number, chat in enumerate(opened.page.chats):
        for new in (
            await browsing.fork(key, chat=chat.record.key, before=True),
            await browsing.fork(key, position=chat.first, before=True),
        ):
            forked = await conversations.open(new)
            assert forked is not None
            assert [each.record.question for each in forked.page.chats] == ["q1", "q2"][:number]
    with pytest.raises(StoreError):
        await browsing.fork(new, chat=opened.page.chats[0].record.key, before=True)


async def test_nothing_to_fork_is_told(database: Database, browsing: Browsing) -> None:
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", 1))
    other = await database.write(lambda c: talk(c, 1, ("q", "a")))
    with pytest.raises(StoreError):
        await browsing.fork(key)
    opened = await Conversations(database).open(other)
    assert opened is not None
    with pytest.raises(StoreError):
        await browsing.fork(key, chat=opened.page.chats[0].record.key)


async def test_a_fork_of_messages_older_than_all_of_ours_is_in_the_list(
    database: Database, browsing: Browsing
) -> None:
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", 1))
    await database.write(
        lambda c: append_messages(c, key, [SavedMessage("user", "question", "q", created_at=1)])
    )
    forked = await browsing.fork(key)
    assert forked in [item.key for item in (await browsing.page()).items]


async def test_several_are_deleted_and_brought_back_together(database: Database, browsing: Browsing) -> None:
    keys = await database.write(lambda c: [talk(c, n, (f"退款{n}", "a")) for n in range(3)])
    await browsing.delete(keys[:2])
    assert [item.key for item in (await browsing.page()).items] == [keys[2]]
    assert len((await browsing.search("退款")).conversations) == 1
    assert not await browsing.is_there(keys[0])
    await browsing.undelete(keys[:2])
    assert len((await browsing.page()).items) == 3
    assert await browsing.is_there(keys[0])
    assert not await browsing.is_there("nothere")


async def test_the_number_of_changes_moves_with_every_writer_and_only_then(tmp_path: Path) -> None:
    one, other = await Database.open(tmp_path / "history.db"), await Database.open(tmp_path / "history.db")
    browsing = Browsing(one)
    before = await browsing.changes()
    assert await browsing.changes() == before
    await Browsing(one).page()
    assert await browsing.changes() == before
    await other.write(lambda c: talk(c, 1, ("q", "a")))
    second = await browsing.changes()
    assert second != before
    await one.write(lambda c: talk(c, 2, ("q", "a")))
    assert await browsing.changes() != second
    await one.close()
    await other.close()


async def test_a_search_that_is_no_longer_wanted_leaves_the_store_usable(
    database: Database, browsing: Browsing
) -> None:
    await database.write(lambda c: [talk(c, n, (f"%_ {n}", "a" * 500)) for n in range(300)])
    task = asyncio.create_task(browsing.search("%_ no such thing"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await browsing.search("%_ 7")).hits > 0
