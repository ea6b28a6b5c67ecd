"""Chatflows: a workflow that speaks as a bot does (docs/wire.md 4.10)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from coze_tui.api.chats import ChatRequest, ChatStream
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Json


@asynccontextmanager
async def stream(
    client: CozeClient,
    workflow_id: str,
    request: ChatRequest,
    *,
    app_id: str = "",
    on_text: Callable[[str], None] | None = None,
) -> AsyncIterator[ChatStream]:
    """Ask a chatflow; the events are those of a chat, in another framing (docs/wire.md 3.1).

    Args:
        request: the question; of the rest `conversation_id`, `parameters`, `user_id`, `connector_id` and,
            unless there is an `app_id`, `bot_id` are sent.
    """
    owner = {"app_id": app_id} if app_id else {"bot_id": request.bot_id}
    optional = {
        **owner,
        "conversation_id": request.conversation_id,
        "connector_id": request.connector_id,
    }
    body: Json = {
        "workflow_id": workflow_id,
        "additional_messages": [*request.messages()],
        "parameters": dict(request.parameters),
        "ext": {**request.extra_params, "user_id": request.user_id},
        **{key: value for key, value in optional.items() if value},
    }
    async with client.open_stream("/v1/workflows/chat", body) as opened:
        yield ChatStream(opened, on_text=on_text)
