"""Masks the texts in captures: they keep their lengths; IDs, types and times are unchanged. Pure.

Coze's own words remain: names of fields, events and tools, IDs, codes, counts and error messages. Text of a
user, a bot or a tool is masked at every depth, even if it is the name of a field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from coze_tui.api.captures import Capture
from coze_tui.api.objects import DONE_EVENTS, Frame

_IDS = frozenset(
    {
        "id", "conversation_id", "bot_id", "chat_id", "section_id", "execute_id", "message_id", "file_id",
        "connector_id", "logid", "event_id", "node_id", "node_seq_id", "node_execute_uuid", "debug_url",
    }
)  # fmt: skip
_ERRORS = frozenset({"code", "error_code", "msg", "message", "error_message"})
_KINDS = frozenset({"role", "type", "status", "msg_type", "node_type"})
"""Fields that contain one of Coze's own words, perhaps one that we do not know."""
_KIND = re.compile(r"[A-Za-z_]{1,32}( [a-z]{1,32})?")
_TIMES = frozenset({"created_at", "updated_at", "completed_at", "failed_at"})
_SPOKEN = frozenset(
    {"content", "reasoning_content", "thought", "arguments", "data", "text", "ext", "meta_data"}
)
"""Fields in which even a number is private."""
_CONTENT_TYPES = frozenset({"", "text", "object_string", "card", "audio", "option", "form_schema"})
_COUNTS = frozenset({"token", "input_tokens", "output_tokens", "time_cost", "cost"})
"""Fields that contain a number, which may be a text."""
_COUNT = re.compile(r"[0-9]{0,7}(\.[0-9]{1,3})?")
_TIME = re.compile(r"[0-9]{0,13}")
_TOOLS = frozenset({"name", "plugin_name", "api_name"})
"""Fields that contain the name of a tool, in a call."""
_CONTAINERS = frozenset(
    {
        "last_error", "usage", "required_action", "submit_tool_outputs", "tool_calls", "detail", "error",
        "inserted_additional_messages", "interrupt_data",
    }
)  # fmt: skip
"""Fields that contain objects of Coze's."""
_WIRE_NAMES = _IDS | _ERRORS | _KINDS | _COUNTS | _TOOLS | _CONTAINERS | frozenset(
    {
        "content", "content_type", "reasoning_content", "meta_data", "created_at", "updated_at",
        "completed_at", "failed_at", "token_count", "input_count", "output_count", "function", "arguments",
        "require_info", "thought", "plugin_id", "plugin_type", "api_id", "index", "response_for_model",
        "type_for_model", "data", "from_module", "from_unit", "finish_reason", "FinData", "fin_data",
        "text", "file_url", "template_url", "card_type", "ext", "node_title", "node_is_finish",
        "required_parameters", "loop_index", "batch_index", "sub_execute_id",
    }
)  # fmt: skip
"""Names of fields in Coze's objects (docs/wire.md 2.2, 3.3 to 3.7, 13.3). All others may be private."""
_JSON_TYPES = frozenset({"tool_response", "tool_output", "knowledge"})
_KEPT_FACTS = frozenset(
    {
        "sent_at", "site", "bot_id", "conversation", "conversation_id", "section_id", "chat_id", "logid",
        "status", "error_code", "error_msg", "server", "first_text_us", "total_us", "longest_gap_us",
        "waited_us", "cut_us",
        "stalls", "events", "not_understood", "input_tokens", "output_tokens", "finish_reason",
    }
)  # fmt: skip
"""Facts at the head of a capture that reveal no text."""


def masked_text(text: str) -> str:
    """Return a masked text with as many characters and bytes; white space and control characters remain."""
    return "".join(map(_masked_character, text))


def _masked_character(character: str) -> str:
    code = ord(character)
    if character.isspace() or code < 0x20 or 0x7F <= code < 0xA0:
        return character
    return "x" if code < 0x80 else "é" if code < 0x800 else "某" if code < 0x10000 else "𠮷"


def masked_capture(capture: Capture) -> Capture:
    """Return the capture with every text of the user, the bot or a tool masked."""
    facts = {key: _fact(key, value) for key, value in capture.facts.items()}
    return replace(capture, frames=tuple(map(masked_frame, capture.frames)), facts=facts)


def _fact(key: str, value: str) -> str:
    is_kept = key in _KEPT_FACTS or (key == "content_type" and value in _CONTENT_TYPES)
    return value if is_kept else masked_text(value)


def masked_frame(frame: Frame) -> Frame:
    """Return the frame with the texts in its data masked."""
    if frame.event in DONE_EVENTS and frame.data.strip('"') in ("", "[DONE]"):
        return frame
    return replace(frame, data=_within_json(frame.data, _of_wire, masked_text))


def rewritten_texts(frame: Frame, rewrite: Callable[[str], str]) -> Frame:
    """Return the frame with every text in its data rewritten, or the same object if nothing changes."""

    def all_texts(value: object) -> object:
        if isinstance(value, str):
            return rewrite(value)
        if isinstance(value, Mapping):
            return _unique((rewrite(key), all_texts(item)) for key, item in value.items())
        return [all_texts(item) for item in value] if isinstance(value, list) else value

    return replace(frame, event=rewrite(frame.event), data=_within_json(frame.data, all_texts, rewrite))


def _within_json(text: str, change: Callable[[object], object], otherwise: Callable[[str], str]) -> str:
    """Return JSON with its value changed; change any other text as a text.

    If nothing changes, the spelling remains the same, unless it contains more than the value: a number with
    more digits than a float has, or a field that occurs twice.
    """
    says_more = False

    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        nonlocal says_more
        found = dict(items)
        says_more = says_more or len(found) < len(items)
        return found

    def number(digits: str) -> float:
        nonlocal says_more
        found = float(digits)
        says_more = says_more or repr(found) != digits
        return found

    try:
        value: object = json.loads(text, object_pairs_hook=pairs, parse_float=number)
        changed = change(value)
        if changed == value and not says_more:
            return text
        return json.dumps(changed, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return otherwise(text)


def _unique(items: Iterable[tuple[str, object]]) -> dict[str, object]:
    """Return a dict with all of the items; a repeated name gets a number at its end."""
    found: dict[str, object] = {}
    for name, item in items:
        free, number = name, 2
        while free in found:
            suffix = str(number)
            free = (name[: -len(suffix)] or name) + suffix
            number += 1
        found[free] = item
    return found


# --- Coze's objects (docs/wire.md 3.3, 3.4) ---


def _of_wire(value: object) -> object:
    """Mask a chat, a message or an error."""
    if not isinstance(value, Mapping):
        return _free(value)
    kind = value.get("type")
    return _unique(
        (_field_name(key), _of_content(item, kind) if key == "content" else _of_field(key, item))
        for key, item in value.items()
    )


def _of_field(key: str, value: object) -> object:
    if key == "function":
        return _of_call(value)
    if key == "meta_data" and isinstance(value, Mapping):
        return _unique(
            (_field_name(name), item if name in _COUNTS and _is_count(item) else _within_text(item))
            for name, item in value.items()
        )
    if key in _CONTAINERS:
        return [_of_wire(item) for item in value] if isinstance(value, list) else _of_wire(value)
    return value if _is_wire_value(key, value) else _within_text(value)


def _is_wire_value(key: str, value: object) -> bool:
    """Return whether the value of a field is Coze's own."""
    if not isinstance(value, str):
        is_number = isinstance(value, int | float) or value is None
        return is_number and key in _WIRE_NAMES and key not in _SPOKEN
    if key in _KINDS:
        return not value or _KIND.fullmatch(value) is not None
    if key == "content_type":
        return value in _CONTENT_TYPES
    if key in _TIMES:
        return _TIME.fullmatch(value) is not None
    if key in _COUNTS:
        return _is_count(value)
    return key in _IDS or key in _ERRORS


def _is_count(value: object) -> bool:
    return _COUNT.fullmatch(str(value)) is not None


def _of_content(content: object, kind: object) -> object:
    if not isinstance(content, str):
        return _free(content)
    if kind == "function_call":
        return _within_json(content, _of_call, masked_text)
    if kind == "verbose":
        return _within_json(content, _of_verbose, masked_text)
    return _within_text(content) if kind in _JSON_TYPES else masked_text(content)


def _of_call(value: object) -> object:
    """Mask a tool call, except its name, its IDs and its type."""
    if not isinstance(value, Mapping):
        return _free(value)
    found: list[tuple[str, object]] = []
    for key, item in value.items():
        if key == "function":
            masked = _of_call(item)
        elif key in _TOOLS and isinstance(item, str):
            masked = item
        else:
            masked = item if _is_wire_value(key, item) else _within_text(item)
        found.append((_field_name(key), masked))
    return _unique(found)


def _of_verbose(value: object) -> object:
    if not isinstance(value, Mapping):
        return _free(value)
    is_finish = value.get("msg_type") == "generate_answer_finish"
    found: list[tuple[str, object]] = []
    for key, item in value.items():
        is_kept = (key == "msg_type" and _is_wire_value(key, item)) or (
            key == "data" and is_finish and _is_finish(item)
        )
        found.append((_field_name(key), item if is_kept else _within_text(item)))
    return _unique(found)


def _is_finish(data: object) -> bool:
    """Return whether the data contains the finish reason and nothing else."""
    names = ("finish_reason", "FinData", "fin_data")
    try:
        value = json.loads(data) if isinstance(data, str) else data
    except (ValueError, RecursionError):
        return False
    if not isinstance(value, Mapping):
        return False
    return not any(
        name not in names or (item and not (name == "finish_reason" and isinstance(item, int)))
        for name, item in value.items()
    )


# --- any other value ---


def _field_name(name: str) -> str:
    return name if name in _WIRE_NAMES else masked_text(name)


def _within_text(value: object) -> object:
    """Mask JSON inside a text without breaking it."""
    if not isinstance(value, str):
        return _free(value)
    return _within_json(value, _free, masked_text) if value[:1] in ("{", "[") else masked_text(value)


def _free(value: object) -> object:
    """Mask everything, even the names that Coze uses."""
    if isinstance(value, str):
        return _within_text(value)
    if isinstance(value, Mapping):
        return _unique((_field_name(key), _free(item)) for key, item in value.items())
    if isinstance(value, list):
        return [_free(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return 10 ** (len(str(abs(value))) - 1) if isinstance(value, int) else 1.0
