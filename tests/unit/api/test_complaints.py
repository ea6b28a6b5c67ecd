"""Code and message of an error, wherever a server puts them."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api import events
from coze_tui.api.complaints import UNEXPLAINED, Complaint, complaint_of, is_complaint
from coze_tui.api.events import foreign_events, parse_event
from coze_tui.api.objects import Frame
from coze_tui.api.replies import Reply, error_of_reply
from coze_tui.errors import ApiError

SHAPES: list[tuple[object, int, str]] = [
    ({"code": 5, "msg": "m"}, 5, "m"),
    ({"Code": "5", "Message": "m"}, 5, "m"),
    ({"error": {"message": "m", "code": "odd_word"}}, 0, "m (odd_word)"),
    ({"error": {"message": "m: odd_word", "code": "odd_word"}}, 0, "m: odd_word"),
    ({"error": {"code": 5, "message": "m"}}, 5, "m"),
    ({"error": {"error": {"message": "m"}}}, 0, "m"),
    ({"error": "m"}, 0, "m"),
    ({"error": "word", "error_description": "m"}, 0, "m (word)"),
    ({"detail": "m"}, 0, "m"),
    ({"detail": {"error_code": 5, "error_message": "m"}}, 5, "m"),
    ({"detail": [{"loc": ["body", "bot_id"], "msg": "m"}]}, 0, "body.bot_id: m"),
    ({"detail": {"logid": "L"}, "code": 5, "msg": "m"}, 5, "m"),
    ({"errors": [{"message": "m"}, {"message": "n"}, {"message": "m"}]}, 0, "m; n"),
    ({"errors": ["m"]}, 0, "m"),
    ({"errors": {"bot_id": ["m", "n"], "user_id": "o"}}, 0, "bot_id: m; n; user_id: o"),
    ({"detail": {"bot_id": ["m"]}}, 0, "bot_id: m"),
    ({"code": 5, "msg": "", "detail": {"logid": "L"}}, 5, ""),
    (
        {"ResponseMetadata": {"RequestId": "R", "Error": {"CodeN": 5, "Code": "Odd", "Message": "m"}}},
        5,
        "m (Odd)",
    ),
    ({"BaseResp": {"StatusCode": 5, "StatusMessage": "m"}}, 5, "m"),
    ({"base_resp": {"status_code": 5, "status_msg": "m"}}, 5, "m"),
    ({"code": 5, "msg": "", "data": {"msg": "m"}}, 5, "m"),
    ({"code": 5, "msg": "", "data": "m"}, 5, "m"),
    ({"code": 5, "msg": "m", "data": {"msg": "n"}}, 5, "m"),
    ({"success": False, "message": "m", "data": None}, 0, "m"),
    ({"message": "bad request", "errors": [{"message": "m"}]}, 0, "bad request: m"),
    ({"title": "bad request", "status": 400, "detail": "m"}, 400, "m"),
    ({"errcode": 5, "errmsg": "m"}, 5, "m"),
    ({"status": "failed", "last_error": {"code": 0, "msg": "m"}}, 0, "m"),
    ({"status": "failed", "last_error": "m"}, 0, "m"),
    ({"code": 5, "msg": '{"error":{"code":6,"message":"m"}}'}, 5, "m"),
    ({"msg": '{"error":{"code":6,"message":"m"}}'}, 6, "m"),
    ({"code": 5, "msg": '{"a":1}'}, 5, '{"a":1}'),
    ([{"error": {"code": 5, "message": "m"}}], 5, "m"),
    ({"Response": {"Error": {"Code": "Odd", "Message": "m"}, "RequestId": "R"}}, 0, "m (Odd)"),
    ({"meta": {"error": {"message": "m"}}}, 0, "m"),
    ({"payload": {"errorResponse": {"errorMessage": "m", "errorCode": 5}}}, 5, "m"),
    ({"body": '{"message":"m"}'}, 0, "m"),
    ({"message": {"text": "m"}}, 0, "m"),
    ({"message": ["m", "n"]}, 0, "m; n"),
    ({"ok": False, "description": "m", "error_code": 5}, 5, "m"),
    ({"error_code": 5, "error_msg": "m"}, 5, "m"),
    ({"retcode": 5, "retmsg": "m"}, 5, "m"),
    ({"ret": -5, "ret_msg": "m"}, -5, "m"),
    ({"error": True, "message": "m"}, 0, "m"),
    ({"error": {"message": None, "status": "UNAUTHENTICATED", "code": 5}}, 5, "UNAUTHENTICATED"),
    ({"code": 5}, 5, ""),
    ({}, 0, ""),
]


@pytest.mark.parametrize(("body", "code", "msg"), SHAPES)
def test_code_and_message_are_found(body: object, code: int, msg: str) -> None:
    assert complaint_of(body) == Complaint(code, msg)


@pytest.mark.parametrize(("body", "code", "msg"), SHAPES)
@pytest.mark.parametrize("status", [400, 503])
def test_a_reply_and_an_event_are_read_alike(body: object, code: int, msg: str, status: int) -> None:
    text = json.dumps(body)
    reply = error_of_reply(Reply(status, httpx.Headers(), text.encode()))
    event = parse_event(Frame("error", text))
    assert isinstance(reply, ApiError)
    assert isinstance(event, events.ErrorEvent)
    assert (reply.code, reply.msg) == (code or status, msg)
    assert event.error.code == (code or UNEXPLAINED)
    assert event.error.msg == msg


def test_what_is_found_nowhere_is_shown_as_it_is() -> None:
    body = '{"weather":"rain"}'
    error = error_of_reply(Reply(500, httpx.Headers(), body.encode()))
    assert isinstance(error, ApiError)
    assert error.msg == body


@pytest.mark.parametrize(
    "body",
    [
        {"code": 0, "msg": "m"},
        {"code": 0, "data": {}, "error": {"message": "m"}},
        {"bot_id": "1", "error": None, "errors": []},
        {"ResponseMetadata": {"RequestId": "R"}, "Result": {}},
        {"base_resp": {"status_code": 0, "status_msg": "success"}},
        {"detail": {"logid": "L"}},
        {"id": "1", "status": "failed", "last_error": {"code": 5, "msg": "m"}},
        {"data": {"code": "ABC"}},
        {"error": False, "message": "m"},
        {"choices": [{"message": {"content": "m"}}]},
        {},
    ],
)
def test_what_reports_no_error_is_none(body: dict[str, object]) -> None:
    assert not is_complaint(body)


@pytest.mark.parametrize(
    "data",
    [
        '{"code":4100,"msg":"m"}',
        '{"error":{"message":"m"}}',
        '{"success":false,"message":"m"}',
        '{"errors":[{"message":"m"}]}',
        '{"Response":{"Error":{"Message":"m"}}}',
        '{"result":{"error":{"message":"m"}}}',
        '{"data":{"code":5,"msg":"m"}}',
        '{"isSuccess":false,"errorMsg":"m"}',
        '{"success":0,"msg":"m"}',
        '{"status":"error","msg":"m"}',
        '{"error":true,"message":"m"}',
        '{"retcode":5,"retmsg":"m"}',
        '{"detail":"m"}',
        '{"detail":[{"msg":"m"}]}',
    ],
)
@pytest.mark.parametrize("name", ["message", "conversation.error", "ERROR"])
def test_an_error_needs_no_name_of_its_own(data: str, name: str) -> None:
    event = parse_event(Frame(name, data))
    assert isinstance(event, events.ErrorEvent)
    assert event.error.msg == "m"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("message", '{"code":0,"msg":"m"}'),
        ("message", '{"message":"m"}'),
        ("message", '{"detail":"m","answer":"a"}'),
        ("message", '{"code":4100,"role":"assistant","content":"m"}'),
        ("message", "words"),
        ("conversation.odd", '{"code":4100,"msg":"m"}'),
    ],
)
def test_another_event_is_no_error(name: str, data: str) -> None:
    assert isinstance(parse_event(Frame(name, data)), events.UnknownEvent)


@pytest.mark.parametrize("data", ["[DONE]", '"[DONE]"', " [DONE]"])
def test_the_end_needs_no_name_either(data: str) -> None:
    assert isinstance(parse_event(Frame("message", data)), events.Done)


def test_events_of_which_none_is_cozes_are_counted_and_named() -> None:
    frames = [Frame("message", '{"choices":[]}')] * 3
    found = foreign_events([*frames, Frame("message", "[DONE]")])
    assert found is not None
    assert (found.problem, found.excerpt, found.events) == ("foreign events", "message", 4)
    wrapped = foreign_events([Frame("message", '{"event":"conversation.chat.created","data":{}}')])
    assert wrapped is not None
    assert wrapped.problem == "wrapped events"
    many = foreign_events([Frame(name, "{}") for name in "abcde"])
    assert many is not None
    assert many.excerpt == "a, b, c…"
    assert foreign_events([*frames, Frame("conversation.chat.created", "{}")]) is None
    assert foreign_events([]) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["code", "Code", "error", "errors", "detail", "data", "msg", "loc", "BaseResp",
                         "ResponseMetadata", "success", "last_error", "status"]), inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_any_json_is_read(value: object) -> None:
    found = complaint_of(value, json.dumps(value))
    assert isinstance(found.code, int)
    assert isinstance(found.msg, str)
    if isinstance(value, dict):
        is_complaint(value)
