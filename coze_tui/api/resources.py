"""The resources besides chats: bots, conversations on the server, files, and the account.

See docs/wire.md 4.5 to 4.9.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from coze_tui.api.chats import DEFAULT_CONNECTOR
from coze_tui.api.client import CozeClient
from coze_tui.api.json_values import Json, int_of, items_of, mapping_of, text_of
from coze_tui.api.objects import Bot, Conversation, Message, Page, User, Workspace, id_of
from coze_tui.api.replies import Envelope
from coze_tui.errors import ApiError, NotFoundError, NotServedError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.system_text import readable

BOTS_PAGE_SIZE = 20


async def list_bots(client: CozeClient, workspace_id: str, page: int = 1) -> Page[Bot]:
    """Return one page of the published bots of a workspace; pages count from 1.

    Needs the permission listBot, which chatting does not need.
    """
    params = {
        "workspace_id": workspace_id,
        "publish_status": "published_online",
        "page_num": str(page),
        "page_size": str(BOTS_PAGE_SIZE),
    }
    try:
        answer = await client.get_json("/v1/bots", params)
    except (NotServedError, NotFoundError) as error:
        if not _is_unknown_path(error):
            raise
        return await _list_the_old_way(client, workspace_id, page)
    return _page_of_bots(answer, "items", page)


async def retrieve_bot(client: CozeClient, bot_id: str) -> Bot:
    """Return a published bot with its prologue and suggested questions.

    Needs the permission getMetadata, which chatting does not need.
    """
    try:
        answer = await client.get_json(f"/v1/bots/{quote(bot_id, safe='')}", {"is_published": "true"})
    except (NotServedError, NotFoundError) as error:
        if not _is_unknown_path(error):
            raise
        return await _retrieve_the_old_way(client, bot_id)
    return replace(Bot.from_wire(answer.mapping()), id=bot_id)  # the reply may lack it


# --- other paths of older servers (docs/wire.md 4.5) ---


def _is_unknown_path(error: ApiError) -> bool:
    """Return whether the server does not know the path; otherwise the bot or the workspace is unknown."""
    return isinstance(error, NotServedError) or error.http_status == 404


async def _list_the_old_way(client: CozeClient, workspace_id: str, page: int) -> Page[Bot]:
    params = {"space_id": workspace_id, "page_index": str(page), "page_size": str(BOTS_PAGE_SIZE)}
    return _page_of_bots(await client.get_json("/v1/space/published_bots_list", params), "space_bots", page)


async def _retrieve_the_old_way(client: CozeClient, bot_id: str) -> Bot:
    params = {"bot_id": bot_id, "connector_id": DEFAULT_CONNECTOR}
    answer = await client.get_json("/v1/bot/get_online_info", params)
    # Coze Studio answers without an envelope.
    bot = Bot.from_wire(answer.data if "data" in answer.raw else answer.raw)
    return replace(bot, id=bot_id)


def _page_of_bots(answer: Envelope, key: str, page: int) -> Page[Bot]:
    data = mapping_of(answer.data)
    items = items_of(data.get(key))
    has_more = bool(items) and page * BOTS_PAGE_SIZE < int_of(data.get("total"))
    return _page(map(Bot.from_wire, items), has_more=has_more)


_Listed = TypeVar("_Listed", Bot, Conversation, Workspace)


def _page(found: Iterable[_Listed], *, has_more: bool) -> Page[_Listed]:
    """Return a page without the items that have no ID: nothing could be done with them."""
    return Page(tuple(item for item in found if item.id), has_more=has_more)


CONVERSATIONS_PAGE_SIZE = 50
"""The largest page that Coze returns."""

_CONVERSATION_KEYS = ("data", "ConversationData")  # the second is Coze Studio's


async def list_conversations(
    client: CozeClient, bot_id: str, page: int = 1, *, connector_id: str = ""
) -> Page[Conversation]:
    """Return one page of this user's conversations with a bot, newest first; pages count from 1."""
    params = {
        "bot_id": bot_id,
        "page_num": str(page),
        "page_size": str(CONVERSATIONS_PAGE_SIZE),
        "sort_order": "DESC",
        "connector_id": connector_id,
    }
    data = mapping_of((await client.get_json("/v1/conversations", params)).data)
    items = items_of(data.get("conversations"))
    return _page(map(Conversation.from_wire, items), has_more=bool(items) and data.get("has_more") is True)


async def rename_conversation(client: CozeClient, conversation_id: str, name: str) -> Conversation:
    """Rename a conversation; the name has at most 100 characters."""
    answer = await client.put_json(_conversation_path(conversation_id), {"name": name[:100]})
    return Conversation.from_wire(answer.mapping(*_CONVERSATION_KEYS))


async def delete_conversation(client: CozeClient, conversation_id: str) -> None:
    await client.delete(_conversation_path(conversation_id))


async def clear_conversation(client: CozeClient, conversation_id: str) -> str:
    """Start a new section and return its ID: the old messages stay listed but leave the context."""
    answer = await client.post_json(f"{_conversation_path(conversation_id)}/clear", {})
    return id_of(answer.mapping().get("id"))


async def list_conversation_messages(
    client: CozeClient, conversation_id: str, cursor: str = "", limit: int = CONVERSATIONS_PAGE_SIZE
) -> Page[Message]:
    """Return a page of messages, newest first: from the newest, or those that follow a `next_cursor`."""
    # In this list, "after" means older: the older messages come after `last_id` (docs/wire.md 4.7).
    body: Json = {"order": "desc", "limit": max(1, min(limit, CONVERSATIONS_PAGE_SIZE))}
    if cursor:
        body = {**body, "after_id": cursor}
    answer = await client.post_json(
        "/v1/conversation/message/list", body, {"conversation_id": conversation_id}, repeatable=True
    )
    found = tuple(Message.from_wire(item) for item in answer.items())
    last = text_of(answer.raw.get("last_id"))
    # Coze Studio may claim that more pages follow; a page without a valid cursor is the last.
    has_more = answer.raw.get("has_more") is True and bool(found) and last not in ("", "0", cursor)
    return Page(found, has_more=has_more, next_cursor=last if has_more else "")


def _conversation_path(conversation_id: str) -> str:
    return f"/v1/conversations/{quote(conversation_id, safe='')}"


LARGEST_FILE = 512 * 1024 * 1024
"""Bytes; a model may accept less."""


async def upload_file(client: CozeClient, path: Path) -> str:
    """Upload a file, read piece by piece; return its ID.

    The server saves it for three months, for this account only.

    Raises:
        OSError: the file cannot be read.
        ApiError: for example 4300 to 4304: empty, too large, of an unsupported type, damaged.
    """
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    name = clean_line(readable(path.name))
    with path.open("rb") as content:
        answer = await client.upload("/v1/files/upload", {"file": (name, content, kind)})
    return id_of(answer.mapping().get("id"))


WORKSPACES_PAGE_SIZE = 50
"""The largest page that Coze returns."""


async def current_user(client: CozeClient) -> User:
    """Return the token's owner: the cheapest check of a token. NotServedError on Coze Studio."""
    return User.from_wire((await client.get_json("/v1/users/me")).mapping())


async def list_workspaces(client: CozeClient, page: int = 1) -> Page[Workspace]:
    """Return one page of the workspaces that the token can access; pages count from 1."""
    params = {"page_num": str(page), "page_size": str(WORKSPACES_PAGE_SIZE)}
    data = mapping_of((await client.get_json("/v1/workspaces", params)).data)
    items = items_of(data.get("workspaces"))
    has_more = bool(items) and page * WORKSPACES_PAGE_SIZE < int_of(data.get("total_count"))
    return _page(map(Workspace.from_wire, items), has_more=has_more)
