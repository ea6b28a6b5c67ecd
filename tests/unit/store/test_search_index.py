"""The index finds candidates; without it everything still works."""

from __future__ import annotations

import sqlite3

import pytest

from coze_tui.store import history, messages, search
from coze_tui.store.records import SavedMessage
from tests.support.stores import append_messages


def said(*texts: str) -> list[SavedMessage]:
    return [SavedMessage("assistant", "answer", text) for text in texts]


def tidied(c: sqlite3.Connection) -> None:
    search.start_tidying(c)
    while search.tidy_some(c):
        pass


def test_an_index_that_is_not_there_yet_is_made_when_it_is_needed(c: sqlite3.Connection, key: str) -> None:
    assert not search.index_exists(c)
    tidied(c)
    append_messages(c, key, said("退款"))
    assert search.index_exists(c)
    tidied(c)
    assert len(search.search(c, "退款")) == 1


def test_without_fts5_everything_is_found_by_looking(
    c: sqlite3.Connection, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_messages(c, key, said("indexed 退款"))
    with monkeypatch.context() as without:
        without.setattr(search, "has_fts5", lambda _: False)
        keys = append_messages(c, key, said("later 退款", "other"))
        assert search.index_some(c) == 0
        assert len(search.search(c, "退款")) == 2
        messages.delete_messages(c, "messages.key = ?", keys[1])
    assert len(search.search(c, "退款")) == 2
    assert search.index_some(c) == 1
    assert len(search.search(c, "退款")) == 2


def test_an_entry_left_behind_finds_nothing(
    c: sqlite3.Connection, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = append_messages(c, key, said("退款", "退款"))
    with monkeypatch.context() as without:
        without.setattr(search, "has_fts5", lambda _: False)
        messages.delete_messages(c, "messages.key = ?", keys[1])
    append_messages(c, key, said("春节"))
    assert [hit.message for hit in search.search(c, "退款")] == [keys[0]]


def test_a_purged_conversation_leaves_nothing_in_the_index(c: sqlite3.Connection, key: str) -> None:
    append_messages(c, key, said("退款 refund", "退款"))
    history.purge(c, key)
    for piece in ("退款", "re", "ref", "d", "款"):
        assert not c.execute("SELECT 1 FROM grams WHERE grams MATCH ?", (f'"{piece}"',)).fetchone()
    c.execute("INSERT INTO grams (grams) VALUES ('integrity-check')")
