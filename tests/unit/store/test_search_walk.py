"""A search without a limit finds the same as one with a limit, conversation by conversation."""

from __future__ import annotations

import random
import sqlite3
from itertools import pairwise

import pytest

from coze_tui.store import history, search
from coze_tui.store.records import SavedMessage
from coze_tui.store.search import Hit
from coze_tui.store.search_walk import SearchWalk
from tests.support.stores import append_messages, empty_store

_EVERY = 1_000_000


@pytest.fixture
def store() -> sqlite3.Connection:
    """Return a store of 40 conversations, in which a character is frequent and a word is rare."""
    c, random_ = empty_store(), random.Random(7)
    for number in range(40):
        title = "学习" if number % 7 == 0 else "别的"
        key = history.create_conversation(c, "coze.cn", "7402", number, bot_name="小春", title=title)
        for _ in range(random_.randrange(1, 200)):
            text = random_.choice(["学习", "今天", "我学", "没有"]) + (
                "退款" if random_.random() < 0.01 else ""
            )
            said = SavedMessage("assistant", "answer", text, created_at=random_.randrange(1_000_000))
            append_messages(c, key, [said])
        if number == 5:
            history.delete(c, key, 1)
    return c


def walked(c: sqlite3.Connection, text: str, others: tuple[Hit, ...] = ()) -> list[Hit]:
    walk, found = SearchWalk(text, others), list[Hit]()
    while page := walk.page(c):
        found += page
    return found


def conversations_of(hits: list[Hit]) -> list[str]:
    return list(dict.fromkeys(hit.conversation for hit in hits))


@pytest.mark.parametrize("text", ["学", "退款", "习", "不存在", " ", "%"])
def test_it_finds_what_the_search_finds_in_the_same_order_of_conversations(
    store: sqlite3.Connection, text: str
) -> None:
    found, expected = walked(store, text), list(search.search(store, text, limit=_EVERY))
    assert len(found) == len(expected)
    assert set(found) == set(expected)
    assert conversations_of(found) == conversations_of(expected)


def test_a_conversation_is_listed_without_a_break(store: sqlite3.Connection) -> None:
    order = [hit.conversation for hit in walked(store, "学")]
    assert len(order) > 1_000
    changes = sum(before != after for before, after in pairwise(order))
    assert changes == len(set(order)) - 1


@pytest.mark.parametrize("deleted", [False, True])
def test_what_is_not_in_the_store_is_listed_with_its_conversation(
    store: sqlite3.Connection, deleted: bool
) -> None:
    """The messages of a deleted conversation stay unlisted beside it."""
    comparison = ">" if deleted else "="
    row = store.execute(f"SELECT key FROM conversations WHERE deleted_at {comparison} 0 LIMIT 1").fetchone()
    key = str(row[0])
    message = SavedMessage("assistant", "answer", "还在学", created_at=2_000_000, conversation=key)
    other = search.hit_in(message, "学", key=3, title="t", bot_name="b")
    assert other is not None
    found = walked(store, "学", (other,))
    assert found.count(other) == 1
    assert found[0].conversation == key
    assert len(found) == len(walked(store, "学")) + 1


def test_any_number_of_matches_takes_few_variables(store: sqlite3.Connection) -> None:
    store.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
    assert len(search.search(store, "学", limit=_EVERY)) > 1_000
    assert len(walked(store, "学")) > 1_000
