"""Chats that run on the server without a stream."""

from __future__ import annotations

from coze_tui.api import chats
from coze_tui.api.chats import ChatRequest
from coze_tui.api.client import CozeClient
from coze_tui.api.frames import ChatWithoutStream
from coze_tui.api.objects import Chat


async def start_chat(client: CozeClient, request: ChatRequest) -> Chat:
    """Ask without a stream, and return the chat that the server has begun."""
    try:
        async with chats.stream(client, request, streaming=False) as opened:
            async for frame in opened.frames():
                raise AssertionError(f"a stream, which begins with {frame.event}")
    except ChatWithoutStream as found:
        return found.chat
    raise AssertionError("neither a chat nor a stream")
