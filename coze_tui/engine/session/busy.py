"""Cancels the chat that keeps a conversation busy (docs/wire.md 3.7, code 4016)."""

from __future__ import annotations

from coze_tui.api import chats, resources
from coze_tui.api.client import CozeClient
from coze_tui.errors import ApiError

_MOST_LISTED = 5
"""Messages: the question of the running chat, and what the bot has sent for it, are the newest."""


async def cancel_running(client: CozeClient, conversation_id: str, last_chat_id: str) -> bool:
    """Cancel the chat that runs in a conversation, even if another program has started it.

    Coze does not say which chat keeps the conversation busy. So this tries the chats of the newest messages
    on the server, and then `last_chat_id`, the latest chat that is known here, if it is not empty.

    Returns:
        False if none of them runs any more.
    """
    known = [last_chat_id] if last_chat_id else []
    for chat_id in dict.fromkeys(await _latest_chats(client, conversation_id) + known):
        try:
            await chats.cancel(client, conversation_id, chat_id)
        except ApiError as error:
            if not chats.is_not_running(error):
                raise
        else:
            return True
    return False


async def _latest_chats(client: CozeClient, conversation_id: str) -> list[str]:
    """Return the IDs of the chats of the newest messages; none if the server refuses the list."""
    try:
        page = await resources.list_conversation_messages(client, conversation_id, limit=_MOST_LISTED)
    except ApiError:
        return []
    return list(dict.fromkeys(message.chat_id for message in page.items if message.chat_id))
