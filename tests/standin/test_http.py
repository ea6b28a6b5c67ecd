"""HTTP/1.1 as the stand-in speaks it."""

from __future__ import annotations

import http.client
import json

import pytest

from coze_tui.standin.scenarios import Answer, Bot, Delta
from tests.support.standin_calls import BOT, Caller, Line, Run, question_body, read_events


def request(caller: Caller, body: bytes, headers: str) -> bytes:
    """A POST /v3/chat with these headers."""
    token = f"Authorization: Bearer {caller.stand_in.token}"
    return f"POST /v3/chat HTTP/1.1\r\nHost: x\r\n{token}\r\n{headers}\r\n\r\n".encode() + body


def test_a_connection_is_used_again(run: Run) -> None:
    caller = run([Answer("x")])
    connection = http.client.HTTPConnection(caller.host, caller.port, timeout=20)
    body = json.dumps(question_body("hi"))
    try:
        for _ in range(3):
            connection.request("POST", "/v3/chat", body, caller.headers())
            sock = connection.sock
            response = connection.getresponse()
            assert response.read().endswith(b'data:"[DONE]"\n\n')
            assert response.headers["Connection"] == "keep-alive"
            connection.request("GET", "/v1/users/me", headers=caller.headers())
            assert connection.sock is sock
            assert json.loads(connection.getresponse().read())["code"] == 0
    finally:
        connection.close()


def test_a_connection_is_closed_if_the_client_asks_so(run: Run) -> None:
    caller = run([Answer("x")])
    body = json.dumps(question_body("hi")).encode()
    with Line(caller.host, caller.port) as line:
        line.send(request(caller, body, f"Content-Length: {len(body)}\r\nConnection: close"))
        assert b"Connection: close" in line.head()
        assert line.read().endswith(b"0\r\n\r\n")


def test_a_body_may_come_in_chunks_and_bytes(run: Run) -> None:
    caller = run(lambda turn: [Answer(turn.question)])
    body = json.dumps(question_body("chunked 你好"), ensure_ascii=False).encode()
    with Line(caller.host, caller.port) as line:
        line.send(request(caller, b"", "Transfer-Encoding: chunked"))
        for at in range(0, len(body), 7):
            part = body[at : at + 7]
            line.send(b"%x\r\n" % len(part) + part + b"\r\n")
        line.send(b"0\r\n\r\n")
        assert "chunked 你好" in line.body().decode()


def test_a_client_may_wait_for_100_continue(run: Run) -> None:
    caller = run([Answer("x")])
    body = json.dumps(question_body("hi")).encode()
    with Line(caller.host, caller.port) as line:
        line.send(request(caller, b"", f"Content-Length: {len(body)}\r\nExpect: 100-continue"))
        assert line.head() == b"HTTP/1.1 100 Continue\r\n"
        line.send(body)
        assert b"200 OK" in line.head()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"POST /v3/chat HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /v3/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n", 413),
        (b"POST /v3/chat HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
    ],
)
def test_what_is_no_request_is_answered_and_closed(run: Run, sent: bytes, status: int) -> None:
    caller = run()
    with Line(caller.host, caller.port) as line:
        line.send(sent)
        assert line.head().startswith(b"HTTP/1.1 %d " % status)
        line.read()


def test_other_paths_and_methods_get_json(run: Run) -> None:
    caller = run()
    nowhere = caller.get("/v9/nothing")
    assert (nowhere.status, nowhere.code) == (404, 4000)
    wrong = caller.call("DELETE", "/v3/chat")
    assert (wrong.status, wrong.code) == (405, 4000)
    assert "x-tt-logid" in nowhere.headers


def test_every_reply_has_a_log_id_of_its_own(run: Run) -> None:
    caller = run([Answer("x")])
    replies = [
        caller.ask("hi"),
        caller.get("/v1/users/me"),
        caller.get("/v3/chat/retrieve"),
        caller.get("/nothing"),
    ]
    logids = [reply.headers["x-tt-logid"] for reply in replies]
    assert len(set(logids)) == len(logids)


def test_chunks_have_random_sizes_and_split_characters(run: Run) -> None:
    caller = run([Answer("海水为什么咸？" * 40)])
    with caller.open("hi") as line:
        chunks = list(line.chunks())
    broken = [chunk for chunk in chunks if not valid(chunk)]
    assert broken
    assert any(b"\n\n" not in chunk for chunk in chunks)
    assert "".join(json.loads(data)["content"] for name, data in events(chunks) if name.endswith("delta"))


def test_chunks_may_be_events(run: Run) -> None:
    caller = run([Delta("海水"), Delta("为什么咸？")])
    caller.stand_in.switches.chunks = "event"
    with caller.open("hi") as line:
        assert all(chunk.startswith(b"event:") and chunk.endswith(b"\n\n") for chunk in line.chunks())


def test_the_same_seed_gives_the_same_bytes(run: Run) -> None:
    scenario = [Answer("the same words, cut in the same places")]

    def chunks() -> list[bytes]:
        with run(bots=[Bot(BOT, "bot", scenario)]).open("hi") as line:
            return list(line.chunks())

    assert chunks() == chunks()


def valid(chunk: bytes) -> bool:
    try:
        chunk.decode()
    except UnicodeDecodeError:
        return False
    return True


def events(chunks: list[bytes]) -> list[tuple[str, str]]:
    return read_events(b"".join(chunks).decode())
