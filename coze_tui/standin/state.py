"""The stored records: conversations, chats, messages, files. `objects` converts them to JSON."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from coze_tui.standin.scenarios import Bot

FINAL = frozenset({"completed", "failed", "canceled"})


@dataclass
class Message:
    """One message of a conversation; outside a chat `chat_id` is empty."""

    id: str
    conversation_id: str
    section_id: str
    role: str
    type: str
    content: str
    content_type: str
    created_at: int
    bot_id: str = ""
    chat_id: str = ""
    reasoning: str = ""
    meta_data: dict[str, str] = field(default_factory=dict)
    updated_at: int = 0


@dataclass(frozen=True)
class PendingCall:
    """A tool call that the chat waits for; a question node has no function."""

    id: str
    name: str
    arguments: str
    type: str = "function"


@dataclass
class Chat:
    """A chat and its state."""

    id: str
    conversation_id: str
    bot_id: str
    section_id: str
    created_at: int
    saved: bool = True
    status: str = "created"
    completed_at: int = 0
    failed_at: int = 0
    error_code: int = 0
    error_msg: str = ""
    input_tokens: int = 0
    output_tokens: int = 0
    meta_data: dict[str, str] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    inserted: list[str] = field(default_factory=list)
    waiting: tuple[PendingCall, ...] = ()
    called_plugin: bool = False
    retrieve_failures: int = 0
    text_times: bool = False
    """Whether the times of its messages are texts in lists."""
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def busy(self) -> bool:
        """Return whether the chat prevents another one in its conversation."""
        if self.status == "requires_action":
            return any(call.type == "function" for call in self.waiting)
        return self.status not in FINAL


@dataclass
class Conversation:
    """A conversation and its messages, oldest first."""

    id: str
    created_at: int
    section_id: str
    bot_id: str = ""
    name: str = ""
    creator_id: str = ""
    connector_id: str = "1024"
    updated_at: int = 0
    meta_data: dict[str, str] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    chat: Chat | None = None
    """The newest chat."""
    waiting: str = ""
    """The ID of the chat that asked something and continues with the next message."""


@dataclass(frozen=True)
class StoredFile:
    """An uploaded file."""

    id: str
    name: str
    size: int
    created_at: int


def make_ids(start: int, seed: int) -> Iterator[str]:
    """Yield increasing 19-digit IDs as text, the same for the same seed."""
    rng = random.Random(seed)
    value = start
    while True:
        value += rng.randint(1, 9973)
        yield str(value)


@dataclass
class State:
    """All records, in memory."""

    ids: Iterator[str]
    bots: dict[str, Bot] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    chats: dict[str, Chat] = field(default_factory=dict)
    unsaved: set[str] = field(default_factory=set)
    """IDs of chats created with auto_save_history off."""
    files: dict[str, StoredFile] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)
    """The number of chats of each bot."""
    streams: Iterator[int] = field(default_factory=itertools.count)

    def new_id(self) -> str:
        """Return the next ID."""
        return next(self.ids)
