"""What two chats have in common, and what not."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.difference import compared, differences
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.records import ChatRecord


def chat(*frames: Frame) -> InspectedChat:
    inspected = InspectedChat(ChatRecord())
    inspected.add(frames)
    inspected.end(inspected.record)
    return inspected


def message(type: str, content: str, at_us: int = 0, id: str = "1") -> Frame:
    data = {"id": id, "role": "assistant", "type": type, "content": content}
    return Frame("conversation.message.completed", json.dumps(data, ensure_ascii=False), at_us)


def call(name: str, arguments: object, at_us: int = 0) -> Frame:
    return message("function_call", json.dumps({"name": name, "arguments": arguments}), at_us, f"call {name}")


def delta(text: str, at_us: int) -> Frame:
    return Frame("conversation.message.delta", message("answer", text).data, at_us)


CREATED = Frame("conversation.chat.created", '{"id":"1","conversation_id":"2"}', 10_000)
DONE = Frame("done", "", 900_000)


def told(left: str, right: str) -> str:
    signs = {"same": "{}", "left": "[-{}-]", "right": "[+{}+]"}
    return "".join(signs[piece.change].format(piece.text) for piece in compared(left, right))


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("", "", ""),
        ("same", "same", "same"),
        ("the cat sat", "the dog sat", "the [-cat-][+dog+] sat"),
        ("running fast", "runs fast", "[-running-][+runs+] fast"),
        ("春节是1月29日", "春节是2月17日", "春节是[-1-][+2+]月[-29-][+17+]日"),
        ("春节是哪天", "春节在哪天", "春节[-是-][+在+]哪天"),
        ("a b c d", "a x y d", "a [-b c-][+x y+] d"),
        ("one\ntwo\nthree\n", "one\nthree\n", "one\n[-two\n-]three\n"),
        ("new", "", "[-new-]"),
        ("", "new", "[+new+]"),
        ("a1b", "a2b", "[-a1b-][+a2b+]"),
    ],
)
def test_texts_differ_by_words_and_chinese_by_characters(left: str, right: str, expected: str) -> None:
    assert told(left, right) == expected


TEXT = st.text(st.sampled_from("ab 春节。\n1é😀"), max_size=40)


@given(TEXT, TEXT)
def test_the_pieces_are_both_texts(left: str, right: str) -> None:
    pieces = compared(left, right)
    assert "".join(piece.text for piece in pieces if piece.change != "right") == left
    assert "".join(piece.text for piece in pieces if piece.change != "left") == right
    assert all(piece.text for piece in pieces)
    assert all(one.change != other.change for one, other in pairwise(pieces))
    assert (left == right) == (not any(piece.change != "same" for piece in pieces))


def test_texts_without_end_are_compared_in_time() -> None:
    left = " ".join(str(number) for number in range(30_000))
    right = " ".join(str(number) for number in range(30_000, 60_000))
    assert [piece.change for piece in compared(left, right)] == ["left", "right"]


def test_equal_chats_do_not_differ() -> None:
    frames = (CREATED, call("search", {"q": "a"}), message("tool_response", "r"), delta("x", 5_000), DONE)
    found = differences(chat(*frames), chat(*frames))
    assert found.counts == (0, 0, 0)
    assert all(pair.left == pair.right for pair in found.figures)


def test_events_are_lined_up_and_what_is_in_one_only_is_told() -> None:
    found = differences(
        chat(CREATED, call("search", {}), message("tool_response", "r"), delta("x", 5_000), DONE),
        chat(CREATED, delta("x", 5_000), delta("y", 6_000), message("follow_up", "?"), DONE),
    )
    assert [
        (pair.change, (pair.left or pair.right).name)  # type: ignore[union-attr]  # one of them is there
        for pair in found.events
    ] == [
        ("same", "created"),
        ("left", "function_call"),
        ("left", "tool_response"),
        ("same", "delta"),
        ("right", "follow_up"),
        ("same", "done"),
    ]


def test_another_tool_is_another_event() -> None:
    found = differences(chat(call("search", {})), chat(call("lookup", {})))
    assert [pair.change for pair in found.events] == ["left", "right"]
    assert [(pair.name, pair.change) for pair in found.tools] == [("search", "left"), ("lookup", "right")]


def test_arguments_differ_by_what_they_say_not_by_how_they_are_written() -> None:
    left = chat(
        call("search", {"q": "春节", "n": 3}, 1_000), message("tool_response", '{"hits": 1}', 5_000, "r")
    )
    same = chat(
        call("search", {"n": 3, "q": "春节"}, 1_000), message("tool_response", '{"hits":1}', 9_000, "r")
    )
    [pair] = differences(left, same).tools
    assert (pair.change, pair.left_us, pair.right_us) == ("same", 4_000, 8_000)
    [pair] = differences(left, chat(call("search", {"n": 3, "q": "元宵节"}))).tools
    assert pair.change == "changed"
    assert "".join(piece.text for piece in pair.arguments.pieces if piece.change == "right") == "元宵"
    assert pair.response.change == "left"


def test_answers_are_compared_one_by_one() -> None:
    found = differences(
        chat(message("answer", "first"), message("answer", "second", id="2")),
        chat(message("answer", "first")),
    )
    assert [pair.change for pair in found.answers] == ["same", "left"]
    assert found.counts[2] == 1


def test_figures_stand_side_by_side_and_unknown_ones_are_none() -> None:
    left = chat(CREATED, delta("x", 412_000), delta("y", 500_000), DONE)
    right = chat(CREATED, Frame("error", '{"code":4028,"msg":"no"}', 50_000))
    figures = {pair.name: (pair.left, pair.right) for pair in differences(left, right).figures}
    assert figures["first_text"] == (412_000, None)
    assert figures["total"] == (900_000, 50_000)
    assert figures["gap_max"] == (88_000, None)
    assert "input_tokens" not in figures
    right = chat(*(Frame(frame.event, frame.data) for frame in left.frames))  # nobody knows when they came
    figures = {pair.name: (pair.left, pair.right) for pair in differences(left, right).figures}
    assert figures["first_text"] == (412_000, None)
    assert figures["total"] == (900_000, None)
    assert figures["gap_max"] == (88_000, None)
