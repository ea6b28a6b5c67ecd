"""Every way in which a server can answer a call that is no stream, over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import traceback
import zlib

import pytest

from coze_tui.api.client import CozeClient
from coze_tui.api.frames import read_frames
from coze_tui.errors import (
    ApiError,
    AuthError,
    CozeTuiError,
    CredentialsError,
    ProtocolError,
    QuotaError,
    SettingsError,
    TransportError,
)
from tests.support.loopback import Loopback, Request

GOOD = b'{"code":0,"msg":"","data":{"id":"1"}}'
CERTIFICATES = "certificates"


async def failure(client: CozeClient, method: str = "GET") -> CozeTuiError:
    call = client.get_json("/v1/x") if method == "GET" else client.post_json("/v1/x", {})
    with pytest.raises(CozeTuiError) as caught:
        await call
    return caught.value


# --- what is sent ---


async def test_a_call_says_who_asks_and_takes_no_compression(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(GOOD, X_Tt_Logid="L1"))
    client = await loopback.client(server.base_url)
    envelope = await client.get_json("/v1/x", {"bot_id": "1", "empty": "", "name": "潮 &?"})
    assert (envelope.data, envelope.logid) == ({"id": "1"}, "L1")
    (request,) = server.requests
    assert request.line == "GET /v1/x?bot_id=1&name=%E6%BD%AE+%26%3F HTTP/1.1"
    assert request.header("authorization") == f"Bearer {loopback.token}"
    assert request.header("accept-encoding") == "identity"
    assert request.header("user-agent").startswith("coze-tui/")


async def test_json_is_sent_as_utf_8_and_halves_of_characters_are_mended(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(GOOD))
    client = await loopback.client(server.base_url)
    await client.post_json("/v1/x", {"a": "海", "b": "\ud83d", "c": "\ud83d\ude00"})
    (request,) = server.requests
    assert request.header("content-type") == "application/json"
    assert json.loads(request.body.decode()) == {"a": "海", "b": "\ufffd", "c": "😀"}


async def test_the_token_is_asked_for_at_every_request(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(GOOD))
    tokens = iter(["pat_A", " pat_B\r\n"])
    client = await loopback.client(server.base_url, lambda: next(tokens))
    await client.get_json("/v1/x")
    await client.get_json("/v1/x")
    assert [r.header("authorization") for r in server.requests] == ["Bearer pat_A", "Bearer pat_B"]


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("", "missing"),
        (" \n", "missing"),
        ("pat_A\nX-Evil: 1", "malformed"),
        ("pat_A\x1b", "malformed"),
        ("pat_A b", "malformed"),
        ("令牌", "malformed"),
    ],
)
async def test_a_token_that_fits_no_header_is_never_sent(token: str, reason: str, loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(GOOD))
    error = await failure(await loopback.client(server.base_url, lambda: token))
    assert isinstance(error, CredentialsError)
    assert error.reason == reason
    assert server.requests == []


# --- where it is sent ---


@pytest.mark.parametrize("address", ["http://api.example", "http://192.168.1.5:8888", "ftp://x", "", "a b"])
def test_an_address_that_would_give_the_token_away_is_refused(address: str) -> None:
    with pytest.raises(SettingsError) as caught:
        CozeClient(address, lambda: "pat_EXAMPLE")
    assert caught.value.source == "base_url"
    assert " " in caught.value.problem  # a clause for a person


async def test_the_token_is_masked_wherever_it_stands_unless_it_is_no_secret() -> None:
    token = "pat_MARKED0TOKEN0EXAMPLE"
    client = CozeClient("https://api.coze.cn", lambda: f" {token}\n")
    short = CozeClient("https://api.coze.cn", lambda: "a")
    try:
        assert client.without_token(f'{{"a":"{token}{token}"}}') == '{"a":"******"}'
        assert short.without_token("banana") == "banana"
    finally:
        await client.aclose()
        await short.aclose()


async def test_a_pasted_address_is_mended() -> None:
    client = CozeClient(" https://www.coze.cn/space/1/bot/2\n", lambda: "pat_EXAMPLE")
    assert client.base_url == "https://api.coze.cn"
    await client.aclose()
    await client.aclose()


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Gone on"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_redirect_is_not_followed_and_the_token_stays(
    status: str, method: str, loopback: Loopback
) -> None:
    elsewhere = await loopback.serve(loopback.answer(GOOD))
    server = await loopback.serve(loopback.answer(b"", status, Location=elsewhere.base_url + "/v1/x"))
    error = await failure(await loopback.client(server.base_url), method)
    assert isinstance(error, ProtocolError)
    assert error.problem == "redirect"
    assert elsewhere.requests == []


# --- no connection ---


async def test_a_dead_port_is_refused_and_nothing_was_sent(loopback: Loopback) -> None:
    client = await loopback.client(f"http://127.0.0.1:{loopback.dead_port()}")
    error = await failure(client)
    assert isinstance(error, TransportError)
    assert (error.kind, error.request_sent) == ("refused", False)
    assert error.url == client.base_url
    assert loopback.slept == [0.3, 1.0]


async def test_a_host_that_does_not_exist(loopback: Loopback) -> None:
    error = await failure(await loopback.client("https://" + "a" * 63 + "." + "b" * 63 + ".invalid"))
    assert isinstance(error, TransportError)
    assert (error.kind, error.request_sent) == ("dns", False)
    assert loopback.slept == []


async def test_a_server_that_never_answers(loopback: Loopback) -> None:
    async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    server = await loopback.serve(hang)
    error = await failure(await loopback.client(server.base_url, reply_timeout=0.1))
    assert isinstance(error, TransportError)
    assert (error.kind, error.request_sent) == ("timeout", True)
    assert (len(server.requests), loopback.slept) == (1, [])


async def test_a_reply_that_only_drips_is_given_up(loopback: Loopback) -> None:
    async def drip(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.01)

    server = await loopback.serve(drip)
    error = await failure(await loopback.client(server.base_url, reply_timeout=0.2))
    assert isinstance(error, TransportError)
    assert error.kind == "timeout"


async def test_a_connection_that_closes_without_a_word(loopback: Loopback) -> None:
    async def close(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await loopback.serve(close)
    client = await loopback.client(server.base_url)
    error = await failure(client)
    assert isinstance(error, TransportError)
    assert (error.kind, error.request_sent) == ("closed", True)
    assert len(server.requests) == 3  # a GET may be asked again
    await failure(client, "POST")
    assert len(server.requests) == 4  # what may have been done is not


async def test_a_reset_in_the_middle_of_a_reply(loopback: Loopback) -> None:
    async def break_off(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        await writer.drain()
        loopback.reset(writer)

    server = await loopback.serve(break_off)
    error = await failure(await loopback.client(server.base_url), "POST")
    assert isinstance(error, TransportError)
    assert error.kind == "closed"


@pytest.mark.parametrize(
    "banner",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x00\xff" * 100 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 999\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_a_failure_of_the_line(banner: bytes, loopback: Loopback) -> None:
    async def speak(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(banner)
        writer.close()

    server = await loopback.serve(speak)
    error = await failure(await loopback.client(server.base_url), "POST")
    assert isinstance(error, TransportError | ApiError)


# --- certificates and proxies ---


@pytest.fixture
def certificate(request: pytest.FixtureRequest) -> str:
    return str(request.path.parent / CERTIFICATES / "self_signed.pem")


async def test_an_unknown_certificate_is_refused_before_anything_is_sent(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(GOOD), "self_signed.pem")
    error = await failure(await loopback.client(server.base_url))
    assert isinstance(error, TransportError)
    assert (error.kind, error.request_sent) == ("tls", False)
    assert "self-signed" in error.detail.replace("self signed", "self-signed")
    assert (server.requests, loopback.slept) == ([], [])


async def test_a_ca_file_makes_it_known(certificate: str, loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(GOOD), "self_signed.pem")
    client = await loopback.client(server.base_url, ca_file=certificate)
    assert (await client.get_json("/v1/x")).data == {"id": "1"}


async def test_an_expired_certificate_is_refused_though_known(certificate: str, loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(GOOD), "expired.pem")
    ca_file = certificate.replace("self_signed", "expired")
    error = await failure(await loopback.client(server.base_url, ca_file=ca_file))
    assert isinstance(error, TransportError)
    assert (error.kind, error.detail) == ("tls", "certificate has expired")


@pytest.mark.parametrize("is_encrypted", [False, True])
async def test_chunks_that_arrive_together_are_read_together(
    is_encrypted: bool, certificate: str, loopback: Loopback
) -> None:
    events = [f"data: {number}\n\n".encode() for number in range(500)]

    async def stream(request: Request, writer: asyncio.StreamWriter) -> None:
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(event), event) for event in events)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")

    server = await loopback.serve(stream, "self_signed.pem" if is_encrypted else "")
    client = await loopback.client(server.base_url, ca_file=certificate if is_encrypted else None)
    for _again_on_the_same_connection in range(2):
        async with client.open_stream("/v3/chat", {}) as opened:
            pieces = [piece async for piece in opened.response.aiter_raw()]
        assert b"".join(pieces) == b"".join(events)
        assert len(pieces) < 50


async def test_a_plain_server_where_tls_was_expected(loopback: Loopback) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        error = await failure(await loopback.client(f"https://127.0.0.1:{port}"))
    assert isinstance(error, TransportError)
    assert (error.kind, error.request_sent) == ("tls", False)


async def test_a_missing_proxy_is_distinguished_from_a_missing_site(loopback: Loopback) -> None:
    dead = f"127.0.0.1:{loopback.dead_port()}"
    error = await failure(await loopback.client("https://api.example.invalid", proxy=dead))
    assert isinstance(error, TransportError)
    assert (error.kind, error.request_sent) == ("proxy", False)


async def test_a_proxy_that_says_no_never_sees_the_token(loopback: Loopback) -> None:
    refusal = loopback.answer(b"", "407 Proxy Authentication Required")
    proxy = await loopback.serve(refusal)
    error = await failure(await loopback.client("https://api.example.invalid", proxy=proxy.base_url))
    assert isinstance(error, TransportError)
    assert (error.kind, error.request_sent) == ("proxy", False)
    assert [request.line for request in proxy.requests] == ["CONNECT api.example.invalid:443 HTTP/1.1"]
    assert proxy.requests[0].header("authorization") == ""


# --- too much ---


async def test_a_compressed_reply_is_unpacked_up_to_the_limit_of_a_reply(loopback: Loopback) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    server = await loopback.serve(loopback.answer(bomb, Content_Encoding="gzip"))
    error = await failure(await loopback.client(server.base_url))
    assert isinstance(error, ProtocolError)
    assert error.problem == "too large"


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "GZIP, identity", "deflate", "deflate raw", ""])
@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized"])
async def test_a_small_compressed_reply_says_what_it_says(
    encoding: str, status: str, loopback: Loopback
) -> None:
    body = b'{"code":4100,"msg":"authentication is invalid"}'
    packed = gzip.compress(body) if "deflate" not in encoding else zlib.compress(body)
    if encoding == "deflate raw":
        packed = zlib.compress(body, wbits=-15)
    name = encoding.removesuffix(" raw")
    server = await loopback.serve(loopback.answer(packed, status, Content_Encoding=name))
    error = await failure(await loopback.client(server.base_url), "POST")
    assert isinstance(error, AuthError)
    assert (error.code, error.msg) == (4100, "authentication is invalid")


@pytest.mark.parametrize(("status", "kind"), [("401 No", AuthError), ("200 OK", ProtocolError)])
async def test_of_a_reply_that_cannot_be_unpacked_the_status_counts(
    status: str, kind: type[CozeTuiError], loopback: Loopback
) -> None:
    server = await loopback.serve(
        loopback.answer(b"\x0b\x02\x80\x81\x82\x83\x84", status, Content_Encoding="br")
    )
    assert type(await failure(await loopback.client(server.base_url), "POST")) is kind


async def test_json_without_end_is_cut_off(loopback: Loopback) -> None:
    sent = 0

    async def flood(request: Request, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[")
        while sent < 200_000_000:
            writer.write(b"1," * 50_000)
            await writer.drain()
            sent += 100_000

    server = await loopback.serve(flood)
    error = await failure(await loopback.client(server.base_url), "POST")
    assert isinstance(error, ProtocolError)
    assert error.problem == "too large"
    await server.hung_up.wait()
    assert sent < 50_000_000


async def test_of_a_page_of_a_megabyte_a_line_is_kept(loopback: Loopback) -> None:
    page = b"<h1>Bad Gateway</h1>" + b"".join(b"<p>padding %d</p>" % n for n in range(60_000))
    server = await loopback.serve(loopback.answer(page, "502 Bad Gateway", "text/html"))
    error = await failure(await loopback.client(server.base_url), "POST")
    assert isinstance(error, ProtocolError)
    assert (error.problem, error.http_status, len(error.excerpt)) == ("html", 502, 200)


async def test_a_failed_reply_that_breaks_off_still_tells_its_status(loopback: Loopback) -> None:
    async def break_off(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 Oh\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nbroken he")
        writer.close()

    server = await loopback.serve(break_off)
    error = await failure(await loopback.client(server.base_url), "POST")
    assert isinstance(error, ApiError)
    assert (error.code, error.msg) == (500, "broken he")


# --- asking again ---


async def test_a_get_is_asked_again_as_the_server_wishes(loopback: Loopback) -> None:
    busy = loopback.answer(b"", "429 Too Many", Retry_After="3")
    broken = loopback.answer(b"", "503 Later")
    server = await loopback.serve(loopback.in_turn(busy, broken, loopback.answer(GOOD)))
    client = await loopback.client(server.base_url)
    assert (await client.get_json("/v1/x")).data == {"id": "1"}
    assert loopback.slept == [3.0, 1.0]


async def test_a_get_is_not_asked_for_ever(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b"", "429 Too Many"))
    error = await failure(await loopback.client(server.base_url))
    assert isinstance(error, QuotaError)
    assert len(server.requests) == 3


async def test_a_long_wait_is_left_to_the_person(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b"", "429 Too Many", Retry_After="60"))
    error = await failure(await loopback.client(server.base_url))
    assert isinstance(error, QuotaError)
    assert error.retry_after == 60.0
    assert (len(server.requests), loopback.slept) == (1, [])


async def test_a_no_of_cozes_is_final(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b'{"code":4009,"msg":"busy"}'))
    assert isinstance(await failure(await loopback.client(server.base_url)), ApiError)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", ["429 Too Many", "503 Later"])
async def test_a_post_is_sent_once(status: str, loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b"", status))
    client = await loopback.client(server.base_url)
    await failure(client, "POST")
    with pytest.raises(ApiError):
        await client.put_json("/v1/x", {})
    with pytest.raises(ApiError):
        await client.delete("/v1/x")
    assert [request.line.split()[0] for request in server.requests] == ["POST", "PUT", "DELETE"]
    assert loopback.slept == []


async def test_a_post_that_only_asks_may_be_repeated(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.in_turn(loopback.answer(b"", "503 Later"), loopback.answer(GOOD)))
    client = await loopback.client(server.base_url)
    assert (await client.post_json("/v1/x", {}, repeatable=True)).data == {"id": "1"}


async def test_a_post_to_a_dead_port_is_tried_again(loopback: Loopback) -> None:
    error = await failure(await loopback.client(f"http://127.0.0.1:{loopback.dead_port()}"), "POST")
    assert isinstance(error, TransportError)
    assert loopback.slept == [0.3, 1.0]


# --- beside each other ---


async def test_answers_that_cross_find_their_questions(loopback: Loopback) -> None:
    second_asked = asyncio.Event()

    async def crossing(request: Request, writer: asyncio.StreamWriter) -> None:
        which = request.line.split()[1][-1]
        if which == "1":
            await second_asked.wait()
        second_asked.set()
        await loopback.answer(b'{"code":0,"data":"%s"}' % which.encode())(request, writer)

    server = await loopback.serve(crossing)
    client = await loopback.client(server.base_url)
    envelopes = await asyncio.gather(client.get_json("/v1/1"), client.get_json("/v1/2"))
    assert [envelope.data for envelope in envelopes] == ["1", "2"]


async def test_a_canceled_call_hangs_up(loopback: Loopback) -> None:
    asked = asyncio.Event()

    async def hang(request: Request, writer: asyncio.StreamWriter) -> None:
        asked.set()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.Event().wait()

    server = await loopback.serve(hang)
    call = asyncio.create_task((await loopback.client(server.base_url)).get_json("/v1/x"))
    await asked.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert len(server.requests) == 1


# --- the token ---


async def test_the_token_is_in_no_error_no_traceback_and_no_log(
    loopback: Loopback, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    no = loopback.answer(b'{"code":4100,"msg":"authentication is invalid (sample)"}')

    async def close(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.close()

    servers = [await loopback.serve(handler) for handler in (no, close, loopback.answer(b"<p>", "302 Found"))]
    addresses = [server.base_url for server in servers] + [f"http://127.0.0.1:{loopback.dead_port()}"]
    clients = [await loopback.client(address) for address in addresses]
    clients.append(await loopback.client(addresses[0], lambda: f"{loopback.token}\x1b"))
    for client in clients:
        error = await failure(client)
        told = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        for text in (told, repr(error), str(error), str(vars(error)), repr(client), str(vars(client))):
            assert "MARKED" not in text
    assert caplog.records
    assert "MARKED" not in caplog.text


@pytest.mark.parametrize("status", ["200 OK", "401 Unauthorized", "502 Bad"])
@pytest.mark.parametrize("content_type", ["application/json", "text/html", "text/plain"])
async def test_a_server_that_repeats_the_token_is_not_repeated(
    status: str, content_type: str, loopback: Loopback
) -> None:
    body = f'{{"code":4100,"msg":"no such token: Bearer {loopback.token}"}}'.encode()
    server = await loopback.serve(loopback.answer(body, status, content_type))
    client = await loopback.client(server.base_url)
    error = await failure(client, "POST")

    async def stream() -> None:
        async with client.open_stream("/v3/chat", {}) as opened:
            async for _frame in read_frames(opened.response, started=0):
                pass

    with pytest.raises(CozeTuiError) as caught:
        await stream()
    for told in (str(vars(error)), str(vars(caught.value))):
        assert "no such token: Bearer ***" in told
