"""The states of conversations: each has a sign of its own, and the last chat decides."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from rich.cells import cell_len

from coze_tui.engine.library.states import MOST_MARKS, LastChat, all_marks, is_cut_off, marks_of
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.store import history, journal
from coze_tui.store.last_chats import last_chats
from coze_tui.store.records import ChatRecord
from tests.support.examples import SUMMARY
from tests.support.stores import BOT, NOW, empty_store

PLAIN = replace(SUMMARY, on_server=False)
EVERYTHING = replace(SUMMARY, pinned=True, interrupted=True, forked_from="k")


def test_each_state_has_one_cell_and_a_word_of_its_own() -> None:
    marks = all_marks()
    assert all(cell_len(mark.sign) == 1 for mark in marks)
    for values in zip(*((mark.name, mark.sign, mark.words) for mark in marks), strict=True):
        assert len(set(values)) == len(marks), values


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_end_of_the_last_chat_has_its_mark_but_the_good_one(outcome: Outcome) -> None:
    names = [mark.name for mark in marks_of(PLAIN, LastChat(status=str(outcome)))]
    assert names == ([] if outcome is Outcome.COMPLETED else [str(outcome)])
    assert {mark.name for mark in all_marks()} >= set(names)


@pytest.mark.parametrize(
    ("last", "name"),
    [
        (LastChat(status="completed"), "interrupted"),  # the conversation was marked when it was imported
        (LastChat(is_orphaned=True), "interrupted"),
        (LastChat(status="interrupted", is_running=True), "running"),
    ],
)
def test_what_is_cut_off_is_so_until_another_chat_runs(last: LastChat, name: str) -> None:
    marks = marks_of(EVERYTHING, last)
    assert [mark.name for mark in marks] == ["pinned", name, "fork", "on_server"]
    assert len(marks) == MOST_MARKS
    assert is_cut_off(EVERYTHING, last) == (name == "interrupted")


def test_the_last_chats_of_many_conversations_are_read_at_once() -> None:
    c = empty_store()
    keys = []
    for number, statuses in enumerate([("failed", "completed"), ("completed", "canceled"), ()] * 300):
        key = history.create_conversation(c, "coze.cn", BOT, NOW, title=str(number))
        for status in statuses:
            chat = journal.begin_chat(c, key, "q", BOT, NOW)
            journal.finish_chat(c, chat, ChatRecord(status=status), [])
        keys.append(key)
    _add_unfinished(c, keys[0])
    dead = _add_unfinished(c, keys[1])
    c.execute("UPDATE chats SET owner = '' WHERE key = ?", (dead,))
    found = last_chats(c, keys, NOW)
    assert found[keys[0]].is_running
    assert found[keys[1]].is_orphaned
    assert {found[key].status for key in keys[3::3]} == {"completed"}
    assert {found[key].status for key in keys[4::3]} == {"canceled"}
    assert not {*keys[2::3]} & {*found}
    assert last_chats(c, [], NOW) == {}


def _add_unfinished(c: sqlite3.Connection, key: str) -> int:
    return journal.begin_chat(c, key, "now", BOT, NOW)
