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
from coze_tui.engine.model.state import Answer, Tool
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


def test_a_call_keeps_its_tool_and_the_names_of_its_arguments() -> None:
    call = {
        "name": "ferry-next",
        "arguments": {"pier": "三号码头", "people": 12},
        "plugin_id": 75,
        "thought": "要查",
    }
    assert json.loads(content_of(message("function_call", json.dumps(call)))) == {
        "name": "ferry-next",
        "arguments": {"pier": "某某某某", "people": 10},
        "plugin_id": 75,
        "thought": "某某",
    }
    studio = {"type": "function", "function": {"name": "search", "arguments": '{"q":"secret"}'}}
    assert json.loads(content_of(message("function_call", json.dumps(studio)))) == {
        "type": "function",
        "function": {"name": "search", "arguments": '{"q":"xxxxxx"}'},
    }


def test_what_tools_gave_is_masked_within_its_json() -> None:
    wrapped = json.dumps({"content_type": 1, "response_for_model": '{"dep":"18:40"}'})
    assert (
        json.loads(content_of(message("tool_response", wrapped)))["response_for_model"] == '{"dep":"xxxxx"}'
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
    assert json.loads(masked_frame(frame).data)["meta_data"] == {"token": "24", "note": "xxxxxxx"}


def test_local_tools_keep_name_and_id() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "lamp", "arguments": '{"room":"书房"}'}}
    frame = Frame(
        "conversation.chat.requires_action",
        json.dumps({"id": "1", "required_action": {"submit_tool_outputs": {"tool_calls": [call]}}}),
    )
    [masked] = json.loads(masked_frame(frame).data)["required_action"]["submit_tool_outputs"]["tool_calls"]
    assert masked == {**call, "function": {"name": "lamp", "arguments": '{"room":"某某"}'}}


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


def test_deep_and_broken_data_is_masked_as_text() -> None:
    assert masked_frame(Frame("x", "[" * 100_000)).data == "x" * 100_000


def test_rewriting_leaves_the_spelling_of_what_it_does_not_change() -> None:
    frame = Frame("x", '{ "a" : "caf\\u00e9" }')
    assert rewritten_texts(frame, lambda text: text) == frame
    assert json.loads(rewritten_texts(frame, lambda text: text.replace("caf", "K")).data) == {"a": "Ké"}
    assert rewritten_texts(Frame("x", "no json: secret"), lambda text: text[:3]).data == "no "
