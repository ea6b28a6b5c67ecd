"""What a person is told about each error."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.events import error_of_code
from coze_tui.diagnostics.explain import cut_reason, explain
from coze_tui.diagnostics.sentences import LONGEST, Explanation
from coze_tui.errors import (
    ApiError,
    AuthError,
    BusyError,
    CozeTuiError,
    CredentialsError,
    FileError,
    NotFoundError,
    NotServedError,
    ProtocolError,
    QuotaError,
    SettingsError,
    StoreError,
    StreamCut,
    ToolCommandError,
    TransportError,
)
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import use_language

CN, COM = "https://api.coze.cn", "https://api.coze.com"

DOCUMENTED = {
    *range(4000, 4017), 4019, 4020, 4021, 4022, 4028, 4100, 4101, 4102, 4104, 4105, 4200, 4201,
    *range(4300, 4305), 4314, 4315, 5000, 700012006, 700012014,
    103000000, 103000001, 103000002, 103100001, 103100002, 103200001, 103200002, 103200003,
    103200004, 103200005, 100000013, 720702001, 720702002, 720702004, 720702011, 720702078, 720702085,
    720701013, 777777775, 777777776, 777777777, 6031, 6039, 6023,
}  # fmt: skip
"""api 5.1."""


def kinds_of(error: type[CozeTuiError], argument: str) -> tuple[str, ...]:
    return get_args(get_type_hints(error.__init__)[argument])


@pytest.mark.parametrize("code", sorted(DOCUMENTED))
def test_a_documented_code_shows_a_sentence_of_its_own_the_words_and_the_logid(code: int) -> None:
    told = explain(ApiError(code, "the server's words", logid="2026LOG"), base_url="")
    assert told.title.endswith(f" (error {code})")
    assert told.title != f"the server's words (error {code})"
    assert "the server's words" in told.what
    assert (told.logid, told.code) == ("2026LOG", code)
    assert "\n" not in told.text
    assert told.text.endswith("logid 2026LOG")


def test_an_unpublished_bot_is_told_where_to_publish() -> None:
    told = explain(ApiError(4015, "x"), base_url="")
    assert told.title == "this bot is not published to the API channel (error 4015)"
    assert told.do == "In the editor, choose Publish, tick “API”, and try again."


def test_an_unknown_code_is_shown_as_it_is() -> None:
    told = explain(ApiError(987654, "something new", logid="L1"), base_url="")
    assert told.title == "something new (error 987654)"
    assert told.logid == "L1"


@pytest.mark.parametrize("code", [0, -1])
def test_an_error_without_a_code_shows_its_words(code: int) -> None:
    assert explain(ApiError(code, "no code came"), base_url="").title == "no code came"
    assert explain(ApiError(code, ""), base_url="").title == "the server gave no reason"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 413, 429, 500, 502, 503, 504])
def test_a_bare_http_status_has_a_sentence(status: int) -> None:
    told = explain(ApiError(status, "", http_status=status), base_url="")
    assert told.title.endswith(f" (error {status})")
    assert told.do


def test_a_number_that_is_no_status_is_no_status() -> None:
    assert (
        explain(ApiError(404, "a code of theirs", http_status=200), base_url="").title
        == "a code of theirs (error 404)"
    )


@pytest.mark.parametrize("code", [4100, 4101, 700012006])
def test_a_refused_token_brings_the_hint_at_the_other_site(code: int) -> None:
    assert COM in explain(AuthError(code, ""), base_url=CN).do
    assert CN in explain(AuthError(code, ""), base_url=COM).do
    assert "coze.c" not in explain(AuthError(code, ""), base_url="http://127.0.0.1:8888").do
    assert "coze.c" not in explain(AuthError(code, ""), base_url="").do


@pytest.mark.parametrize("code", [5000, 103100001, 799999])
def test_a_server_of_ones_own_is_not_reported_to_coze(code: int) -> None:
    error = ApiError(code, "x", logid="20260101AB")
    assert "Coze support" in explain(error, base_url="").do
    assert "Coze support" in explain(error, base_url="https://api.coze.com").do
    assert "that server's logs" in explain(error, base_url="http://127.0.0.1:8888").do


@pytest.mark.parametrize("word", ["access_denied", "expired_token", "invalid_client", "invalid_grant"])
def test_oauth_s_words_have_sentences(word: str) -> None:
    told = explain(AuthError(-1, word), base_url="")
    assert word not in told.title
    assert told.do


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AuthError(123, "x"), "Log in again"),
        (BusyError(123, "x"), "Wait for it"),
        (QuotaError(123, "x"), "later"),
        (NotFoundError(123, "x"), "Check the ID"),
        (ApiError(123, "x"), "Coze support"),
    ],
)
def test_an_unknown_code_of_a_known_class_still_helps(error: ApiError, words: str) -> None:
    assert words in explain(error, base_url="").do


def test_what_a_server_does_not_offer_is_no_wrong_token() -> None:
    error = NotServedError(700012006, "missing session_key", path="/v1/users/me")
    assert "not supported by this server" in explain(error, base_url="").title


@pytest.mark.parametrize("path", ["/v3/chat", "/prefix/v3/chat", ""])
def test_a_server_without_chats_is_probably_no_api(path: str) -> None:
    told = explain(NotServedError(700012006, "missing session_key", path=path), base_url="")
    assert told.title == "this server does not provide /v3/chat (error 700012006)"
    assert "recent enough" in told.do


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/v1/files/upload", "Check that the file extension matches"),
        ("/v3/chat/retrieve", "Check the conversation ID and the chat ID."),
        ("/v1/bots", "Check the workspace ID."),
        ("/v3/chat", "variables and parameters"),
        ("", "variables and parameters"),
    ],
)
def test_advice_for_a_bad_parameter_depends_on_the_call(path: str, words: str) -> None:
    assert words in explain(ApiError(4000, "no good", path=path), base_url="").do


@pytest.mark.parametrize(
    ("path", "permission"),
    [("/v3/chat/retrieve", "getChat"), ("/v3/chat/message/list", "listMessage"), ("/v1/bots", "listBot")],
)
def test_a_missing_permission_is_named(path: str, permission: str) -> None:
    told = explain(AuthError(4101, "", path=path), base_url="")
    assert f"This call needs the permission {permission}." in told.do


@pytest.mark.parametrize(
    ("code", "msg", "title", "advice"),
    [
        (777777775, "conversation not found", "no such conversation", "Start a new conversation."),
        (777777775, "node A broke", "a workflow node failed", "Fix the workflow"),
        (777777775, "plug-in: token expired", "a workflow node failed", "Fix the workflow"),
        (-1, "slow down (rate_limit_exceeded)", "too many requests", "later"),
        (-1, "please log in to the portal", "the network requires a login", "in a browser"),
        (-1, "请先登录校园网", "the network requires a login", "in a browser"),
        (-1, "Conversation occupied: a chat is in progress", "a chat is still running", "Wait for it"),
        (-1, "no (context_length_exceeded)", "too long for the model", "/clear"),
        (400, "Incorrect API key provided: sk-…", "the token is invalid", "Log in again"),
        (40001, "invalid credential", "the token is invalid", "Log in again"),
        (-1, "login required", "the token is invalid", "Log in again"),
        (-1, "登录已过期", "the token is invalid", "Log in again"),
        (987654, "You exceeded your current quota, insufficient_quota", "the quota is used up", "Top up"),
        (4000, "file content or filename is invalid", "the file is not accepted", "file extension"),
        (4000, "会话不存在", "no such conversation", "Start a new conversation."),
        (4028, "conversation not found", "the free calls", "Upgrade"),
        (403, "rate limit, not authenticated", "the server denied access", "the proxy"),
        (700012054, "No permission to access", "is not published", "Publish the bot"),
        (702240010, "x", "too many requests from this IP address", "Wait a few minutes"),
    ],
)
def test_words_decide_where_the_code_says_little(code: int, msg: str, title: str, advice: str) -> None:
    told = explain(error_of_code(code, msg, http_status=code if code in (400, 403) else 200), base_url="")
    assert title in told.title
    assert msg in told.what
    assert advice in told.do


@pytest.mark.parametrize("problem", ["too large", "too many events", "line too long", "event too large"])
def test_an_answer_that_is_too_large_is_not_the_address_s_fault(problem: str) -> None:
    told = explain(ProtocolError(problem), base_url="")
    assert "address" not in told.text
    assert told.do


def test_events_that_are_not_coze_s_are_named_with_their_number() -> None:
    told = explain(ProtocolError("foreign events", excerpt="message", events=3), base_url="")
    assert told.title == "3 events that are not Coze's (message)"
    assert told.do == "Is this the URL of Coze's API?"
    wrapped = explain(ProtocolError("wrapped events", excerpt="message", events=1), base_url="")
    assert wrapped.title == "1 event that is not Coze's (message)"
    assert '{"event": …, "data": …}' in wrapped.what


def test_chinese_sentences_have_no_blank_between_them() -> None:
    use_language("zh_CN")
    try:
        text = explain(TransportError("closed", "peer closed"), base_url="").text
    finally:
        use_language("en")
    assert text == "服务器关闭了连接。详情：peer closed。请重试。"


def test_the_time_the_server_asks_to_wait_is_told() -> None:
    assert "7 s" in explain(QuotaError(429, "", http_status=429, retry_after=7.2), base_url="").do


@pytest.mark.parametrize("code", [104000001, 104000042])
def test_uploads_share_a_sentence(code: int) -> None:
    assert "upload" in explain(ApiError(code, ""), base_url="").title


@pytest.mark.parametrize("kind", kinds_of(TransportError, "kind"))
def test_every_way_to_lose_the_connection_says_what_to_do(kind: str) -> None:
    told = explain(TransportError(kind, "what the library said", url="https://x.example"), base_url="")  # type: ignore[arg-type]
    assert "what the library said" in told.what
    assert told.do
    assert explain(TransportError(kind), base_url="").title != told.title or kind == "environment"  # type: ignore[arg-type]


def test_a_page_of_a_gateway_is_waited_out_first() -> None:
    page = "Check the site URL"
    passing, wrong = (
        explain(ProtocolError("html", http_status=status), base_url="").do for status in (502, 200)
    )
    assert passing.startswith("Try again later.")
    assert page in passing
    assert wrong.startswith(page)


def test_a_cut_answer_is_not_to_be_asked_again() -> None:
    told = explain(StreamCut("closed"), base_url="")
    assert "cut off" in told.title
    assert "recover" in told.do


@pytest.mark.parametrize("reason", kinds_of(CredentialsError, "reason"))
@pytest.mark.parametrize("source", ["", "/home/me/token"])
def test_every_missing_token_says_what_to_do(reason: str, source: str) -> None:
    told = explain(CredentialsError(reason, source), base_url="")  # type: ignore[arg-type]  # from the annotation itself
    assert told.do
    assert source in told.title + told.what or reason == "not entered"


@pytest.mark.parametrize("kind", kinds_of(StoreError, "kind"))
def test_every_trouble_with_the_store_says_what_to_do(kind: str) -> None:
    told = explain(StoreError(kind, "/home/me/history.db", "detail"), base_url="")  # type: ignore[arg-type]
    assert "/home/me/history.db" in told.what
    assert told.do


def test_a_wrong_setting_names_file_line_key_and_the_nearest() -> None:
    error = SettingsError("is not a setting", source="/s.toml", key="them", line=3, suggestion="theme")
    assert (
        explain(error, base_url="").text == "/s.toml, line 3: `them` is not a setting. Did you mean `theme`?"
    )
    assert (
        explain(SettingsError("requires a value", source="--bot"), base_url="").text
        == "--bot requires a value."
    )


@pytest.mark.parametrize("reason", kinds_of(FileError, "reason"))
def test_a_file_that_is_not_right_is_named_with_its_line(reason: Any) -> None:
    told = explain(FileError(reason, "/x.jsonl", line=7, detail="the reason"), base_url="")
    assert told.title.startswith(
        {
            "unreadable": "cannot read /x.jsonl, line 7",
            "unwritable": "cannot write /x.jsonl, line 7",
            "empty": "/x.jsonl, line 7 is empty",
        }.get(reason, "/x.jsonl, line 7: ")
    )
    assert "the reason" in told.what or reason in ("empty", "for reading")
    assert explain(FileError("empty", "/x"), base_url="").text == "/x is empty."


def problems_of_the_wire() -> set[str]:
    """The tags that the api layer really uses."""
    root = Path(__file__).parents[3] / "coze_tui" / "api"
    pattern = re.compile(r'(?:protocol_error|refusal|ProtocolError)\(\s*"([^"]+)"')
    return {tag for file in root.glob("*.py") for tag in pattern.findall(file.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("problem", sorted(problems_of_the_wire() | {"binary", "not json"}))
def test_every_strange_reply_has_a_title_of_its_own(problem: str) -> None:
    error = ProtocolError(problem, http_status=502, excerpt="Bad gateway", logid="L1")
    told = explain(error, base_url="")
    assert "does not send" not in told.title
    assert ("502" in told.text) is (problem != "wrapped events")
    assert "Bad gateway" in told.text
    assert told.logid == "L1"


def test_a_new_kind_of_strange_reply_is_shown_by_its_tag() -> None:
    assert "never heard of" in explain(ProtocolError("never heard of"), base_url="").what


def test_an_error_of_our_own_asks_for_a_report() -> None:
    told = explain(ZeroDivisionError("secret detail"), base_url="")
    assert "ZeroDivisionError" in told.title
    assert "secret detail" not in told.text
    assert explain(CozeTuiError("plain words"), base_url="").title == "plain words"


@given(st.text(), st.integers(), st.text())
def test_no_text_from_outside_gets_through_uncleaned_or_endless(msg: str, code: int, logid: str) -> None:
    for error in (
        ApiError(code, msg * 50, logid=logid),
        TransportError("other", msg, url=logid),
        ProtocolError(msg, excerpt=msg, logid=logid),
        SettingsError("x", source=msg, key=logid, suggestion=msg),
        CredentialsError("unreadable", msg),
        StoreError("other", msg, logid),
        FileError("bad line", msg, detail=logid),
    ):
        text = explain(error, base_url="").text
        assert clean_line(text) == text
        assert len(text) < 6 * LONGEST + 500


def test_parts_join_to_sentences() -> None:
    assert (
        Explanation("what happened", "Why.", "Do this.", "L1").text == "what happened. Why. Do this. logid L1"
    )
    assert Explanation("really?").text == "really?"


@pytest.mark.parametrize("reason", kinds_of(ToolCommandError, "reason"))
def test_why_a_command_gave_nothing_is_told_with_its_name(reason: Any) -> None:
    told = explain(ToolCommandError(reason, "lamp", detail="no\x1b such room", status=3), base_url="")
    assert told.title.startswith("cannot run lamp: " if reason == "unusable" else "lamp ")
    assert "\x1b" not in told.text
    assert ("no such room" in told.text) is (reason != "too large")


def test_a_refused_jwt_is_explained_with_the_command_that_exchanges_it() -> None:
    refused = AuthError(4100, "authentication is invalid", sent_jwt=True)
    told = explain(refused, base_url="https://api.coze.cn").do
    assert "Exchange it for an access token first" in told
    assert "curl https://api.coze.cn/api/permission/oauth2/token" in told
    # its servers accept JWTs (docs/wire.md 14)
    assert "JWT" not in explain(refused, base_url="https://x.coze.site").do


def test_a_cut_has_a_reason_in_the_words_of_the_language() -> None:
    library = "peer closed connection without sending complete message body"
    assert cut_reason(StreamCut("closed", library)) == "the server closed the connection"
    assert cut_reason(StreamCut("timeout", "no event for 3 s")) == "no event for 3 s"
    use_language("zh_CN")
    try:
        assert cut_reason(StreamCut("closed", library)) == "服务器关闭了连接"
    finally:
        use_language("en")


def test_own_details_of_the_history_and_of_exports_are_translated() -> None:
    from coze_tui.diagnostics.local_errors import OWN_DETAILS
    from coze_tui.text.i18n import use_language

    use_language("zh_CN")
    try:
        for detail in OWN_DETAILS:
            for error in (StoreError("other", detail=detail), FileError("bad line", "/x", detail=detail)):
                assert detail not in explain(error, base_url="").text
        told = explain(StoreError("other", detail="database is locked"), base_url="").text
        assert "database is locked" in told, "the words of SQLite stay"
    finally:
        use_language("en")
