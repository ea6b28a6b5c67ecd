"""Asks, streams, retrieves and cancels chats, and submits tool outputs (docs/wire.md 2, 4.1 to 4.4)."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import field
from typing import Literal

from coze_tui.api.client import CozeClient, OpenStream
from coze_tui.api.frames import read_frames
from coze_tui.api.json_values import Json
from coze_tui.api.objects import Chat, Frame, Limits, Message
from coze_tui.api.replies import CHAT_KEYS
from coze_tui.errors import ApiError, CozeTuiError, NotFoundError
from coze_tui.values import valueclass

DEFAULT_CONNECTOR = "1024"
"""The API channel (docs/wire.md 2.1)."""

_CANNOT_CANCEL = frozenset({4104, 103200005})

# Coze Studio's spelling (docs/wire.md 4.2)
_MESSAGES_KEYS = ("data", "Messages")


@valueclass
class Attachment:
    """A file of a question: uploaded, or on the web."""

    kind: Literal["file", "image", "audio"]
    file_id: str
    name: str = ""
    """The file's name, for the user; it is not sent to Coze."""
    file_url: str = ""
    """The URL at which Coze finds a file that is not uploaded (docs/wire.md 2.2)."""

    def to_wire(self) -> Json:
        if self.file_url:
            return {"type": self.kind, "file_url": self.file_url}
        return {"type": self.kind, "file_id": self.file_id}


@valueclass
class ChatRequest:
    """A question to a bot (docs/wire.md 2.1)."""

    bot_id: str
    user_id: str
    question: str
    conversation_id: str = ""
    """If empty, the server creates a new conversation."""
    attachments: tuple[Attachment, ...] = ()
    custom_variables: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, object] = field(default_factory=dict)
    publish_status: str = ""
    """`unpublished_draft` for the draft of the bot; empty for the published bot."""
    connector_id: str = ""

    def to_wire(self, stream: bool) -> Json:
        """Return the body, without empty fields. The server has the earlier messages.

        See docs/wire.md 7.3.
        """
        optional: Json = {
            "custom_variables": dict(self.custom_variables),
            "parameters": dict(self.parameters),
            "publish_status": self.publish_status,
            "connector_id": self.connector_id,
        }
        return {
            "bot_id": self.bot_id,
            "user_id": self.user_id,
            "stream": stream,
            "auto_save_history": True,
            "additional_messages": [*self.messages()],
            **{key: value for key, value in optional.items() if value},
        }

    @property
    def content_type(self) -> str:
        """Return the type of the question. Text alone must not be an object_string (docs/wire.md 2.2)."""
        return "object_string" if self.attachments else "text"

    @property
    def file_names(self) -> tuple[str, ...]:
        """Return the names of the attachments."""
        return tuple(attachment.name for attachment in self.attachments)

    def messages(self) -> Sequence[Json]:
        """Return the new question only."""
        if not self.attachments:
            return [_entered(self.question, self.content_type)]
        items = [attachment.to_wire() for attachment in self.attachments]
        if self.question:
            items.insert(0, {"type": "text", "text": self.question})
        return [_entered(json.dumps(items, ensure_ascii=False), self.content_type)]


@valueclass
class ToolOutput:
    """The output of a local tool for one call."""

    tool_call_id: str
    output: str


class ChatStream:
    """The events of one chat as they arrive."""

    def __init__(
        self,
        stream: OpenStream,
        *,
        on_text: Callable[[str], None] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._stream = stream
        self._on_text = on_text
        self._limits = limits or Limits()

    @property
    def logid(self) -> str:
        return self._stream.logid

    @property
    def http_status(self) -> int:
        return self._stream.response.status_code

    def frames(
        self, *, started: float | None = None, clock: Callable[[], float] = time.perf_counter
    ) -> AsyncGenerator[Frame, None]:
        """Yield the frames with the token masked; call it once. See `read_frames`.

        Args:
            started: the value of `clock` at time 0 of the frames; by default, when this request was sent.
        """
        return read_frames(
            self._stream.response,
            started=self._stream.started if started is None else started,
            limits=self._limits,
            on_text=self._on_text and self._pass_on,
            without_token=self._stream.without_token,
            clock=clock,
        )

    def _pass_on(self, text: str) -> None:
        if self._on_text is not None:
            self._on_text(self._stream.without_token(text))


@asynccontextmanager
async def stream(
    client: CozeClient,
    request: ChatRequest,
    *,
    streaming: bool = True,
    on_text: Callable[[str], None] | None = None,
) -> AsyncIterator[ChatStream]:
    """Send a question and read the answer as it arrives. Never sends it twice (docs/wire.md 5.4).

    Args:
        streaming: if False, the request asks for no stream: the chat continues on the server, and `frames`
            raises ChatWithoutStream with it (docs/wire.md 2.3). Some servers ignore this parameter, so both
            kinds of reply are read in either case.
    """
    params = {"conversation_id": request.conversation_id}
    async with client.open_stream("/v3/chat", request.to_wire(stream=streaming), params) as opened:
        yield ChatStream(opened, on_text=on_text)


async def retrieve(client: CozeClient, conversation_id: str, chat_id: str) -> Chat:
    """Return a chat with its current status. Call it at most once per second (docs/wire.md 4.1)."""
    answer = await client.get_json("/v3/chat/retrieve", _ids(conversation_id, chat_id))
    return Chat.from_wire(answer.mapping(*CHAT_KEYS))


async def list_messages(client: CozeClient, conversation_id: str, chat_id: str) -> tuple[Message, ...]:
    """Return the messages of a final chat, in any order; none after a failed one (docs/wire.md 4.2)."""
    answer = await client.get_json("/v3/chat/message/list", _ids(conversation_id, chat_id))
    return tuple(Message.from_wire(item) for item in answer.items(*_MESSAGES_KEYS))


async def cancel(client: CozeClient, conversation_id: str, chat_id: str) -> Chat:
    """Cancel a chat on the server. The caller must close its stream (docs/wire.md 4.3)."""
    answer = await client.post_json("/v3/chat/cancel", _ids(conversation_id, chat_id))
    return Chat.from_wire(answer.mapping(*CHAT_KEYS))


def is_not_running(error: CozeTuiError) -> bool:
    """Return whether `cancel` failed because the chat has ended, waits for a tool or does not exist."""
    # Coze Studio answers with HTTP 400 and has no code for it.
    return isinstance(error, NotFoundError) or (
        isinstance(error, ApiError) and (error.code in _CANNOT_CANCEL or error.http_status == 400)
    )


@asynccontextmanager
async def submit_tool_outputs(
    client: CozeClient,
    conversation_id: str,
    chat_id: str,
    outputs: Sequence[ToolOutput],
    *,
    on_text: Callable[[str], None] | None = None,
) -> AsyncIterator[ChatStream]:
    """Submit all outputs that a chat in requires_action waits for; the chat continues (docs/wire.md 4.4)."""
    body = {
        "tool_outputs": [
            {"tool_call_id": output.tool_call_id, "output": output.output} for output in outputs
        ],
        "stream": True,
    }
    path = "/v3/chat/submit_tool_outputs"
    async with client.open_stream(path, body, _ids(conversation_id, chat_id)) as opened:
        yield ChatStream(opened, on_text=on_text)


def _entered(content: str, content_type: str) -> Json:
    return {"role": "user", "type": "question", "content": content, "content_type": content_type}


def _ids(conversation_id: str, chat_id: str) -> dict[str, str]:
    return {"conversation_id": conversation_id, "chat_id": chat_id}
