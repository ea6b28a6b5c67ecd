"""The control path, as another process would use it."""

from __future__ import annotations

import pytest

from coze_tui.standin.scenarios import Answer, Gate
from tests.support.standin_calls import Caller, Json, Run, as_list, as_object


@pytest.fixture
def caller(run: Run) -> Caller:
    return run([Gate("one"), Answer("x")])


def control(caller: Caller, what: str, **body: object) -> object:
    reply = caller.call("POST", f"/_standin/{what}", body, headers={})
    assert reply.code == 0, reply.raw
    return reply.body["data"]


def test_gates_and_requests(caller: Caller) -> None:
    control(caller, "release", gate="one")
    assert caller.ask("hi").answer() == "x"
    assert control(caller, "gates") == ["one"]
    [asked] = as_list(control(caller, "requests"))
    assert (asked["method"], asked["path"]) == ("POST", "/v3/chat")
    assert caller.stand_in.token not in str(asked)


def test_switches(caller: Caller) -> None:
    control(caller, "switch", auth_status=401, busy_text="busy")
    assert caller.stand_in.switches.auth_status == 401
    assert as_object(control(caller, "switch"))["busy_text"] == "busy"
    for bad in ({"no_such": 1}, {"auth_status": "401"}):
        assert caller.call("POST", "/_standin/switch", bad, headers={}).code == 4000


def test_faults(caller: Caller) -> None:
    control(caller, "fault", path="/v1/users/me", words="429=7")
    assert caller.get("/v1/users/me").headers["retry-after"] == "7"
    assert caller.get("/v1/users/me").status == 200
    for words in ("no-such", "crlf"):
        body: Json = {"path": "/v1/users/me", "words": words}
        assert caller.call("POST", "/_standin/fault", body, headers={}).code == 4000
    assert "crlf" in as_object(as_object(control(caller, "faults"))["faults"])


def test_tokens_and_devices(caller: Caller) -> None:
    control(caller, "token", token="pat_OTHER", scopes=["chat"])
    assert caller.call("GET", "/v1/workspaces", token="pat_OTHER").code == 4101
    code = caller.post("/api/permission/oauth2/device/code", {"client_id": "c"}).body
    assert control(caller, "device", user_code=code["user_code"], decision="approve") == {"known": True}
    assert control(caller, "device", user_code="x", decision="approve") == {"known": False}


def test_bots_and_nothing(caller: Caller) -> None:
    assert [bot["name"] for bot in as_list(control(caller, "bots"))] == ["bot"]
    assert caller.call("GET", "/_standin/nothing", headers={}).status == 404
