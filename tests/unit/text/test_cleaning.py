"""Cleaning of outside text."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coze_tui.text.cleaning import StreamCleaner, clean, clean_line, simple_emoji, title_of

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
FAMILY = "👨‍👩‍👧"
NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from(list("a\r\n\t\x1b\x00\x9b\x7f\u2028\u0301\u200d\ufe0f\u202e\ufeff\ud83d\ude00你e")),
        st.sampled_from(list(ENGLAND)),
        st.characters(),
    ),
    max_size=60,
)
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\ufeff\ud800-\udfff]"
)


@pytest.mark.parametrize(
    ("dirty", "expected"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\vb\fc\x1cd\x1de\x1ef\x85g\u2028h\u2029i", "a\nb\nc\nd\ne\nf\ng\nh\ni"),
        ("\x1b]52;c;aGk=\x07\x1b[31mred", "]52;c;aGk=[31mred"),
        ("\x9b31m\x90q\x9c", "31mq"),
        ("nul\x00 del\x7f tab\t", "nul del tab\t"),
        ("\u202egpj.exe\u2066x\u2069\u200f\u061c", "gpj.exex"),
        ("\ufeffa\ufeffb", "ab"),
        ("soft\xadhyphen", "softhyphen"),
        ("a\U000e0041\U000e0042b", "ab"),
        (f"go {ENGLAND}!", f"go {ENGLAND}!"),
        ("\U0001f3f4\U000e0067", "\U0001f3f4"),
        ("e" + "\u0301" * 500 + "x", "e" + "\u0301" * 8 + "x"),
        ("e" + "\u0301\x00" * 20 + "x", "e" + "\u0301" * 8 + "x"),
        ("x" + "\u200d" * 100, "x" + "\u200d" * 8),
        ("\ud83d\ude00", "😀"),
        ("\ud83d a \ude00", "\ufffd a \ufffd"),
        ("\ud83d\x00\ude00", "\ufffd\ufffd"),
        ("\r\x00\n", "\n\n"),
    ],
)
def test_nothing_harmful_is_left(dirty: str, expected: str) -> None:
    assert clean(dirty) == expected


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "a\tb\nc",
        "你好，世界",
        FAMILY,
        "می‌خواهم",
        "नमस्ते",
        "ก็ที่",
        "ﷺ",
        "Привет, как дела сегодня",
        "한국어",
        "❤️",
    ],
)
def test_ordinary_text_is_returned_as_it_is(text: str) -> None:
    assert clean(text) is text


def test_a_long_persian_or_thai_text_loses_nothing() -> None:
    text = "می‌خواهم کتاب‌های فارسی را بخوانم" * 20 + "ที่นี่เป็นข้อความภาษาไทย" * 20
    assert clean(text) == text


@given(NASTY)
@settings(max_examples=200)
def test_cleaning_is_complete_and_idempotent(text: str) -> None:
    once = clean(text)
    assert not FORBIDDEN.search(once)
    assert clean(once) == once
    once.encode("utf-8")


@given(st.lists(NASTY, max_size=8))
@settings(max_examples=200)
def test_pieces_clean_like_the_whole(pieces: list[str]) -> None:
    cleaner = StreamCleaner()
    assert "".join([*map(cleaner.feed, pieces), cleaner.flush()]) == clean("".join(pieces))


@given(NASTY)
@settings(max_examples=100)
def test_single_characters_clean_like_the_whole(text: str) -> None:
    cleaner = StreamCleaner()
    assert "".join([*map(cleaner.feed, text), cleaner.flush()]) == clean(text)


def test_a_stream_shows_ordinary_text_at_once() -> None:
    cleaner = StreamCleaner()
    assert cleaner.feed("你好 a") == "你好 a"
    assert cleaner.feed("line\r") == "line\n"
    assert cleaner.feed("\nnext\ud83d") == "next"
    assert cleaner.feed("\ude00") == "😀"
    assert cleaner.flush() == ""


def test_a_line_has_no_line_ends_and_no_tabs() -> None:
    assert clean_line("a\r\nb\tc\u2028d\x1b") == "a b c d"
    assert clean_line("title") == "title"


def test_simple_emoji_drop_what_tmux_counts_otherwise() -> None:
    assert simple_emoji("❤️ ☑️ 👍🏽 ok") == "❤ ☑ 👍 ok"
    assert simple_emoji("plain") == "plain"


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("When does the ferry leave?", "When does the ferry leave?"),
        ("  \n多行\n\n问题\t ", "多行 问题"),
        ("\x1b[31mred\u202e \ud83d", "[31mred \ufffd"),
        ("很长" * 100, "很长" * 40),
        ("a " * 100, "a " * 39 + "a"),
        (" " * 1000 + "late", "late"),
        ("", ""),
    ],
)
def test_a_title_is_the_beginning_of_a_question_on_one_line(question: str, title: str) -> None:
    assert title_of(question) == title
