from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.replies import (
    ERROR_BODY,
    Reply,
    envelope_of_reply,
    error_of_reply,
    json_of_reply,
    media_type,
)
from coze_tui.errors import (
    ApiError,
    AuthError,
    CozeTuiError,
    NotFoundError,
    NotServedError,
    ProtocolError,
    QuotaError,
)

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"


def reply(body: object, status: int = 200, content_type: str = JSON, **headers: str) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    if content_type:
        fields["Content-Type"] = content_type
    return Reply(status, httpx.Headers(fields), raw)


def failure(given: Reply) -> CozeTuiError:
    with pytest.raises(CozeTuiError) as caught:
        envelope_of_reply(given)
    return caught.value


# --- yes ---


def test_code_zero_is_a_yes() -> None:
    given = reply({"code": 0, "msg": "", "data": {"id": "1"}, "detail": {"logid": "L1"}})
    envelope = envelope_of_reply(given)
    assert (envelope.data, envelope.logid, envelope.http_status) == ({"id": "1"}, "L1", 200)
    assert envelope.mapping() == {"id": "1"}


@pytest.mark.parametrize(
    "body",
    [
        {"ChatV3ChatDetail": {"id": "1"}},
        {"bot_id": "1", "name": "n"},
        {"code": "0", "data": None},
        {"code": None, "msg": "ok", "data": []},
        {"code": 0, "msg": "all well"},
        {"access_token": "t"},
    ],
)
def test_a_yes_without_a_code_is_one_too(body: Mapping[str, object]) -> None:
    assert envelope_of_reply(reply(body)).raw == body


@pytest.mark.parametrize("content_type", ["text/plain", "", "application/octet-stream", HTML])
def test_json_by_another_name_is_read(content_type: str) -> None:
    assert envelope_of_reply(reply({"code": 0, "data": 1}, content_type=content_type)).data == 1


def test_a_byte_order_mark_before_json_is_dropped() -> None:
    assert envelope_of_reply(reply(b'\xef\xbb\xbf{"code":0,"data":1}')).data == 1


def test_studios_own_keys_are_tried_in_turn() -> None:
    envelope = envelope_of_reply(reply({"data": None, "Messages": [1], "ConversationData": {"id": "1"}}))
    assert envelope.mapping("data", "ConversationData") == {"id": "1"}
    assert list(envelope.items("data", "Messages")) == [1]
    assert list(envelope.items()) == []


def test_missing_data_is_a_fault_of_the_server() -> None:
    envelope = envelope_of_reply(reply({"code": 0, "data": []}, X_Tt_Logid="L"))
    with pytest.raises(ProtocolError) as caught:
        envelope.mapping()
    assert (caught.value.problem, caught.value.logid) == ("no data", "L")


# --- no ---


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_a_code_is_a_no_under_any_status(status: int) -> None:
    body = {"code": 4100, "msg": "authentication is invalid (sample)", "detail": {"logid": "L1"}}
    for error in (failure(reply(body, status)), error_of_reply(reply(body, status))):
        assert isinstance(error, AuthError)
        assert (error.code, error.logid, error.http_status) == (4100, "L1", status)
        assert error.msg == "authentication is invalid (sample)"


@pytest.mark.parametrize(
    ("body", "status", "code", "msg"),
    [
        ({"code": "4000", "msg": "m"}, 200, 4000, "m"),
        ({"code": -1, "msg": "m"}, 200, -1, "m"),
        ({"code": "bad", "msg": "m"}, 200, -1, "m (bad)"),
        ({"msg": "m"}, 200, -1, "m"),
        ({"code": None, "message": "m"}, 200, -1, "m"),
        ({"code": 4000, "message": "m"}, 200, 4000, "m"),
        ({"code": 0, "msg": "m"}, 500, 500, "m"),
        ({}, 503, 503, ""),
        ({"error": "m"}, 400, 400, "m"),
        ({"error_message": "m"}, 400, 400, "m"),
        ({"code": 500, "msg": "internal server error"}, 500, 500, "internal server error"),
    ],
)
def test_a_no_in_every_shape(body: object, status: int, code: int, msg: str) -> None:
    error = failure(reply(body, status))
    assert isinstance(error, ApiError)
    assert (error.code, error.msg, error.http_status) == (code, msg, status)


def test_an_endpoint_that_studio_lacks() -> None:
    error = failure(reply({"code": 401, "msg": "missing session_key in cookie"}, 401))
    assert isinstance(error, NotServedError)


@pytest.mark.parametrize(
    ("body", "status", "kind", "msg"),
    [
        (b"record not found (sample)", 500, ApiError, "record not found (sample)"),
        (b"", 500, ApiError, "Internal Server Error"),
        (b" \n", 404, NotFoundError, "Not Found"),
        (b"no", 401, AuthError, "no"),
        (b"", 599, ApiError, ""),
        (b"a\x1b[31m\nb" + b"x" * 5000, 500, ApiError, "a[31m b" + "x" * 193),
    ],
)
def test_plain_text_under_a_failed_status(body: bytes, status: int, kind: type[ApiError], msg: str) -> None:
    for content_type in ("text/plain", ""):
        error = failure(reply(body, status, content_type))
        assert type(error) is kind
        assert (error.code, error.msg) == (status, msg)


def test_a_429_of_any_shape_is_a_quota_and_says_when() -> None:
    for body, content_type in ((b"<h1>slow</h1>", HTML), (b"\0\1", ""), (b"", ""), (b'{"a":1}', JSON)):
        error = failure(reply(body, 429, content_type, Retry_After="7"))
        assert isinstance(error, QuotaError)
        assert error.retry_after == 7.0


@pytest.mark.parametrize(
    ("body", "status", "content_type", "problem", "excerpt"),
    [
        (b"<html><body>Bad <b>Gateway</b></body></html>", 502, HTML, "html", "Bad Gateway"),
        (b"<!doctype html><title>Log in</title>", 200, HTML, "html", "Log in"),
        (b"<title>502 Bad</title><h1>502 Bad</h1>nginx", 502, HTML, "html", "502 Bad nginx"),
        (b"<TITLE lang=en>Coze</TITLE ><p>Loading", 200, HTML, "html", "Coze Loading"),
        (b"<title" * 100_000, 502, HTML, "html", ""),
        (b"  <p>a page</p>", 200, "", "html", "a page"),
        (b"<script>evil()</script><STYLE>p{}</style><!-- c -->a &amp; b<br", 502, HTML, "html", "a & b"),
        (b"<div" * 100_000, 502, HTML, "html", ""),
        (b"<script" * 100_000, 502, HTML, "html", ""),
        (b"", 200, JSON, "empty", ""),
        (b" \n", 200, "text/event-stream", "empty", ""),
        (b"", 204, "", "empty", ""),
        (b'{"code":0,"da', 200, JSON, "not json", '{"code":0,"da'),
        (b"[1]", 200, JSON, "not json", "[1]"),
        (b"[" * 50_000, 200, JSON, "not json", "[" * 200),
        (b"just words", 200, "text/plain", "not json", "just words"),
        (bytes(range(256)), 200, "application/octet-stream", "binary", ""),
        (b"\xff\xfe\xfd" * 50, 502, "", "binary", ""),
        (b"\0" * 50, 500, "", "binary", ""),
        (b"moved", 302, "", "redirect", ""),
        (b"<h1>moved</h1>", 307, HTML, "redirect", ""),
    ],
)
def test_what_coze_never_sends(
    body: bytes, status: int, content_type: str, problem: str, excerpt: str
) -> None:
    answer = reply(body, status, content_type, X_Log_ID="L9")
    for error in (failure(answer), error_of_reply(answer)):
        assert isinstance(error, ProtocolError)
        assert (error.problem, error.excerpt, error.http_status) == (problem, excerpt, status)
        assert (error.logid, error.content_type) == ("L9", content_type.partition(";")[0])


def test_an_excerpt_may_cut_a_character() -> None:
    body = b"x" * 3_999 + "你".encode() + b"y" * 100
    assert len(str(failure(reply(body, 500, "text/plain")))) < 300


@pytest.mark.parametrize(
    ("page", "status", "kind", "msg"),
    [
        ("<title>413 Too Large</title><h1>413 Too Large</h1>", 413, ApiError, "413 Too Large"),
        ("<title>401 Unauthorized</title><h1>Unauthorized</h1>", 401, AuthError, "401 Unauthorized"),
        ("<h1>Denied</h1><title>Denied by WAF</title><p>denied by waf</p>", 403, AuthError, "Denied by WAF"),
        ("<title>404</title><h1>Not Found</h1><hr>nginx", 404, NotFoundError, "404 Not Found nginx"),
        ("<p>You may <b>not</b> go to <a href=x>it</a>. Go to it later", 403, AuthError,
         "You may not go to it . Go to it later"),
        ("<h1></h1>", 401, AuthError, "Unauthorized"),
    ],
)  # fmt: skip
def test_a_page_that_refuses_says_its_status_and_each_word_once(
    page: str, status: int, kind: type[ApiError], msg: str
) -> None:
    for error in (
        failure(reply(page.encode(), status, HTML)),
        error_of_reply(reply(page.encode(), status, "")),
    ):
        assert type(error) is kind
        assert (error.code, error.msg) == (status, msg)


def test_a_compressed_reply_is_named_so() -> None:
    given = Reply(200, httpx.Headers({"Content-Type": JSON, "Content-Encoding": "gzip"}), b"", True)
    error = failure(given)
    assert isinstance(error, ProtocolError)
    assert error.problem == "compressed"


def test_a_good_envelope_in_place_of_a_stream() -> None:
    error = error_of_reply(reply({"code": 0, "msg": ""}))
    assert isinstance(error, ProtocolError)
    assert error.problem == "no stream"


def test_json_can_be_had_whatever_it_says() -> None:
    assert json_of_reply(reply({"error": "slow_down"}, 400)) == {"error": "slow_down"}


# --- heads ---


@pytest.mark.parametrize(
    ("headers", "logid"),
    [
        ({"X-Tt-Logid": "A"}, "A"),
        ({"x-log-id": "B"}, "B"),
        ({"X-Tt-Logid": "A", "X-Log-ID": "B"}, "A"),
        ({"X-Tt-Logid": " \x1bA "}, "A"),
        ({"X-Tt-Logid": "A" * 500}, "A" * 100),
        ({}, "inside"),
    ],
)
def test_the_logid_is_found(headers: dict[str, str], logid: str) -> None:
    body = b'{"code":5000,"msg":"m","detail":{"logid":"inside"}}'
    error = failure(Reply(200, httpx.Headers(headers), body))
    assert isinstance(error, ApiError)
    assert error.logid == logid


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        *(("3", 3.0), ("0", 0.0), (" 1.5 ", 1.5), ("999999999", 86_400.0)),
        *(("-1", None), ("", None), ("soon", None), ("1e9", None), ("nan", None)),
        ("Thu, 01 Jan 1970 00:01:30 GMT", 90.0),
        ("Thu, 01 Jan 1970 00:01:30", 90.0),
        ("Wed, 31 Dec 1969 23:59:00 GMT", 0.0),
        ("Thu, 01 Jan 2970 00:00:00 GMT", 86_400.0),
        ("Thu, 99 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_retry_after_in_both_forms_by_the_servers_own_clock(value: str, seconds: float | None) -> None:
    given = reply(b"", 429, "", Retry_After=value, Date="Thu, 01 Jan 1970 00:00:00 GMT")
    assert given.retry_after == seconds


def test_retry_after_without_a_date_goes_by_our_clock() -> None:
    assert reply(b"", 429, "", Retry_After="Thu, 01 Jan 1970 00:01:30 GMT").retry_after == 0.0
    assert reply(b"", 429, "").retry_after is None


def test_a_media_type_has_no_parameters() -> None:
    assert (
        media_type(httpx.Headers({"Content-Type": "Text/Event-Stream ; charset=UTF-8"}))
        == "text/event-stream"
    )
    assert media_type(httpx.Headers()) == ""


def test_no_body_is_shown_by_repr() -> None:
    given = reply({"access_token": "czu_EXAMPLE"})
    assert "czu_EXAMPLE" not in repr(given)
    assert "czu_EXAMPLE" not in repr(envelope_of_reply(given))


@given(
    body=st.binary(max_size=200) | st.text().map(str.encode) | st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.dictionaries(st.sampled_from(["code", "msg", "data", "detail", "logid"]), inner),
    ).map(lambda value: json.dumps(value).encode()),
    status=st.integers(200, 599),
    content_type=st.sampled_from([JSON, HTML, "text/plain", "", "text/event-stream"]),
)  # fmt: skip
def test_any_reply_is_a_yes_or_a_typed_error(body: bytes, status: int, content_type: str) -> None:
    given = reply(body, status, content_type)
    assert isinstance(error_of_reply(given), ApiError | ProtocolError)
    try:
        envelope_of_reply(given)
    except (ApiError, ProtocolError):
        pass


def test_only_so_much_of_an_error_is_looked_at() -> None:
    assert ERROR_BODY == 65_536
