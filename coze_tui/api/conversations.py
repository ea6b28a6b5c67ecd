"""Conversations at the server, and the messages in them (docs/wire.md 4.6, 4.7)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Conversation, Json, Message, Page, Section, items_of, mapping_of, text_of

PAGE_SIZE = 50
"""The most that Coze gives at once."""

_CONVERSATION_KEYS = ("data", "ConversationData")  # the second is studio's


async def create(
    client: CozeClient, *, bot_id: str = "", name: str = "", meta_data: Mapping[str, str] | None = None
) -> Conversation:
    """A new, empty conversation. A wrong bot id gives 5000 (docs/wire.md 4.6)."""
    optional: Json = {"bot_id": bot_id, "name": name, "meta_data": dict(meta_data or {})}
    body = {key: value for key, value in optional.items() if value}
    answer = await client.post_json("/v1/conversation/create", body)
    return Conversation.from_wire(answer.mapping(*_CONVERSATION_KEYS))


async def retrieve(client: CozeClient, conversation_id: str) -> Conversation:
    answer = await client.get_json("/v1/conversation/retrieve", {"conversation_id": conversation_id})
    return Conversation.from_wire(answer.mapping(*_CONVERSATION_KEYS))


async def list_conversations(
    client: CozeClient, bot_id: str, page: int = 1, *, connector_id: str = ""
) -> Page[Conversation]:
    """One page of this user's conversations with a bot, newest first; pages count from 1."""
    params = {
        "bot_id": bot_id,
        "page_num": str(page),
        "page_size": str(PAGE_SIZE),
        "sort_order": "DESC",
        "connector_id": connector_id,
    }
    data = mapping_of((await client.get_json("/v1/conversations", params)).data)
    found = tuple(Conversation.from_wire(item) for item in items_of(data.get("conversations")))
    return Page(found, has_more=bool(found) and data.get("has_more") is True)


async def rename(client: CozeClient, conversation_id: str, name: str) -> Conversation:
    """Give a conversation its name, at most 100 characters."""
    answer = await client.put_json(_path(conversation_id), {"name": name[:100]})
    return Conversation.from_wire(answer.mapping(*_CONVERSATION_KEYS))


async def delete(client: CozeClient, conversation_id: str) -> None:
    await client.delete(_path(conversation_id))


async def clear(client: CozeClient, conversation_id: str) -> Section:
    """Begin a new section: the old messages stay listed but leave the context."""
    answer = await client.post_json(f"{_path(conversation_id)}/clear", {})
    return Section.from_wire(answer.mapping())


async def list_messages(
    client: CozeClient, conversation_id: str, cursor: str = "", limit: int = PAGE_SIZE
) -> Page[Message]:
    """A page of messages, newest first: the newest of all, or those that come after a `next_cursor`."""
    # Before and after mean the order of the list: the older messages come after `last_id` (docs/wire.md 4.7).
    body: Json = {"order": "desc", "limit": max(1, min(limit, PAGE_SIZE))}
    if cursor:
        body = {**body, "after_id": cursor}
    answer = await client.post_json(
        "/v1/conversation/message/list", body, {"conversation_id": conversation_id}, repeatable=True
    )
    found = tuple(Message.from_wire(item) for item in answer.items())
    last = text_of(answer.raw.get("last_id"))
    # Studio may say that there is more where there is not: a page that leads nowhere is the last.
    has_more = answer.raw.get("has_more") is True and bool(found) and last not in ("", "0", cursor)
    return Page(found, has_more=has_more, next_cursor=last if has_more else "")


def _path(conversation_id: str) -> str:
    return f"/v1/conversations/{quote(conversation_id, safe='')}"
