from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api import events
from coze_tui.api.complaints import UNEXPLAINED
from coze_tui.api.events import parse_event
from coze_tui.api.objects import ChatStatus, ContentType, Frame, LastError, MessageType, Role, Usage
from tests.support.replies import Read
from tests.support.samples import STREAMS


def of(name: str, read: Read) -> list[events.ChatEvent]:
    return [parse_event(frame) for frame in read([(STREAMS / f"{name}.sse").read_bytes()]).frames]


def test_every_event_of_every_stream_is_understood_or_kept(stream_file: Path, read: Read) -> None:
    known = stream_file.stem not in ("unknown_events",)
    for frame in read([stream_file.read_bytes()]).frames:
        event = parse_event(frame)
        assert event.frame is frame
        assert not (known and isinstance(event, events.UnknownEvent))


def test_a_text_chat(read: Read) -> None:
    created, progress, *messages, completed, done = of("text_chat", read)
    assert isinstance(created, events.ChatCreated)
    assert isinstance(progress, events.ChatInProgress)
    assert (created.chat.id, created.chat.conversation_id) == ("7511000000000010001", "7511000000000010002")
    assert created.chat.status is ChatStatus.CREATED
    assert created.chat.usage is None
    deltas = [event.message for event in messages if isinstance(event, events.MessageDelta)]
    assert "".join(message.content for message in deltas) == "河流把岩石里的盐带进海里。"
    answer, finish, follow_up = [
        event.message for event in messages if isinstance(event, events.MessageCompleted)
    ]
    assert {message.id for message in deltas} == {answer.id}
    assert (answer.role, answer.type, answer.content) == (
        Role.ASSISTANT,
        MessageType.ANSWER,
        "河流把岩石里的盐带进海里。",
    )
    assert finish.type is MessageType.VERBOSE
    assert (follow_up.type, follow_up.content) == (MessageType.FOLLOW_UP, "死海为什么更咸？")
    assert isinstance(completed, events.ChatCompleted)
    assert completed.chat.usage == Usage(210, 18, 192)
    assert completed.chat.last_error is None
    assert isinstance(done, events.Done)


def test_reasoning_is_apart_from_the_answer(read: Read) -> None:
    deltas = [event.message for event in of("reasoning", read) if isinstance(event, events.MessageDelta)]
    assert "".join(message.reasoning_content for message in deltas).endswith("5 的平方大于 17。")
    assert "".join(message.content for message in deltas) == "17 是质数。"


def test_a_required_action_names_its_calls(read: Read) -> None:
    event = of("requires_action", read)[-2]
    assert isinstance(event, events.ChatRequiresAction)
    assert event.chat.required_action is not None
    (call,) = event.chat.required_action.tool_calls
    assert (call.id, call.type, call.name) == ("RVhBTVBMRS0wMQ==", "function", "set_lamp")
    assert json.loads(call.arguments) == {"room": "书房", "on": True}


def test_a_question_node_and_broken_arguments_are_calls_too(read: Read) -> None:
    event = of("required_action_spelled", read)[1]
    assert isinstance(event, events.ChatRequiresAction)
    assert event.chat.status is ChatStatus.REQUIRES_ACTION
    assert event.chat.required_action is not None
    question, lamp = event.chat.required_action.tool_calls
    assert (question.type, question.id, question.name, question.arguments) == ("reply_message", "", "", "")
    assert (lamp.type, lamp.name, lamp.arguments) == ("function", "lamp", "{broken")


def test_an_empty_action_is_none(read: Read) -> None:
    event = of("empty_action", read)[-2]
    assert isinstance(event, events.ChatCompleted)
    assert event.chat.required_action is None


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("busy", LastError(4016, "Conversation occupied (sample)")),
        ("studio_no_agent", LastError(103100002, "agent not exists")),
        ("error_empty", LastError(UNEXPLAINED, "")),
        ("error_text", LastError(UNEXPLAINED, "upstream gave up (sample)")),
        ("error_then_completed", LastError(5000, "broken (sample)")),
        ("studio_breaks", LastError(103200002, "Internal Server Error")),
    ],
)
def test_an_error_event_says_why(name: str, error: LastError, read: Read) -> None:
    (event,) = [event for event in of(name, read) if isinstance(event, events.ErrorEvent)]
    assert event.error == error


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ('{"error_code":"6039","error_message":"m"}', LastError(6039, "m")),
        ('{"code":"x","msg":"m"}', LastError(UNEXPLAINED, "m (x)")),
        ('"only text"', LastError(UNEXPLAINED, "only text")),
        ('["a"]', LastError(UNEXPLAINED, "a")),
        ("[1]", LastError(UNEXPLAINED, "[1]")),
        ('{"a":1}', LastError(UNEXPLAINED, '{"a":1}')),
        ("<h1>502 Bad Gateway</h1>", LastError(502, "502 Bad Gateway")),
        ('"<h1>Error 503</h1>"', LastError(503, "Error 503")),
        ('{"code":5,"msg":"<b>no</b>"}', LastError(5, "no")),
        ("", LastError(UNEXPLAINED, "")),
        ('{"code":5,"msg":"code= message="}', LastError(5, "")),
        ('{"code":5,"msg":"code=six message=m"}', LastError(5, "m")),
        ('{"code":5,"msg":"m\\nstack=/a/b.go"}', LastError(5, "m")),
    ],
)
def test_an_error_of_any_shape_says_why(data: str, error: LastError) -> None:
    for name in ("error", "Error"):
        event = parse_event(Frame(name, data))
        assert isinstance(event, events.ErrorEvent)
        assert event.error == error


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("failed", LastError(5000, "event interval error (sample)")),
        ("bare_failed", LastError(5000, "event interval error (sample)")),
        ("failed_no_last_blank", LastError(4028, "quota used up (sample)")),
    ],
)
def test_a_failed_chat_says_why(name: str, error: LastError, read: Read) -> None:
    (event,) = [event for event in of(name, read) if isinstance(event, events.ChatFailed)]
    assert event.error == error


def test_the_reason_of_a_failed_chat_may_be_a_page() -> None:
    reason = {"code": 5000, "msg": "<html><title>504 Gateway Time-out</title></html>"}
    event = parse_event(Frame("conversation.chat.failed", json.dumps({"id": "1", "last_error": reason})))
    assert isinstance(event, events.ChatFailed)
    assert event.error == LastError(5000, "504 Gateway Time-out")


def test_a_failed_chat_without_a_reason_is_still_failed() -> None:
    event = parse_event(Frame("conversation.chat.failed", '{"id":"1","last_error":{"code":0,"msg":""}}'))
    assert isinstance(event, events.ChatFailed)
    assert event.error == LastError(UNEXPLAINED, "")


def test_an_expired_chat_is_an_end_of_its_own(read: Read) -> None:
    (event,) = [event for event in of("expired", read) if isinstance(event, events.ChatExpired)]
    assert event.chat.status is ChatStatus.EXPIRED
    assert event.chat.status.is_final


@pytest.mark.parametrize("name", ["canceled", "cancelled"])
def test_both_spellings_of_canceled(name: str, read: Read) -> None:
    (event,) = [event for event in of(name, read) if isinstance(event, events.ChatCanceled)]
    assert event.chat.status is ChatStatus.CANCELED


@pytest.mark.parametrize(
    "name",
    [
        "done_bare",
        "done_empty",
        "done_object",
        "done_without_data",
        "done_stream",
        "done_debug_url",
        "text_chat",
    ],
)
def test_done_in_every_spelling(name: str, read: Read) -> None:
    done = of(name, read)[-1]
    assert isinstance(done, events.Done)
    url = "https://www.coze.cn/work_flow?execute_id=1&space_id=2"
    assert done.debug_url == (url if name == "done_debug_url" else "")


def test_sound_is_never_text(read: Read) -> None:
    (sound,) = [event for event in of("audio_after_completed", read) if isinstance(event, events.AudioDelta)]
    assert sound.message.content_type is ContentType.AUDIO


def test_an_echoed_question_is_a_question(read: Read) -> None:
    echoes = [
        event.message for event in of("echo_question", read) if isinstance(event, events.MessageCompleted)
    ]
    assert [message.type for message in echoes] == [
        MessageType.QUESTION,
        MessageType.QUESTION,
        MessageType.ANSWER,
    ]


def test_deltas_without_type_and_id_are_an_answer(read: Read) -> None:
    for event in of("anonymous_deltas", read)[1:3]:
        assert isinstance(event, events.MessageDelta)
        assert (event.message.id, event.message.type) == ("", MessageType.ANSWER)


def test_numbers_become_text_without_loss(read: Read) -> None:
    created, delta, *_ = of("numeric_ids", read)
    assert isinstance(created, events.ChatCreated)
    assert isinstance(delta, events.MessageDelta)
    assert created.chat.id == "7511000000000010001"
    assert created.chat.created_at == 1760001000
    assert (delta.message.id, delta.message.created_at) == ("7511000000000010003", 1760001001)


def test_what_nobody_expected_is_kept(read: Read) -> None:
    found = of("unknown_events", read)
    unknown = [event for event in found if isinstance(event, events.UnknownEvent)]
    assert [(event.frame.event, event.reason) for event in unknown] == [
        ("conversation.ack", "name"),
        ("PING", "name"),
        ("conversation.audio.sentence_start", "name"),
        ("message", "name"),
        ("nameless", "name"),
        ("conversation.message.delta", "data"),
        ("conversation.message.delta", "data"),
    ]
    (whole,) = [event.message for event in found if isinstance(event, events.MessageCompleted)]
    assert (whole.type, whole.content_type) == (MessageType.UNKNOWN, ContentType.UNKNOWN)
    assert whole.raw["type"] == "a_new_type"


def test_the_raw_json_stays(read: Read) -> None:
    event = of("text_chat", read)[0]
    assert isinstance(event, events.ChatCreated)
    assert event.chat.raw == json.loads(event.frame.data)


def test_deep_nesting_is_unknown_data() -> None:
    event = parse_event(Frame("conversation.message.delta", "[" * 100_000))
    assert isinstance(event, events.UnknownEvent)


NAMES = st.sampled_from(
    [
        *("conversation.chat.created", "conversation.chat.failed", "conversation.message.delta"),
        *("conversation.chat.requires_action", "conversation.audio.delta", "error", "Error", "done", "x"),
    ]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["--5", "-", "٣", "5-"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *("id", "conversation_id", "status", "created_at", "last_error", "usage", "required_action", "role"),
        *("type", "content", "content_type", "meta_data", "reasoning_content", "code", "msg", "debug_url"),
        *("submit_tool_outputs", "tool_calls", "function", "name", "token_count", "output_count"),
    ]
)
BODIES = st.recursive(
    VALUES,
    lambda inner: st.dictionaries(KEYS, inner | st.lists(inner, max_size=2), max_size=6),
    max_leaves=20,
)


@given(NAMES, BODIES)
def test_any_json_in_any_field_is_read(name: str, body: object) -> None:
    assert parse_event(Frame(name, json.dumps(body))).frame.event == name


@given(NAMES, st.text())
def test_any_text_is_read(name: str, data: str) -> None:
    assert parse_event(Frame(name, data)).frame.data == data
