"""Bots: the list of a workspace, and one by its id (docs/wire.md 4.5)."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from coze_tui.api.chats import DEFAULT_CONNECTOR
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Bot, Page, int_of, items_of, mapping_of
from coze_tui.api.replies import Envelope
from coze_tui.errors import ApiError, NotFoundError, NotServedError

PAGE_SIZE = 20

PublishStatus = Literal["all", "published_online", "published_draft", "unpublished_draft"]


async def list_bots(
    client: CozeClient,
    workspace_id: str,
    page: int = 1,
    *,
    publish_status: PublishStatus = "published_online",
) -> Page[Bot]:
    """One page of a workspace's bots; pages count from 1. Needs the scope listBot, unlike chatting.

    Where only the old list is served there are published bots alone, whatever is asked for.
    """
    params = {
        "workspace_id": workspace_id,
        "publish_status": publish_status,
        "page_num": str(page),
        "page_size": str(PAGE_SIZE),
    }
    try:
        answer = await client.get_json("/v1/bots", params)
    except (NotServedError, NotFoundError) as error:
        if not _is_unknown_path(error):
            raise
        return await _list_the_old_way(client, workspace_id, page)
    return _page(answer, "items", page)


async def retrieve(client: CozeClient, bot_id: str, *, is_published: bool = True) -> Bot:
    """One bot with its prologue and suggestions. Needs the scope getMetadata, unlike chatting."""
    published = "true" if is_published else "false"
    try:
        answer = await client.get_json(f"/v1/bots/{quote(bot_id, safe='')}", {"is_published": published})
    except (NotServedError, NotFoundError) as error:
        if not _is_unknown_path(error):
            raise
        return await _retrieve_the_old_way(client, bot_id)
    return Bot.from_wire(answer.mapping())


# --- older servers know other paths (docs/wire.md 4.5) ---


def _is_unknown_path(error: ApiError) -> bool:
    """The path is not known; otherwise it is the bot or the workspace that is not."""
    return isinstance(error, NotServedError) or error.http_status == 404


async def _list_the_old_way(client: CozeClient, workspace_id: str, page: int) -> Page[Bot]:
    params = {"space_id": workspace_id, "page_index": str(page), "page_size": str(PAGE_SIZE)}
    return _page(await client.get_json("/v1/space/published_bots_list", params), "space_bots", page)


async def _retrieve_the_old_way(client: CozeClient, bot_id: str) -> Bot:
    params = {"bot_id": bot_id, "connector_id": DEFAULT_CONNECTOR}
    answer = await client.get_json("/v1/bot/get_online_info", params)
    # studio answers without an envelope
    return Bot.from_wire(answer.data if "data" in answer.raw else answer.raw)


def _page(answer: Envelope, key: str, page: int) -> Page[Bot]:
    data = mapping_of(answer.data)
    found = tuple(Bot.from_wire(item) for item in items_of(data.get(key)))
    return Page(found, has_more=bool(found) and page * PAGE_SIZE < int_of(data.get("total")))
