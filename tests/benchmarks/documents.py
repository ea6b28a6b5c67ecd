"""Answers of the shapes that are hard to show while they grow, and captures in which they do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path

SHAPES = ("prose", "list", "fence", "table", "unbroken", "cjk")
BEGIN, END = "▣", "▤"
"""Stand in the first and the last of the measured deltas."""
_WORDS = ("the", "quick", "`brown`", "fox", "jumps", "**over**", "a", "lazy", "dog", "and", "runs", "on")
_CJK = "春眠不觉晓处处闻啼鸟夜来风雨声花落知多少"
DELTAS = 200
PER_SECOND = 50
PIECE = 5


def endless(shape: str) -> Iterator[str]:
    """A document of one shape, without end, in parts."""
    match shape:
        case "prose":
            for number in count():
                yield _WORDS[number % 12] + ("\n\n" if number % 90 == 89 else " ")
        case "list":
            for number in count():
                yield f"- item {number} with *some* words in it\n"
        case "fence":
            yield "```python\n"
            for number in count():
                yield f"value_{number} = compute({number}, 'text')  # a line\n"
        case "table":
            yield "| number | name | what |\n|---|---|---|\n"
            for number in count():
                yield f"| {number} | row `{number}` | some words |\n"
        case "unbroken":
            for number in count():
                yield "abcdefghij"[number % 10]
        case "cjk":
            for number in count():
                yield _CJK[number % 20] + ("，" if number % 7 == 6 else "")


def text_of(shape: str, length: int) -> str:
    """The first characters of a document."""
    parts: list[str] = []
    size = 0
    for part in endless(shape):
        parts.append(part)
        size += len(part)
        if size >= length:
            break
    return "".join(parts)[:length]


def capture(shape: str, length: int, *, wait: float = 3.0) -> str:
    """An `.sse` capture: so many characters at once, a pause of `wait` seconds, then a steady stream."""
    whole = text_of(shape, length + DELTAS * PIECE)
    pieces = [whole[at : at + PIECE] for at in range(length, len(whole), PIECE)]
    pieces[0], pieces[-1] = BEGIN + pieces[0][1:], END + pieces[-1][1:]
    at = 300_000
    lines = [_frame(100_000, "conversation.chat.created", _chat("created"))]
    lines.append(_frame(at, "conversation.message.delta", _message(whole[:length])))
    at += int(wait * 1e6)
    for piece in pieces:
        lines.append(_frame(at, "conversation.message.delta", _message(piece)))
        at += 1_000_000 // PER_SECOND
    lines.append(_frame(at, "conversation.message.completed", _message(whole[:length] + "".join(pieces))))
    lines.append(_frame(at, "conversation.chat.completed", _chat("completed")))
    lines.append(f': at {at}\nevent:done\ndata:"[DONE]"\n\n')
    return "".join(lines)


def written(folder: Path, shape: str, length: int, *, wait: float = 3.0) -> Path:
    """The file of such a capture."""
    path = folder / f"{shape}-{length}.sse"
    path.write_text(capture(shape, length, wait=wait), encoding="utf-8")
    return path


def _frame(at_us: int, event: str, data: object) -> str:
    return f": at {at_us}\nevent:{event}\ndata:{json.dumps(data, ensure_ascii=False)}\n\n"


def _chat(status: str) -> object:
    return {"id": "7511000000000010001", "conversation_id": "7511000000000020001", "status": status}


def _message(text: str) -> object:
    return {
        "id": "7511000000000030001",
        "role": "assistant",
        "type": "answer",
        "content": text,
        "content_type": "text",
    }
