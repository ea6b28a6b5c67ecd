"""Reads tool calls, responses, recalled knowledge and agents from messages (docs/wire.md 3.4). Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from coze_tui.api.json_values import items_of, mapping_of, text_of
from coze_tui.api.objects import Message, MessageType
from coze_tui.engine.model.contents import json_or_none, plain_keys, shown_text
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.values import valueclass

FINISH = "generate_answer_finish"
RECALL = "knowledge_recall"
_SIGNALS = frozenset({FINISH, "stream_plugin_finish", "interrupt", "hook_call", "empty result"})
"""Verbose messages that report a step of the run, and whose content other messages repeat."""
_AGENTS = frozenset({"multi_agents_jump_to_agent", "multi_agents_backwards"})
_ID_KEYS = ("tool_call_id", "call_id", "function_call_id", "call_message_id")
_WRAPPER = frozenset({"content_type", "response_for_model", "type_for_model", "response_type"})
"""The keys of the wrapper around a response for the model. An object with any other key is the tool's own."""
_LONGEST_KIND = 60
# Keys of recalled chunks, in lower case, without `_` and `-`.
_DOCUMENT_KEYS = ("documentname", "docname", "filename", "name", "title")
_SCORE_KEYS = ("score", "similarity")
_SLICE_KEYS = ("slice", "content", "text")
_STUDIO_WRAPPER = frozenset({"msg_type", "data", "from_module", "from_unit"})


@valueclass
class Call:
    """A call of a tool. The texts are clean."""

    name: str
    arguments: str
    id: str


def call_of(message: Message) -> Call:
    """Return the call in a function_call message of either dialect; broken JSON becomes the arguments."""
    data = mapping_of(json_or_none(message.content))
    function = mapping_of(data.get("function"))
    name = text_of(data.get("name")) or text_of(function.get("name"))
    arguments = data.get("arguments", function.get("arguments"))
    text = arguments if isinstance(arguments, str) else _json_text(arguments)
    if not data:
        text = message.content  # the JSON may be broken (docs/wire.md 3.4)
    return Call(clean_line(name) or "?", clean(text), _id_in(message) or text_of(data.get("id")))


@valueclass
class Response:
    """A response of a tool. The text is clean."""

    text: str
    call_id: str
    """The ID of the call that it answers; empty if the message has none."""


def response_of(message: Message) -> Response:
    """Return the complete response of a tool; only a wrapper without content of its own is removed."""
    data = mapping_of(json_or_none(message.content))
    text = message.content
    if data.keys() <= _WRAPPER:
        text = text_of(data.get("response_for_model")) or text
    elif "msg_type" in data and data.keys() <= _STUDIO_WRAPPER:
        text = text_of(data.get("data")) or text
    call_id = _id_in(message) or next((id_ for key in _ID_KEYS if (id_ := text_of(data.get(key)))), "")
    return Response(clean(text), call_id)


def _id_in(message: Message) -> str:
    """Return the ID that pairs a call with its response."""
    for place in (message.meta_data, message.raw):
        for key in _ID_KEYS:
            if found := text_of(place.get(key)):
                return found
    return ""


@valueclass
class Agent:
    """An agent of the bot that answers from now on."""

    id: str
    name: str
    condition: str
    """Why the bot has chosen this agent."""


@valueclass
class Verbose:
    """The content of a verbose message."""

    msg_type: str
    data: Mapping[str, object]
    text: str
    """The data as text."""

    @property
    def finish_reason(self) -> str:
        """Return the reason in generate_answer_finish; empty if there is none."""
        return clean_line(text_of(self.data.get("finish_reason")))

    @property
    def agent(self) -> Agent | None:
        """Return the agent that answers from now on, or None if the message has none."""
        name = clean_line(text_of(self.data.get("agent_name"))).strip()
        if self.msg_type not in _AGENTS or not name:
            return None
        id_, condition = text_of(self.data.get("agent_id")), text_of(self.data.get("condition"))
        return Agent(clean_line(id_), name, clean(condition))


@valueclass
class Remark:
    """A message of a kind that is neither text nor a tool. The texts are clean."""

    name: str
    """Coze's word for the kind."""
    text: str


def remark_of(message: Message) -> Remark | None:
    """Return the content of a verbose message or one of unknown type; None if it has nothing to read."""
    if message.type is MessageType.UNKNOWN:
        name = clean_line(text_of(message.raw.get("type"))).strip()[:_LONGEST_KIND]
        text = clean(shown_text(message)) if _has_words(message.content) else ""
        return Remark(name or "?", text) if text.strip() else None
    said = verbose_of(message.content)
    if said.msg_type in _SIGNALS | _AGENTS:
        return None
    value = json_or_none(said.text) if said.msg_type else message.content
    if isinstance(value, dict) and value.keys() == {"content"}:
        value = value["content"]
    text = value if isinstance(value, str) else said.text
    return Remark(said.msg_type[:_LONGEST_KIND] or "verbose", clean(text)) if _has_words(text) else None


def _has_words(text: str) -> bool:
    """Return whether a text, which may be JSON, contains anything but names of fields."""
    value = json_or_none(text)
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
        elif item is not None and str(item).strip():
            return True
    return value is None and bool(text.strip())


def verbose_of(content: str) -> Verbose:
    """Return the content of a verbose message; its fields are empty if the JSON is not of a known form."""
    outer = mapping_of(json_or_none(content))
    data = outer.get("data")
    text = data if isinstance(data, str) else _json_text(data)
    inner = data if isinstance(data, dict) else json_or_none(text)
    return Verbose(clean_line(text_of(outer.get("msg_type"))), mapping_of(inner), text)


def recalled(content: str) -> str:
    """Return all documents, scores and slices that a knowledge base has found, cleaned.

    Args:
        content: of a message of type knowledge, or of a verbose one with the msg_type knowledge_recall.
    """
    found = verbose_of(content)
    named = items_of(found.data.get("chunks"))
    chunks = [plain_keys(chunk) for chunk in named or items_of(json_or_none(found.text or content))]
    # Without its usual key, a list contains chunks if all its objects have a text.
    rows = [_chunk(chunk) if named or _first(chunk, _SLICE_KEYS) else "" for chunk in chunks]
    if not rows or not all(rows):
        return clean(found.text or content)
    query = text_of(mapping_of(json_or_none(text_of(found.data.get("ori_req")))).get("query"))
    return clean("\n\n".join([*([f"? {query}"] if query else []), *rows]))


def _chunk(chunk: Mapping[str, object]) -> str:
    """Return document, score and text of a chunk whose keys are already normalized."""
    document = mapping_of(mapping_of(chunk.get("meta")).get("document"))
    name = text_of(document.get("name")) or _first(chunk, _DOCUMENT_KEYS)
    slice_ = _first(chunk, _SLICE_KEYS)
    head = " · ".join(filter(None, (name, _first(chunk, _SCORE_KEYS))))
    return "\n".join(filter(None, (head, slice_)))


def _first(data: Mapping[str, object], keys: Iterable[str]) -> str:
    return next((text for key in keys if (text := text_of(data.get(key)))), "")


def _json_text(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
