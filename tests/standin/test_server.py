"""The life of a stand-in: start, stop, gates, the record of requests, tokens."""

from __future__ import annotations

import http.client
import socket
import threading
import time

import pytest

from coze_tui.standin.scenarios import Answer, Bot, Delta, Gate
from coze_tui.standin.server import StandIn
from tests.support.standin_calls import BOT, Caller, Run


def test_it_listens_on_loopback_only_between_start_and_stop() -> None:
    stand_in = StandIn()
    assert stand_in.base_url == ""
    assert stand_in.start() is stand_in
    caller = Caller(stand_in)
    assert stand_in.base_url == f"http://127.0.0.1:{caller.port}"
    assert caller.get("/v1/users/me").code == 0
    stand_in.stop()
    stand_in.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", caller.port), timeout=5)


def test_stop_without_start_is_nothing() -> None:
    StandIn().stop()


def test_a_port_that_is_taken_is_an_error() -> None:
    with StandIn() as first:
        second = StandIn(port=Caller(first).port)
        with pytest.raises(OSError, match="in use"):
            second.start()
        second.stop()


def test_an_unknown_dialect_is_an_error() -> None:
    with pytest.raises(ValueError, match="dialect"):
        StandIn(dialect="private")


def test_stop_ends_a_stream_that_is_held() -> None:
    before = set(threading.enumerate())
    stand_in = StandIn(pace=0, bots=[Bot(BOT, "bot", [Delta("half"), Gate("never"), Answer("x")])]).start()
    caller = Caller(stand_in)
    with caller.open("hi") as line:
        line.body(until=b"half")
        stand_in.wait_for("never")
        stand_in.stop()
        assert b"chat.completed" not in line.body()
        assert not line.whole
    assert "standin" not in [thread.name for thread in set(threading.enumerate()) - before]


def test_a_gate_holds_the_stream_until_it_is_released(run: Run) -> None:
    caller = run([Delta("before"), Gate("one"), Delta("after")])
    with pytest.raises(TimeoutError, match="'one'"):
        caller.stand_in.wait_for("one", timeout=0.01)
    with caller.open("hi") as line:
        caller.stand_in.wait_for("one")
        assert b"after" not in line.body(until=b"before")
        caller.stand_in.release("one")
        assert b"after" in line.body()
    # It stays open for those who come later.
    assert "after" in caller.ask("hi").raw.decode()


def test_a_gate_may_be_released_before_anyone_comes(run: Run) -> None:
    caller = run([Gate("one"), Answer("x")])
    caller.stand_in.release("one")
    assert caller.ask("hi").answer() == "x"
    caller.stand_in.wait_for("one", timeout=0)


def test_a_gate_can_be_shut_again(run: Run) -> None:
    caller = run([Gate("one"), Answer("x")])
    caller.stand_in.release("one")
    caller.ask("hi")
    caller.stand_in.shut("one")
    with pytest.raises(TimeoutError):
        caller.stand_in.wait_for("one", timeout=0)
    with caller.open("again") as line:
        caller.stand_in.wait_for("one")
        assert b"completed" not in line.body(until=b"chat.in_progress")


def test_a_large_body_is_not_kept(run: Run) -> None:
    caller = run([Answer("x")])
    caller.upload("big.pdf", bytes(1_500_000))
    caller.upload("small.pdf", b"x")
    assert [len(request.raw) > 0 for request in caller.stand_in.requests] == [False, True]


def test_requests_are_recorded_with_all_that_came(run: Run) -> None:
    caller = run([Answer("x")])
    before = time.monotonic()
    caller.ask("hi", conversation="")
    caller.get("/v3/chat/retrieve", conversation_id="1", chat_id="2")
    asked, retrieved = caller.stand_in.requests
    assert (asked.method, asked.path, dict(asked.query)) == ("POST", "/v3/chat", {})
    assert isinstance(asked.body, dict)
    assert asked.body["bot_id"] == BOT
    assert asked.headers["authorization"] == f"Bearer {caller.stand_in.token}"
    assert dict(retrieved.query) == {"conversation_id": "1", "chat_id": "2"}
    assert retrieved.body is None
    assert before <= asked.at <= retrieved.at <= time.monotonic()


@pytest.mark.parametrize(
    "header", ["", "Bearer pat_OTHER", "Bearer ", "Basic x", "{token}", "Token Bearer {token}"]
)
def test_no_token_or_a_wrong_one_is_4100(run: Run, header: str) -> None:
    caller = run([Answer("x")])
    headers = {"Authorization": header.format(token=caller.stand_in.token)} if header else {}
    answer = caller.call("GET", "/v1/users/me", headers=headers)
    assert (answer.status, answer.code) == (200, 4100)
    caller.stand_in.switches.auth_status = 401
    assert caller.call("GET", "/v1/users/me", headers=headers).status == 401


def test_a_token_without_the_scope_is_4101(run: Run) -> None:
    caller = run([Answer("x")])
    caller.stand_in.add_token("pat_SMALL", scopes=["chat"])
    assert caller.call("GET", "/v1/users/me", token="pat_SMALL").code == 0
    assert caller.call("GET", "/v1/workspaces", token="pat_SMALL").code == 4101
    assert caller.call("GET", "/v3/chat/retrieve", token="pat_SMALL").code == 4101


def test_a_token_expires_and_can_be_revoked(run: Run) -> None:
    now = 1000.0
    caller = run(clock=lambda: now)
    caller.stand_in.add_token("pat_SHORT", expires_at=2000)
    assert caller.call("GET", "/v1/users/me", token="pat_SHORT").code == 0
    now = 2000.0
    assert caller.call("GET", "/v1/users/me", token="pat_SHORT").code == 4100
    caller.stand_in.revoke_token(caller.stand_in.token)
    assert caller.get("/v1/users/me").code == 4100


def test_pace_scales_the_pauses() -> None:
    bots = [Bot(BOT, "bot", [Answer("some words that take their time", wait=0.2, rate=100)])]
    with StandIn(pace=1, bots=bots) as stand_in:
        start = time.monotonic()
        Caller(stand_in).ask("hi")
        assert time.monotonic() - start >= 0.2


def test_two_stand_ins_know_nothing_of_each_other(run: Run) -> None:
    one, other = run([Answer("one")]), run([Answer("other")], profile="studio")
    chat = one.ask("hi").chat()
    assert other.ask("hi").answer() == "other"
    assert (
        other.get("/v3/chat/retrieve", conversation_id=chat["conversation_id"], chat_id=chat["id"]).status
        == 500
    )
    assert len(one.stand_in.requests) == 1


def test_many_streams_run_at_once(run: Run) -> None:
    caller = run([Delta("x"), Gate("all"), Answer("y")])
    lines = [caller.open("hi") for _ in range(20)]
    for line in lines:
        line.body(until=b'"content":"x"')
    caller.stand_in.release("all")
    for line in lines:
        with line:
            assert b"[DONE]" in line.body()


def test_head_has_no_body(run: Run) -> None:
    caller = run()
    connection = http.client.HTTPConnection(caller.host, caller.port, timeout=20)
    try:
        connection.request("HEAD", "/v1/users/me", headers=caller.headers())
        assert connection.getresponse().read() == b""
    finally:
        connection.close()
