"""One row a chat, for the figures of many."""

from __future__ import annotations

import sqlite3

from coze_tui.store import history, journal
from coze_tui.store.records import ChatRecord, SavedMessage

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


def test_a_chat_that_is_over_tells_what_it_has_cost(c: sqlite3.Connection, key: str) -> None:
    chat(c, key, 2_000)
    journal.begin_chat(c, key, "it still runs", "7402", 3_000)
    [found] = journal.final_chats(c)
    assert (found.conversation, found.bot_id, found.bot_name, found.title) == (key, "7402", "小春", "q")
    assert (found.sent_at, found.status, found.first_text_us, found.total_us) == (
        *(2_000, "completed", 412_000, 1_902_000),
    )
    assert (found.input_tokens, found.output_tokens, found.token_count) == (120, 312, 432)


def test_what_is_asked_for_is_what_comes_oldest_first(c: sqlite3.Connection, key: str) -> None:
    other = history.create_conversation(c, "coze.com", "7403", 1_000)
    for at in (5_000, 2_000, 3_000):
        chat(c, key, at)
    chat(c, other, 4_000, bot_id="7403")
    assert [found.sent_at for found in journal.final_chats(c)] == [2_000, 3_000, 4_000, 5_000]
    assert [found.sent_at for found in journal.final_chats(c, since_ms=3_000, until_ms=5_000)] == [
        3_000,
        4_000,
    ]
    assert [found.sent_at for found in journal.final_chats(c, site="coze.com")] == [4_000]
    assert [found.sent_at for found in journal.final_chats(c, bot_id="7403")] == [4_000]
    assert [found.sent_at for found in journal.final_chats(c, conversation=key)] == [2_000, 3_000, 5_000]


def test_a_fork_costs_nothing_and_what_was_deleted_does_not_count(c: sqlite3.Connection, key: str) -> None:
    chat(c, key, 2_000, chat_id="c1")
    last = c.execute("SELECT max(key) FROM messages").fetchone()[0]
    fork = history.fork(c, key, last, 9_000)
    assert [found.conversation for found in journal.final_chats(c)] == [key]
    history.delete(c, key, 10_000)
    assert [found.conversation for found in journal.final_chats(c)] == [fork]
    history.delete(c, fork, 10_000)
    assert list(journal.final_chats(c)) == []
