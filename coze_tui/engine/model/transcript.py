"""Transcripts of finished chats for screens, exports and previews. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import cast

from coze_tui.api.objects import MessageType
from coze_tui.config.addresses import base_url_of_site
from coze_tui.engine.model.contents import unlisted
from coze_tui.engine.model.outcomes import Outcome, Silence, error_of, outcome_of, silence_of
from coze_tui.engine.model.tools import Pairing
from coze_tui.errors import CozeTuiError
from coze_tui.store.records import SLOT, ChatRecord, SavedMessage
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.values import valueclass


@valueclass
class AnswerTranscript:
    """One whole answer."""

    message_id: str
    text: str
    reasoning: str = ""
    thought_us: int = 0
    """Microseconds that the reasoning took; 0 if unknown."""


@valueclass
class ToolTranscript:
    """One tool call with its response, recalled knowledge, or a message of another kind."""

    message_id: str
    type: MessageType
    name: str
    arguments: str = ""
    response: str | None = None
    """None if the tool never answered, or if it is unknown which of several responses belongs to it."""
    elapsed_us: int = 0
    is_unpaired: bool = False
    """A response has arrived that may belong to it but names no call."""


@valueclass
class AgentTranscript:
    """The agent of the bot that answers from here on."""

    message_id: str
    name: str
    condition: str = ""
    """Why the bot has chosen this agent."""

    @property
    def line(self) -> str:
        """Return the agent on one line, with the reason for choosing it."""
        return agent_line(self.name, self.condition)


PartTranscript = AnswerTranscript | ToolTranscript | AgentTranscript


@valueclass
class ChatTranscript:
    """One question and everything that the bot sent back for it."""

    record: ChatRecord
    """Its question is clean; `bot_name` is the name to show."""
    parts: tuple[PartTranscript, ...] = ()
    follow_ups: tuple[str, ...] = ()
    first: int = 0
    """Position of its first message in the conversation; 0 if the chat is not stored."""
    last: int = 0
    """Position of its last message."""
    starts_section: bool = False
    """The context was cleared before this chat (docs/wire.md 4.6)."""

    @property
    def outcome(self) -> Outcome:
        """Return the outcome of the chat; one without an end was cut off."""
        return outcome_of(self.record) or Outcome.INTERRUPTED

    @property
    def is_running(self) -> bool:
        """Return whether the chat is running; then `outcome` has no meaning."""
        return not self.record.is_final

    @property
    def error(self) -> CozeTuiError | None:
        """Return why it failed, as far as this is known."""
        return error_of(self.record)

    @property
    def silence(self) -> Silence | None:
        """Return the contents of a chat that completed without text; None for all others."""
        if not self.record.key or self.is_running or self.outcome is not Outcome.COMPLETED:
            return None  # without a chat, there are only messages, perhaps not all
        answers = [part for part in self.parts if isinstance(part, AnswerTranscript)]
        calls = (part for part in self.parts if isinstance(part, ToolTranscript) and part.type in _CALLS)
        return silence_of(
            [answer.text for answer in answers],
            [answer.reasoning for answer in answers],
            [call.name for call in calls],
        )

    @property
    def suggestions(self) -> list[tuple[int, str]]:
        """Return the follow-ups with their numbers, without the choices that an answer lists."""
        return unlisted(
            self.follow_ups, (part.text for part in self.parts if isinstance(part, AnswerTranscript))
        )

    @property
    def base_url(self) -> str:
        """Return the base URL of the chat's site, or an empty string if it is unknown."""
        return base_url_of_site(self.record.site)

    @property
    def files(self) -> tuple[str, ...]:
        """Return the names of the files sent with the question."""
        return tuple(filter(None, self.record.files.split("\n")))

    @property
    def asked(self) -> str:
        """Return the question with the names of its files."""
        return with_files(self.record.question, self.files)


def with_files(question: str, files: Sequence[str]) -> str:
    """Return a question with the names of its files under it, as one clean line each."""
    return "\n".join([question, *(f"+ {clean_line(name)}" for name in files)])


def said_words(questions: int, answers: int) -> str:
    """Return the number of questions and answers in a conversation: `2 questions · 1 answer`."""
    asked = ngettext("{n} question", "{n} questions", questions).format(n=thousands(questions))
    answered = ngettext("{n} answer", "{n} answers", answers).format(n=thousands(answers))
    return f"{asked} · {answered}"


def tool_word(name: str) -> str:
    """Return the name of a tool or another source to show; Coze sends none for recalled knowledge."""
    if name == "time_capsule_recall":
        return _("long-term memory")
    return _("knowledge") if name == "knowledge" else name or _("tool")


def agent_line(name: str, condition: str) -> str:
    """Return one line about the agent that answers from here on, with the reason for choosing it."""
    # The condition is written by the author of the bot, or by the model, and may have several lines.
    why = clean_line(condition).strip()
    return f"→ {clean_line(name)}" + (f" ({why})" if why else "")


_CALLS = frozenset({MessageType.FUNCTION_CALL})
_RESPONSES = frozenset({MessageType.TOOL_RESPONSE, MessageType.TOOL_OUTPUT, MessageType.KNOWLEDGE})


def chat_transcripts(
    messages: Sequence[SavedMessage],
    chats: Iterable[ChatRecord],
    *,
    bot_name: str,
    site: str,
    section_starts: Iterable[int] = (),
) -> tuple[ChatTranscript, ...]:
    """Return the chats that consist of these messages, oldest first.

    Args:
        messages: whole chats, in order of position; messages without a chat are grouped by question.
        section_starts: positions at which a new section starts (docs/wire.md 4.6).
    """
    return tuple(each_transcript(messages, chats, bot_name, site, section_starts))


def each_transcript(
    messages: Iterable[SavedMessage],
    chats: Iterable[ChatRecord],
    bot_name: str,
    site: str,
    section_starts: Iterable[int] = (),
) -> Iterator[ChatTranscript]:
    """Yield the chats of `chat_transcripts` one by one."""
    by_key = {chat.key: chat for chat in chats}
    starts = sorted(section_starts)
    before = -1
    for group in _grouped(messages):
        first = group[0].position
        # A page may begin in the middle of a section, whose line then belongs to an earlier page.
        begins = any(before < start <= first for start in starts) if before >= 0 else first in starts
        yield _transcript(group, by_key.get(group[0].chat), bot_name, site, begins)
        before = first


def _grouped(messages: Iterable[SavedMessage]) -> Iterator[list[SavedMessage]]:
    group: list[SavedMessage] = []
    for message in messages:
        last = group[-1] if group else message
        if group and (
            message.type == MessageType.QUESTION
            or message.chat != last.chat
            or (message.chat and message.position // SLOT != last.position // SLOT)
        ):
            yield group
            group = []
        group.append(message)
    if group:
        yield group


def _transcript(
    group: Sequence[SavedMessage], chat: ChatRecord | None, bot_name: str, site: str, starts_section: bool
) -> ChatTranscript:
    if chat is None:  # from the server's list, which contains only finished chats
        chat = ChatRecord(
            key=group[0].chat,
            sent_at=group[0].created_at,
            is_final=True,
            status=str(Outcome.COMPLETED),
            site=site,
        )
    question = next((item for item in group if item.type == MessageType.QUESTION), None)
    asked, files = (question.content, question.name) if question else (chat.question, chat.files)
    return ChatTranscript(
        # an imported question may contain control characters
        replace(chat, question=clean(asked), files=files, bot_name=bot_name),
        parts=_parts(group),
        follow_ups=tuple(item.content for item in group if item.type == MessageType.FOLLOW_UP),
        first=group[0].position,
        last=group[-1].position,
        starts_section=starts_section,
    )


def _parts(group: Sequence[SavedMessage]) -> tuple[PartTranscript, ...]:
    parts: list[PartTranscript] = []
    pairing = Pairing[object]()
    for number, message in enumerate(group):
        kind = MessageType(message.type)
        if kind is MessageType.ANSWER:
            parts.append(
                AnswerTranscript(message.message_id, message.content, message.reasoning, message.thought_us)
            )
        elif kind is MessageType.VERBOSE and message.name:
            parts.append(AgentTranscript(message.message_id, message.name, message.content))
        elif kind in _CALLS:
            pairing.called((len(parts), message), message.name, f"before {number + 1}")
            parts.append(ToolTranscript(message.message_id, kind, message.name, message.content))
        elif kind in (MessageType.KNOWLEDGE, MessageType.UNKNOWN):
            parts.append(ToolTranscript(message.message_id, kind, message.name, "", message.content))
        elif kind in _RESPONSES:
            # A named response has its call; unless it is an old one, it directly follows that call.
            before = group[number - 1].name if number else ""
            call_id = f"before {number}" if message.name and message.name == before else ""
            found = pairing.answered(call_id, message.name)
            if found is None:
                parts = [_unpaired(part) for part in parts]
                parts.append(ToolTranscript(message.message_id, kind, message.name, "", message.content))
                continue
            place, call = cast("tuple[int, SavedMessage]", found)
            elapsed_us = max(0, message.created_at - call.created_at) * 1000
            called = parts[place]
            assert isinstance(called, ToolTranscript)
            parts[place] = replace(called, response=message.content, elapsed_us=elapsed_us, is_unpaired=False)
    return tuple(parts)


def _unpaired(part: PartTranscript) -> PartTranscript:
    """Return a part that a response without a call ID may answer."""
    is_open = isinstance(part, ToolTranscript) and part.type in _CALLS and part.response is None
    return replace(part, is_unpaired=True) if is_open and isinstance(part, ToolTranscript) else part
