"""Reads and validates request bodies: additional messages, meta_data, tool outputs.

See docs/wire.md 2.1, 2.2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from coze_tui.standin.context import Failure
from coze_tui.standin.faults import NONE, Faults, UnknownFault, take
from coze_tui.standin.scenarios import CHINESE
from coze_tui.standin.state import Message, StoredFile

ROLES: dict[str, frozenset[str]] = {
    "user": frozenset({"", "question", "tool_output"}),
    "assistant": frozenset({"", "answer", "function_call", "tool_output", "tool_response"}),
}
PARTS = frozenset({"text", "image", "file", "audio"})


@dataclass(frozen=True)
class Question:
    """The messages of a call, and the text that the bot answers."""

    messages: Sequence[Message] = ()
    text: str = ""
    files: tuple[str, ...] = ()
    faults: Faults = field(default=NONE)

    def is_chinese(self, history: Sequence[str]) -> bool:
        """Return whether to answer in Chinese, by the language of the last question that contains letters."""
        for text in (self.text, *reversed(history)):
            if CHINESE.search(text):
                return True
            if any(letter.isascii() and letter.isalpha() for letter in text):
                return False
        return False


def mapping(value: object) -> Mapping[str, object]:
    """Return a JSON object. Raise Failure 4000 for anything else."""
    if not isinstance(value, dict):
        raise Failure(4000, "The body must be a JSON object (sample)")
    return value


def required(body: Mapping[str, object], key: str) -> str:
    """Return a required text. Raise Failure 4000 if it is missing."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise Failure(4000, f"{key} is required and must be a string (sample)")
    return value


def read_meta_data(value: object) -> dict[str, str]:
    """Return at most 16 pairs, keys of 1-64 and values of 1-512 characters. Raise Failure 4003 otherwise."""
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > 16:
        raise Failure(4003, "meta_data must be an object of at most 16 pairs (sample)")
    for key, text in value.items():
        if not isinstance(text, str) or not 1 <= len(key) <= 64 or not 1 <= len(text) <= 512:
            raise Failure(4003, "meta_data: keys have 1 to 64 characters, values 1 to 512 (sample)")
    return dict(value)


def read_outputs(value: object) -> dict[str, str]:
    """Return tool outputs by call ID. Raise Failure 4000 if invalid."""
    outputs: dict[str, str] = {}
    for item in value if isinstance(value, list) else []:
        entry = mapping(item)
        output = entry.get("output")
        if not isinstance(output, str):
            raise Failure(4000, "output must be a string (sample)")
        outputs[required(entry, "tool_call_id")] = output
    return outputs


def read_question(
    value: object, files: Mapping[str, StoredFile], *, limit: int, strict: bool = True
) -> Question:
    """Return the messages and the question in them. Raise Failure 4000, 4004 or 4005 if they are not valid.

    Args:
        strict: validate as the official service does.
    """
    if value is None:
        return Question()
    if not isinstance(value, list):
        raise Failure(4000, "additional_messages must be an array (sample)")
    if len(value) > limit:
        raise Failure(4004, f"additional_messages: at most {limit} (sample)")
    messages = [read_message(item, files, strict=strict) for item in value]
    if not messages:
        return Question()
    texts = [_text_and_files(message, files) for message in messages]
    if strict and not any(text for text, _ in texts):
        raise Failure(4000, "a message of files only needs a text message beside it (sample)")
    last = next((i for i in reversed(range(len(messages))) if messages[i].role == "user" and texts[i][0]), -1)
    names = tuple(name for _, some in texts for name in some)
    try:
        text, faults = take(texts[last][0])
    except UnknownFault as error:
        raise Failure(4000, str(error)) from error
    return Question(messages, text, names, faults)


def read_message(item: object, files: Mapping[str, StoredFile], *, strict: bool = True) -> Message:
    """Return one EnterMessage. Raise Failure 4005 if invalid."""
    if not isinstance(item, dict):
        raise Failure(4005, "a message must be an object (sample)")
    role, type_, content = item.get("role"), item.get("type") or "", item.get("content")
    content_type = item.get("content_type") or "text"
    if role not in ROLES or type_ not in ROLES[role]:
        raise Failure(4005, f"role {role!r} with type {type_!r} is not valid (sample)")
    if not isinstance(content, str) or (strict and not content):
        raise Failure(4005, "content must be a string that is not empty (sample)")
    if content_type not in {"text", "object_string"}:
        raise Failure(4005, f"content_type {content_type!r} is not valid (sample)")
    meta_data = read_meta_data(item.get("meta_data"))
    type_ = type_ or ("question" if role == "user" else "answer")
    message = Message("", "", "", role, type_, content, content_type, 0, meta_data=meta_data)
    if content_type == "object_string":
        _check_parts(content, files, strict=strict)
    return message


def _check_parts(content: str, files: Mapping[str, StoredFile], *, strict: bool) -> None:
    parts = _parts(content)
    if parts is None:
        raise Failure(4000, "object_string must be the JSON text of an array (sample)")
    kinds = [part.get("type") for part in parts]
    if not strict:
        return
    if not kinds or not set(kinds) <= PARTS or kinds.count("text") > 1:
        raise Failure(4000, "object_string: text (once), image, file, audio (sample)")
    if set(kinds) == {"text"}:
        raise Failure(4000, "a text alone must have content_type text (sample)")
    for part in parts:
        if part.get("type") == "text":
            continue
        if not part.get("file_id") and not part.get("file_url"):
            raise Failure(4000, "file_id or file_url is required (sample)")
        if part.get("file_id") and part["file_id"] not in files:
            raise Failure(4000, "the file does not exist, or it is not yours (sample)")


def _parts(content: str) -> list[Mapping[str, object]] | None:
    try:
        value: object = json.loads(content)
    except ValueError:
        return None
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        return None
    return value


def _text_and_files(message: Message, files: Mapping[str, StoredFile]) -> tuple[str, tuple[str, ...]]:
    if message.content_type == "text":
        return message.content, ()
    text, names = "", []
    for part in _parts(message.content) or []:
        if part.get("type") == "text":
            text = str(part.get("text") or "")
        else:
            file = files.get(str(part.get("file_id")))
            names.append(file.name if file else str(part.get("file_url") or "?"))
    return text, tuple(names)
