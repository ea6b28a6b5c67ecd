"""Every fault of the table does what the table says."""

from __future__ import annotations

import gzip
import json
import re
import time
import zlib
from pathlib import Path

import pytest

from coze_tui.standin.faults import FAULTS, HOSTILE, SHAPES, TYPES, Faults, UnknownFault, parse, take
from coze_tui.standin.scenarios import Answer, FollowUps, Gate
from coze_tui.standin.wire import DONE_STYLES
from tests.support.standin_calls import BOT, Caller, Run, as_object, question_body
from tests.support.standin_calls import Answer as Reply

SCENARIO = [Answer("one two three", pieces=("one ", "two ", "three")), FollowUps(("more?",))]
DELTA = "conversation.message.delta"
COMPLETED = "conversation.message.completed"


@pytest.fixture
def caller(run: Run) -> Caller:
    return run(SCENARIO)


def ask(caller: Caller, words: str) -> Reply:
    return caller.ask(" ".join(f"fault:{word}" for word in words.split()) + " hi")


def texts(reply: Reply) -> list[object]:
    return [message["content"] for message in reply.objects(DELTA)]


def answers(reply: Reply) -> list[object]:
    return [message["content"] for message in reply.objects(COMPLETED) if message["type"] == "answer"]


# ── in place of the reply ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("word", "status", "content_type", "part"),
    [
        ("401", 401, "application/json", b'"code":4100'),
        ("403", 403, "text/html; charset=utf-8", b"<h1>403"),
        ("html401", 401, "text/html; charset=utf-8", b"<h1>401"),
        ("html413", 413, "text/html; charset=utf-8", b"<h1>413"),
        ("shape=data-msg", 200, "application/json", b'"data":{"msg"'),
        ("404", 404, "text/plain", b"404"),
        ("429", 429, "application/json", b'"code":4009'),
        ("500json", 500, "application/json", b'"code":500'),
        ("500text", 500, "text/plain; charset=utf-8", b"internal"),
        ("html502", 502, "text/html; charset=utf-8", b"<h1>502"),
        ("html200", 200, "text/html; charset=utf-8", b"<h1>Sign in"),
        ("empty200", 200, "application/json", b""),
        ("empty-stream", 200, "text/event-stream", b""),
        ("garbage", 200, "text/event-stream", bytes(range(256))),
        ("binary500", 500, "application/octet-stream", bytes(range(256))),
        ("json-as-stream", 200, "text/event-stream", b'{"code":4100'),
        ("no-content-type", 200, None, b'{"code":4100'),
        ("expired-token", 200, "application/json", b'{"code":4100'),
        ("code=4028", 200, "application/json", b'{"code":4028'),
    ],
)
def test_another_reply(caller: Caller, word: str, status: int, content_type: str | None, part: bytes) -> None:
    reply = ask(caller, word)
    assert reply.status == status
    assert reply.headers.get("content-type") == content_type
    assert part in reply.raw


def test_429_says_when_to_come_again(caller: Caller) -> None:
    assert ask(caller, "429").headers["retry-after"] == "3"
    assert ask(caller, "429=60").headers["retry-after"] == "60"


def test_big502_is_a_megabyte(caller: Caller) -> None:
    assert len(ask(caller, "big502").raw) > 1_000_000


def test_gzip401_is_compressed(caller: Caller) -> None:
    reply = ask(caller, "gzip401")
    assert (reply.status, reply.headers["content-encoding"]) == (401, "gzip")
    assert gzip.decompress(reply.raw).startswith(b'{"code":4100')


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_an_error_has_the_reason(caller: Caller, shape: str) -> None:
    assert b"the reason (sample)" in ask(caller, f"shape={shape}").raw


def test_json_chat_runs_on_without_a_stream(caller: Caller) -> None:
    reply = ask(caller, "json-chat")
    assert reply.headers["content-type"].startswith("application/json")
    assert as_object(as_object(json.loads(reply.raw))["data"])["status"] == "in_progress"


def test_stream_anyway_streams_where_none_was_asked_for(caller: Caller) -> None:
    assert caller.ask("fault:stream-anyway hi", stream=False).answer() == "one two three"


def test_bad_json_is_cut(caller: Caller) -> None:
    reply = ask(caller, "bad-json")
    assert reply.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.raw)


def test_redirect_leads_to_another_origin(caller: Caller) -> None:
    reply = ask(caller, "redirect")
    assert reply.status == 307
    assert reply.headers["location"] == f"http://localhost:{caller.port}/_standin/elsewhere"
    assert ask(caller, "redirect=302").status == 302


def test_hang_gives_nothing_until_the_client_gives_up(caller: Caller) -> None:
    with caller.open("fault:hang hi") as line:
        assert caller.ask("meanwhile").answer() == "one two three"
        assert line.silent()


def test_reset_is_a_reset(caller: Caller) -> None:
    with caller.open("fault:reset hi") as line, pytest.raises(ConnectionResetError):
        line.read()
    with caller.open("fault:reset=3 hi") as line:
        assert line.body().count(b"event:") <= 3
        assert line.reset


# ── the connection breaks ─────────────────────────────────────────────────────────────────────────────────


def test_cut_after_events(caller: Caller) -> None:
    with caller.open("fault:cut-events=4 hi") as line:
        assert line.body().count(b"event:") == 4
        assert not line.whole


def test_cut_after_bytes(caller: Caller) -> None:
    with caller.open("fault:cut-bytes=700 hi") as line:
        assert len(line.body()) == 700
        assert not line.whole


def test_end_after_events_is_a_proper_end_of_the_reply(caller: Caller) -> None:
    with caller.open("fault:end-events=4 hi") as line:
        assert line.body().count(b"event:") == 4
        assert line.whole


@pytest.mark.parametrize("word", ["cut-events=4", "cut-bytes=900", "end-events=4", "reset=4"])
def test_the_run_goes_on_behind_a_break(caller: Caller, word: str) -> None:
    with caller.open(f"fault:{word} hi") as line:
        chat = line.chat(until=b"in_progress")
        line.body()
    while caller.retrieve(chat)["status"] != "completed":
        pass


# ── the content is bent ───────────────────────────────────────────────────────────────────────────────────


def test_silence_is_real_time_in_the_middle(caller: Caller) -> None:
    start = time.monotonic()
    reply = ask(caller, "silence=0.2")
    assert time.monotonic() - start >= 0.2
    assert texts(reply) == ["one ", "two ", "three"]


def test_silence_is_over_when_the_client_hangs_up(caller: Caller) -> None:
    with caller.open("fault:silence=100 hi") as line:
        chat = line.chat(until=b"two ")
    while caller.retrieve(chat)["status"] != "completed":
        pass


def test_drip_sends_comments(caller: Caller) -> None:
    reply = ask(caller, "drip=0.4")
    assert reply.raw.count(b": drip\n\n") >= 2
    assert texts(reply) == ["one ", "two ", "three"]
    with caller.open("fault:drip hi") as line:
        chat = line.chat(until=b"two ")
        line.body(until=b": drip")
    while caller.retrieve(chat)["status"] != "completed":
        pass


def test_error_event(caller: Caller) -> None:
    reply = ask(caller, "error=4013")
    assert reply.names[-2:] == [DELTA, "error"]
    assert reply.objects("error")[0]["code"] == 4013
    assert caller.retrieve(reply.chat())["status"] == "failed"
    assert ask(caller, "error-empty").events[-1] == ("error", "{}")


def test_error_then_completed(caller: Caller) -> None:
    names = ask(caller, "error-then-completed").names
    assert names[names.index("error") + 1 :] == ["conversation.chat.completed", "done"]


def test_failed(caller: Caller) -> None:
    reply = ask(caller, "failed=4028")
    assert reply.names[-2:] == ["conversation.chat.failed", "done"]
    failed = reply.objects("conversation.chat.failed")[0]
    assert as_object(failed["last_error"])["code"] == 4028
    bare = ask(caller, "bare-failed").objects("conversation.chat.failed")[0]
    assert set(bare) == {"code", "msg"}


def test_failed_no_code_has_a_message(caller: Caller) -> None:
    (failed,) = ask(caller, "failed-no-code").objects("conversation.chat.failed")
    error = as_object(failed["last_error"])
    assert (error["code"], error["msg"]) == (0, "the knowledge base is being rebuilt (sample)")


def test_expired(caller: Caller) -> None:
    reply = ask(caller, "expired")
    assert reply.names[-2:] == ["conversation.chat.expired", "done"]
    assert reply.objects("conversation.chat.expired")[0]["status"] == "expired"


def test_errors_without_a_name_or_with_a_page(caller: Caller) -> None:
    assert ask(caller, "error-page").raw.endswith(b"</html>\n\n")
    assert ask(caller, "error-unnamed").raw.endswith(
        b'\n\ndata:{"error":{"message":"the reason (sample)","code":"odd_word"}}\n\n'
    )


def test_events_without_names_and_wrapped_ones(caller: Caller) -> None:
    nameless, wrapped = ask(caller, "nameless").raw, ask(caller, "wrapped").raw
    assert b"event:" not in nameless + wrapped
    assert wrapped.startswith(b'data:{"event":"conversation.chat.created","data":{')
    assert nameless.endswith(b"data:[DONE]\n\n")


def test_type_is_another_content_type(caller: Caller) -> None:
    for name, content_type in TYPES.items():
        reply = ask(caller, f"type={name}")
        assert reply.headers.get("content-type") == content_type
        assert texts(reply) == ["one ", "two ", "three"]


def test_unknown_event(caller: Caller) -> None:
    reply = ask(caller, "unknown-event")
    assert "conversation.weather.changed" in reply.names
    assert "odd_type" in [message["type"] for message in reply.objects(COMPLETED)]
    assert reply.names[-1] == "done"


def test_huge_line(caller: Caller) -> None:
    assert len(str(texts(ask(caller, "huge-line"))[0])) == 1_000_000
    assert len(str(texts(ask(caller, "huge-line=12345"))[0])) == 12345


def test_two_answers(caller: Caller) -> None:
    reply = ask(caller, "two-answers")
    assert answers(reply) == ["One thing first.", "one two three"]
    assert len({message["id"] for message in reply.objects(DELTA)}) == 2


def test_no_delta_and_no_completed(caller: Caller) -> None:
    reply = ask(caller, "no-delta")
    assert (texts(reply), answers(reply)) == ([], ["one two three"])
    reply = ask(caller, "no-completed")
    assert (texts(reply), answers(reply)) == (["one ", "two ", "three"], [])


def test_completed_differs(caller: Caller) -> None:
    assert answers(ask(caller, "completed-differs")) == ["This is the true text. one two three"]


def test_late_follow_ups(caller: Caller) -> None:
    start = time.monotonic()
    reply = ask(caller, "late-follow-ups=0.2")
    assert time.monotonic() - start >= 0.2
    assert "follow_up" in [message["type"] for message in reply.objects(COMPLETED)]


def test_hostile_text_comes_unharmed_as_json(caller: Caller) -> None:
    reply = ask(caller, "hostile")
    assert answers(reply) == [HOSTILE]
    assert "".join(str(text) for text in texts(reply)) == HOSTILE
    for part in ("\x1b]52;c;", "\x9b", "\u202e", "[bold]", "\ud83d", "\x00", "\r\n"):
        assert part in HOSTILE


def test_u2028_is_raw(caller: Caller) -> None:
    reply = ask(caller, "u2028")
    assert answers(reply) == ["one\u2028two\u2029three\u0085four"]
    assert "\u2028".encode() in reply.raw


def test_split_surrogate(caller: Caller) -> None:
    reply = ask(caller, "split-surrogate")
    assert texts(reply) == ["smile \ud83d", "\ude00!"]
    assert rb"\ud83d" in reply.raw
    assert answers(reply) == ["smile 😀!"]


def test_card(caller: Caller) -> None:
    [message] = [m for m in ask(caller, "card").objects(COMPLETED) if m["type"] == "answer"]
    assert message["content_type"] == "card"


def test_audio_comes_after_the_end_of_the_chat(caller: Caller) -> None:
    reply = ask(caller, "audio")
    assert reply.names[-3:] == ["conversation.chat.completed", "conversation.audio.delta", "done"]
    assert reply.objects("conversation.audio.delta")[0]["content_type"] == "audio"


def test_echo_question(caller: Caller) -> None:
    reply = ask(caller, "echo-question")
    assert reply.names[:2] == [COMPLETED, "conversation.chat.created"]
    first = reply.objects(COMPLETED)[0]
    assert (first["role"], first["type"], first["content"]) == ("user", "question", "hi")


def test_bad_tool_json(caller: Caller) -> None:
    [message] = [m for m in ask(caller, "bad-tool-json").objects(COMPLETED) if m["type"] == "function_call"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(str(message["content"]))


# ── the frames are ────────────────────────────────────────────────────────────────────────────────────────


def test_numeric_ids(caller: Caller) -> None:
    reply = ask(caller, "numeric-ids")
    for message in reply.objects(DELTA):
        assert isinstance(message["id"], int)
        assert isinstance(message["chat_id"], int)
        assert message["id"] > 2**53


def test_nulls(caller: Caller) -> None:
    reply = ask(caller, "nulls")
    chat = reply.objects("conversation.chat.completed")[0]
    assert chat["id"]
    assert [chat[name] for name in ("last_error", "usage", "required_action", "section_id")] == [None] * 4
    assert reply.objects(DELTA)[0]["meta_data"] is None


def test_anonymous(caller: Caller) -> None:
    assert ask(caller, "anonymous").objects(DELTA)[0] == {"content": "one "}


@pytest.mark.parametrize("style", [*DONE_STYLES, "none"])
def test_done_styles(caller: Caller, style: str) -> None:
    events = ask(caller, f"done={style}").events
    assert (
        events[-1] == DONE_STYLES[style]
        if style != "none"
        else events[-1][0] == "conversation.chat.completed"
    )


@pytest.mark.parametrize(("word", "newline"), [("crlf", b"\r\n"), ("cr", b"\r")])
def test_line_ends(caller: Caller, word: str, newline: bytes) -> None:
    raw = ask(caller, word).raw
    assert raw.startswith(b"event:conversation.chat.created" + newline + b"data:{")
    assert raw.endswith(newline * 2)
    assert not raw.replace(newline, b"").count(b"\r") + raw.replace(newline, b"").count(b"\n")


def test_marks_before_events(caller: Caller) -> None:
    assert ask(caller, "bom").raw.startswith(b"\xef\xbb\xbfevent:")
    assert ask(caller, "bom").raw.count(b"\xef\xbb\xbf") == 1
    assert ask(caller, "comments").raw.startswith(b": note 0\nevent:")
    assert ask(caller, "retry").raw.startswith(b"retry: 3000\n\nevent:")
    assert ask(caller, "ids").raw.startswith(b"id:1\nevent:")
    assert b"\n\nid:2\nevent:" in ask(caller, "ids").raw


def test_shapes_of_an_event(caller: Caller) -> None:
    plain = ask(caller, "space")
    assert plain.raw.startswith(b"event: conversation.chat.created\ndata: {")
    assert ask(caller, "data-first").raw.startswith(b"data:{")
    reply = ask(caller, "two-data-lines")
    assert reply.raw.startswith(b'event:conversation.chat.created\ndata:{\ndata:"id"')
    assert texts(reply) == ["one ", "two ", "three"]


def test_no_last_blank(caller: Caller) -> None:
    assert ask(caller, "no-last-blank").raw.endswith(b'\n\nevent:done\ndata:"[DONE]"\n')
    assert ask(caller, "no-last-blank crlf").raw.endswith(b'event:done\r\ndata:"[DONE]"\r\n')


def test_gzip(caller: Caller) -> None:
    reply = ask(caller, "gzip")
    assert reply.headers["content-encoding"] == "gzip"
    assert gzip.decompress(reply.raw).endswith(b'data:"[DONE]"\n\n')
    reply = ask(caller, "deflate")
    assert reply.headers["content-encoding"] == "deflate"
    assert zlib.decompress(reply.raw).endswith(b'data:"[DONE]"\n\n')


def test_one_byte(caller: Caller) -> None:
    with caller.open("fault:one-byte hi") as line:
        assert {len(chunk) for chunk in line.chunks()} == {1}


def test_charset(caller: Caller) -> None:
    assert ask(caller, "charset").headers["content-type"] == "text/event-stream; charset=utf-8"


# ── later calls, words, paths ─────────────────────────────────────────────────────────────────────────────


def test_retrieve_fails(caller: Caller) -> None:
    chat = ask(caller, "retrieve-fails=2").chat()
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    assert [caller.get("/v3/chat/retrieve", **query).code for _ in range(3)] == [5000, 5000, 0]
    chat = ask(caller, "retrieve-fails").chat()
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    assert [caller.get("/v3/chat/retrieve", **query).code for _ in range(5)] == [5000] * 5


@pytest.mark.parametrize(("words", "expected"), [("text-times", {str}), ("retry", {int})])
def test_text_times(caller: Caller, words: str, expected: set[type]) -> None:
    chat = ask(caller, words).chat()
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    of_conversation = caller.post(
        "/v1/conversation/message/list", {}, conversation_id=chat["conversation_id"]
    )
    for listed in (of_conversation.items, caller.get("/v3/chat/message/list", **query).items):
        assert {type(message[key]) for message in listed for key in ("created_at", "updated_at")} == expected


def test_faults_can_be_combined(caller: Caller) -> None:
    reply = ask(caller, "two-answers crlf bom comments one-byte done=bare")
    text = reply.raw.decode("utf-8-sig").replace("\r\n", "\n")
    assert text.startswith(": note 0\nevent:")
    assert text.endswith("event:done\ndata:[DONE]\n\n")
    assert "One thing first." in text


def test_the_words_are_not_part_of_the_question() -> None:
    assert take("fault:crlf hello fault:cut-events=5 there") == (
        "hello there",
        Faults({"crlf": "", "cut-events": "5"}),
    )
    assert take("no default:crlf here") == ("no default:crlf here", Faults())


@pytest.mark.parametrize("words", ["crfl", "done", "done=loud", "cut-events=many", "silence=-1"])
def test_a_typo_is_an_error(caller: Caller, words: str) -> None:
    with pytest.raises(UnknownFault):
        parse(words)
    assert ask(caller, words).code == 4000


def test_every_fault_is_tested_here() -> None:
    words = set(re.findall(r"(?<=[\" :])[a-z0-9-]+", Path(__file__).read_text("utf-8")))
    assert set(FAULTS) - words == set()


def test_any_path_can_be_broken(caller: Caller) -> None:
    caller.stand_in.fault("html502", path="/v1/users/me", times=2)
    assert [caller.get("/v1/users/me").status for _ in range(3)] == [502, 502, 200]
    with pytest.raises(ValueError, match="only a chat"):
        caller.stand_in.fault("crlf", path="/v1/users/me")


def test_a_chat_can_be_broken_from_outside(run: Run) -> None:
    caller = run([Answer("x"), Gate("end")])
    caller.stand_in.release("end")
    caller.stand_in.fault("done=bare", path="/v3/chat")
    body = question_body("hi", bot=BOT)
    assert caller.post("/v3/chat", body).events[-1] == ("done", "[DONE]")
    assert caller.post("/v3/chat", body).events[-1] == ("done", '"[DONE]"')
