"""How conversations from here, from a search and from the server become one list."""

from __future__ import annotations

from dataclasses import replace

from coze_tui.engine.library.history import Found
from coze_tui.store.search import Hit
from coze_tui.tui.history_items import Item, item_from_found, item_from_summary, merged
from tests.support.examples import SUMMARY, there


def at(ms: int, *, pinned: bool = False) -> Item:
    return item_from_summary(replace(SUMMARY, key=f"k{ms}", updated_at=ms, pinned=pinned))


def test_a_summary_becomes_clean_text() -> None:
    item = item_from_summary(replace(SUMMARY, title=" a\n\x1b[31mb ", bot_name=""))
    assert (item.title, item.bot, item.key, item.height) == ("a [31mb", "7402", "k1", 1)


def test_the_latest_place_in_what_was_said_is_the_one_to_show() -> None:
    title = Hit("k1", "退款 policy", "小春", 0, 0, "", "", "title", "退款 policy", ((0, 2),), 9_000)
    answer = Hit("k1", "", "小春", 7, 1, "assistant", "answer", "content", "可退款。", ((1, 3),), 8_000)
    item = item_from_found(Found(SUMMARY, (title, answer, replace(answer, message=3))), "退款")
    assert (item.at_ms, item.message, item.more, item.height) == (9_000, 7, 1, 2)
    assert (item.snippet, item.snippet_hits, item.title_hits) == ("可退款。", ((1, 3),), ((0, 2),))
    only_title = item_from_found(Found(SUMMARY, (title,)), "退款")
    assert (only_title.message, only_title.more, only_title.height) == (0, 0, 1)


def test_what_is_only_there_stands_at_its_time() -> None:
    pinned, new, old = at(1, pinned=True), at(50), at(20)
    items = merged([pinned, new, old], [there(30), there(60)], oldest_ms=0, pins_first=True)
    assert [item.at_ms for item in items] == [1, 60, 50, 30, 20]
    assert merged([pinned, new, old], [], oldest_ms=0, pins_first=True) == [pinned, new, old]


def test_what_is_older_than_the_loaded_page_waits() -> None:
    items = merged([at(50), at(20)], [there(10), there(30)], oldest_ms=20, pins_first=True)
    assert [item.at_ms for item in items] == [50, 30, 20]


def test_a_search_puts_no_pins_first() -> None:
    items = merged([at(50), at(20, pinned=True)], [there(30)], oldest_ms=0, pins_first=False)
    assert [item.at_ms for item in items] == [50, 30, 20]
