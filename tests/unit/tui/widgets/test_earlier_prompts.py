"""Walking and searching what was sent before."""

from __future__ import annotations

from coze_tui.tui.widgets.prompt.earlier_prompts import EarlierPrompts


def test_walk_goes_back_and_returns_to_the_draft() -> None:
    earlier = EarlierPrompts(["two", "one"])
    assert earlier.older("draft") == "two"
    assert earlier.older("two") == "one"
    assert earlier.older("one") is None
    assert earlier.newer("one") == "two"
    assert earlier.newer("two") == "draft"
    assert earlier.newer("draft") is None


def test_edits_made_on_the_way_are_kept_until_something_is_sent() -> None:
    earlier = EarlierPrompts(["two", "one"])
    earlier.older("")
    earlier.older("two, changed")
    assert earlier.newer("one") == "two, changed"
    earlier.sent("new")
    assert earlier.older("") == "new"
    assert earlier.older("new") == "two"


def test_repeats_and_blanks_are_left_out() -> None:
    earlier = EarlierPrompts(["a", "a", " ", "b"])
    earlier.sent("a")
    earlier.sent(" ")
    assert [earlier.older("") for _ in range(3)] == ["a", "b", None]


def test_search_wants_every_word_and_gives_each_prompt_once() -> None:
    earlier = EarlierPrompts(["Write a page", "春节 page", "x", "Write a page", "page two: WRITE"])
    assert earlier.search("write page") == ["Write a page", "page two: WRITE"]
    assert earlier.search("春节") == ["春节 page"]
    assert earlier.search("") == ["Write a page", "春节 page", "x", "page two: WRITE"]
    assert earlier.search("", limit=1) == ["Write a page"]


def test_memory_is_bounded() -> None:
    earlier = EarlierPrompts(str(number) for number in range(5_000))
    earlier.sent("new")
    assert len(earlier.search("", limit=10_000)) == 1_000


def test_the_history_may_contain_what_was_sent_while_it_was_read() -> None:
    earlier = EarlierPrompts()
    earlier.sent("one")
    earlier.sent("two")
    earlier.add_stored(["two", "one", "zero", "two"])
    assert [earlier.older("") for _step in range(5)] == ["two", "one", "zero", "two", None]
