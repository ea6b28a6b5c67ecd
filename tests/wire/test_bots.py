from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coze_tui.api import resources
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Page
from coze_tui.errors import ApiError, AuthError, NotFoundError, NotServedError
from coze_tui.standin.server import StandIn
from tests.support.loopback import Loopback

BOT = "7511000000000000101"


async def test_the_bots_of_a_workspace(official: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(official.base_url, lambda: official.token)
    workspace = (await resources.list_workspaces(client)).items[0]
    page = await resources.list_bots(client, workspace.id)
    assert page.items[0].id == BOT
    assert all(bot.is_published for bot in page.items)
    assert not page.has_more


async def test_the_pages_of_a_list_end(loopback: Loopback) -> None:
    answers = (
        b'{"code":0,"data":{"items":[{"id":"1"}],"total":21}}',
        b'{"code":0,"data":{"items":[],"total":99}}',
        b'{"code":0,"data":null}',
    )
    server = await loopback.serve(loopback.in_turn(*map(loopback.answer, answers)))
    client = await loopback.client(server.base_url)
    pages = [await resources.list_bots(client, "7", page) for page in (1, 2, 3)]
    assert [(len(page.items), page.has_more) for page in pages] == [(1, True), (0, False), (0, False)]
    assert "page_num=2&page_size=20" in server.requests[1].line


@pytest.mark.parametrize(
    ("key", "listed"),
    [
        ("items", lambda client: resources.list_bots(client, "7")),
        ("workspaces", resources.list_workspaces),
        ("conversations", lambda client: resources.list_conversations(client, BOT)),
    ],
)
async def test_what_has_no_id_is_not_listed(
    key: str, listed: Callable[[CozeClient], Awaitable[Page[Any]]], loopback: Loopback
) -> None:
    items = [{"name": "a"}, {"id": "", "name": "b"}, {"id": "9", "name": "c"}, None, 1]
    server = await loopback.serve(
        loopback.answer(json.dumps({"code": 0, "data": {key: items, "has_more": True}}).encode())
    )
    page = await listed(await loopback.client(server.base_url))
    assert [(item.id, item.name) for item in page.items] == [("9", "c")]


@pytest.mark.parametrize("reply", [{"name": "a"}, {"bot_id": "", "name": "a"}, {"bot_id": "8", "name": "a"}])
async def test_a_bot_keeps_the_id_for_which_it_was_asked(reply: object, loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(json.dumps({"code": 0, "data": reply}).encode()))
    bot = await resources.retrieve_bot(await loopback.client(server.base_url), BOT)
    assert (bot.id, bot.name) == (BOT, "a")


@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_one_bot_with_its_greeting(profile: str, loopback: Loopback) -> None:
    with StandIn(dialect=profile, pace=0) as stand_in:
        client = await loopback.client(stand_in.base_url, lambda: stand_in.token)
        bot = await resources.retrieve_bot(client, BOT)
    assert (bot.id, bot.name) == (BOT, "Xiaochun")
    assert bot.prologue.startswith("Hello")
    assert bot.suggested_questions[-1] == "1 + 1"


async def test_an_unknown_bot(official: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(official.base_url, lambda: official.token)
    with pytest.raises(NotFoundError):
        await resources.retrieve_bot(client, "7000000000000000000")
    assert len(official.requests) == 1


UNKNOWN_PATHS = pytest.mark.parametrize(
    "refusal",
    [
        (b'{"code":401,"msg":"missing session_key in cookie"}', "401 Unauthorized"),
        (b"no such page", "404 Not Found"),
    ],
)


@UNKNOWN_PATHS
async def test_an_older_server_is_asked_for_the_old_list(
    refusal: tuple[bytes, str], loopback: Loopback
) -> None:
    old = b'{"code":0,"data":{"space_bots":[{"bot_id":"7","bot_name":"n"}],"total":41}}'
    refused = loopback.answer(*refusal)
    server = await loopback.serve(loopback.in_turn(refused, loopback.answer(old)))
    client = await loopback.client(server.base_url)
    page = await resources.list_bots(client, "22", 2)
    assert [(bot.id, bot.name) for bot in page.items] == [("7", "n")]
    assert page.has_more
    assert [request.line for request in server.requests] == [
        "GET /v1/bots?workspace_id=22&publish_status=published_online&page_num=2&page_size=20 HTTP/1.1",
        "GET /v1/space/published_bots_list?space_id=22&page_index=2&page_size=20 HTTP/1.1",
    ]


async def test_the_old_list_of_the_stand_in_is_read_alike(official: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(official.base_url, lambda: official.token)
    workspace = (await resources.list_workspaces(client)).items[0]
    path, params = "/v1/space/published_bots_list", {"space_id": workspace.id, "page_index": "1"}
    old = await client.get_json(path, params)
    passed_on = json.dumps(old.raw).encode()
    server = await loopback.serve(
        loopback.in_turn(loopback.answer(b"", "404 Not Found"), loopback.answer(passed_on))
    )
    page = await resources.list_bots(await loopback.client(server.base_url), workspace.id)
    new = await resources.list_bots(client, workspace.id)
    assert [(bot.id, bot.name) for bot in page.items] == [(bot.id, bot.name) for bot in new.items]


async def test_a_workspace_that_is_not_found_is_not_asked_for_twice(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b'{"code":4200,"msg":"no such workspace"}'))
    with pytest.raises(NotFoundError):
        await resources.list_bots(await loopback.client(server.base_url), "7")
    assert len(server.requests) == 1


@UNKNOWN_PATHS
async def test_an_older_studio_is_asked_in_the_old_way(
    refusal: tuple[bytes, str], loopback: Loopback
) -> None:
    for old in (b'{"bot_id":"7","name":"n"}', b'{"code":0,"data":{"bot_id":"7","name":"n"}}'):
        server = await loopback.serve(loopback.in_turn(loopback.answer(*refusal), loopback.answer(old)))
        client = await loopback.client(server.base_url)
        bot = await resources.retrieve_bot(client, "7")
        assert (bot.id, bot.name) == ("7", "n")
        assert [request.line for request in server.requests] == [
            "GET /v1/bots/7?is_published=true HTTP/1.1",
            "GET /v1/bot/get_online_info?bot_id=7&connector_id=1024 HTTP/1.1",
        ]


async def test_a_right_that_is_missing_is_reported(official: StandIn, loopback: Loopback) -> None:
    official.add_token("pat_CHATONLY", scopes=["chat"])
    client = await loopback.client(official.base_url, lambda: "pat_CHATONLY")
    with pytest.raises(AuthError) as caught:
        await resources.retrieve_bot(client, BOT)
    assert caught.value.code == 4101


async def test_studio_has_no_list_of_bots(studio: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(studio.base_url, lambda: studio.token)
    with pytest.raises(NotServedError):
        await resources.list_bots(client, "1")


async def test_a_bot_without_data_is_an_error(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b'{"code":4000,"msg":"bad"}'))
    with pytest.raises(ApiError):
        await resources.retrieve_bot(await loopback.client(server.base_url), "7")
