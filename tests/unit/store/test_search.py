"""Whatever was said is found by any two characters of it, and by nothing that is not in it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.store import history, messages, search
from coze_tui.store.records import SavedMessage
from coze_tui.text.matching import fold
from tests.support.stores import append_messages, empty_store

WRITTEN = st.text(
    st.sampled_from("退款春节你好the refundABC１２３，。！%_*'\"\\\n \u3000é😀ﬁ") | st.characters(),
    max_size=30,
)


def said(text: str, at: int = 0, **others: str) -> SavedMessage:
    return replace(SavedMessage("assistant", "answer", text, created_at=at), **others)  # type: ignore[arg-type]


def add(c: sqlite3.Connection, *said_: SavedMessage, title: str = "") -> str:
    key = history.create_conversation(c, "coze.cn", "7402", 1_000, title=title)
    append_messages(c, key, said_)
    return key


def found(c: sqlite3.Connection, text: str) -> list[str]:
    return [hit.snippet for hit in search.search(c, text)]


@given(st.lists(WRITTEN, min_size=1, max_size=6), st.data())
def test_any_part_of_any_text_finds_exactly_what_holds_it(texts: list[str], data: st.DataObject) -> None:
    c = empty_store()
    key = add(c, *[said(text) for text in texts])
    saved = messages.messages(c, key)
    text = data.draw(st.sampled_from([each.content for each in saved]))
    start = data.draw(st.integers(0, max(0, len(text) - 2)))
    part = text[start : data.draw(st.integers(start + 2, start + 8))]
    for query in (part, part.upper(), part.lower()):
        wanted = fold(query).strip()
        expected = {each.key for each in saved if wanted and wanted in fold(each.content)}
        assert {hit.message for hit in search.search(c, query)} == expected
        found = search.find_in_conversation(c, key, query)
        assert {occurrence.message for occurrence in found} == expected
    c.close()


@pytest.mark.parametrize("is_indexed", [True, False])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("退款", ["我要退款，谢谢", "退款\u3000ＲＥＦＵＮＤ"]),
        ("款", ["我要退款，谢谢", "退款\u3000ＲＥＦＵＮＤ", "一款"]),
        ("春节", ["春节快乐"]),
        ("节春", []),
        ("fun", ["退款\u3000ＲＥＦＵＮＤ", "Refunds 100%_* 'it''s' \"q\""]),
        ("funk", []),
        ("ReFuNd", ["退款\u3000ＲＥＦＵＮＤ", "Refunds 100%_* 'it''s' \"q\""]),
        ("ｒｅｆｕｎｄ", ["退款\u3000ＲＥＦＵＮＤ", "Refunds 100%_* 'it''s' \"q\""]),
        ("退款 refund", ["退款\u3000ＲＥＦＵＮＤ"]),
        ("100%", ["Refunds 100%_* 'it''s' \"q\""]),
        ("1%0", []),
        ("%_*", ["Refunds 100%_* 'it''s' \"q\""]),
        ("_", ["Refunds 100%_* 'it''s' \"q\""]),
        ("''", ["Refunds 100%_* 'it''s' \"q\""]),
        ('"q"', ["Refunds 100%_* 'it''s' \"q\""]),
        ('" OR "', []),
        ("*", ["Refunds 100%_* 'it''s' \"q\""]),
        ("款，谢", ["我要退款，谢谢"]),
        ("款,谢", ["我要退款，谢谢"]),
        ("😀", ["😀"]),
        ("  ", []),
        ("", []),
        ("\ud83d", []),
    ],
)
def test_what_is_typed_is_what_is_looked_for(
    c: sqlite3.Connection, text: str, expected: list[str], is_indexed: bool
) -> None:
    add(
        c,
        said("我要退款，谢谢", 6),
        said("退款\u3000ＲＥＦＵＮＤ", 5),
        said("Refunds 100%_* 'it''s' \"q\"", 4),
        said("春节快乐", 3),
        said("一款", 2),
        said("😀", 1),
    )
    if not is_indexed:
        c.execute("UPDATE texts SET is_indexed = 0")
        c.execute("DROP TABLE grams")
    assert found(c, text) == expected


def test_questions_answers_reasoning_tools_and_titles_are_searched(c: sqlite3.Connection) -> None:
    key = add(
        c,
        SavedMessage("user", "question", "needle one", created_at=2_001),
        said("text", 2_002, reasoning="thinking\nof a needle\nagain"),
        said('{"q": "needle"}', 2_003, type="function_call", name="search"),
        said("plain", 2_004, type="tool_response", name="needle_finder"),
        title="A Needle",
    )
    hits = search.search(c, "needle")
    assert [(hit.part, hit.type, hit.snippet) for hit in hits] == [
        ("title", "", "A Needle"),
        ("name", "tool_response", "needle_finder"),
        ("content", "function_call", '{"q": "needle"}'),
        ("reasoning", "answer", "of a needle"),
        ("content", "question", "needle one"),
    ]
    assert {hit.conversation for hit in hits} == {key}
    assert {hit.title for hit in hits} == {"A Needle"}
    saved = messages.messages(c, key)
    assert [hit.message for hit in hits] == [0, *(each.key for each in reversed(saved))]
    assert [hit.position for hit in hits[1:]] == [each.position for each in reversed(saved)]
    for hit in hits:
        assert [hit.snippet[start:end].lower() for start, end in hit.ranges] == ["needle"]


def test_a_bot_name_alone_is_no_hit(c: sqlite3.Connection) -> None:
    history.create_conversation(c, "coze.cn", "7402", 1_000, bot_name="小春", title="other")
    assert search.search(c, "小春") == ()


def test_no_match_crosses_from_the_answer_to_the_reasoning(c: sqlite3.Connection) -> None:
    add(c, said("退", reasoning="款"), said("end", reasoning="start"))
    assert search.search(c, "退款") == ()
    assert search.search(c, "end start") == ()
    assert search.search(c, "ds") == ()


def test_the_latest_come_first_whatever_the_order_of_writing(c: sqlite3.Connection) -> None:
    add(c, *[said(f"退款 {at}", at) for at in (30, 10)])
    add(c, *[said(f"退款 {at}", at) for at in (40, 20)])
    assert found(c, "退款") == ["退款 40", "退款 30", "退款 20", "退款 10"]
    assert [hit.at for hit in search.search(c, "退款", limit=2)] == [40, 30]


def test_the_latest_of_very_many_come_first_too(c: sqlite3.Connection) -> None:
    texts = [said(f"退款 {at}", (at * 7919) % 3_000) for at in range(3_000)]
    key = add(c, *texts)
    while search.index_some(c):
        pass
    hits = search.search(c, "退款", limit=50)
    assert [hit.at for hit in hits] == list(range(2_999, 2_949, -1))
    assert len(search.find_in_conversation(c, key, "退款")) == 3_000
    # …and with some that are not indexed yet:
    search.unindex(c, "messages.key % 3 = 0")
    c.execute("UPDATE texts SET is_indexed = 0 WHERE message % 3 = 0")
    assert search.search(c, "退款", limit=50) == hits


def test_a_snippet_is_the_line_of_the_match_and_not_long(c: sqlite3.Connection) -> None:
    add(c, said("first line\n" + "前" * 300 + "退款" + "后" * 300 + "退款\nlast line"))
    (hit,) = search.search(c, "退款")
    assert "line" not in hit.snippet
    assert len(hit.snippet) == 160
    assert [hit.snippet[start:end] for start, end in hit.ranges] == ["退款"]
    add(c, said("a\n  退款 and 退款!\nb"))
    assert [hit.snippet for hit in search.search(c, "退款 and")] == ["  退款 and 退款!"]
    (hit, _) = search.search(c, "款", limit=2)
    assert [hit.snippet[start:end] for start, end in hit.ranges] == ["款", "款"]


def test_find_goes_down_the_conversation_and_stays_in_it(c: sqlite3.Connection) -> None:
    key = add(c, said("退款 1", 9), said("other", 8), said("退款 2 退款退 退款", 7))
    add(c, said("退款 elsewhere"))
    first, _, last = messages.messages(c, key)
    assert search.find_in_conversation(c, key, "退款") == (
        search.Occurrence(first.key, first.position, 0, first.type),
        search.Occurrence(last.key, last.position, 0, last.type, 3),
    )
    assert search.find_in_conversation(c, key, " ") == ()


def test_a_renamed_conversation_is_found_by_its_new_title_only(c: sqlite3.Connection) -> None:
    key = add(c, title="old words")
    history.rename(c, key, "退款")
    assert search.search(c, "old") == ()
    assert found(c, "退款") == ["退款"]


def test_a_text_that_another_python_folded_otherwise_is_shown_without_a_mark(c: sqlite3.Connection) -> None:
    add(c, said("first line\nsecond"))
    c.execute("UPDATE texts SET folded = 'otherwise', is_indexed = 0")
    (hit,) = search.search(c, "otherwise")
    assert (hit.snippet, hit.ranges) == ("first line", ())
