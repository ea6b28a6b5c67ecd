"""Chats over real sockets: the stand-in in both profiles, every fault it knows, and lines that break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from coze_tui.api import chats
from coze_tui.api.chats import Attachment, ChatRequest, ToolOutput
from coze_tui.api.events import (
    ChatCompleted,
    ChatCreated,
    ChatFailed,
    ChatRequiresAction,
    Done,
    ErrorEvent,
    MessageCompleted,
    MessageDelta,
    parse_event,
)
from coze_tui.api.objects import ChatStatus, Frame, MessageType, Usage
from coze_tui.errors import (
    ApiError,
    AuthError,
    BusyError,
    CozeTuiError,
    NotFoundError,
    NotServedError,
    ProtocolError,
    QuotaError,
    StreamCut,
    TransportError,
)
from coze_tui.standin.server import StandIn
from tests.support.loopback import Loopback, Request
from tests.support.server_chats import start_chat

FRIENDLY, TOOLS, LOCAL, SLOW = (f"7511000000000000{n}" for n in (101, 104, 105, 111))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CREATED = b'event:conversation.chat.created\ndata:{"id":"1","conversation_id":"2"}\n\n'


def ask(question: str, bot_id: str = FRIENDLY, conversation_id: str = "") -> ChatRequest:
    return ChatRequest(bot_id=bot_id, user_id="lin", question=question, conversation_id=conversation_id)


class Asked:
    """What came of one question."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.error: CozeTuiError | None = None
        self.text = ""
        self.logid = ""
        self.http_status = 0

    @property
    def events(self) -> list[Any]:
        return [parse_event(frame) for frame in self.frames]

    @property
    def answer(self) -> str:
        return "".join(
            event.message.content
            for event in self.events
            if isinstance(event, MessageCompleted) and event.message.type is MessageType.ANSWER
        )

    @property
    def deltas(self) -> str:
        return "".join(event.message.content for event in self.events if isinstance(event, MessageDelta))

    @property
    def ids(self) -> tuple[str, str]:
        created = next(event for event in self.events if isinstance(event, ChatCreated))
        return created.chat.conversation_id, created.chat.id


async def asked(opened: Any) -> Asked:
    result = Asked()
    try:
        async with opened as stream:
            result.logid, result.http_status = stream.logid, stream.http_status
            async with aclosing(stream.frames()) as frames:
                async for frame in frames:
                    result.frames.append(frame)
                    if isinstance(parse_event(frame), Done):
                        break
    except CozeTuiError as error:
        result.error = error
    return result


async def client_of(stand_in: StandIn, loopback: Loopback, **options: Any) -> Any:
    return await loopback.client(stand_in.base_url, lambda: stand_in.token, **options)


# --- asking ---


@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_an_answer_streams_in(profile: str, loopback: Loopback) -> None:
    with StandIn(dialect=profile, pace=0) as stand_in:
        client = await client_of(stand_in, loopback)
        told: list[str] = []
        result = await asked(chats.stream(client, ask("1 + 1"), on_text=told.append))
    assert result.error is None
    assert "2" in result.answer
    assert result.deltas == result.answer
    assert isinstance(result.events[0], ChatCreated)
    assert isinstance(result.events[-1], Done)
    assert (bool(result.logid), result.http_status) == (True, 200)
    times = [frame.at_us for frame in result.frames]
    assert times == sorted(times)
    assert times[0] > 0
    assert "".join(told).count("event:") == len(result.frames)
    usage = [event.chat.usage for event in result.events if isinstance(event, ChatCompleted)]
    assert isinstance(usage[0], Usage) is (profile == "official")


async def test_a_request_says_all_that_it_must(official: StandIn, loopback: Loopback) -> None:
    client = await client_of(official, loopback)
    first = await asked(chats.stream(client, ask("海水为什么咸？\ud83d")))
    await asked(chats.stream(client, ask("1 + 1", conversation_id=first.ids[0])))
    one, two = official.requests
    assert one.body == {
        "bot_id": FRIENDLY,
        "user_id": "lin",
        "stream": True,
        "auto_save_history": True,
        "additional_messages": [
            {"role": "user", "type": "question", "content": "海水为什么咸？\ufffd", "content_type": "text"}
        ],
    }
    assert dict(one.query) == {}
    assert dict(two.query) == {"conversation_id": first.ids[0]}
    assert one.headers["accept"].startswith("text/event-stream")


def test_everything_that_can_be_said_is_on_the_wire() -> None:
    request = ChatRequest(
        bot_id="1",
        user_id="u",
        question="这是什么？",
        conversation_id="9",
        attachments=(
            Attachment("image", file_id="f1"),
            Attachment("file", file_id="f2"),
        ),
        custom_variables={"a": "b"},
        parameters={"n": 1},
        publish_status="unpublished_draft",
        connector_id="1024",
    )
    body = dict(request.to_wire(stream=False))
    assert body.pop("additional_messages") == list(request.messages())
    (message,) = request.messages()
    assert message["content_type"] == "object_string"
    assert json.loads(str(message["content"])) == [
        {"type": "text", "text": "这是什么？"},
        {"type": "image", "file_id": "f1"},
        {"type": "file", "file_id": "f2"},
    ]
    assert body == {
        "bot_id": "1",
        "user_id": "u",
        "stream": False,
        "auto_save_history": True,
        "custom_variables": {"a": "b"},
        "parameters": {"n": 1},
        "publish_status": "unpublished_draft",
        "connector_id": "1024",
    }


def test_files_alone_have_no_empty_text_beside_them() -> None:
    (message,) = ChatRequest("1", "u", "", attachments=(Attachment("audio", file_id="f"),)).messages()
    assert json.loads(str(message["content"])) == [{"type": "audio", "file_id": "f"}]


# --- without a stream, looking up, canceling ---


@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_a_chat_without_a_stream_is_looked_up(profile: str, loopback: Loopback) -> None:
    with StandIn(dialect=profile, pace=0) as stand_in:
        client = await client_of(stand_in, loopback)
        chat = await start_chat(client, ask("1 + 1"))
        assert chat.id
        for _ in range(2_000):
            chat = await chats.retrieve(client, chat.conversation_id, chat.id)
            if chat.status.is_final:
                break
        assert chat.status is ChatStatus.COMPLETED
        messages = await chats.list_messages(client, chat.conversation_id, chat.id)
    answers = [message.content for message in messages if message.type is MessageType.ANSWER]
    assert "2" in answers[0]


@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_a_running_chat_is_canceled_once(profile: str, loopback: Loopback) -> None:
    with StandIn(dialect=profile, pace=1) as stand_in:
        client = await client_of(stand_in, loopback)
        async with chats.stream(client, ask("慢慢说", SLOW)) as stream, aclosing(stream.frames()) as frames:
            created = parse_event(await anext(frames))
            assert isinstance(created, ChatCreated)
            ids = created.chat.conversation_id, created.chat.id
            assert (await chats.cancel(client, *ids)).status is ChatStatus.CANCELED
        with pytest.raises(ApiError) as caught:
            await chats.cancel(client, *ids)
    assert caught.value.code == (4104 if profile == "official" else 400)


async def test_a_second_chat_meets_the_first(loopback: Loopback) -> None:
    with StandIn(pace=1) as stand_in:  # the first must still run
        client = await client_of(stand_in, loopback)
        async with chats.stream(client, ask("慢慢说", SLOW)) as stream, aclosing(stream.frames()) as frames:
            created = parse_event(await anext(frames))
            assert isinstance(created, ChatCreated)
            second = await asked(chats.stream(client, ask("1 + 1", SLOW, created.chat.conversation_id)))
    assert isinstance(second.error, BusyError) or [
        event.error.code for event in second.events if isinstance(event, ErrorEvent)
    ] == [4016]


@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_an_unknown_chat_is_an_error(profile: str, loopback: Loopback) -> None:
    with StandIn(dialect=profile, pace=0) as stand_in:
        client = await client_of(stand_in, loopback)
        for call in (chats.retrieve, chats.cancel):
            with pytest.raises(ApiError) as caught:
                await call(client, "1", "2")
            assert isinstance(caught.value, NotFoundError) is (profile == "official")


# --- local tools ---


async def test_tool_outputs_let_the_chat_go_on(official: StandIn, loopback: Loopback) -> None:
    client = await client_of(official, loopback)
    result = await asked(chats.stream(client, ask("现在几点？", LOCAL)))
    (action,) = [event for event in result.events if isinstance(event, ChatRequiresAction)]
    assert action.chat.required_action is not None
    outputs = [ToolOutput(call.id, '{"time":"18:40"}') for call in action.chat.required_action.tool_calls]
    more = await asked(chats.submit_tool_outputs(client, *result.ids, outputs))
    assert more.error is None
    assert any(isinstance(event, ChatCompleted) for event in more.events)
    assert "18:40" in more.answer
    assert official.requests[-1].body == {
        "tool_outputs": [{"tool_call_id": outputs[0].tool_call_id, "output": '{"time":"18:40"}'}],
        "stream": True,
    }


async def test_studio_does_not_take_tool_outputs(studio: StandIn, loopback: Loopback) -> None:
    client = await client_of(studio, loopback)
    result = await asked(chats.submit_tool_outputs(client, "1", "2", [ToolOutput("a", "b")]))
    assert isinstance(result.error, NotServedError)


# --- the stand-in's faults: each has one outcome ---

WHOLE = [
    *("crlf", "cr", "bom", "comments", "retry", "ids", "space", "data-first", "two-data-lines", "one-byte"),
    *("no-last-blank", "charset", "u2028", "unknown-event", "nulls", "numeric-ids", "anonymous", "no-delta"),
    *("no-completed", "completed-differs", "two-answers", "split-surrogate", "hostile", "echo-question"),
    *("huge-line=1000000", "audio", "card", "bad-tool-json", "late-follow-ups=0"),
    *("done=bare", "done=empty", "done=object", "done=debug-url", "done=stream-done"),
]


@pytest.mark.parametrize("fault", WHOLE)
async def test_a_stream_bent_in_its_form_is_whole_all_the_same(
    fault: str, official: StandIn, loopback: Loopback
) -> None:
    client = await client_of(official, loopback)
    result = await asked(chats.stream(client, ask(f"1 + 1 fault:{fault}")))
    assert result.error is None
    assert any(isinstance(event, ChatCompleted) for event in result.events)
    assert isinstance(result.events[-1], Done)


def is_error(result: Asked, expected: type[CozeTuiError], /, **facts: object) -> bool:
    return type(result.error) is expected and {name: getattr(result.error, name) for name in facts} == facts


@pytest.mark.parametrize(
    ("fault", "kind", "facts"),
    [
        ("401", AuthError, {"code": 4100, "http_status": 401}),
        ("403", AuthError, {"code": 403, "http_status": 403}),
        ("404", NotFoundError, {"code": 404}),
        ("429=3", QuotaError, {"http_status": 429, "retry_after": 3.0}),
        ("500json", ApiError, {"http_status": 500}),
        ("500text", ApiError, {"http_status": 500}),
        ("html502", ProtocolError, {"problem": "html", "http_status": 502}),
        ("html200", ProtocolError, {"problem": "html", "http_status": 200}),
        ("big502", ProtocolError, {"problem": "html", "http_status": 502}),
        ("empty200", ProtocolError, {"problem": "empty"}),
        ("binary500", ProtocolError, {"problem": "binary"}),
        ("bad-json", ProtocolError, {"problem": "not json"}),
        ("json-as-stream", AuthError, {"code": 4100}),
        ("no-content-type", AuthError, {"code": 4100}),
        ("expired-token", AuthError, {"code": 4100, "http_status": 200}),
        ("code=4028", QuotaError, {"code": 4028}),
        ("code=4015", ApiError, {"code": 4015}),
        ("redirect=308", ProtocolError, {"problem": "redirect"}),
        ("reset", TransportError, {"kind": "closed", "request_sent": True}),
        ("garbage", ProtocolError, {"problem": "binary"}),
    ],
)
async def test_what_comes_in_place_of_a_stream(
    fault: str, kind: type[CozeTuiError], facts: dict[str, object], official: StandIn, loopback: Loopback
) -> None:
    client = await client_of(official, loopback)
    result = await asked(chats.stream(client, ask(f"1 + 1 fault:{fault}")))
    assert is_error(result, kind, **facts), repr(result.error)
    assert result.frames == []
    assert len([request for request in official.requests if request.path == "/v3/chat"]) == 1


@pytest.mark.parametrize("fault", ["cut-events=5", "cut-bytes=900", "reset=5"])
async def test_a_line_that_breaks_is_a_cut_after_what_had_come(
    fault: str, official: StandIn, loopback: Loopback
) -> None:
    client = await client_of(official, loopback)
    result = await asked(chats.stream(client, ask(f"2025年春节是哪一天 fault:{fault}")))
    assert is_error(result, StreamCut, kind="closed")
    assert isinstance(result.events[0], ChatCreated)
    assert not any(isinstance(event, ChatCompleted) for event in result.events)


@pytest.mark.parametrize("fault", ["end-events=5", "empty-stream"])
async def test_a_stream_that_just_ends_is_no_error_here(
    fault: str, official: StandIn, loopback: Loopback
) -> None:
    client = await client_of(official, loopback)
    result = await asked(chats.stream(client, ask(f"2025年春节是哪一天 fault:{fault}")))
    assert result.error is None
    assert not any(isinstance(event, ChatCompleted) for event in result.events)


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ("error=4016", ErrorEvent, 4016),
        ("error-empty", ErrorEvent, -1),
        ("error-then-completed", ErrorEvent, 5000),
        ("failed=4028", ChatFailed, 4028),
        ("bare-failed", ChatFailed, 5000),
    ],
)
async def test_a_failure_inside_the_stream_is_an_event(
    fault: str, kind: type[ErrorEvent | ChatFailed], code: int, official: StandIn, loopback: Loopback
) -> None:
    client = await client_of(official, loopback)
    result = await asked(chats.stream(client, ask(f"1 + 1 fault:{fault}")))
    (event,) = [event for event in result.events if isinstance(event, kind)]
    assert event.error.code == code


@pytest.mark.parametrize(
    ("fault", "retried", "kind"),
    [("html502", True, ProtocolError), ("empty200", False, ProtocolError), ("500json", True, ApiError)],
)
async def test_a_look_up_that_fails_once_is_tried_again(
    fault: str, retried: bool, kind: type[CozeTuiError], official: StandIn, loopback: Loopback
) -> None:
    client = await client_of(official, loopback)
    ids = (await asked(chats.stream(client, ask("1 + 1")))).ids
    official.fault(fault, path="/v3/chat/retrieve")
    if retried:
        assert (await chats.retrieve(client, *ids)).status is ChatStatus.COMPLETED
    else:
        with pytest.raises(kind):
            await chats.retrieve(client, *ids)
    official.fault(fault, path="/v3/chat/retrieve", times=9)
    with pytest.raises(kind):
        await chats.retrieve(client, *ids)


@pytest.mark.parametrize(("token", "kind"), [("pat_OTHER", AuthError)])
@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_a_wrong_token_is_an_error_of_its_own(
    token: str, kind: type[CozeTuiError], profile: str, loopback: Loopback
) -> None:
    with StandIn(dialect=profile, pace=0) as stand_in:
        client = await loopback.client(stand_in.base_url, lambda: token)
        result = await asked(chats.stream(client, ask("1 + 1")))
    assert type(result.error) is kind
    assert token not in str(vars(result.error))


@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_an_unknown_bot_is_reported(profile: str, loopback: Loopback) -> None:
    with StandIn(dialect=profile, pace=0) as stand_in:
        client = await client_of(stand_in, loopback)
        result = await asked(chats.stream(client, ask("1 + 1", "7000000000000000000")))
    if profile == "official":
        assert is_error(result, NotFoundError, code=4006)
    else:
        (event,) = result.events
        assert event.error.code == 103100002


# --- bytes that only a raw server sends ---


async def one_stream(loopback: Loopback, handler: Any, **options: Any) -> tuple[Asked, Any]:
    server = await loopback.serve(handler)
    client = await loopback.client(server.base_url, **options)
    return await asked(chats.stream(client, ask("x"))), server


async def test_silence_after_the_first_event_is_a_cut(loopback: Loopback) -> None:
    async def fall_silent(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n" + CREATED)
        await writer.drain()
        await asyncio.Event().wait()

    result, _ = await one_stream(loopback, fall_silent, idle_timeout=0.5)
    assert is_error(result, StreamCut, kind="timeout")
    assert len(result.frames) == 1


async def test_a_server_that_never_answers_is_given_up(loopback: Loopback) -> None:
    async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    result, server = await one_stream(loopback, hang, idle_timeout=0.1)
    assert is_error(result, TransportError, kind="timeout", request_sent=True)
    assert len(server.requests) == 1


async def test_a_refusal_that_never_ends_is_reported_by_its_status(loopback: Loopback) -> None:
    async def drip(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\n\r\n<h1>Bad Gateway</h1>")
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.01)

    result, _ = await one_stream(loopback, drip, reply_timeout=0.5)
    assert is_error(result, ProtocolError, problem="html", http_status=502, excerpt="Bad Gateway")


async def test_a_body_that_ends_with_the_connection_is_whole(loopback: Loopback) -> None:
    async def close(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Connection: close\r\n\r\n" + CREATED + b'event:done\ndata:"[DONE]"')
        writer.close()

    result, _ = await one_stream(loopback, close)
    assert result.error is None
    assert [frame.event for frame in result.frames] == ["conversation.chat.created", "done"]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (b"x" * 50_000, "line too long"),
        ((b"data:" + b"x" * 995 + b"\n") * 50, "event too large"),
        ((b": drip\n\n" + b" " * 50_000 + b"\n\n"), "too large"),
    ],
    ids=["line", "event", "reply"],
)
async def test_a_stream_without_end_is_cut_off(lines: bytes, problem: str, loopback: Loopback) -> None:
    sent = 0

    async def flood(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(HEAD + b"\r\n" + CREATED)
        while sent < 200_000_000:
            writer.write(lines)
            sent += len(lines)
            await writer.drain()

    result, server = await one_stream(loopback, flood)
    assert is_error(result, ProtocolError, problem=problem)
    assert len(result.frames) == 1
    await server.hung_up.wait()
    assert sent < 80_000_000


async def test_who_stops_reading_hangs_up(loopback: Loopback) -> None:
    async def endless(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n" + CREATED)
        while True:
            writer.write(b": still here\n\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    server = await loopback.serve(endless)
    client = await loopback.client(server.base_url)
    async with chats.stream(client, ask("x")) as stream, aclosing(stream.frames()) as frames:
        assert (await anext(frames)).event == "conversation.chat.created"
    await server.hung_up.wait()


async def test_a_reader_that_is_canceled_hangs_up(loopback: Loopback) -> None:
    begun = asyncio.Event()

    async def fall_silent(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"\r\n" + CREATED)
        await asyncio.sleep(3600)

    server = await loopback.serve(fall_silent)
    client = await loopback.client(server.base_url)

    async def read() -> None:
        async with chats.stream(client, ask("x")) as stream, aclosing(stream.frames()) as frames:
            async for _ in frames:
                begun.set()

    reader = asyncio.create_task(read())
    await begun.wait()
    reader.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reader
    await client.aclose()


async def test_what_the_listener_raises_is_its_own(loopback: Loopback) -> None:
    async def close(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Connection: close\r\n\r\n" + CREATED)
        writer.close()

    def broken_pipe(text: str) -> None:
        raise BrokenPipeError

    server = await loopback.serve(close)
    client = await loopback.client(server.base_url)
    with pytest.raises(BrokenPipeError):
        await asked(chats.stream(client, ask("x"), on_text=broken_pipe))


async def test_a_chat_is_sent_again_only_to_a_dead_port(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b"", "503 Later"))
    client = await loopback.client(server.base_url)
    assert isinstance((await asked(chats.stream(client, ask("x")))).error, ApiError)
    assert (len(server.requests), loopback.slept) == (1, [])
    nowhere = await loopback.client(f"http://127.0.0.1:{loopback.dead_port()}")
    result = await asked(chats.stream(nowhere, ask("x")))
    assert is_error(result, TransportError, kind="refused", request_sent=False)
    assert loopback.slept == [0.3]


async def test_times_can_count_from_an_earlier_question(loopback: Loopback) -> None:
    async def close(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD + b"Connection: close\r\n\r\n" + CREATED)
        writer.close()

    server = await loopback.serve(close)
    client = await loopback.client(server.base_url)
    ticks: Iterator[float] = iter([107.0, 107.5])
    async with chats.stream(client, ask("x")) as stream:
        frames = [frame async for frame in stream.frames(started=100.0, clock=lambda: next(ticks))]
    assert [frame.at_us for frame in frames] == [7_500_000]


async def test_the_raw_text_holds_no_token_in_whatever_pieces_it_comes(loopback: Loopback) -> None:
    told: list[str] = []
    with StandIn(pace=0) as stand_in:
        client = await client_of(stand_in, loopback)
        question = f"my token is {stand_in.token} fault:one-byte"
        await asked(chats.stream(client, ask(question), on_text=told.append))
        assert "my token is" in "".join(told)
        assert stand_in.token not in "".join(told)
