"""Conversations that somebody else creates on the server: coze-tui itself lets the first chat create them."""

from __future__ import annotations

from coze_tui.api.client import CozeClient
from coze_tui.api.json_values import Json
from coze_tui.api.objects import Conversation


async def create_conversation(client: CozeClient, *, bot_id: str, name: str = "") -> Conversation:
    """Create an empty conversation on the server (docs/wire.md 4.6)."""
    body: Json = {"bot_id": bot_id, **({"name": name} if name else {})}
    answer = await client.post_json("/v1/conversation/create", body)
    return Conversation.from_wire(answer.mapping("data", "ConversationData"))


async def conversation_exists(client: CozeClient, bot_id: str, conversation_id: str) -> bool:
    """Return whether the server lists a conversation of this bot."""
    answer = await client.get_json("/v1/conversations", {"bot_id": bot_id})
    return conversation_id in str(answer.data)
