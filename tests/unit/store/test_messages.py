"""Messages are written and read back, and come in pages from the end."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.errors import StoreError
from coze_tui.exports import describe
from coze_tui.store import history, journal, messages, search
from coze_tui.store.messages import storable, storable_int
from coze_tui.store.records import SavedMessage
from tests.support.stores import DONE, append_messages, empty_store, taken

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)


def said(text: str, at: int = 0) -> SavedMessage:
    return SavedMessage("assistant", "answer", text, created_at=at)


@given(
    st.lists(
        st.builds(
            SavedMessage,
            *[ANY_TEXT] * 7,
            created_at=st.integers(-(10**30), 10**30),
        ),
        max_size=5,
    )
)
def test_any_messages_are_read_back_as_they_were(given_: list[SavedMessage]) -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7402", 1_000)
    keys = append_messages(c, key, given_)
    read = messages.messages(c, key)
    assert [each.key for each in read] == list(keys)
    for before, after in zip(given_, read, strict=True):
        assert (
            replace(
                before,
                role=storable(before.role),
                type=storable(before.type),
                content=storable(before.content),
                reasoning=storable(before.reasoning),
                name=storable(before.name),
                content_type=storable(before.content_type),
                message_id=storable(before.message_id),
                created_at=storable_int(before.created_at),
                key=after.key,
                conversation=key,
                position=after.position,
            )
            == after
        )
        assert messages.message(c, after.key) == after
    c.close()


def test_pages_go_from_the_end_to_the_beginning_and_back(c: sqlite3.Connection, key: str) -> None:
    for part in range(3):
        append_messages(c, key, [said(f"{part}.{n}") for n in range(4)])
    whole = [each.content for each in messages.messages(c, key)]
    assert whole == [f"{part}.{n}" for part in range(3) for n in range(4)]
    assert messages.message_count(c, key) == 12
    assert messages.said_counts(c, key, most=11) is None
    pages: list[str] = []
    before: int | None = None
    while page := messages.messages(c, key, before=before, limit=5):
        pages = [each.content for each in page] + pages
        before = page[0].position
    assert pages == whole
    pages, after = [], -1
    while page := messages.messages(c, key, after=after, limit=5):
        pages += [each.content for each in page]
        after = page[-1].position
    assert pages == whole


def test_many_at_once_are_found_before_they_are_indexed_and_after(c: sqlite3.Connection, key: str) -> None:
    append_messages(c, key, [said(f"可以退款 {n}", n) for n in range(100)])
    assert c.execute("SELECT count(*) FROM texts WHERE is_indexed").fetchone()[0] == 0
    before = search.search(c, "退款")
    assert len(before) == 100
    assert [search.index_some(c, 60), search.index_some(c, 60), search.index_some(c, 60)] == [
        60,
        40,
        0,
    ]
    assert search.search(c, "退款") == before


def test_no_conversation_no_messages(c: sqlite3.Connection) -> None:
    with pytest.raises(StoreError):
        append_messages(c, "gone", [said("a")])
    assert messages.messages(c, "gone") == ()
    assert messages.message(c, 99) is None


def test_deleted_messages_are_found_no_more(c: sqlite3.Connection, key: str) -> None:
    keys = append_messages(c, key, [said("退款"), said("春节")])
    messages.delete_messages(c, "messages.key = ?", keys[0])
    assert search.search(c, "退款") == ()
    assert len(search.search(c, "春节")) == 1
    assert c.execute("SELECT count(*) FROM grams WHERE grams MATCH '\"退款\"'").fetchone()[0] == 0


def test_only_questions_and_those_that_were_answered_are_counted(c: sqlite3.Connection, key: str) -> None:
    said = {
        "one": ("verbose", "answer", "function_call", "tool_response", "answer", "follow_up", "follow_up"),
        "two": ("verbose", "follow_up"),
        "three": ("answer",),
    }
    assert messages.said_counts(c, key) == (0, 0)
    for question, types in said.items():
        chat = journal.begin_chat(c, key, question, "7402", 2_000)
        journal.finish_chat(c, chat, DONE, [SavedMessage("assistant", kind, "x") for kind in types])
    assert messages.message_count(c, key) == 13
    assert messages.said_counts(c, key) == (3, 2)
    assert describe.said_in(taken(c, key)) == (3, 2)
