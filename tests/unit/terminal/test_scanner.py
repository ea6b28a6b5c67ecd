"""What a terminal reports of itself never becomes text, wherever it arrives and wherever it is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.message import Message

from coze_tui.terminal.parser import ANSWER
from tests.support.keyboard import Keyboard
from tests.support.reports import REPORTS

report = st.sampled_from(sorted(REPORTS.values()))
WORDS = st.text(st.sampled_from("ab;:[]?0159nctuRm\\P_é中文👍"), max_size=8)


def texts(messages: list[Message]) -> str:
    """Return what the messages type and paste."""
    typed = [m.text if isinstance(m, events.Paste) else getattr(m, "character", "") for m in messages]
    return "".join(character or "" for character in typed)


def cut(data: str, places: list[int]) -> list[str]:
    borders = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(borders)]


@settings(max_examples=400)
@example([("left ", ANSWER), ("right", "")], [], 0.0, True)
@given(
    st.lists(st.tuples(WORDS, report), max_size=6),
    st.lists(st.integers(0, 10_000), max_size=8),
    st.floats(0.0, 0.09),
    st.booleans(),
)
def test_reports_at_any_place_cut_anywhere_leave_the_text_alone(
    parts: list[tuple[str, str]], places: list[int], pause: float, is_pasted: bool
) -> None:
    text = "".join(words for words, _report in parts)
    data = "".join(words + told for words, told in parts)
    if is_pasted:
        data, text = f"\x1b[200~{data}\x1b[201~", text
    keyboard = Keyboard()
    messages = [m for piece in cut(data, places) for m in keyboard.type(piece, after=pause)]
    messages += keyboard.wait(0.2)
    assert texts(messages) == text
    assert keyboard.answers == [told for _words, told in parts].count(ANSWER)
    assert not [m for m in messages if isinstance(m, events.Resize)]


@pytest.mark.parametrize("told", REPORTS.values(), ids=REPORTS)
@pytest.mark.parametrize("pause", [0.01, 0.15, 0.5, 3.0, 8.0])
def test_a_report_on_a_slow_line_is_not_typed(told: str, pause: float) -> None:
    for place in range(1, len(told)):
        keyboard = Keyboard()
        messages = keyboard.type(f"a{told[:place]}")
        for _ in range(20):
            messages += keyboard.wait(pause / 20)
        messages += keyboard.type(f"{told[place:]}b", after=0.0)
        # Only a lone ESC counts as a key in between.
        assert texts(messages).replace("\x1b", "") == "ab", (place, messages)
        assert "\x1b" not in texts(messages) or place == 1


@pytest.mark.parametrize(
    "told", ["\x1b[?1u", "\x1b]11;rgb:1/2/3\x07", "\x1bP>|kitty\x1b\\", "\x1b_Gi=1;OK\x1b\\"]
)
def test_a_report_whose_bytes_come_one_by_one_after_a_pause_is_not_typed(told: str) -> None:
    keyboard = Keyboard()
    messages = keyboard.type(told[:2])
    messages += keyboard.wait(0.3)
    for byte in told[2:]:
        messages += keyboard.type(byte, after=0.02)
    messages += keyboard.type("b", after=0.02)
    assert texts(messages) == "b"


@pytest.mark.parametrize("start", ["\x1b[", "\x1b]", "\x1bP", "\x1b_"])
@pytest.mark.parametrize("typed", ["hello", "1", "?"])
def test_text_after_the_start_of_a_report_is_typed(start: str, typed: str) -> None:
    keyboard = Keyboard()
    messages = keyboard.type(start) + keyboard.wait(0.3)
    for character in typed:
        messages += keyboard.type(character, after=0.2) + keyboard.wait(0.0)
    messages += keyboard.wait(1.2)
    assert texts(messages) == typed


@pytest.mark.parametrize(
    "told", [*REPORTS.values(), "\x1b[?", "\x1b[>1;", "\x1b]11;rgb:1", "\x1bP>|x", "\x1b_G"]
)
def test_a_report_without_an_end_swallows_no_input_for_ever(told: str) -> None:
    keyboard = Keyboard()
    keyboard.type(told.removesuffix("\x07").removesuffix("\\")[:-1])
    keyboard.wait(0.2)
    messages = keyboard.type("hello")
    messages += keyboard.wait(1.1)
    messages += keyboard.type("\r")
    assert texts(messages).endswith("hello\r") or texts(messages).endswith("ello\r")


def test_a_report_of_endless_length_is_bounded() -> None:
    keyboard = Keyboard()
    messages = [m for _ in range(100) for m in keyboard.type("\x1b]11;rgb:" + "1" * 1000, after=0.0)]
    messages += keyboard.type("\rend")
    assert texts(messages).endswith("end")


@pytest.mark.parametrize("sizes", ["99999;99999;1;1", "5000;5000;1;1", "50;200;0;0", "30:1;100:2;1;1"])
def test_a_reported_size_is_only_a_reason_to_ask(sizes: str) -> None:
    keyboard = Keyboard()
    assert keyboard.type(f"\x1b[48;{sizes}t") == []


def test_focus_and_mouse_in_a_paste_arrive() -> None:
    keyboard = Keyboard()
    messages = keyboard.type("\x1b[200~a\x1b[Ib\x1b[<0;3;4Mc\x1b[201~")
    assert [type(m) for m in messages] == [events.AppFocus, events.MouseDown, events.Paste]


def test_an_enter_right_after_late_reports_is_typed() -> None:
    for told in REPORTS.values():
        keyboard = Keyboard()
        keyboard.type(told)
        assert keyboard.enter_is_typed(keyboard.type("\r", after=0.01)), told
        assert keyboard.enter_is_typed(keyboard.type(f"{told}\r")), told


def test_every_key_sequence_means_what_textual_says() -> None:
    kitty = [
        "\x1b[97;;97u",
        "\x1b[97;5u",
        "\x1b[57361u",
        "\x1b[1;5A",
        "\x1b[27u",
        "\x1b[228;;228u",
        "\x1b[13;2u",
    ]
    alt = [f"\x1b{character}" for character in "abzA0.§中"]
    for sequence in [*ANSI_SEQUENCES_KEYS, *kitty, *alt]:
        if sequence in ("\x1b\x1b", "\x1b\r", "\x1b\n") or sequence.endswith("\r") or "R" in sequence:
            continue  # Escape twice, and the Enter keys of test_keys.py
        textual = XTermParser()
        wanted = [*textual.feed(sequence), *textual.feed("")]
        keyboard = Keyboard()
        seen = keyboard.type(sequence) + keyboard.wait(0.2)
        assert [(m.key, m.character) for m in seen if isinstance(m, events.Key)] == [
            (m.key, m.character) for m in wanted if isinstance(m, events.Key)
        ], sequence


# -- a paste that stalls


STALLED = "defg\x1b[AXZ\rhi"


@pytest.mark.parametrize("place", range(len(STALLED) + len("\x1b[201~") + 1))
@pytest.mark.parametrize("pause", [1.5, 8.0])
def test_a_paste_that_stalls_is_all_text_and_sends_nothing(place: int, pause: float) -> None:
    keyboard = Keyboard()
    rest = f"{STALLED}\x1b[201~"
    messages = keyboard.type("\x1b[200~abc")
    messages += keyboard.type(rest[:place], after=0.2) if place else []
    for _ in range(10):
        messages += keyboard.wait(pause / 10)
    if rest[place:]:
        messages += keyboard.type(rest[place:], after=0.0)
    messages += keyboard.type("k")
    keys = [m for m in messages if isinstance(m, events.Key)]
    assert texts(messages).replace("\x1b", "") == f"abc{STALLED}k".replace("\x1b", "")
    assert "enter" not in [key.key for key in keys]


@pytest.mark.parametrize("place", range(len("\x1b[200~") + 1))
def test_a_paste_whose_start_comes_slowly_is_a_paste(place: int) -> None:
    keyboard = Keyboard()
    data = "\x1b[200~a\rb\x1b[201~"
    messages = keyboard.type(data[:place]) if place else []
    messages += keyboard.wait(0.3) + keyboard.type(data[place:], after=0.3)
    assert [m.text for m in messages if isinstance(m, events.Paste)] == ["a\rb"]


def test_a_second_paste_ends_one_whose_end_is_lost() -> None:
    keyboard = Keyboard()
    messages = keyboard.type("\x1b[200~abc") + keyboard.wait(1.1)
    messages += keyboard.type("\x1b[200~def\x1b[201~")
    assert [m.text for m in messages if isinstance(m, events.Paste)] == ["abc", "def"]


def test_keys_after_a_paste_whose_end_is_lost_count() -> None:
    keyboard = Keyboard()
    keyboard.type("\x1b[200~abc")
    keyboard.wait(1.1)
    assert [m.key for m in keyboard.type("\x11") if isinstance(m, events.Key)] == ["ctrl+q"]
    assert [m.key for m in keyboard.type("x") if isinstance(m, events.Key)] == ["x"]
    assert [m.key for m in keyboard.type("\x1b[A") if isinstance(m, events.Key)] == ["up"]
    assert keyboard.type("\x1b") == []
    assert [m.key for m in keyboard.wait(0.15) if isinstance(m, events.Key)] == ["escape"]


def test_an_enter_sends_again_after_a_paste_whose_end_is_lost() -> None:
    keyboard = Keyboard()
    keyboard.type("\x1b[200~abc")
    keyboard.wait(1.1)
    assert texts(keyboard.type("\r")) == "\r"
    assert keyboard.enter_is_typed(keyboard.type("\r", after=11.0))
