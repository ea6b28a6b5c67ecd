"""Writes a conversation as Markdown, verbatim except for control characters. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from coze_tui.engine.model.transcript import (
    AgentTranscript,
    AnswerTranscript,
    ChatTranscript,
    ToolTranscript,
)
from coze_tui.exports import describe
from coze_tui.exports.describe import Clock
from coze_tui.store.archive import ConversationArchive
from coze_tui.text.cleaning import clean
from coze_tui.text.format import indented_json
from coze_tui.text.i18n import _

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~$&])")
_FENCES = re.compile(r"`{3,}")
_LINE_END = re.compile("\r\n|\r|\n")


def markdown_from(
    archived: ConversationArchive,
    clock: Clock = Clock(),  # noqa: B008
) -> Iterator[str]:
    """Yield the pieces of the text, which are safe on a terminal whatever they contain.

    Reasoning and tools are quoted, to separate them from the answers.
    """
    return map(clean, _pieces(archived, clock))


def _pieces(archived: ConversationArchive, clock: Clock) -> Iterator[str]:
    yield f"# {_plain(describe.title_of(archived))}\n\n"
    for name, value in describe.metadata_of(archived, clock):
        yield f"- {name}: {_plain(value)}\n"
    for chat in describe.chats_of(archived):
        if chat.starts_section:
            yield "\n---\n\n*" + _("context cleared") + "*\n"
        yield from _chat(chat, clock)


def _chat(chat: ChatTranscript, clock: Clock) -> Iterator[str]:
    sent = f"{clock.day(chat.record.sent_at)} {clock.time(chat.record.sent_at)}"
    if chat.record.question:
        yield "\n---\n\n## " + _("You") + f" · {sent}\n\n{_ended(chat.record.question)}"
        if chat.files:
            yield "\n" + "".join(f"- {_plain(name)}\n" for name in chat.files)
    heading = " · ".join([_plain(chat.record.bot_name), *describe.metrics_of(chat)])
    yield f"\n## {heading}\n"
    for part in chat.parts:
        match part:
            case AnswerTranscript():
                if part.reasoning:
                    yield "\n" + _quoted("**" + _("Reasoning") + "**", part.reasoning)
                if part.text:
                    yield f"\n{_ended(part.text)}"
            case ToolTranscript():
                yield f"\n{_tool(part)}"
            case AgentTranscript():
                yield f"\n*{_plain(part.line)}*\n"
    if end := describe.end_of(chat):
        yield f"\n*{_plain(end)}*\n"
    if suggestions := chat.suggestions:
        yield "\n" + _("Suggested questions:") + "\n\n"
        yield "".join(_item(question) for _number, question in suggestions)
    if ids := describe.ids_of(chat):
        yield "\n" + " · ".join(f"{name} `{value}`" for name, value in ids) + "\n"


def _tool(tool: ToolTranscript) -> str:
    title = f"**{_plain(describe.tool_name(tool))}** · {describe.tool_metrics(tool)}"
    parts = [_fenced(text) for text in (tool.arguments, tool.response) if text]
    return _quoted(title, *parts)


def _fenced(text: str) -> str:
    """Return a code block, with JSON indented."""
    indented = indented_json(text)
    text, language = (text, "") if indented is None else (indented, "json")
    longest = max((len(found) for found in _FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{_ended(text)}{fence}"


def _quoted(*blocks: str) -> str:
    lines = _LINE_END.split("\n\n".join(blocks).rstrip("\r\n"))
    return "".join(f"> {line}".rstrip() + "\n" for line in lines)


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"


def _item(text: str) -> str:
    """Return a list item; its further lines belong to the item."""
    return "- " + _LINE_END.sub("\n  ", text.rstrip("\r\n")) + "\n"


def _plain(text: str) -> str:
    """Return text with the special characters of Markdown escaped."""
    return _SPECIAL.sub(r"\\\1", text)
