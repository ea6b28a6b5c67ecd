"""Captures without what was said: lengths, times, ids and figures stay, words do not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.captures import Capture, read_capture
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.masking import masked_capture, masked_frame, masked_text, rewritten_texts
from coze_tui.engine.model.parts import Answer, Tool
from coze_tui.engine.model.turn_replay import past_turn
from tests.support.samples import STREAMS

STREAM_FILES = sorted(STREAMS.glob("*.sse"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def message(kind: str, content: str, **more: object) -> Frame:
    body = {"id": "1", "role": "assistant", "type": kind, "content": content, "content_type": "text", **more}
    return Frame("conversation.message.completed", json.dumps(body, ensure_ascii=False))


def content_of(frame: Frame) -> str:
    return str(json.loads(masked_frame(frame).data)["content"])


@given(st.text())
def test_a_masked_text_keeps_characters_bytes_and_white_space(text: str) -> None:
    masked = masked_text(text)
    assert len(masked) == len(text)
    assert len(masked.encode()) == len(text.encode())
    assert not {"a", "Z", "0", "'", "水"} & set(masked)
    assert [character for character in masked if character.isspace()] == [
        character for character in text if character.isspace()
    ]
    assert masked_text(masked) == masked


@pytest.mark.parametrize("stream", STREAM_FILES, ids=lambda path: path.stem)
def test_figures_phases_and_ids_of_a_masked_chat_are_the_same(stream: Path) -> None:
    capture = read_capture(stream.read_text(encoding="utf-8", errors="replace"))
    plain, masked = past_turn(capture.frames), past_turn(masked_capture(capture).frames)
    assert masked.outcome is plain.outcome
    assert masked.state.chat_id == plain.state.chat_id
    assert masked.state.usage == plain.state.usage
    assert masked.state.finish_reason == plain.state.finish_reason
    assert masked.figures.characters == plain.figures.characters
    assert [row.name for row in masked.figures.rows] == [row.name for row in plain.figures.rows]
    assert [part.name for part in masked.state.parts if isinstance(part, Tool)] == [
        part.name for part in plain.state.parts if isinstance(part, Tool)
    ]
    for before, after in zip(plain.state.answers, masked.state.answers, strict=True):
        assert isinstance(before, Answer)
        assert after.whole_text == masked_text(before.whole_text)


def test_a_call_keeps_its_tool_and_not_the_names_of_its_arguments() -> None:
    call = {
        "name": "ferry-next",
        "arguments": {"pier": "三号码头", "people": 12},
        "plugin_id": 75,
        "thought": "要查",
    }
    assert json.loads(content_of(message("function_call", json.dumps(call)))) == {
        "name": "ferry-next",
        "arguments": {"xxxx": "某某某某", "xxxxxx": 10},
        "plugin_id": 75,
        "thought": "某某",
    }
    studio = {"type": "function", "function": {"name": "search", "arguments": '{"q":"secret"}'}}
    assert json.loads(content_of(message("function_call", json.dumps(studio)))) == {
        "type": "function",
        "function": {"name": "search", "arguments": '{"x":"xxxxxx"}'},
    }


def test_what_tools_gave_is_masked_within_its_json() -> None:
    wrapped = json.dumps({"content_type": 1, "response_for_model": '{"dep":"18:40"}'})
    assert (
        json.loads(content_of(message("tool_response", wrapped)))["response_for_model"] == '{"xxx":"xxxxx"}'
    )
    assert content_of(message("tool_response", "plain text")) == "xxxxx xxxx"
    assert content_of(message("knowledge", "[broken")) == "xxxxxxx"


def test_an_answer_that_is_json_is_masked_like_its_deltas() -> None:
    assert content_of(message("answer", '{"a": 1}')) == "xxxxx xx"


def test_verbose_keeps_its_kind_and_the_finish_reason() -> None:
    finish = json.dumps({"msg_type": "generate_answer_finish", "data": '{"finish_reason":0,"FinData":""}'})
    assert content_of(message("verbose", finish)) == finish
    recall = json.dumps({"msg_type": "knowledge_recall", "data": '{"text":"片段"}', "from_unit": None})
    assert json.loads(content_of(message("verbose", recall))) == {
        "msg_type": "knowledge_recall",
        "data": '{"text":"某某"}',
        "from_unit": None,
    }
    told = json.dumps({"msg_type": "generate_answer_finish", "data": '{"finish_reason":0,"FinData":"told"}'})
    assert "told" not in content_of(message("verbose", told))


def test_meta_data_keeps_only_what_counts() -> None:
    frame = message("answer", "a", meta_data={"token": "24", "note": "private"})
    assert json.loads(masked_frame(frame).data)["meta_data"] == {"token": "24", "xxxx": "xxxxxxx"}


def test_local_tools_keep_name_and_id() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "lamp", "arguments": '{"room":"书房"}'}}
    frame = Frame(
        "conversation.chat.requires_action",
        json.dumps({"id": "1", "required_action": {"submit_tool_outputs": {"tool_calls": [call]}}}),
    )
    [masked] = json.loads(masked_frame(frame).data)["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert masked == {**call, "function": {"name": "lamp", "arguments": '{"xxxx":"某某"}'}}


def test_question_and_title_are_masked_and_other_facts_are_not() -> None:
    capture = Capture(
        (), {"question": "为什么?", "title": "t", "files": "a b", "bot_id": "75", "logid": "2026"}
    )
    assert masked_capture(capture).facts == {
        "question": "某某某x",
        "title": "x",
        "files": "x x",
        "bot_id": "75",
        "logid": "2026",
    }


@given(st.sampled_from(["x", "conversation.message.delta", "done", "error"]), JSON | st.text())
def test_any_data_can_be_masked_and_is_json_if_it_was(event: str, value: object) -> None:
    data = value if isinstance(value, str) else json.dumps(value)
    masked = masked_frame(Frame(event, data)).data
    try:
        json.loads(data)
    except ValueError:
        assert len(masked) == len(data)
    else:
        json.loads(masked)


SECRET = "Zq7Kx"
DIGITS = 13877314471
SAID = st.recursive(
    st.sampled_from(
        [SECRET, f"it is {SECRET}.", DIGITS, f"{DIGITS}", float(f"0.{DIGITS}"), None, True, "水"]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [SECRET, f"{DIGITS}", "id", "type", "msg", "content_type", "token", "name", "usage"]
            ),
            inner,
            max_size=3,
        )
        | inner.map(json.dumps)
        | inner.map(lambda value: f" {json.dumps(value)}")
    ),
    max_leaves=8,
)
"""What a person, a bot or a tool may say, with a secret anywhere in it."""


def said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@given(SAID)
def test_no_secret_in_what_was_said_survives(value: object) -> None:
    text = said(value)
    tool = {"name": "ferry", "arguments": value, "thought": text, SECRET: value}
    call = {"id": "1", "type": "function", "function": {"name": "lamp", "arguments": text, SECRET: value}}
    answer = {
        "role": "assistant",
        "type": "answer",
        "content": text,
        "reasoning_content": text,
        SECRET: value,
    }
    frames = [
        *(message(kind, text) for kind in ("answer", "question", "follow_up", "unknown", "", "verbose")),
        *(message(kind, text) for kind in ("tool_response", "tool_output", "knowledge")),
        message("function_call", json.dumps(tool)),
        message("function_call", json.dumps(call)),
        message("tool_response", json.dumps({"content_type": 1, "response_for_model": text})),
        message("verbose", json.dumps({"msg_type": "knowledge_recall", "data": text, SECRET: value})),
        message("verbose", json.dumps({"msg_type": "generate_answer_finish", "data": value})),
        message("answer", "a", meta_data={SECRET: value, "id": value, "token": text}, content_type=text),
        Frame("conversation.message.delta", json.dumps(answer)),
        Frame(
            "conversation.message.delta", json.dumps({"content": value, "new": {"id": value, "msg": value}})
        ),
        Frame("Message", json.dumps({"content": text, "node_title": text, "ext": {"id": value}})),
        Frame(
            "Interrupt", json.dumps({"interrupt_data": {"data": text, "required_parameters": {"id": value}}})
        ),
        message("function_call", f"not JSON: {text}"),
        Frame("x", f"not JSON: {text}"),
        Frame(
            "conversation.chat.requires_action",
            json.dumps(
                {"required_action": {"submit_tool_outputs": {"tool_calls": [call]}}, "meta_data": value}
            ),
        ),
    ]
    facts = dict.fromkeys(("question", "title", "files", "content_type", "bot_name", "note"), text)
    masked = masked_capture(Capture(tuple(frames), facts))
    shown = " ".join([*(frame.data for frame in masked.frames), *masked.facts.values()])
    assert SECRET not in shown
    assert str(DIGITS) not in shown


def test_no_secret_survives_where_the_spelling_says_more_than_the_value() -> None:
    for data in (
        '{"role":"Zq7Kx","role":"user"}',
        '{"type":"answer","content":"","content":{"x":1.00000000000000000000013877314471}}',
        '{"created_at":1.00000000000000000000013877314471}',
    ):
        masked = masked_frame(Frame("x", data)).data
        json.loads(masked)
        assert SECRET not in masked
        assert str(DIGITS) not in masked
    twice = Frame("x", '{"a":"Zq7Kx","a":"b"}')
    assert SECRET not in rewritten_texts(twice, lambda text: text.replace(SECRET, "***")).data


def test_masked_names_stay_as_many_as_they_were() -> None:
    given_names = {"red": 1, "blue": 2, "rot": 3, "a": 4, "b": 5, "": 6}
    masked = content_of(message("tool_response", json.dumps(given_names)))
    assert json.loads(masked) == {"xxx": 1, "xxxx": 1, "xx2": 1, "x": 1, "x2": 1, "": 1}


def test_deep_and_broken_data_is_masked_as_text() -> None:
    assert masked_frame(Frame("x", "[" * 100_000)).data == "x" * 100_000


def test_rewriting_leaves_the_spelling_of_what_it_does_not_change() -> None:
    frame = Frame("x", '{ "a" : "caf\\u00e9" }')
    assert rewritten_texts(frame, lambda text: text) == frame
    assert json.loads(rewritten_texts(frame, lambda text: text.replace("caf", "K")).data) == {"a": "Ké"}
    assert rewritten_texts(Frame("x", "no json: secret"), lambda text: text[:3]).data == "no "
