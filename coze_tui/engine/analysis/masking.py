"""Captures without what was said in them: texts as long as they were, ids, types and times unchanged. Pure.

What says nothing of its own stays: names of fields, events and tools, codes, counts, messages of errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from coze_tui.api.captures import Capture
from coze_tui.api.objects import DONE_EVENTS, Frame

_KEPT = frozenset(
    {
        "id", "conversation_id", "bot_id", "chat_id", "section_id", "execute_id", "message_id", "file_id",
        "connector_id", "role", "type", "content_type", "status", "code", "error_code", "msg", "logid",
        "error_message", "debug_url", "token", "input_tokens", "output_tokens", "time_cost",
    }
)  # fmt: skip
"""Fields of Coze's objects whose text is kept (docs/wire.md 3.3, 3.4)."""
_KEPT_IN_CALLS = frozenset({"id", "type", "name", "plugin_name", "api_name"})
_FREE = frozenset({"arguments", "output", "thought", "data", "meta_data", "content", "reasoning_content"})
"""Fields that hold anything at all."""
_JSON_TYPES = frozenset({"tool_response", "tool_output", "knowledge"})
_SPOKEN_FACTS = frozenset({"question", "title", "files"})


def masked_text(text: str) -> str:
    """A text of as many characters and bytes in which only white space and control characters are left."""
    return "".join(map(_masked_character, text))


def _masked_character(character: str) -> str:
    code = ord(character)
    if character.isspace() or code < 0x20 or 0x7F <= code < 0xA0:
        return character
    return "x" if code < 0x80 else "é" if code < 0x800 else "某" if code < 0x10000 else "𠮷"


def masked_capture(capture: Capture) -> Capture:
    """The capture with every text masked that a person, the bot or a tool has said."""
    facts = {
        key: masked_text(value) if key in _SPOKEN_FACTS else value for key, value in capture.facts.items()
    }
    return replace(capture, frames=tuple(map(masked_frame, capture.frames)), facts=facts)


def masked_frame(frame: Frame) -> Frame:
    """The frame with the texts in its data masked."""
    if frame.event in DONE_EVENTS and frame.data.strip('"') in ("", "[DONE]"):
        return frame
    return replace(frame, data=_within_json(frame.data, _of_wire, masked_text))


def rewritten_texts(frame: Frame, rewrite: Callable[[str], str]) -> Frame:
    """The frame with every text in its data rewritten; the very same where that changes nothing."""

    def all_texts(value: object) -> object:
        if isinstance(value, str):
            return rewrite(value)
        if isinstance(value, Mapping):
            return {rewrite(key): all_texts(item) for key, item in value.items()}
        return [all_texts(item) for item in value] if isinstance(value, list) else value

    return replace(frame, event=rewrite(frame.event), data=_within_json(frame.data, all_texts, rewrite))


def _within_json(text: str, change: Callable[[object], object], otherwise: Callable[[str], str]) -> str:
    """JSON with its value changed; another text changed as a text. Without a change it keeps its spelling."""
    try:
        value: object = json.loads(text)
        changed = change(value)
        if changed == value:
            return text
        return json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return otherwise(text)


# --- Coze's objects (docs/wire.md 3.3, 3.4) ---


def _of_wire(value: object) -> object:
    """A chat, a message or an error."""
    if isinstance(value, Mapping):
        kind = value.get("type")
        return {
            key: _of_content(item, kind) if key == "content" else _of_field(key, item)
            for key, item in value.items()
        }
    return _free(value)


def _of_field(key: str, value: object) -> object:
    if key == "meta_data" and isinstance(value, Mapping):
        return {name: _of_field(name, item) for name, item in value.items()}
    if key in _FREE:
        return _within_text(value)
    if key == "function" and isinstance(value, Mapping):
        return _of_call(value)
    if isinstance(value, Mapping):
        return {name: _of_field(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_of_field(key, item) for item in value]
    if isinstance(value, str):
        return value if key in _KEPT else masked_text(value)
    return value


def _of_content(content: object, kind: object) -> object:
    if not isinstance(content, str):
        return _free(content)
    if kind == "function_call":
        return _within_json(content, _of_call, masked_text)
    if kind == "verbose":
        return _within_json(content, _of_verbose, masked_text)
    return _within_text(content) if kind in _JSON_TYPES else masked_text(content)


def _of_call(value: object) -> object:
    if not isinstance(value, Mapping):
        return _free(value)
    found: dict[str, object] = {}
    for key, item in value.items():
        if key == "function":
            found[key] = _of_call(item)
        elif key in _KEPT_IN_CALLS or (isinstance(item, int) and key != "arguments"):
            found[key] = item
        else:
            found[key] = _within_text(item)
    return found


def _of_verbose(value: object) -> object:
    if not isinstance(value, Mapping):
        return _free(value)
    is_finish = value.get("msg_type") == "generate_answer_finish"
    return {
        key: item
        if key == "msg_type" or (key == "data" and is_finish and _is_finish(item))
        else _within_text(item)
        for key, item in value.items()
    }


def _is_finish(data: object) -> bool:
    """It says the finish reason and nothing else."""
    try:
        value = json.loads(data) if isinstance(data, str) else data
    except (ValueError, RecursionError):
        return False
    return isinstance(value, Mapping) and not any(
        item for key, item in value.items() if key != "finish_reason" or not isinstance(item, int)
    )


# --- anything ---


def _within_text(value: object) -> object:
    """Masks JSON inside a text without breaking it."""
    if not isinstance(value, str):
        return _free(value)
    return _within_json(value, _free, masked_text) if value[:1] in ("{", "[") else masked_text(value)


def _free(value: object) -> object:
    """Masks everything but the names of fields."""
    if isinstance(value, str):
        return _within_text(value)
    if isinstance(value, Mapping):
        return {key: _free(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_free(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return 10 ** (len(str(abs(value))) - 1) if isinstance(value, int) else 1.0
