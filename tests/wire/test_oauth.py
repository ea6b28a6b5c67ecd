from __future__ import annotations

import traceback
from typing import Any

import pytest

from coze_tui.api import oauth, resources
from coze_tui.config.tokens import OAuthPair, Secret
from coze_tui.errors import ApiError, AuthError, CozeTuiError, ProtocolError
from coze_tui.standin.server import StandIn
from tests.support.loopback import Loopback

CLIENT = "client_EXAMPLE"
CODE = (
    b'{"device_code":"MARKED-dc","user_code":12345678,"verification_uri":"https://www.coze.cn/device",'
    b'"expires_in":20,"interval":5}'
)


async def test_a_person_logs_in_with_a_code(official: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(official.base_url, lambda: "")  # no token found yet
    code = await oauth.request_device_code(client, CLIENT)
    assert code.verification_url == f"{official.base_url}/device?user_code={code.user_code}"
    assert (code.expires_in, code.interval) == (300, 5)
    official.device(script=["authorization_pending", "slow_down", "authorization_pending"], approve_after=4)
    pair = await oauth.wait_for_pair(client, CLIENT, code, sleep=loopback.sleep)
    assert loopback.slept == [5, 5, 10, 10]
    assert (pair.client_id, pair.base_url) == (CLIENT, official.base_url)
    assert pair.is_fresh()
    owner = await loopback.client(official.base_url, pair.access.reveal)
    assert (await resources.current_user(owner)).user_id
    renewed = await oauth.refresh(client, pair)
    assert renewed.refresh != pair.refresh
    with pytest.raises(AuthError) as caught:  # it rotates
        await oauth.refresh(client, pair)
    assert caught.value.msg == "invalid_request"


@pytest.mark.parametrize("fields", ["docs", "sdk", "both"])
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("word", ["access_denied", "expired_token"])
async def test_a_no_in_every_field_and_under_any_status(
    fields: str, status: int, word: str, official: StandIn, loopback: Loopback
) -> None:
    official.switches.oauth_errors = fields
    official.switches.oauth_error_status = status
    official.device(script=["authorization_pending", word])
    client = await loopback.client(official.base_url, lambda: "")
    code = await oauth.request_device_code(client, CLIENT)
    with pytest.raises(AuthError) as caught:
        await oauth.wait_for_pair(client, CLIENT, code, sleep=loopback.sleep)
    assert (caught.value.msg, len(loopback.slept)) == (word, 2)


async def test_one_workspace_only(official: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(official.base_url, lambda: "")
    await oauth.request_device_code(client, CLIENT, "7511")
    assert official.requests[-1].path == "/api/permission/oauth2/workspace_id/7511/device/code"


async def test_an_old_code_is_given_up(loopback: Loopback) -> None:
    pending = loopback.answer(b'{"error_code":"authorization_pending"}')
    server = await loopback.serve(loopback.in_turn(loopback.answer(CODE), pending))
    client = await loopback.client(server.base_url)
    code = await oauth.request_device_code(client, CLIENT)
    assert code.user_code == "12345678"
    with pytest.raises(AuthError) as caught:
        await oauth.wait_for_pair(client, CLIENT, code, sleep=loopback.sleep)
    assert (caught.value.msg, loopback.slept) == ("expired_token", [5, 5, 5, 5])
    assert server.requests[0].header("authorization") == ""


async def test_the_pace_slows_down_only_so_far(loopback: Loopback) -> None:
    slow = loopback.answer(b'{"error":"slow_down"}', "400 Bad")
    body = CODE.replace(b":20,", b":200,")
    server = await loopback.serve(loopback.in_turn(loopback.answer(body), slow))
    client = await loopback.client(server.base_url)
    code = await oauth.request_device_code(client, CLIENT)
    with pytest.raises(AuthError):
        await oauth.wait_for_pair(client, CLIENT, code, sleep=loopback.sleep)
    assert loopback.slept == [5, 10, 15, 20, 25, 30, 30, 30, 30, 30]


async def test_trouble_on_the_way_does_not_end_the_wait(loopback: Loopback) -> None:
    async def close(request: object, writer: Any) -> None:
        writer.close()

    answers = (
        loopback.answer(CODE),
        close,
        loopback.answer(b"", "503 Later"),
        loopback.answer(b'{"access_token":"czu_A","refresh_token":"czr_A","expires_in":900}'),
    )
    server = await loopback.serve(loopback.in_turn(*answers))
    client = await loopback.client(server.base_url)
    code = await oauth.request_device_code(client, CLIENT)
    pair = await oauth.wait_for_pair(client, CLIENT, code, sleep=loopback.sleep, now=lambda: 1000.5)
    assert pair == OAuthPair(Secret("czu_A"), Secret("czr_A"), 1900, CLIENT, server.base_url)


@pytest.mark.parametrize(
    ("expires_in", "expires_at"), [("1760003600", 1760003600), ("900", 1900), ('"900"', 1900), ("null", 1000)]
)
async def test_expires_in_is_a_time_or_a_duration(
    expires_in: str, expires_at: int, loopback: Loopback
) -> None:
    body = f'{{"access_token":"czu_A","refresh_token":"czr_B","expires_in":{expires_in}}}'.encode()
    server = await loopback.serve(loopback.answer(body))
    client = await loopback.client(server.base_url)
    pair = OAuthPair(Secret("a"), Secret("r"), 0, CLIENT, server.base_url)
    assert (await oauth.refresh(client, pair, now=lambda: 1000.0)).expires_at == expires_at


@pytest.mark.parametrize(
    ("body", "status", "kind", "fact"),
    [
        (b'{"device_code":"","verification_uri":"https://x"}', "200 OK", ProtocolError, "no device code"),
        (b'{"device_code":"d","verification_uri":"x:"}', "200 OK", ProtocolError, "no device code"),
        (b"<h1>hi</h1>", "200 OK", ProtocolError, "html"),
        (b'{"code":4000,"msg":"bad"}', "400 Bad", ApiError, "bad"),
        (b'{"error":"invalid_client"}', "401 No", AuthError, "invalid_client"),
    ],
)
async def test_what_is_no_device_code(
    body: bytes, status: str, kind: type[CozeTuiError], fact: str, loopback: Loopback
) -> None:
    server = await loopback.serve(loopback.answer(body, status, ""))
    with pytest.raises(kind) as caught:
        await oauth.request_device_code(await loopback.client(server.base_url), CLIENT)
    assert fact in (getattr(caught.value, "problem", ""), getattr(caught.value, "msg", ""))


async def test_no_secret_is_shown_when_it_fails(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b'{"refresh_token":"MARKED"}'))
    addresses = {server.base_url: "no token", f"http://127.0.0.1:{loopback.dead_port()}": "refused"}
    for address, fact in addresses.items():
        client = await loopback.client(address)
        pair = OAuthPair(Secret("MARKED-a"), Secret("MARKED-r"), 0, CLIENT, address)
        with pytest.raises(CozeTuiError) as caught:
            await oauth.refresh(client, pair)
        assert fact in str(caught.value)
        frames = traceback.StackSummary.extract(
            traceback.walk_tb(caught.tb.tb_next),
            capture_locals=True,  # without this test's own
        )
        told = "".join(frames.format())
        assert "in refresh" in told
        assert "MARKED" not in told
