"""A chat from its question to its capture, and back."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.objects import Frame
from coze_tui.errors import StoreError
from coze_tui.store import forks, history, journal, messages, owners
from coze_tui.store.records import SLOT, ChatRecord, SavedMessage
from tests.support.stores import DONE, empty_store

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
FRAMES = st.lists(st.builds(Frame, ANY_TEXT, ANY_TEXT, st.integers(0, 2**62), ANY_TEXT), max_size=12)
SOME = [
    Frame("conversation.chat.created", '{"id":"1"}', 84_000),
    Frame("conversation.message.delta", '{"content":"你好\\n"}', 412_000),
    Frame("done", "[DONE]", 1_903_000, "7"),
]
ELSEWHERE = json.dumps(["another machine", 1, "1"])


def answer(text: str) -> SavedMessage:
    return SavedMessage("assistant", "answer", text, created_at=5_000)


def begin(c: sqlite3.Connection, key: str, question: str = "2025年春节是哪一天", at: int = 2_000) -> int:
    return journal.begin_chat(c, key, question, "7402", at)


@given(FRAMES, FRAMES, FRAMES)
def test_any_frames_are_read_back_as_they_came(
    running: list[Frame], packed: list[Frame], resumed: list[Frame]
) -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7402", 1_000)
    chat = begin(c, key)
    journal.append_frames(c, chat, 1, running)
    assert journal.frames_of(c, chat) == tuple(running)
    journal.append_frames(c, chat, 1 + len(running), packed)
    journal.finish_chat(c, chat, DONE, [])
    assert journal.frames_of(c, chat) == tuple(running + packed)
    number = journal.resume_chat(c, chat, 9_000)
    journal.append_frames(c, chat, number, resumed)
    assert journal.frames_of(c, chat) == tuple(running + packed + resumed)
    journal.finish_chat(c, chat, DONE, [])
    assert journal.frames_of(c, chat) == tuple(running + packed + resumed)
    c.close()


def test_a_question_is_kept_before_anything_came_back(c: sqlite3.Connection, key: str) -> None:
    chat = begin(c, key)
    saved = journal.chat(c, chat)
    assert saved is not None
    assert (saved.conversation, saved.question, saved.bot_id, saved.sent_at) == (
        key,
        "2025年春节是哪一天",
        "7402",
        2_000,
    )
    assert not saved.is_final
    (question,) = messages.messages(c, key)
    assert (question.role, question.type, question.content, question.chat) == (
        "user",
        "question",
        "2025年春节是哪一天",
        chat,
    )
    assert question.position == saved.slot * SLOT
    conversation = history.conversation(c, key)
    assert conversation is not None
    assert (conversation.title, conversation.updated_at) == ("2025年春节是哪一天", 2_000)


def test_a_title_comes_from_the_first_question_only_and_is_one_short_line(
    c: sqlite3.Connection, key: str
) -> None:
    begin(c, key, "  \n多行\n问题 " + "很长" * 100)
    begin(c, key, "another")
    saved = history.conversation(c, key)
    assert saved is not None
    assert saved.title.startswith("多行 问题 很长")
    assert len(saved.title) == 80


def test_a_question_that_is_no_text_gives_no_title(c: sqlite3.Connection, key: str) -> None:
    journal.begin_chat(c, key, '[{"type":"image"}]', "7402", 2_000, content_type="object_string")
    saved = history.conversation(c, key)
    assert saved is not None
    assert saved.title == ""
    assert messages.messages(c, key)[0].content_type == "object_string"


def test_the_names_of_files_stand_with_the_question(c: sqlite3.Connection, key: str) -> None:
    files = ["猫.png", "发票 \ud83d.pdf"]
    journal.begin_chat(c, key, "这是什么？", "7402", 2_000, content_type="object_string", files=files)
    (asked,) = messages.messages(c, key)
    assert (asked.content, asked.name) == ("这是什么？", "猫.png\n发票 \ufffd.pdf")
    saved = history.conversation(c, key)
    assert saved is not None
    assert saved.title == "这是什么？"


def test_a_chat_in_a_conversation_that_is_gone_is_a_store_error(c: sqlite3.Connection) -> None:
    with pytest.raises(StoreError):
        begin(c, "gone")
    with pytest.raises(StoreError):
        journal.finish_chat(c, 99, DONE, [])


def test_frames_sent_again_are_kept_once(c: sqlite3.Connection, key: str) -> None:
    chat = begin(c, key)
    for first, last in ((1, 1), (2, 2), (2, 3), (1, 3)):
        journal.append_frames(c, chat, first, SOME[first - 1 : last])
        assert journal.frames_of(c, chat) == tuple(SOME[:last])


def test_a_finished_chat_holds_its_figures_and_one_capture(c: sqlite3.Connection, key: str) -> None:
    chat = begin(c, key)
    journal.append_frames(c, chat, 1, SOME)
    keys = journal.finish_chat(
        c, chat, DONE, [answer("1 月 29 日"), SavedMessage("assistant", "follow_up", "x")]
    )
    saved = journal.chat(c, chat)
    assert saved is not None
    assert (saved.is_final, saved.frame_count, saved.has_packed_frames) == (True, 3, True)
    names = [field.name for field in fields(DONE) if getattr(DONE, field.name)]
    assert {name: getattr(saved, name) for name in names} == {name: getattr(DONE, name) for name in names}
    assert c.execute("SELECT count(*) FROM frames").fetchone()[0] == 0
    assert [each.content for each in messages.messages(c, key)] == [
        saved.question,
        "1 月 29 日",
        "x",
    ]
    assert [each.key for each in messages.messages(c, key)][1:] == list(keys)
    assert journal.chats(c, key) == (saved,)


def test_figures_from_a_hostile_server_do_no_harm(c: sqlite3.Connection, key: str) -> None:
    chat = begin(c, key)
    journal.finish_chat(c, chat, ChatRecord(status="failed", error_code=10**40, error_msg="a\0\ud83d"), [])
    saved = journal.chat(c, chat)
    assert saved is not None
    assert (saved.error_code, saved.error_msg) == (2**63 - 1, "a\ufffd")


def test_a_recovery_takes_the_place_of_the_half_answer(c: sqlite3.Connection, key: str) -> None:
    first = begin(c, key)
    journal.append_frames(c, first, 1, SOME[:2])
    journal.finish_chat(c, first, ChatRecord(status="interrupted"), [answer("1 月")])
    assert journal.frames_of(c, first) == tuple(SOME[:2])
    second = begin(c, key, "and then?", 3_000)
    journal.finish_chat(c, second, DONE, [answer("later")])
    journal.finish_chat(c, first, DONE, [answer("1 月 29 日"), answer("another")])
    assert [each.content for each in messages.messages(c, key)] == [
        "2025年春节是哪一天",
        "1 月 29 日",
        "another",
        "and then?",
        "later",
    ]
    assert journal.frames_of(c, first) == tuple(SOME[:2])


def test_a_conversation_is_interrupted_while_its_last_chat_is(c: sqlite3.Connection, key: str) -> None:
    def interrupted() -> bool:
        saved = history.conversation(c, key)
        assert saved is not None
        return saved.interrupted

    first = begin(c, key)
    journal.finish_chat(c, first, ChatRecord(status="interrupted"), [])
    assert interrupted()
    second = begin(c, key)
    journal.finish_chat(c, second, DONE, [])
    assert not interrupted()
    journal.finish_chat(c, first, ChatRecord(status="interrupted"), [])
    assert not interrupted()
    journal.finish_chat(c, second, ChatRecord(status="interrupted"), [])
    assert interrupted()


def test_ids_are_kept_as_they_become_known(c: sqlite3.Connection, key: str) -> None:
    chat = begin(c, key)
    journal.note_ids(c, chat, logid="2026L")
    journal.note_ids(c, chat, chat_id="74", conversation_id="75", section_id="76")
    saved, conversation = journal.chat(c, chat), history.conversation(c, key)
    assert saved is not None
    assert conversation is not None
    assert (saved.chat_id, saved.section_id, saved.logid) == ("74", "76", "2026L")
    assert (conversation.conversation_id, conversation.section_id, conversation.on_server) == (
        "75",
        "76",
        True,
    )


def test_a_logid_alone_says_nothing_of_the_server(c: sqlite3.Connection, key: str) -> None:
    journal.note_ids(c, begin(c, key), logid="2026L")
    conversation = history.conversation(c, key)
    assert conversation is not None
    assert not conversation.on_server


def test_a_section_nobody_has_opened_here_begins_with_the_chat_in_it(c: sqlite3.Connection, key: str) -> None:
    first = begin(c, key)
    journal.note_ids(c, first, section_id="s1")
    assert history.sections(c, key) == ()
    second = begin(c, key, "again", 3_000)
    journal.note_ids(c, second, section_id="s1")
    third = begin(c, key, "once more", 4_000)
    for _ in range(2):
        journal.note_ids(c, third, section_id="s2")
    saved = journal.chat(c, third)
    assert saved is not None
    assert history.sections(c, key) == (history.SavedSection("s2", saved.slot * SLOT, 4_000),)


def test_a_capture_that_cannot_be_read_is_a_store_error(c: sqlite3.Connection, key: str) -> None:
    chat = begin(c, key)
    journal.append_frames(c, chat, 1, SOME)
    for line in (b"{", b"[1,2]", b"5", b"\xff"):
        c.execute("UPDATE frames SET line = ?", (line,))
        with pytest.raises(StoreError) as caught:
            journal.frames_of(c, chat)
        assert caught.value.kind == "damaged"
    c.execute("UPDATE chats SET capture = x'00'")
    with pytest.raises(StoreError):
        journal.frames_of(c, chat)


def test_frames_of_no_chat_are_none(c: sqlite3.Connection) -> None:
    assert journal.frames_of(c, 99) == ()
    assert journal.chat(c, 99) is None


def test_only_chats_of_dead_programs_are_unfinished(c: sqlite3.Connection, key: str) -> None:
    living, dead, remote, final = (begin(c, key, at=5_000) for _ in range(4))
    c.execute("UPDATE chats SET owner = '' WHERE key = ?", (dead,))
    c.execute("UPDATE chats SET owner = ? WHERE key = ?", (ELSEWHERE, remote))
    journal.finish_chat(c, final, DONE, [])
    assert [each.key for each in journal.orphaned_chats(c, 5_000)] == [dead]
    later = 5_001 + owners.LEASE_MS
    journal.heartbeat(c, later)
    assert [each.key for each in journal.orphaned_chats(c, later)] == [dead, remote]
    assert living not in {each.key for each in journal.orphaned_chats(c, later)}


def test_an_unfinished_chat_is_adopted_once(c: sqlite3.Connection, key: str) -> None:
    chat = begin(c, key)
    assert not journal.adopt(c, chat, 5_000)  # it is ours and runs
    c.execute("UPDATE chats SET owner = ''")
    assert journal.adopt(c, chat, 5_000)
    assert not journal.adopt(c, chat, 5_000)
    journal.finish_chat(c, chat, DONE, [])
    assert not journal.adopt(c, chat, 5_000)


def test_a_heartbeat_speaks_for_this_program_only(c: sqlite3.Connection, key: str) -> None:
    ours, theirs = begin(c, key), begin(c, key)
    c.execute("UPDATE chats SET owner = ? WHERE key = ?", (ELSEWHERE, theirs))
    journal.heartbeat(c, 77_000)
    assert c.execute("SELECT key, beat_at FROM chats ORDER BY key").fetchall() == [
        (ours, 77_000),
        (theirs, 2_000),
    ]


def test_frames_are_read_from_where_they_are_known(c: sqlite3.Connection, key: str) -> None:
    chat = begin(c, key)
    assert journal.frames_after(c, chat, 0) == ()
    journal.append_frames(c, chat, 1, SOME)
    assert journal.frames_after(c, chat, 0) == tuple(SOME)
    assert journal.frames_after(c, chat, 2) == tuple(SOME[2:])
    journal.finish_chat(c, chat, DONE, [])
    assert journal.frames_after(c, chat, 1) == tuple(SOME[1:])
    journal.append_frames(c, chat, journal.resume_chat(c, chat, 9_000), SOME[:1])
    assert journal.frames_after(c, chat, 2) == (SOME[2], SOME[0])
    assert journal.frames_after(c, chat, 3) == (SOME[0],)
    assert journal.frames_after(c, chat, 4) == ()


def test_frames_are_read_from_anywhere_in_a_row(c: sqlite3.Connection, key: str) -> None:
    chat = begin(c, key)
    frames = tuple(Frame("e", "x" * 20_000, number) for number in range(13))
    journal.append_frames(c, chat, 1, frames[:5])  # a full row, which is packed, and another
    journal.append_frames(c, chat, 6, frames[5:7])
    journal.append_frames(c, chat, 8, frames[7:12])
    assert [number for (number,) in c.execute("SELECT number FROM frames")] == [4, 5, 7, 11, 12]
    for count in range(14):
        assert journal.frames_after(c, chat, count) == frames[count:12]
    for until in (12, 13):
        journal.finish_chat(c, chat, DONE, [])
        assert journal.frames_of(c, chat) == frames[:until]
        saved = journal.chat(c, chat)
        assert saved is not None
        assert saved.frame_count == until
        number = journal.resume_chat(c, chat, 9_000)
        assert number == until + 1
        journal.append_frames(c, chat, number, frames[until:])
        assert journal.frames_after(c, chat, 3) == frames[3:]


@pytest.mark.parametrize("junk", [b"x\x9c\0", b"junk", b"[1\n[2\n[3", "text", 7])
def test_damaged_frames_do_not_prevent_the_end_of_their_chat(
    c: sqlite3.Connection, key: str, junk: object
) -> None:
    chat = begin(c, key)
    journal.append_frames(c, chat, 1, SOME)
    c.execute("UPDATE frames SET line = ?", (junk,))
    with pytest.raises(StoreError):
        journal.frames_after(c, chat, 0)
    journal.finish_chat(c, chat, DONE, [answer("1 月 29 日")])
    with pytest.raises(StoreError):
        journal.frames_of(c, chat)
    c.execute("UPDATE chats SET capture = 'text'")
    with pytest.raises(StoreError):
        journal.frames_of(c, chat)


def test_the_latest_chat_is_the_one_last_asked(c: sqlite3.Connection, key: str) -> None:
    assert journal.last_chat(c, key) == 0
    begin(c, key)
    last = begin(c, key, "又问")
    assert journal.last_chat(c, key) == last


def found_key(c: sqlite3.Connection, name: str) -> int:
    found = journal.find_chat(c, name)
    return found.key if found else 0


def test_a_chat_is_found_by_its_id_or_by_its_conversation(c: sqlite3.Connection, key: str) -> None:
    first, last = begin(c, key), begin(c, key)
    journal.note_ids(c, first, chat_id="7511")
    for chat in (first, last):
        journal.finish_chat(c, chat, DONE, [])
    assert [found_key(c, name) for name in ("7511", key, "", "no such")] == [first, last, 0, 0]
    running = begin(c, key)
    assert found_key(c, key) == running


def test_the_last_chat_is_found_in_as_few_steps_however_many_there_are(
    c: sqlite3.Connection, key: str
) -> None:
    def steps() -> int:
        """Return how often SQLite reports twenty steps of its machine."""
        reports: list[None] = []
        c.set_progress_handler(lambda: reports.append(None), 20)
        assert found_key(c, key) == last
        c.set_progress_handler(None, 0)
        return len(reports)

    last = begin(c, key)
    few = steps()
    for _ in range(300):
        last = begin(c, key)
    assert steps() <= few + 2


def test_a_chat_is_compared_with_those_of_its_question_and_then_of_its_bot(
    c: sqlite3.Connection, key: str
) -> None:
    def over(question: str, at: int, bot_id: str = "7402", conversation: str = key) -> int:
        chat = journal.begin_chat(c, conversation, question, bot_id, at)
        journal.append_frames(c, chat, 1, SOME)
        journal.note_ids(c, chat, chat_id=f"id {chat}")
        journal.finish_chat(c, chat, DONE, [])
        return chat

    gone = history.create_conversation(c, "coze.cn", "7402", 1_000)
    this = over("q", 5_000)
    same, older, other_bot = over("q", 4_000), over("q", 3_000), over("q", 2_000, "9")
    other_question = over("else", 9_000)
    over("else", 9_000, "9")
    over("q", 9_000, conversation=gone)
    history.delete(c, gone, 10_000)
    begin(c, key, "q")
    like = [chat.key for chat in journal.chats_like(c, "q", "7402", f"id {this}", 9)]
    assert like == [same, older, other_bot, other_question]
    assert [chat.key for chat in journal.chats_like(c, "q", "7402", "", 2)] == [this, same]
    last = c.execute("SELECT max(key) FROM messages WHERE conversation = ?", (key,)).fetchone()[0]
    forks.fork(c, key, last, 11_000)
    like = [chat.key for chat in journal.chats_like(c, "q", "7402", f"id {this}", 9)]
    assert like == [same, older, other_bot, other_question], "a copy is no other chat"
