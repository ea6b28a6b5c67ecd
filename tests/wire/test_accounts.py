from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.api import resources
from coze_tui.config.settings import Settings
from coze_tui.errors import AuthError, NotServedError
from coze_tui.standin.server import StandIn
from tests.support.engine_desk import desk
from tests.support.loopback import TOKEN, Loopback


async def test_the_owner_of_the_token(official: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(official.base_url, lambda: official.token)
    user = await resources.current_user(client)
    assert user.user_id == "7511000000000000011"
    assert user.user_name


async def test_studio_knows_no_owner(studio: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(studio.base_url, lambda: studio.token)
    with pytest.raises(NotServedError):
        await resources.current_user(client)


@pytest.mark.parametrize("status", [200, 401])
async def test_a_revoked_token(status: int, official: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(official.base_url, lambda: official.token)
    official.switches.auth_status = status
    official.revoke_token(official.token)
    with pytest.raises(AuthError) as caught:
        await resources.current_user(client)
    assert (caught.value.code, caught.value.http_status) == (4100, status)
    assert caught.value.logid


async def test_all_pages_of_workspaces_are_read(tmp_path: Path, loopback: Loopback) -> None:
    body = b'{"code":0,"data":{"workspaces":[{"id":"1","name":"w"}],"total_count":51}}'
    server = await loopback.serve(loopback.answer(body))
    async with desk(tmp_path, Settings(base_url=server.base_url), TOKEN) as at:
        found = await at.engine_thread.call(lambda engine: engine.site.workspaces())
    assert [each.name for each in found] == ["w", "w"]
    assert ["page_num=1" in request.line for request in server.requests] == [True, False]
