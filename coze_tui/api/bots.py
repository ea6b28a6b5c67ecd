"""Bots: the list of a workspace, and one by its id (api 4.5)."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from coze_tui.api.chats import DEFAULT_CONNECTOR
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Bot, Page, int_of, items_of, mapping_of
from coze_tui.errors import NotFoundError, NotServedError

PAGE_SIZE = 20

PublishStatus = Literal["all", "published_online", "published_draft", "unpublished_draft"]


async def list_bots(
    client: CozeClient,
    workspace_id: str,
    page: int = 1,
    *,
    publish_status: PublishStatus = "published_online",
) -> Page[Bot]:
    """One page of a workspace's bots; pages count from 1. Needs the scope listBot, unlike chatting."""
    params = {
        "workspace_id": workspace_id,
        "publish_status": publish_status,
        "page_num": str(page),
        "page_size": str(PAGE_SIZE),
    }
    data = mapping_of((await client.get_json("/v1/bots", params)).data)
    found = tuple(Bot.from_wire(item) for item in items_of(data.get("items")))
    return Page(found, has_more=bool(found) and page * PAGE_SIZE < int_of(data.get("total")))


async def retrieve(client: CozeClient, bot_id: str, *, is_published: bool = True) -> Bot:
    """One bot with its prologue and suggestions. Needs the scope getMetadata, unlike chatting."""
    published = "true" if is_published else "false"
    try:
        answer = await client.get_json(f"/v1/bots/{quote(bot_id, safe='')}", {"is_published": published})
    except NotServedError:
        return await _retrieve_the_old_way(client, bot_id)
    except NotFoundError as error:
        if error.http_status != 404:  # Coze knows the path but not the bot
            raise
        return await _retrieve_the_old_way(client, bot_id)
    return Bot.from_wire(answer.mapping())


async def _retrieve_the_old_way(client: CozeClient, bot_id: str) -> Bot:
    # Older studios know this path only, and answer without an envelope (api 4.5).
    params = {"bot_id": bot_id, "connector_id": DEFAULT_CONNECTOR}
    answer = await client.get_json("/v1/bot/get_online_info", params)
    return Bot.from_wire(answer.data if "data" in answer.raw else answer.raw)
