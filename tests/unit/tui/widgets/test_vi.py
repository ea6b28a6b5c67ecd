"""The keys of vi, on a text without a widget."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.tui.widgets.prompt.vi.commands import MORE, NONE, OBJECTS, Command, read
from coze_tui.tui.widgets.prompt.vi.engine import Vi
from tests.support.vi_buffer import TextBuffer, pressed, type_into

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
WORDS = ["foo", "bar(", ")", " ", "  ", "\n", '"', "海水为什么咸", "，", FAMILY, "é", "e\u0301", "x_1", "-"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=14).map("".join)
MOTIONS = st.sampled_from(
    [*"hjkl0^$wWbBeE;,G%+-_{}", "gg", "ge", "g_", "fo", "t水", "F ", "To", "2w", "3l", "2j", "f\r"]
)
CHANGES = st.one_of(
    st.tuples(st.sampled_from(["d", "2d"]), MOTIONS).map("".join),
    st.tuples(st.just("d"), st.sampled_from("ia"), st.sampled_from(OBJECTS)).map("".join),
    st.sampled_from([*"xXDJ~pP", "3x", "dd", "2dd", "2~", "r水", "rz", "2p", "cwnew\x1b", "ccnew\x1b"]),
    st.sampled_from(["isea\x1b", "2isea\x1b", "ab\x1b", "Ab\x1b", "Ib\x1b", "ob\x1b", "Ob\x1b", "Sb\x1b"]),
    st.sampled_from(["vex", "vjd", "Vd", "vlU", "vwc水\x1b", "vep", "Vjp", "vjJ", "viwd", "vr-", "v~"]),
)
OTHERS = st.sampled_from(["yy", "yw", "u", "\x12", ".", "v", "V", "o", "\x1b"])
KEYS = st.lists(st.one_of(MOTIONS, CHANGES, OTHERS), max_size=8)


def row_and_column(buffer: TextBuffer) -> tuple[int, int]:
    before = buffer.text[: buffer.cursor]
    return before.count("\n"), len(before) - (before.rfind("\n") + 1)


@pytest.mark.parametrize(
    ("keys", "text", "cursor"),
    [
        # motions
        ("w", "one two\nthree", 4),
        ("2w", "one two\nthree", 8),
        ("wb", "one two\nthree", 0),
        ("e", "one two\nthree", 2),
        ("$", "one two\nthree", 6),
        ("$j", "one two\nthree", 12),
        ("jk", "one two\nthree", 0),
        ("G", "one two\nthree", 8),
        ("Ggg", "one two\nthree", 0),
        ("ft", "one two\nthree", 4),
        ("tw", "one two\nthree", 4),
        ("fo;", "one two\nthree", 6),
        ("$Fo,", "one two\nthree", 6),
        ("3l", "one two\nthree", 3),
        # operators, with counts on both sides
        ("dw", "two\nthree", 0),
        ("2dw", "\nthree", 0),
        ("wdw", "one \nthree", 3),
        ("d2l", "e two\nthree", 0),
        ("2d2l", "two\nthree", 0),
        ("dd", "three", 0),
        ("Gdd", "one two", 0),
        ("dj", "", 0),
        ("d$", "\nthree", 0),
        ("wD", "one \nthree", 3),
        ("dfo", "\nthree", 0),
        ("dto", "o\nthree", 0),
        ("dtw", "wo\nthree", 0),
        ("cwnew\x1b", "new two\nthree", 2),
        ("ccnew\x1b", "new\nthree", 2),
        ("yyp", "one two\none two\nthree", 8),
        ("yyjp", "one two\nthree\none two", 14),
        ("ywP", "one one two\nthree", 3),
        ("xp", "noe two\nthree", 1),
        ("2x", "e two\nthree", 0),
        ("J", "one two three", 7),
        ("~~", "ONe two\nthree", 2),
        ("rX", "Xne two\nthree", 0),
        ("r\r", "\nne two\nthree", 1),
        ("3rX", "XXX two\nthree", 2),
        ("Aend\x1b", "one twoend\nthree", 9),
        ("oend\x1b", "one two\nend\nthree", 10),
        ("Oend\x1b", "end\none two\nthree", 2),
        ("2iab\x1b", "ababone two\nthree", 3),
        # undo, redo, repeat
        ("xxu", "ne two\nthree", 0),
        ("xx2u", "one two\nthree", 0),
        ("xxuu\x12", "ne two\nthree", 0),
        ("dw.", "\nthree", 0),
        ("cwnew\x1bw.", "new new\nthree", 6),
        ("x2.", " two\nthree", 0),
        ("Aend\x1bj.", "one twoend\nthreeend", 18),
        # selections and objects
        ("vlx", "e two\nthree", 0),
        ("vex", " two\nthree", 0),
        ("Vx", "three", 0),
        ("vjx", "hree", 0),
        ("veyP", "oneone two\nthree", 2),
        ("veU", "ONE two\nthree", 0),
        ("wvohd", "one" + "wo\nthree", 3),
        ("wdiw", "one \nthree", 3),
        ("wdaw", "one\nthree", 2),
        ("lciwx\x1b", "x two\nthree", 0),
    ],
)
def test_keys_do_what_they_do_in_vi(keys: str, text: str, cursor: int) -> None:
    buffer = pressed("one two\nthree", keys)
    assert (buffer.text, buffer.cursor) == (text, cursor)


@pytest.mark.parametrize(
    ("text", "keys", "after"),
    [
        ('say "a b" now', 'di"', 'say "" now'),
        ('say "a b" now', 'da"', "say now"),
        ("f(a, (b), c)", "fbdi(", "f(a, (), c)"),
        ("f(a, (b), c)", "fa2l" + "da(", "f"),
        ("读（海水）书", "f海di（", "读（）书"),
        ("问“为什么”吗", "f为ca“x\x1b", "问x吗"),
        ("one\n\ntwo\nthree\n\nfour", "Gkkkdip", "one\n\n\nfour"),
        ("海水为什么咸", "dw", "为什么咸"),
        ("海水为什么咸", "f什x", "海水为么咸"),
        ("你\n好", "J", "你好"),
        ("a\n  b", "J", "a b"),
        (f"{FAMILY}x", "x", "x"),
        (f"a{FAMILY}", "$r-", "a-"),
        ("e\u0301a", "lX", "a"),
        ("", "ciwnew\x1b", "new"),
        ("", "ddpxJ~", "\n"),
    ],
)
def test_objects_and_characters_are_those_of_readers(text: str, keys: str, after: str) -> None:
    assert pressed(text, keys).text == after


def test_text_of_an_input_method_is_inserted_in_normal_mode_unless_a_command_waits_for_it() -> None:
    assert pressed("ab", "海水\x1b").text == "海水ab"
    assert pressed("a海b", "f海x").text == "ab"
    assert pressed("ab", "qQ@&#").text == "ab"  # nothing: these are no commands, and no text


def test_escape_means_something_else_only_in_normal_mode_with_nothing_pending() -> None:
    vi = Vi(TextBuffer("ab"))
    assert vi.is_inserting
    assert not vi.press("x")
    assert vi.press("escape")
    assert not vi.press("escape")
    vi.press("d")
    assert vi.pending == "d"
    assert vi.press("escape")
    vi.press("v")
    assert vi.press("escape")
    assert not vi.press("escape")
    assert not vi.press("enter")
    assert not vi.press("f1")


def test_the_first_and_last_line_lead_to_other_prompts() -> None:
    buffer = pressed("a\nb", "k")
    assert buffer.walked == -1
    assert pressed("a\nb", "jj").walked == 1


def test_what_was_changed_without_vi_is_undone_as_one_step() -> None:
    buffer = TextBuffer("one")
    vi = Vi(buffer)
    vi.press("escape")
    vi.press("x")
    buffer.change(0, len(buffer.text), "put there by the screen")
    type_into(vi, buffer, "xu")
    assert buffer.text == "put there by the screen"
    type_into(vi, buffer, "u")
    assert buffer.text == "ne"


@given(TEXTS, KEYS)
def test_the_cursor_is_always_on_a_character(text: str, keys: list[str]) -> None:
    buffer = pressed(text, "".join(keys) + "\x1b\x1b\x1b")
    assert buffer.cursor in buffer.borders()
    row, column = row_and_column(buffer)
    line = buffer.text.split("\n")[row]
    assert column < max(1, len(line))


@given(TEXTS, CHANGES)
def test_undo_restores_the_text_and_redo_the_change(text: str, keys: str) -> None:
    changed = pressed(text, keys + "\x1b").text
    assert pressed(text, f"{keys}\x1bu").text == text
    assert pressed(text, f"{keys}\x1bu\x12").text == changed


@given(
    TEXTS,
    st.sampled_from(
        ["x", "dw", "dd", "~", "J", "Aab\x1b", "oab\x1b", "cwab\x1b", "2x", "diw", "p", "D", "rz"]
    ),
)
def test_repeating_is_typing_it_again(text: str, keys: str) -> None:
    again, typed = pressed(text, f"yw{keys}\x1b."), pressed(text, f"yw{keys}\x1b{keys}\x1b")
    if pressed(text, f"yw{keys}\x1b").text != text:
        assert (again.text, again.cursor) == (typed.text, typed.cursor)


@given(TEXTS, st.lists(MOTIONS, max_size=6))
def test_motions_change_nothing(text: str, keys: list[str]) -> None:
    assert pressed(text, "".join(keys)).text == text


@given(st.lists(st.sampled_from([*'0123456789dcyiawfgrvx"(Gz', "escape", "left", "enter", "水"]), max_size=6))
def test_keys_are_a_command_a_beginning_or_nothing(keys: list[str]) -> None:
    for visual in (False, True):
        seen = [read(keys[: number + 1], visual=visual) for number in range(len(keys))]
        for before, after in pairwise(seen):
            if before == NONE:
                assert after == NONE or isinstance(after, str | Command)
            if isinstance(after, Command) and not isinstance(before, Command):
                assert before == MORE
