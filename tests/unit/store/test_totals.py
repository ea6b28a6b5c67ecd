"""Chats added up by SQLite."""

from __future__ import annotations

import sqlite3
from typing import Any, get_args

import pytest

from coze_tui.store import forks, history, journal
from coze_tui.store.records import ChatRecord, SavedMessage
from coze_tui.store.totals import ChatFilter, ChatTotals, Grouping, chat_totals, last_messages

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


def chat(c: sqlite3.Connection, key: str, at: int, chat_id: str = "", bot_id: str = "7402") -> int:
    number = journal.begin_chat(c, key, "q", bot_id, at)
    journal.note_ids(c, number, chat_id=chat_id)
    journal.finish_chat(c, number, DONE, [SavedMessage("assistant", "answer", "a")])
    return number


def added(c: sqlite3.Connection, by: Grouping = "conversation", **only: Any) -> list[ChatTotals]:
    return sorted(
        chat_totals(c, by, {"completed": "completed"}, ChatFilter(**only)), key=lambda row: row.first_ms
    )


def count(c: sqlite3.Connection, by: Grouping = "bot", **only: Any) -> int:
    return sum(row.chats for row in added(c, by, **only))


def test_a_chat_that_is_over_tells_what_it_has_cost(c: sqlite3.Connection, key: str) -> None:
    chat(c, key, 2_000)
    journal.begin_chat(c, key, "it still runs", "7402", 3_000)
    [found] = added(c)
    assert (found.key, found.label, found.site, found.chats) == (key, "q", "coze.cn", 1)
    assert (found.first_ms, found.last_ms, found.completed) == (2_000, 2_000, 1)
    assert (found.first_texts_us, found.totals_us, found.codes) == ("412000", "1902000", None)
    assert (found.input_tokens, found.output_tokens, found.tokens, found.characters) == (120, 312, 432, 512)
    [found] = added(c, "bot")
    assert (found.key, found.label, found.site) == ("7402", "小春", "coze.cn")


@pytest.mark.parametrize("by", get_args(Grouping))
def test_what_is_asked_for_is_what_counts(c: sqlite3.Connection, key: str, by: Grouping) -> None:
    other = history.create_conversation(c, "coze.com", "7403", 1_000)
    for at in (5_000, 2_000, 3_000):
        chat(c, key, at)
    chat(c, other, 4_000, bot_id="7403")
    assert count(c, by) == 4
    assert count(c, by, since_ms=3_000, until_ms=5_000) == 2
    assert count(c, by, site="coze.com") == 1
    assert count(c, by, bot_id="7403") == 1
    assert count(c, by, conversation=key) == 3
    assert count(c, by, conversation=key, since_ms=3_000) == 2


@pytest.mark.parametrize("by", get_args(Grouping))
def test_a_fork_costs_nothing_and_what_was_deleted_does_not_count(
    c: sqlite3.Connection, key: str, by: Grouping
) -> None:
    chat(c, key, 2_000, chat_id="c1")
    chat(c, key, 3_000)
    last = c.execute("SELECT max(key) FROM messages").fetchone()[0]
    fork = forks.fork(c, key, last, 9_000)
    # Chats without an ID cannot be told apart, so that both count.
    assert count(c, by) == 3
    assert {row.key: row.chats for row in added(c)} == {key: 2, fork: 1}
    assert count(c, by, conversation=fork) == 2
    history.delete(c, key, 10_000)
    assert count(c, by) == 2
    history.delete(c, fork, 10_000)
    assert count(c, by) == 0


def test_a_bot_has_its_last_known_name(c: sqlite3.Connection, key: str) -> None:
    nameless = history.create_conversation(c, "coze.com", "7402", 1_000)
    chat(c, key, 2_000)
    chat(c, nameless, 3_000)
    [found] = added(c, "bot")
    assert (found.label, found.site, found.chats) == ("小春", "coze.com", 2)


def test_a_code_has_the_words_of_the_last_time(c: sqlite3.Connection, key: str) -> None:
    for at, words in ((3_000, "the last"), (2_000, "before")):
        number = journal.begin_chat(c, key, "q", "7402", at)
        failed = ChatRecord(status="failed", error_code=4028, error_msg=words)
        journal.finish_chat(c, number, failed, [])
    assert last_messages(c, ChatFilter()) == [(4028, "the last")]
    assert last_messages(c, ChatFilter(until_ms=3_000)) == [(4028, "before")]
