from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coze_tui.api.events import CHAT_EVENTS, MESSAGE_EVENTS
from coze_tui.api.frames import ChatWithoutStream
from coze_tui.api.objects import Frame, Limits
from coze_tui.errors import AuthError, ProtocolError, StreamCut
from tests.support.replies import Read
from tests.support.samples import STREAMS

CREATED, PROGRESS = "conversation.chat.created", "conversation.chat.in_progress"
COMPLETED, FAILED = "conversation.chat.completed", "conversation.chat.failed"
DELTA, WHOLE, DONE = "conversation.message.delta", "conversation.message.completed", "done"
SHORT = [CREATED, DELTA, DELTA, WHOLE, COMPLETED, DONE]
CHATFLOW = [CREATED, PROGRESS, DELTA, DELTA, WHOLE, COMPLETED, DONE]

EVENTS: dict[str, list[str]] = {
    # the transcripts of docs/wire.md 8
    "text_chat": [CREATED, PROGRESS, *[DELTA] * 3, *[WHOLE] * 3, COMPLETED, DONE],
    "tool_and_two_answers": [
        *(CREATED, PROGRESS, DELTA, WHOLE, WHOLE, WHOLE),
        *(DELTA, DELTA, DELTA, WHOLE, WHOLE, COMPLETED, DONE),
    ],
    "busy": ["error"],
    "failed": [CREATED, PROGRESS, DELTA, FAILED, DONE],
    "requires_action": [
        *(CREATED, PROGRESS, WHOLE, WHOLE, WHOLE, "conversation.chat.requires_action", DONE),
    ],
    "tool_outputs": [PROGRESS, WHOLE, DELTA, DELTA, WHOLE, WHOLE, COMPLETED, DONE],
    "reasoning": [CREATED, PROGRESS, *[DELTA] * 4, WHOLE, WHOLE, COMPLETED, DONE],
    "studio": [CREATED, PROGRESS, DELTA, DELTA, WHOLE, WHOLE, COMPLETED, "conversation.stream.done"],
    "studio_breaks": [CREATED, PROGRESS, DELTA, "error", COMPLETED, "conversation.stream.done"],
    "studio_no_agent": ["error"],
    "chatflow": CHATFLOW,
    "studio_chatflow": CHATFLOW,
    # one trap each (docs/wire.md 7)
    "anonymous_deltas": [CREATED, DELTA, DELTA, COMPLETED, DONE],
    "audio_after_completed": [CREATED, DELTA, WHOLE, COMPLETED, "conversation.audio.delta", DONE],
    "bad_inner_json": [CREATED, WHOLE, WHOLE, WHOLE, COMPLETED, DONE],
    "bare_failed": [CREATED, FAILED],
    "bom": SHORT,
    "canceled": [CREATED, DELTA, "conversation.chat.canceled"],
    "expired": [CREATED, DELTA, "conversation.chat.expired"],
    "cancelled": [CREATED, DELTA, "conversation.chat.cancelled", "conversation.stream.done"],
    "comments_and_retry": SHORT,
    "completed_differs": SHORT,
    "cr": SHORT,
    "crlf": SHORT,
    "cut_in_json": [CREATED, DELTA],
    "cut_in_name": [CREATED, DELTA],
    "data_first": SHORT,
    "done_bare": SHORT,
    "done_debug_url": SHORT,
    "done_empty": SHORT,
    "done_object": SHORT,
    "done_stream": [*SHORT[:-1], "conversation.stream.done"],
    "done_without_data": SHORT,
    "echo_question": [WHOLE, CREATED, WHOLE, DELTA, WHOLE, COMPLETED, DONE],
    "empty_action": [CREATED, DELTA, COMPLETED, DONE],
    "error_empty": [CREATED, "error"],
    "error_text": [CREATED, "error"],
    "error_then_completed": [CREATED, DELTA, "error", COMPLETED, DONE],
    "failed_no_last_blank": [CREATED, FAILED],
    "ids": SHORT,
    "invalid_utf8": [CREATED, DELTA, COMPLETED, DONE],
    "mixed_line_ends": SHORT,
    "no_delta": [CREATED, WHOLE, COMPLETED, DONE],
    "no_last_blank": SHORT,
    "no_last_line_end": SHORT,
    "nothing": [],
    "nulls": [CREATED, DELTA, WHOLE, COMPLETED, DONE],
    "numeric_ids": [CREATED, DELTA, COMPLETED, DONE],
    "only_comments": [],
    "required_action_spelled": [CREATED, "conversation.chat.required_action", DONE],
    "separators_in_text": [CREATED, DELTA, WHOLE, COMPLETED, DONE],
    "split_surrogates": [CREATED, DELTA, DELTA, WHOLE, COMPLETED, DONE],
    "two_data_lines": [CREATED, DELTA, WHOLE, COMPLETED, DONE],
    "unknown_events": [
        *(CREATED, "conversation.ack", "PING", DELTA, "conversation.audio.sentence_start"),
        *("message", "nameless", DELTA, DELTA, WHOLE, COMPLETED, DONE),
    ],
}


def test_every_stream_file_has_its_truth(stream_file: Path) -> None:
    assert stream_file.stem in EVENTS


def test_every_event_is_in_a_stream_file() -> None:
    in_streams = {name for path in STREAMS.glob("*.sse") for name in EVENTS[path.stem]}
    assert {*CHAT_EVENTS, *MESSAGE_EVENTS} - in_streams == set()


def test_the_frames_are_those_that_the_server_sent(stream_file: Path, read: Read) -> None:
    outcome = read([stream_file.read_bytes()])
    assert outcome.error is None
    assert [frame.event for frame in outcome.frames] == EVENTS[stream_file.stem]


def test_no_chunking_changes_a_frame(stream_file: Path, read: Read) -> None:
    body = stream_file.read_bytes()
    whole = read([body])
    by_byte = read(body[place : place + 1] for place in range(len(body)))
    assert (by_byte.parts, by_byte.text) == (whole.parts, whole.text)
    for place in range(1, len(body)):
        split = read([body[:place], b"", body[place:]])
        assert (split.parts, split.text) == (whole.parts, whole.text)


def test_data_is_kept_as_it_came(read: Read) -> None:
    assert read([b'event:done\ndata:"[DONE]"\n\n']).parts == [("done", '"[DONE]"', "")]
    assert read([b"event: done\ndata:  two\ndata:\ndata: lines\n\n"]).parts == [("done", " two\n\nlines", "")]


def test_a_separator_is_text_and_no_line_end(read: Read) -> None:
    data = "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg"
    assert read([f"event:x\ndata:{data}\n\n".encode()]).parts == [("x", data, "")]


def test_an_id_holds_on_but_makes_no_frames(read: Read) -> None:
    body = b"id: 7\nevent: a\ndata: 1\n\n\n\n:\n\nevent: b\ndata: 2\n\n"
    assert read([body]).parts == [("a", "1", "7"), ("b", "2", "7")]


def test_a_byte_order_mark_is_dropped_once(read: Read) -> None:
    body = "\ufeffevent:a\ndata:\ufeff1\n\n".encode()
    for place in range(len(body)):
        assert read([body[:place], body[place:]]).parts == [("a", "\ufeff1", "")]


@pytest.mark.parametrize(
    "rest", ["", "\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", "\n\r", "\n:\n", "\nid:1\n"]
)
def test_a_whole_last_event_needs_no_blank_line(rest: str, read: Read) -> None:
    outcome = read([b'event:a\ndata:{"b":1}' + rest.encode()])
    assert [(event, data) for event, data, _ in outcome.parts] == [("a", '{"b":1}')]


@pytest.mark.parametrize("data", ['{"b":', '"[DON', "[1,", "tru", "12", "text", "[DONE]", ""])
def test_a_last_event_that_may_be_cut_is_dropped(data: str, read: Read) -> None:
    assert read([f"event:a\ndata:{data}".encode()]).parts == []
    assert read([f"event:a\ndata:{data}\n\n".encode()]).parts == [("a", data, "")]


@pytest.mark.parametrize("name", ["done", "Done", "conversation.stream.done"])
@pytest.mark.parametrize("data", ["\ndata:", "\ndata:[DONE]", '\ndata:"[DONE]"', "\ndata:{}", ""])
def test_done_at_the_very_end_counts_in_every_spelling(name: str, data: str, read: Read) -> None:
    assert [frame.event for frame in read([f"event:{name}{data}".encode()]).frames] == [name]


def test_a_broken_line_comes_after_all_that_was_whole(read: Read) -> None:
    body = b'event:a\ndata:1\n\nevent:b\ndata:{"c":2}\nevent:b'
    failure = httpx.RemoteProtocolError("peer closed connection (sample)")
    outcome = read([body], failure=failure)
    assert outcome.parts == [("a", "1", ""), ("b", '{"c":2}', "")]
    assert isinstance(outcome.error, StreamCut)
    assert outcome.error.kind == "closed"
    assert outcome.error.detail == "peer closed connection (sample)"
    assert outcome.error.url == "https://api.example"
    assert outcome.error.request_sent


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (httpx.ReadTimeout("slow"), "timeout"),
        (httpx.ReadError("reset"), "closed"),
        (ConnectionResetError("reset"), "other"),
        (httpx.StreamClosed(), "other"),
    ],
)
def test_every_failure_of_the_line_is_a_cut(failure: Exception, kind: str, read: Read) -> None:
    outcome = read([b"event:a\ndata:1\n\n"], failure=failure)
    assert outcome.parts == [("a", "1", "")]
    assert isinstance(outcome.error, StreamCut)
    assert outcome.error.kind == kind


def test_a_character_cut_in_two_by_the_end_is_shown_as_such(read: Read) -> None:
    assert read([b"event:a\ndata:1\n\n: \xe4\xbd"]).text.endswith(": \ufffd")


def test_times_count_from_the_sending_one_for_each_chunk(read: Read) -> None:
    ticks = iter([10.0, 10.25, 10.5, 10.75])
    chunks = [b"event:a\ndata:1\n\nevent:b\ndata:2\n\neve", b"nt:c\n", b"data:3\n\n"]
    outcome = read(chunks, clock=lambda: next(ticks), started=10.0)
    assert [frame.at_us for frame in outcome.frames] == [250_000, 250_000, 750_000]


def test_a_clock_that_goes_back_gives_no_negative_time(read: Read) -> None:
    assert [frame.at_us for frame in read([b"event:a\n\n"], started=5.0).frames] == [0]


def test_the_raw_text_is_told_as_it_comes(read: Read) -> None:
    text = read([b"\xef\xbb\xbf: c\r", b"\nevent:a\r\rdata:\xe4\xbd", b"\xa0\r\n\r\n"]).text
    assert text == ": c\nevent:a\n\ndata:你\n\n"


# --- what is no stream ---


def test_json_called_a_stream_is_an_error_of_cozes(read: Read) -> None:
    body = b'\n {"code":4100,"msg":"authentication is invalid (sample)","detail":{"logid":"L1"}}'
    for place in range(len(body)):
        outcome = read([body[:place], body[place:]])
        assert isinstance(outcome.error, AuthError)
        assert (outcome.error.code, outcome.error.logid) == (4100, "L1")


def test_json_that_breaks_off_is_still_told(read: Read) -> None:
    outcome = read([b'{"code":4100,"msg":"auth'], failure=httpx.ReadError("reset"))
    assert isinstance(outcome.error, ProtocolError)
    assert outcome.error.problem == "not json"
    assert '"code":4100' in outcome.error.excerpt


def test_a_good_envelope_is_no_stream(read: Read) -> None:
    outcome = read([b'{"code":0,"msg":""}'])
    assert isinstance(outcome.error, ProtocolError)
    assert outcome.error.problem == "no stream"


def test_of_json_without_end_only_the_beginning_is_read(read: Read) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield b"{" * 10_000

    outcome = read(endless())
    assert isinstance(outcome.error, ProtocolError)
    assert taken < 10


def test_a_page_called_a_stream_is_a_page(read: Read) -> None:
    outcome = read([b"<!doctype html><title>Log in</title>"])
    assert isinstance(outcome.error, ProtocolError)
    assert (outcome.error.problem, outcome.error.excerpt) == ("html", "Log in")


EVENT = b'event:a\ndata:{"b":1}\n\n'
BROTLI = b"\x0b\x02\x80" + bytes(range(128, 200))


def packed(body: bytes, encoding: str) -> bytes:
    bits = {"gzip": 31, "deflate": 15, "raw": -15}[encoding]
    packer = zlib.compressobj(wbits=bits)
    return (
        b"".join(
            packer.compress(body[n : n + 9]) + packer.flush(zlib.Z_SYNC_FLUSH) for n in range(0, len(body), 9)
        )
        + packer.flush()
    )


@pytest.mark.parametrize(
    ("encoding", "head"),
    [("gzip", "gzip"), ("gzip", " GZIP, identity"), ("gzip", ""), ("deflate", "deflate"), ("raw", "deflate")],
)
def test_a_compressed_stream_is_read_in_whatever_pieces_it_comes(
    encoding: str, head: str, read: Read
) -> None:
    body = packed(EVENT * 20, encoding)
    headers = [("content-type", "text/event-stream"), ("content-encoding", head)]
    assert len(read([body], headers=headers).frames) == 20
    if head:  # without it, the first two bytes tell
        by_byte = read([body[n : n + 1] for n in range(len(body))], headers=headers)
        assert (len(by_byte.frames), by_byte.error) == (20, None)


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_stream_that_is_not_compressed_is_read_in_spite_of_its_head(encoding: str, read: Read) -> None:
    headers = [("content-type", "text/event-stream"), ("content-encoding", encoding)]
    assert [frame.event for frame in read([EVENT], headers=headers).frames] == ["a"]


@pytest.mark.parametrize("encoding", ["br", "gzip", "gzip, br"])
def test_a_stream_that_cannot_be_unpacked_is_named_so(encoding: str, read: Read) -> None:
    headers = [("content-type", "text/event-stream"), ("content-encoding", encoding), ("x-tt-logid", "L2")]
    outcome = read([BROTLI], headers=headers)
    assert isinstance(outcome.error, ProtocolError)
    assert (outcome.error.problem, outcome.error.logid) == ("compressed", "L2")
    assert outcome.frames == []


def test_a_compressed_stream_that_breaks_is_a_cut_after_what_was_whole(read: Read) -> None:
    headers = [("content-encoding", "gzip")]
    body = packed(EVENT * 20, "gzip")
    outcome = read([body[:60], b"\xff" * 40], headers=headers)
    assert isinstance(outcome.error, StreamCut)
    assert outcome.frames


def test_the_limits_count_unpacked_bytes(read: Read) -> None:
    bomb = packed(b"data:" + b"x" * 10_000_000, "gzip")
    outcome = read([bomb], headers=[("content-encoding", "gzip")], limits=Limits(line=1_000_000))
    assert isinstance(outcome.error, ProtocolError)
    assert outcome.error.problem == "line too long"


NAMES = [
    "text/plain; charset=utf-8",
    "application/json, text/event-stream; charset=utf-8",
    "text/html",
    "",
    "x",
]


@pytest.mark.parametrize("content_type", NAMES)
@pytest.mark.parametrize("beginning", ["", ": ping\n\n", "id:1\n", "\ufeff", "\r\n", "retry: 3\n"])
def test_an_event_stream_of_any_name_is_read(content_type: str, beginning: str, read: Read) -> None:
    body = beginning.encode() + EVENT
    headers = [("content-type", content_type)] if content_type else []
    for size in (len(body), 1):
        outcome = read((body[n : n + size] for n in range(0, len(body), size)), headers=headers)
        assert (outcome.error, [frame.data for frame in outcome.frames]) == (None, ['{"b":1}'])


@pytest.mark.parametrize(
    ("content_type", "body", "problem"),
    [
        ("text/plain", b"upstream connect error", "not json"),
        ("text/event-stream", b"upstream connect error", "not json"),
        ("application/json", b"", "empty"),
        ("application/json", b"ok", "not json"),
        ("text/html", b"<p>Log in", "html"),
        ("text/event-stream", bytes(range(256)) * 4, "binary"),
    ],
)
def test_a_body_without_events_is_named(content_type: str, body: bytes, problem: str, read: Read) -> None:
    for size in (len(body), 1):
        chunks = (body[n : n + size] for n in range(0, len(body), size or 1))
        outcome = read(chunks, headers=[("content-type", content_type)])
        assert isinstance(outcome.error, ProtocolError)
        assert outcome.error.problem == problem


def test_an_error_after_comments_is_an_error_of_cozes(read: Read) -> None:
    outcome = read([b': ping\n\n{"code":4100,"msg":"m"}\n'])
    assert isinstance(outcome.error, AuthError)


@pytest.mark.parametrize("key", ["data", "ChatV3ChatDetail"])
@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream", ""])
def test_a_chat_in_place_of_a_stream_is_a_chat(key: str, content_type: str, read: Read) -> None:
    chat = {"id": "1", "conversation_id": "2", "status": "in_progress", "last_error": {"code": 0, "msg": ""}}
    body = json.dumps({"code": 0, "msg": "", key: chat}).encode()
    outcome = read([body], headers=[("content-type", content_type)])
    assert isinstance(outcome.error, ChatWithoutStream)
    assert (outcome.error.chat.id, outcome.error.chat.conversation_id) == ("1", "2")


def test_the_charset_is_utf_8_whatever_is_said(read: Read) -> None:
    headers = [("content-type", "text/event-stream; charset=windows-1252"), ("content-encoding", "identity")]
    assert read(["event:a\ndata:你\n\n".encode()], headers=headers).parts == [("a", "你", "")]


# --- limits ---

SMALL = Limits(line=40, event=100, reply=400, frames=5, non_deltas=4)
FRAME = b"event:a\ndata:1\n\n"
A_DELTA = b"event:a.delta\ndata:1\n\n"


def problem_of(outcome: Any) -> str:
    return outcome.error.problem if isinstance(outcome.error, ProtocolError) else ""


@pytest.mark.parametrize(
    ("body", "frames", "problem"),
    [
        (b"data:" + b"x" * 35 + b"\n\n", 1, ""),
        (b"data:" + b"x" * 36 + b"\n\n", 0, "line too long"),
        (FRAME + b"data:" + b"x" * 36 + b"\n\n" + FRAME, 1, "line too long"),
        (FRAME + b"x" * 1000, 1, "line too long"),
        (b"data:" + b"x" * 37, 0, "line too long"),
        (FRAME + b"data:12345678\n" * 7 + b"\n" + FRAME, 3, ""),
        (FRAME + b"data:12345678\n" * 8 + b"\n" + FRAME, 1, "event too large"),
        (FRAME + b":\n" * 51, 1, "event too large"),
        (b"\n" * 300 + FRAME, 1, ""),
        (FRAME * 4, 4, ""),
        (FRAME * 5, 4, "too many events"),
        (A_DELTA * 2 + FRAME * 2 + A_DELTA, 5, ""),
        (A_DELTA * 2 + FRAME * 2 + A_DELTA * 2, 5, "too many events"),
        (b":234567\n\n" * 44 + b"\n\n\n\n", 0, ""),
        (FRAME + b":234567\n\n" * 43, 1, "too large"),
        (b":234567\n\n" * 42 + FRAME + FRAME, 1, "too large"),
    ],
)
def test_a_limit_ends_the_reply_after_all_that_came_before(
    body: bytes, frames: int, problem: str, read: Read
) -> None:
    for size in (1, 2, 3, 7, 39, 40, 41, 100, len(body)):
        outcome = read((body[n : n + size] for n in range(0, len(body), size)), limits=SMALL)
        assert (len(outcome.frames), problem_of(outcome)) == (frames, problem), size


def test_a_real_audio_line_is_within_the_limits(read: Read) -> None:
    data = json.dumps({"content": "A" * 95_000})
    assert read([f"event:conversation.audio.delta\ndata:{data}\n\n".encode()]).frames[0].data == data


# --- any bytes ---

PIECES = st.sampled_from(
    [
        *(b"event:", b"data:", b"id:", b"retry:", b":", b" ", b"\n", b"\r", b"\n\n", b"\r\n", b"done"),
        *(
            b"{",
            b"}",
            b'{"a":1}',
            b'"[DONE]"',
            b"[DONE]",
            b"<",
            b"\xef\xbb\xbf",
            b"\xff",
            b"\xe4\xbd",
            b"\xa0",
        ),
        *("你\u2028".encode(), b"\0", b"x" * 30, DELTA.encode()),
    ]
)
BODIES = st.lists(PIECES | st.binary(max_size=4), max_size=40).map(b"".join)


@settings(max_examples=300)
@example(body=b'{"a":1}\xff\r\n', cuts=[1])
@example(body=b"\x1f\x8b", cuts=[1])
@given(body=BODIES, cuts=st.lists(st.integers(0, 200), max_size=8))
def test_any_bytes_in_any_chunks_give_the_same_frames_or_a_typed_error(
    body: bytes, cuts: list[int], read: Read
) -> None:
    whole = read([body], limits=SMALL)
    places = [0, *sorted(cuts), len(body)]
    split = read([body[start:end] for start, end in pairwise(places)], limits=SMALL)
    assert split.parts == whole.parts
    assert repr(split.error) == repr(whole.error)


# --- what a Frame knows of itself ---


def test_the_size_of_a_frame_is_in_bytes() -> None:
    assert Frame("你", "a\ud800").bytes == 5


@pytest.mark.parametrize("depth", [10, 100_000])
def test_nesting_does_not_break_the_check_for_wholeness(depth: int) -> None:
    assert Frame("a", "[" * depth + "]" * depth).is_whole is (depth == 10)
