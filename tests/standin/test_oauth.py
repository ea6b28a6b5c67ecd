"""The device flow and the rotating refresh token (docs/wire.md 1.4, 1.5)."""

from __future__ import annotations

import pytest

from coze_tui.standin.oauth import DEVICE_GRANT
from tests.support.standin_calls import Caller, Json, Run

CLIENT = "client-1"
TOKEN = "/api/permission/oauth2/token"
CODE = "/api/permission/oauth2/device/code"


class Clock:
    def __init__(self) -> None:
        self.now = 1760000000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def caller(run: Run, clock: Clock) -> Caller:
    return run(clock=clock)


def start(caller: Caller) -> Json:
    return caller.call("POST", CODE, {"client_id": CLIENT}, headers={}).body


def poll(caller: Caller, code: Json, client_id: str = CLIENT) -> Json:
    body = {"client_id": client_id, "grant_type": DEVICE_GRANT, "device_code": code["device_code"]}
    return caller.call("POST", TOKEN, body, headers={}).body


def refresh(caller: Caller, token: object) -> Json:
    body = {"client_id": CLIENT, "grant_type": "refresh_token", "refresh_token": token}
    return caller.call("POST", TOKEN, body, headers={}).body


def test_pending_then_too_fast_then_granted(caller: Caller, clock: Clock) -> None:
    code = start(caller)
    assert (code["expires_in"], code["interval"]) == (300, 5)
    assert code["verification_uri"] == f"{caller.stand_in.base_url}/device"
    clock.now += 5
    assert poll(caller, code)["error"] == "authorization_pending"
    clock.now += 1
    assert poll(caller, code)["error"] == "slow_down"
    clock.now += 5
    assert poll(caller, code)["error"] == "slow_down"  # the interval has grown
    clock.now += 15
    assert poll(caller, code)["error"] == "authorization_pending"
    assert caller.stand_in.decide(str(code["user_code"]), "approve")
    clock.now += 15
    granted = poll(caller, code)
    assert granted["expires_in"] == int(clock.now) + 900  # a time, not a duration
    assert str(granted["access_token"]).startswith("czu_")
    assert caller.call("GET", "/v1/users/me", token=str(granted["access_token"])).code == 0
    assert poll(caller, code)["error"] == "invalid_request"  # a code is good once
    clock.now += 900
    assert caller.call("GET", "/v1/users/me", token=str(granted["access_token"])).code == 4100


def test_denied(caller: Caller) -> None:
    code = start(caller)
    caller.stand_in.decide(str(code["user_code"]), "deny")
    assert poll(caller, code)["error"] == "access_denied"
    assert not caller.stand_in.decide("NOPE-NOPE", "approve")


def test_expired(caller: Caller, clock: Clock) -> None:
    code = start(caller)
    clock.now += 301
    assert poll(caller, code)["error"] == "expired_token"


def test_answers_can_be_scripted(caller: Caller) -> None:
    caller.stand_in.device(script=["slow_down", "authorization_pending"], approve_after=3, interval=1)
    code = start(caller)
    assert code["interval"] == 1
    assert poll(caller, code)["error"] == "slow_down"
    assert poll(caller, code)["error"] == "authorization_pending"
    assert "access_token" in poll(caller, code)


def test_a_refresh_token_is_good_once(caller: Caller) -> None:
    caller.stand_in.device(approve_after=1)
    first = poll(caller, start(caller))
    second = refresh(caller, first["refresh_token"])
    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert refresh(caller, first["refresh_token"])["error"] == "invalid_request"
    assert "access_token" in refresh(caller, second["refresh_token"])


def test_bad_requests(caller: Caller) -> None:
    code = start(caller)
    assert poll(caller, code, "other")["error"] == "invalid_client"
    assert poll(caller, {"device_code": "x"})["error"] == "invalid_request"
    assert caller.post(CODE, {}).body["error"] == "invalid_request"
    assert caller.post(TOKEN, {}).body["error"] == "invalid_request"
    assert caller.post(TOKEN, {"grant_type": "password"}).body["error"] == "unsupported_grant_type"


def test_the_flow_of_one_workspace(caller: Caller) -> None:
    path = "/api/permission/oauth2/workspace_id/7511000000000000022/device/code"
    assert "device_code" in caller.post(path, {"client_id": CLIENT}).body


@pytest.mark.parametrize(
    ("shape", "keys"),
    [
        ("docs", {"error", "error_description"}),
        ("sdk", {"error_code", "error_message"}),
        ("both", {"error", "error_description", "error_code", "error_message"}),
    ],
)
def test_the_fields_of_an_error_are_a_switch(caller: Caller, shape: str, keys: set[str]) -> None:
    caller.stand_in.switches.oauth_errors = shape
    caller.stand_in.switches.oauth_error_status = 200
    reply = caller.post(TOKEN, {})
    assert (reply.status, set(reply.body)) == (200, keys)


def test_the_user_decides_on_a_page(caller: Caller) -> None:
    code = start(caller)
    page = caller.call("GET", "/device", query={"user_code": code["user_code"]}, headers={})
    assert str(code["user_code"]) in page.raw.decode()
    form = f"user_code={code['user_code']}&decision=approve".encode()
    caller.call("POST", "/device", form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert "access_token" in poll(caller, code)
    used = caller.call("POST", "/device", form, headers={})
    assert b"No such code" in used.raw
    attack = caller.call("GET", "/device", query={"user_code": '"><script>'}, headers={})
    assert b"<script>" not in attack.raw
