"""Conversations taken out whole and put back."""

from __future__ import annotations

import sqlite3
import zlib
from dataclasses import replace

import pytest

from coze_tui.api.objects import Frame
from coze_tui.errors import StoreError
from coze_tui.store import archive, history, journal, search
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.records import ChatRecord, SavedMessage
from tests.support.stores import append_messages, empty_store, taken

FRAMES = [
    Frame("conversation.chat.created", '{"id":"1"}', 84_000),
    Frame("conversation.message.delta", '{"content":"你\ud83d"}', 412_000),
    Frame("conversation.message.delta", '{"content":"\ude00\0"}', 413_000, "9"),
]
DONE = ChatRecord(
    status="completed",
    first_text_us=412_000,
    total_us=1_902_000,
    deltas=214,
    characters=512,
    input_tokens=120,
    output_tokens=312,
    token_count=432,
)


def fill(c: sqlite3.Connection, key: str) -> None:
    """Two chats, a section, an imported message, and all that people set."""
    first = journal.begin_chat(c, key, "2025年春节是哪一天", "7402", 2_000)
    journal.append_frames(c, first, 1, FRAMES)
    journal.note_ids(c, first, chat_id="c1", conversation_id="v1", section_id="s1", logid="L")
    found = [
        SavedMessage("assistant", "function_call", '{"q":1}', name="search", message_id="m1"),
        SavedMessage("assistant", "answer", "1 月 29 日", "想了想", message_id="m2", created_at=2_500),
    ]
    journal.finish_chat(c, first, DONE, found)
    history.add_section(c, key, "s2", 3_000)
    append_messages(c, key, [SavedMessage("user", "question", "旧的", created_at=1)])
    second = journal.begin_chat(c, key, "除夕呢", "7402", 4_000)
    journal.append_frames(c, second, 1, FRAMES[:1])
    history.rename(c, key, "春节")
    history.pin(c, key)
    history.set_draft(c, key, "还有")
    history.set_queue(c, key, ["一", "二"])


def essence(archived: ConversationArchive) -> tuple[object, ...]:
    """Everything but the keys that a store gives."""
    slots = {chat.key: chat.slot for chat in archived.chats}
    return (
        archived.conversation,
        archived.sections,
        [replace(chat, key=0) for chat in archived.chats],
        [replace(message, key=0, chat=slots.get(message.chat, 0)) for message in archived.messages],
        [list(archived.frames_of(chat)) for chat in archived.chats],
    )


def test_a_conversation_is_the_same_in_empty_store(c: sqlite3.Connection, key: str) -> None:
    fill(c, key)
    other = empty_store()
    archive.put(other, taken(c, key))
    assert essence(taken(other, key)) == essence(taken(c, key))
    assert [chat.is_final for chat in journal.chats(other, key)] == [True, False]
    assert [hit.conversation for hit in search.search(other, "29 日")] == [key]
    assert history.conversations(other, filter="春节")
    assert other.execute("PRAGMA foreign_key_check").fetchall() == []


def test_it_goes_on_behind_its_last_message(c: sqlite3.Connection, key: str) -> None:
    fill(c, key)
    other = empty_store()
    archive.put(other, taken(c, key))
    last = max(message.position for message in taken(other, key).messages)
    journal.begin_chat(other, key, "后来", "7402", 9_000)
    assert max(message.position for message in taken(other, key).messages) > last


def test_a_chat_that_ran_elsewhere_is_settled_here(c: sqlite3.Connection, key: str) -> None:
    fill(c, key)
    other = empty_store()
    archive.put(other, taken(c, key))
    [left] = journal.orphaned_chats(other, 0)
    assert journal.adopt(other, left.key, 0)
    journal.finish_chat(other, left.key, DONE, [])
    assert journal.frames_of(other, left.key) == (FRAMES[0],)


def test_what_is_unknown_is_not_taken(c: sqlite3.Connection) -> None:
    assert archive.take(c, "nothing") is None


def test_a_capture_that_cannot_be_read_is_said(c: sqlite3.Connection, key: str) -> None:
    fill(c, key)
    archived = taken(c, key)
    chat = archived.chats[0]
    for packed in (b"?", zlib.compress(b"[1]")):
        bad = replace(archived, packed_frames={chat.key: packed})
        with pytest.raises(StoreError) as caught:
            list(bad.frames_of(chat))
        assert caught.value.kind == "damaged"
    assert list(replace(archived, packed_frames={}).frames_of(chat)) == []


def test_a_conversation_that_went_on_holds_what_it_was(c: sqlite3.Connection, key: str) -> None:
    fill(c, key)
    before = taken(c, key)
    history.rename(c, key, "另一个")
    journal.begin_chat(c, key, "后来", "7402", 9_000)
    after = taken(c, key)
    assert archive.holds(after, before)
    assert not archive.holds(before, after)


def test_pruned_frames_are_no_difference_but_other_frames_are(c: sqlite3.Connection, key: str) -> None:
    fill(c, key)
    whole = taken(c, key)
    pruned = replace(whole, packed_frames={})
    assert archive.holds(whole, pruned)
    assert not archive.holds(pruned, whole)
    packed = archive.pack(FRAMES[:2])
    assert packed is not None
    assert not archive.holds(replace(whole, packed_frames={whole.chats[0].key: packed}), whole)


def test_other_words_are_a_difference(c: sqlite3.Connection, key: str) -> None:
    fill(c, key)
    whole = taken(c, key)
    changed = [replace(message, content=f"{message.content}!") for message in whole.messages]
    assert not archive.holds(whole, replace(whole, messages=tuple(changed)))
    assert not archive.holds(whole, replace(whole, chats=(replace(whole.chats[0], logid="x"),)))


def test_no_frames_pack_to_nothing() -> None:
    assert archive.pack([]) is None
