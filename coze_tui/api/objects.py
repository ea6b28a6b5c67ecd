"""Coze's objects as frozen values, which also contain their original JSON. No I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Generic, Self, TypeVar

from coze_tui.api.json_values import Json, int_of, items_of, mapping_of, text_of
from coze_tui.api.pages import is_page, words_of
from coze_tui.text.cleaning import clean
from coze_tui.values import valueclass

_T = TypeVar("_T")

DONE_EVENTS = frozenset({"done", "Done", "conversation.stream.done"})
"""The three names of the last event of a stream (docs/wire.md 3.1)."""


def _size_of(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


@valueclass
class Frame:
    """One server-sent event as received, not yet parsed."""

    event: str
    data: str
    at_us: int = 0
    """Microseconds from sending the request to the arrival of the frame."""
    id: str = ""
    """The `id:` line; only workflow streams have one (docs/wire.md 3.1)."""

    @property
    def bytes(self) -> int:
        """Return the size of name and data in UTF-8."""
        return _size_of(self.event) + _size_of(self.data)

    @property
    def is_delta(self) -> bool:
        """Return whether the event is a piece of a message."""
        return self.event.endswith(".delta")

    @property
    def is_whole(self) -> bool:
        """Return whether the data is complete: closed JSON, or a form of `done` (docs/wire.md 3.1).

        Decides whether a last event without its blank line counts.
        """
        if not self.data or self.data == "[DONE]":
            return self.event in DONE_EVENTS
        try:
            return isinstance(json.loads(self.data), dict | list | str)  # a number could continue
        except (ValueError, RecursionError):
            return False


class _Word(StrEnum):
    """An enum of Coze's strings, in any case; an unexpected string becomes UNKNOWN, not an error."""

    @classmethod
    def _missing_(cls, value: object) -> Self:
        word = str(value).strip().lower()
        return cls(word if word in cls._value2member_map_ else cls._other_words().get(word, "unknown"))

    @classmethod
    def _other_words(cls) -> Mapping[str, str]:
        """Return the other spellings of the words that servers use."""
        return {}


_W = TypeVar("_W", bound=_Word)


class Role(_Word):
    """The author of a message."""

    USER = "user"
    ASSISTANT = "assistant"
    UNKNOWN = "unknown"


class MessageType(_Word):
    """The type of a message (docs/wire.md 3.4)."""

    QUESTION = "question"
    ANSWER = "answer"
    FUNCTION_CALL = "function_call"
    TOOL_RESPONSE = "tool_response"
    TOOL_OUTPUT = "tool_output"
    KNOWLEDGE = "knowledge"
    VERBOSE = "verbose"
    FOLLOW_UP = "follow_up"
    UNKNOWN = "unknown"

    @classmethod
    def _other_words(cls) -> Mapping[str, str]:
        return {"user": "question"}  # docs/wire.md 7.2, 15


class ContentType(_Word):
    """The format of `content` (docs/wire.md 3.4)."""

    TEXT = "text"
    OBJECT_STRING = "object_string"
    CARD = "card"
    AUDIO = "audio"
    MIX = "mix"
    IMAGE = "image"
    FILE = "file"
    UNKNOWN = "unknown"

    @classmethod
    def _other_words(cls) -> Mapping[str, str]:
        return dict.fromkeys(
            ("markdown", "md", "plain", "plain_text", "string", "text/plain", "text/markdown"), "text"
        )


class ChatStatus(_Word):
    """The status of a chat. Accepts both spellings of canceled and requires_action.

    See docs/wire.md 3.3, 3.8.
    """

    CREATED = "created"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"
    REQUIRES_ACTION = "requires_action"
    CANCELED = "canceled"
    EXPIRED = "expired"
    UNKNOWN = "unknown"

    @classmethod
    def _other_words(cls) -> Mapping[str, str]:
        return {
            "cancelled": "canceled",
            "required_action": "requires_action",
            "compleated": "completed",
        }

    @property
    def is_final(self) -> bool:
        """Return whether nothing follows unless the user acts; False if unknown (docs/wire.md 7.2)."""
        return self not in (ChatStatus.CREATED, ChatStatus.IN_PROGRESS, ChatStatus.UNKNOWN)


def _content_of(value: object) -> str:
    """Return the content of a message as text; an object, array, true or false becomes its JSON text."""
    if not isinstance(value, dict | list | bool):
        return text_of(value)
    try:
        return json.dumps(value, ensure_ascii=False)
    except (ValueError, RecursionError):
        return ""


VERBOSE_TYPES = frozenset(
    {
        *("generate_answer_finish", "knowledge_recall", "time_capsule_recall", "interrupt", "hook_call"),
        *("multi_agents_jump_to_agent", "multi_agents_backwards", "stream_plugin_finish", "empty result"),
    }
)
"""The known values of `msg_type` in the content of verbose messages (docs/wire.md 3.4)."""


def _is_verbose(content: str) -> bool:
    """Return whether a content without a message type is that of a verbose message."""
    if '"msg_type"' not in content:
        return False
    try:
        return mapping_of(json.loads(content)).get("msg_type") in VERBOSE_TYPES
    except (ValueError, TypeError, RecursionError):
        return False


_ROLES = {str(role): role for role in Role}
_MESSAGE_TYPES = {str(message_type): message_type for message_type in MessageType}
_CONTENT_TYPES = {str(content_type): content_type for content_type in ContentType}


def _read(words: type[_W], known: Mapping[str, _W], text: str) -> _W:
    """Return the member of an enum; a table comes first, because a stream has thousands of words."""
    return known.get(text) or words(text)


def id_of(value: object) -> str:
    """Return an ID in a JSON value; empty if there is none."""
    text = text_of(value)
    if not text.isascii():
        text = clean(text)  # half a surrogate pair could be neither saved nor sent
    return "" if text == "0" else text  # "0" means none (docs/wire.md 3.3)


def _texts_of(value: object) -> Mapping[str, str]:
    return {str(key): text_of(item) for key, item in mapping_of(value).items()} if value else {}


# --- the objects ---


@valueclass
class Usage:
    """The token counts of one chat."""

    token_count: int = 0
    output_count: int = 0
    input_count: int = 0

    @classmethod
    def from_wire(cls, value: object) -> Usage | None:
        """Return the usage, or None if it is missing, empty or all zeros (docs/wire.md 3.3)."""
        data = mapping_of(value)
        output = int_of(data.get("output_count")) or int_of(data.get("output_tokens"))
        input_ = int_of(data.get("input_count")) or int_of(data.get("input_tokens"))
        total = int_of(data.get("token_count")) or output + input_
        return cls(total, output, input_) if total else None

    @classmethod
    def from_meta_data(cls, meta_data: Mapping[str, str]) -> Usage | None:
        """Return Coze Studio's counts, which are texts in the answer's meta_data (docs/wire.md 3.8)."""
        output, input_ = int_of(meta_data.get("output_tokens")), int_of(meta_data.get("input_tokens"))
        total = int_of(meta_data.get("token")) or output + input_
        return cls(total, output, input_) if total else None


@valueclass
class LastError:
    """The reason for the failure of a chat; only if its code is not 0 (docs/wire.md 3.3)."""

    code: int
    msg: str

    @classmethod
    def from_wire(cls, value: object) -> LastError | None:
        data = mapping_of(value)
        code, msg = int_of(data.get("code")), text_of(data.get("msg")) or text_of(data.get("message"))
        return cls(code, words_of(msg) if is_page(msg) else msg) if code else None

    @property
    def line(self) -> str:
        """Return code and message; only the message if it contains the code, or the code means nothing."""
        if self.code <= 0 or re.search(rf"(?<!\d){self.code}(?!\d)", self.msg):
            return self.msg
        return f"{self.code} {self.msg}".rstrip()


@valueclass
class ToolCall:
    """A call that the chat waits for (docs/wire.md 3.6)."""

    id: str
    type: str
    """`function`, or `reply_message` for a question node, which the next message answers."""
    name: str
    arguments: str
    """JSON text, perhaps invalid."""
    fields: tuple[str, ...] = ()
    """The facts that a `require_info` asks the user for, for example `coordinates`."""


@valueclass
class RequiredAction:
    """The calls that a chat in status requires_action waits for."""

    tool_calls: tuple[ToolCall, ...]

    @classmethod
    def from_wire(cls, value: object) -> RequiredAction | None:
        """Return None if the key is present but empty, as in plain chats (docs/wire.md 3.3)."""
        calls = []
        for item in items_of(mapping_of(mapping_of(value).get("submit_tool_outputs")).get("tool_calls")):
            call = mapping_of(item)
            function, info = mapping_of(call.get("function")), mapping_of(call.get("require_info"))
            fields = tuple(field for each in items_of(info.get("require_fields")) if (field := text_of(each)))
            calls.append(
                ToolCall(
                    id=text_of(call.get("id")),
                    type=text_of(call.get("type")) or "function",
                    name=text_of(function.get("name")) or text_of(info.get("name")) or ", ".join(fields),
                    arguments=_content_of(function.get("arguments")),
                    fields=fields,
                )
            )
        return cls(tuple(calls)) if calls else None


@valueclass
class Chat:
    """One run of the bot on one question (docs/wire.md 3.3)."""

    id: str = ""
    conversation_id: str = ""
    bot_id: str = ""
    section_id: str = ""
    status: ChatStatus = ChatStatus.UNKNOWN
    created_at: int = 0
    """Unix seconds; 0 if not set yet."""
    last_error: LastError | None = None
    usage: Usage | None = None
    required_action: RequiredAction | None = None
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_wire(cls, value: object) -> Chat:
        data = mapping_of(value)
        return cls(
            id=id_of(data.get("id")),
            conversation_id=id_of(data.get("conversation_id")),
            bot_id=id_of(data.get("bot_id")),
            section_id=id_of(data.get("section_id")),
            status=ChatStatus(text_of(data.get("status"))),
            created_at=int_of(data.get("created_at")),
            last_error=LastError.from_wire(data.get("last_error")),
            usage=Usage.from_wire(data.get("usage")),
            required_action=RequiredAction.from_wire(data.get("required_action")),
            raw=data,
        )


@valueclass
class Message:
    """A message, a delta of one, or an echo (docs/wire.md 3.4)."""

    id: str = ""
    """Shared by all deltas and the completed event of one message; empty if Coze sent none."""
    chat_id: str = ""
    section_id: str = ""
    role: Role = Role.UNKNOWN
    type: MessageType = MessageType.UNKNOWN
    content: str = ""
    """As received, not cleaned."""
    content_type: ContentType = ContentType.TEXT
    reasoning_content: str = ""
    meta_data: Mapping[str, str] = field(default_factory=dict)
    created_at: int = 0
    """Unix seconds; Coze may send it as text."""
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_wire(cls, value: object) -> Message:
        data = mapping_of(value)
        role = _read(Role, _ROLES, text_of(data.get("role")) or "assistant")
        type_text = text_of(data.get("type"))
        given = data.get("content")
        content = given if isinstance(given, str) else _content_of(given)
        if not type_text:  # an assistant's message without a type is an answer (docs/wire.md 3.4)
            type_text = "verbose" if _is_verbose(content) else "answer"
            type_text = "question" if role is Role.USER else type_text
        content_type = text_of(data.get("content_type")) or "text"
        if isinstance(given, dict | list) and content_type == "text":
            content_type = "object_string"
        return cls(
            id=id_of(data.get("id")),
            chat_id=id_of(data.get("chat_id")),
            section_id=id_of(data.get("section_id")),
            role=role,
            type=_read(MessageType, _MESSAGE_TYPES, type_text),
            content=content,
            content_type=_read(ContentType, _CONTENT_TYPES, content_type),
            reasoning_content=text_of(data.get("reasoning_content")),
            meta_data=_texts_of(data.get("meta_data")),
            created_at=int_of(data.get("created_at")),
            raw=data,
        )


@valueclass
class Bot:
    """A bot, with the fields that a chat client needs (docs/wire.md 4.5)."""

    id: str
    name: str = ""
    description: str = ""
    prologue: str = ""
    suggested_questions: tuple[str, ...] = ()
    is_published: bool = True
    raw: Json = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def from_wire(cls, value: object) -> Bot:
        """Return a bot from a response of retrieve (`bot_id`, `name`), the list (`id`) or the old list."""
        data = mapping_of(value)
        onboarding = mapping_of(data.get("onboarding_info"))
        published = data.get("is_published")
        return cls(
            id=id_of(data.get("bot_id")) or id_of(data.get("id")),
            name=text_of(data.get("name")) or text_of(data.get("bot_name")),
            description=text_of(data.get("description")),
            prologue=text_of(onboarding.get("prologue")),
            suggested_questions=tuple(
                text for item in items_of(onboarding.get("suggested_questions")) if (text := text_of(item))
            ),
            is_published=published if isinstance(published, bool) else True,
            raw=data,
        )


@valueclass
class Conversation:
    """A conversation on the server (docs/wire.md 4.6)."""

    id: str
    name: str = ""
    created_at: int = 0
    updated_at: int = 0
    last_section_id: str = ""

    @classmethod
    def from_wire(cls, value: object) -> Conversation:
        data = mapping_of(value)
        return cls(
            id=id_of(data.get("id")),
            name=text_of(data.get("name")),
            created_at=int_of(data.get("created_at")),
            updated_at=int_of(data.get("updated_at")),
            last_section_id=id_of(data.get("last_section_id")),
        )


@valueclass
class Workspace:
    """A workspace, which contains bots (docs/wire.md 4.9)."""

    id: str
    name: str = ""

    @classmethod
    def from_wire(cls, value: object) -> Workspace:
        data = mapping_of(value)
        return cls(id=id_of(data.get("id")), name=text_of(data.get("name")))


@valueclass
class User:
    """The owner of the token (docs/wire.md 4.9)."""

    user_id: str
    user_name: str = ""
    nick_name: str = ""

    @classmethod
    def from_wire(cls, value: object) -> User:
        data = mapping_of(value)
        return cls(
            user_id=id_of(data.get("user_id")),
            user_name=text_of(data.get("user_name")),
            nick_name=text_of(data.get("nick_name")),
        )


@valueclass
class Page(Generic[_T]):
    """One page of a list in either paging style (docs/wire.md 4.5 to 4.7)."""

    items: tuple[_T, ...]
    has_more: bool = False
    next_cursor: str = ""
    """The ID for the next page if pages go by ID; empty if they go by number."""


@valueclass
class Limits:
    """Sizes in bytes of UTF-8. An audio delta has about 95 kB in one line (docs/wire.md 3.1)."""

    line: int = 4_000_000
    event: int = 8_000_000
    """Everything from one blank line to the next, even comments."""
    reply: int = 64_000_000
    frames: int = 250_000
    """Number of events in one reply. A delta of Coze has 300 bytes; smaller ones take as much memory."""
    non_deltas: int = 50_000
    """Number of events other than deltas, which cannot be merged and take about 2 kB of memory each."""

    def allow(self, frames: int, non_deltas: int) -> bool:
        """Return whether one reply may have these numbers of events, and of events other than deltas."""
        return frames <= self.frames and non_deltas <= self.non_deltas
