"""A chat as it is told afterwards: the same for the screen, an export and a preview. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from coze_tui.api.codes import error_of_code
from coze_tui.api.objects import MessageType, Usage
from coze_tui.config.addresses import base_url_of_site
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.errors import CozeTuiError
from coze_tui.store.journal import SavedChat
from coze_tui.store.messages import SLOT, SavedMessage
from coze_tui.text.i18n import _


@dataclass(frozen=True, slots=True)
class AnswerTranscript:
    """One whole answer."""

    message_id: str
    text: str
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class ToolTranscript:
    """One call of a tool with what it gave, or knowledge that was recalled."""

    message_id: str
    type: MessageType
    name: str
    arguments: str = ""
    response: str | None = None
    """None where no answer came."""
    elapsed_us: int = 0


@dataclass(frozen=True, slots=True)
class ChatTranscript:
    """One question and what the bot sent back for it."""

    key: int
    """Of the chat in the store; 0 where it is not stored."""
    question: str
    sent_at_ms: int
    """Unix milliseconds."""
    bot_name: str = ""
    base_url: str = ""
    """Of the site that was asked; empty where that is not known."""
    chat_id: str = ""
    section_id: str = ""
    logid: str = ""
    parts: tuple[AnswerTranscript | ToolTranscript, ...] = ()
    follow_ups: tuple[str, ...] = ()
    outcome: Outcome = Outcome.COMPLETED
    error: CozeTuiError | None = field(default=None, compare=False)
    first_text_us: int = 0
    total_us: int = 0
    usage: Usage | None = None
    first: int = 0
    """Position of its first message in the conversation; 0 where it is not stored."""
    last: int = 0
    """Position of its last message."""
    starts_section: bool = False
    """The context was cleared before this chat (docs/wire.md 4.6)."""
    files: tuple[str, ...] = ()
    """Names of what went with the question."""

    @property
    def asked(self) -> str:
        """The question with the names of its files."""
        return with_files(self.question, self.files)


def with_files(question: str, files: Sequence[str]) -> str:
    """A question as it is shown: the names of its files under it."""
    return "\n".join([question, *(f"+ {name}" for name in files)])


def tool_word(name: str) -> str:
    """What a tool is called; what Coze recalls of the bot's knowledge has no name of its own."""
    return _("knowledge") if name == "knowledge" else name or _("tool")


def event_words(name: str) -> str:
    """Return the name of an event to show: Coze's word, unless that would say too little."""
    if name == "answer":
        return _("answer complete")
    outcome = Outcome.of(name)
    return name if outcome is None else outcome.event_words


_CALLS = frozenset({MessageType.FUNCTION_CALL})
_RESPONSES = frozenset({MessageType.TOOL_RESPONSE, MessageType.TOOL_OUTPUT, MessageType.KNOWLEDGE})


def chat_transcripts(
    messages: Sequence[SavedMessage],
    chats: Iterable[SavedChat],
    *,
    bot_name: str,
    site: str,
    section_starts: Iterable[int] = (),
) -> tuple[ChatTranscript, ...]:
    """The chats that these messages make up, oldest first.

    Args:
        messages: whole chats, in order of position; those without a chat are grouped by question.
        section_starts: positions at which a new section begins (docs/wire.md 4.6).
    """
    by_key = {chat.key: chat for chat in chats}
    starts, base_url = sorted(section_starts), base_url_of_site(site)
    told: list[tuple[int, ChatTranscript]] = []
    for group in _grouped(messages):
        chat = by_key.get(group[0].chat)
        entry = _told(group, chat, bot_name, base_url)
        first = group[0].position
        before = told[-1][0] if told else -1
        begins = any(before < start <= first for start in starts) if told else first in starts
        told.append((first, replace(entry, starts_section=begins)))
    return tuple(entry for _position, entry in told)


def _grouped(messages: Sequence[SavedMessage]) -> list[list[SavedMessage]]:
    groups: list[list[SavedMessage]] = []
    for message in messages:
        is_question = message.type == MessageType.QUESTION
        last = groups[-1][-1] if groups else None
        if (
            last is None
            or is_question
            or message.chat != last.chat
            or (message.chat and message.position // SLOT != last.position // SLOT)
        ):
            groups.append([])
        groups[-1].append(message)
    return groups


def _told(
    group: Sequence[SavedMessage], chat: SavedChat | None, bot_name: str, base_url: str
) -> ChatTranscript:
    question = next((item for item in group if item.type == MessageType.QUESTION), None)
    text = question.content if question else (chat.question if chat else "")
    entry = ChatTranscript(
        key=group[0].chat,
        question=text,
        sent_at_ms=chat.sent_at if chat else group[0].created_at,
        files=tuple(filter(None, question.name.split("\n"))) if question else (),
        bot_name=bot_name,
        base_url=base_url,
        parts=_parts(group),
        follow_ups=tuple(item.content for item in group if item.type == MessageType.FOLLOW_UP),
        first=group[0].position,
        last=group[-1].position,
    )
    if chat is None:
        return entry
    summary = chat.summary
    usage = Usage(summary.token_count, summary.output_tokens, summary.input_tokens)
    return replace(
        entry,
        chat_id=chat.chat_id,
        section_id=chat.section_id,
        logid=chat.logid,
        outcome=outcome_of(chat),
        error=error_of(chat),
        first_text_us=summary.first_text_us,
        total_us=summary.total_us,
        usage=usage if usage.token_count else None,
    )


def outcome_of(chat: SavedChat) -> Outcome:
    """Return how a stored chat ended; INTERRUPTED if it never did."""
    return Outcome.of(chat.summary.status) or Outcome.INTERRUPTED


def error_of(chat: SavedChat) -> CozeTuiError | None:
    """Why a stored chat failed, as far as it was kept."""
    summary = chat.summary
    if summary.error_code:
        return error_of_code(summary.error_code, summary.error_msg, logid=chat.logid)
    return CozeTuiError(summary.error_msg) if summary.error_msg else None


def _parts(group: Sequence[SavedMessage]) -> tuple[AnswerTranscript | ToolTranscript, ...]:
    parts: list[AnswerTranscript | ToolTranscript] = []
    waiting: list[tuple[int, SavedMessage]] = []
    for message in group:
        kind = MessageType(message.type)
        if kind is MessageType.ANSWER:
            parts.append(AnswerTranscript(message.message_id, message.content, message.reasoning))
        elif kind in _CALLS:
            waiting.append((len(parts), message))
            parts.append(ToolTranscript(message.message_id, kind, message.name, message.content))
        elif kind in _RESPONSES:
            if kind is MessageType.KNOWLEDGE or not waiting:
                parts.append(ToolTranscript(message.message_id, kind, message.name, "", message.content))
                continue
            place, call = waiting.pop(0)
            elapsed_us = max(0, message.created_at - call.created_at) * 1000
            before = parts[place]
            assert isinstance(before, ToolTranscript)
            parts[place] = replace(before, response=message.content, elapsed_us=elapsed_us)
    return tuple(parts)
