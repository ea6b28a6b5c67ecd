"""What stopped a chat for a while is kept apart from its times, wherever the chat goes."""

from __future__ import annotations

import io
import re
import sqlite3
from dataclasses import replace

from coze_tui.engine.model.outcomes import Outcome, shown_outcome_of
from coze_tui.exports.jsonl import LineLimits, lines_from, read_lines
from coze_tui.store import archive, forks, journal
from coze_tui.store.last_chats import last_chats
from coze_tui.store.records import Breaks
from coze_tui.store.totals import ChatFilter, waited_us
from tests.support.stores import DONE, empty_store, taken

BREAKS = Breaks(36_000_000, 600_000)


def ended(c: sqlite3.Connection, key: str, breaks: Breaks = BREAKS) -> int:
    chat = journal.begin_chat(c, key, "q", "7402", 2_000)
    journal.note_ids(c, chat, chat_id=f"id {chat}")
    journal.finish_chat(c, chat, replace(DONE, waited_us=breaks.waited_us, cut_us=breaks.cut_us), ())
    return chat


def breaks_of(c: sqlite3.Connection, chat: int) -> Breaks:
    found = journal.chat(c, chat)
    assert found is not None
    return found.breaks


def test_they_are_read_back_and_never_get_less(c: sqlite3.Connection, key: str) -> None:
    chat, other = ended(c, key), ended(c, key, Breaks())
    assert (breaks_of(c, chat), breaks_of(c, other)) == (BREAKS, Breaks())
    assert c.execute("SELECT count(*) FROM breaks").fetchone() == (1,)
    journal.finish_chat(c, chat, replace(DONE, cut_us=900_000), ())
    assert breaks_of(c, chat) == BREAKS
    saved = journal.chat(c, chat)
    assert saved is not None
    assert saved.ended_at == 2_000 + (saved.total_us + BREAKS.waited_us) // 1000
    c.execute("DELETE FROM conversations")
    assert c.execute("SELECT count(*) FROM breaks").fetchone() == (0,)


def test_forks_archives_and_json_lines_take_them_along(c: sqlite3.Connection, key: str) -> None:
    ended(c, key)
    last = c.execute("SELECT max(key) FROM messages").fetchone()[0]
    fork = forks.fork(c, key, last, 3_000)
    assert [chat.breaks for chat in journal.chats(c, fork)] == [BREAKS]
    lines = b"".join(lines_from(taken(c, key)))
    [read] = read_lines(io.BytesIO(lines), "/x.jsonl", LineLimits())
    other = empty_store()
    archive.put(other, read)
    assert [chat.breaks for chat in journal.chats(other, key)] == [BREAKS]
    assert archive.holds(taken(other, key), taken(c, key))
    older = re.sub(rb',"waited_us":\d+,"cut_us":\d+,"asks_back":false', b"", lines)
    assert older != lines
    [read] = read_lines(io.BytesIO(older), "/x.jsonl", LineLimits())
    assert [chat.breaks for chat in read.chats] == [Breaks()]


def test_statistics_count_the_waiting_of_each_chat_once(c: sqlite3.Connection, key: str) -> None:
    ended(c, key)
    ended(c, key, Breaks(4_000_000))
    forks.fork(c, key, c.execute("SELECT max(key) FROM messages").fetchone()[0], 3_000)
    assert waited_us(c, ChatFilter()) == 40_000_000
    assert waited_us(c, ChatFilter(bot_id="7402")) == 40_000_000
    assert waited_us(c, ChatFilter(bot_id="another")) == 0


def test_a_chat_that_asks_back_waits_until_the_next_one(c: sqlite3.Connection, key: str) -> None:
    chat = journal.begin_chat(c, key, "q", "7402", 2_000)
    journal.finish_chat(c, chat, replace(DONE, asks_back=True), ())
    saved = journal.chat(c, chat)
    assert saved is not None
    assert (saved.asks_back, saved.status, shown_outcome_of(saved)) == (
        True,
        "completed",
        Outcome.REQUIRES_ACTION,
    )
    assert last_chats(c, [key], 3_000)[key].status == "requires_action"
    lines = b"".join(lines_from(taken(c, key)))
    [read] = read_lines(io.BytesIO(lines), "/x.jsonl", LineLimits())
    assert [each.asks_back for each in read.chats] == [True]
    # Coze knows nothing of a fork, so no question waits there.
    fork = forks.fork(c, key, c.execute("SELECT max(key) FROM messages").fetchone()[0], 3_000)
    assert last_chats(c, [fork], 3_000)[fork].status == "completed"
    journal.finish_chat(c, journal.begin_chat(c, key, "six", "7402", 3_000), DONE, ())
    assert last_chats(c, [key], 4_000)[key].status == "completed"
