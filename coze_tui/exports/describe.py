"""Titles, metrics and outcomes for readable exports, in the language in use. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from coze_tui.api.objects import MessageType
from coze_tui.diagnostics.explain import explain
from coze_tui.engine.model.outcomes import Outcome, break_words
from coze_tui.engine.model.transcript import (
    ChatTranscript,
    ToolTranscript,
    each_transcript,
    said_words,
    tool_word,
)
from coze_tui.store.archive import ConversationArchive
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import duration, size, thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.values import valueclass

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@valueclass
class Clock:
    """Formats times in one time zone."""

    zone: tzinfo | None = None
    """None for the zone of this machine."""

    def day(self, ms: int) -> str:
        """Return the day, as `2025-01-28`."""
        return f"{self._at(ms):%Y-%m-%d}"

    def time(self, ms: int) -> str:
        """Return the time, as `10:02:09`."""
        return f"{self._at(ms):%H:%M:%S}"

    def moment(self, ms: int) -> str:
        """Return day, time and zone, as `2025-01-28 10:02 +08:00`."""
        text = self._at(ms).isoformat(" ", "minutes")
        return f"{text[:16]} {text[16:]}"

    def _at(self, ms: int) -> datetime:
        # A file may contain any number; years from 2 to 9998 are valid in every zone.
        ms = max(-62_000_000_000_000, min(253_300_000_000_000, ms))
        return (_EPOCH + timedelta(milliseconds=ms)).astimezone(self.zone)


def title_of(archived: ConversationArchive) -> str:
    """Return the title on one line, or a substitute for an empty one."""
    return clean_line(archived.conversation.title).strip() or _("Untitled conversation")


def bot_of(archived: ConversationArchive) -> str:
    """Return the bot's name, or else its ID."""
    saved = archived.conversation
    return clean_line(saved.bot_name or saved.bot_id).strip() or _("bot")


def chats_of(archived: ConversationArchive) -> Iterator[ChatTranscript]:
    """Yield the chats with their messages, oldest first."""
    starts = [section.position for section in archived.sections]
    return each_transcript(
        archived.messages, archived.chats, bot_of(archived), archived.conversation.site, starts
    )


def started_at(archived: ConversationArchive) -> int:
    """Return the Unix milliseconds of the first message, or of the creation if that is earlier."""
    first = next(iter(archived.messages), None)
    created_at = archived.conversation.created_at
    return min(created_at, first.created_at) if first and first.created_at > 0 else created_at


def said_in(archived: ConversationArchive) -> tuple[int, int]:
    """Return the number of questions, and of those that were answered."""
    questions, answered, is_answered = 0, 0, False
    for message in archived.messages:
        if message.type == MessageType.QUESTION:
            questions, is_answered = questions + 1, False
        elif message.type == MessageType.ANSWER and not is_answered:
            answered, is_answered = answered + 1, True
    return questions, answered


def metadata_of(archived: ConversationArchive, clock: Clock) -> list[tuple[str, str]]:
    """Return names and values of the known metadata of a conversation."""
    saved = archived.conversation
    tokens = sum(chat.token_count for chat in archived.chats)
    ends = [chat.ended_at for chat in archived.chats]
    facts = [
        (_("bot"), f"{bot_of(archived)} ({saved.bot_id})" if saved.bot_name else saved.bot_id),
        (_("site"), saved.site),
        (_("conversation"), saved.key),
        (_("Coze ID"), saved.conversation_id),
        (_("started"), clock.moment(started_at(archived))),
        (_("last message"), clock.moment(max([saved.updated_at, *ends]))),
        (_("messages"), said_words(*said_in(archived))),
        (_("tokens"), thousands(tokens) if tokens else ""),
    ]
    return [(name, clean_line(value)) for name, value in facts if value]


def metrics_of(chat: ChatTranscript) -> list[str]:
    """Return the known metrics of a chat: duration, time to first text, breaks and tokens."""
    figures = []
    record = chat.record
    if record.total_us:
        figures.append(duration(record.total_us))
    if record.first_text_us:
        figures.append(_("first text {time}").format(time=duration(record.first_text_us)))
    figures += break_words(record.breaks, chat.outcome)
    if usage := record.usage:
        figures.append(
            _("tokens {input} in, {output} out").format(
                input=thousands(usage.input_count), output=thousands(usage.output_count)
            )
        )
    return figures


def ids_of(chat: ChatTranscript) -> list[tuple[str, str]]:
    """Return names and values of a chat's IDs from Coze."""
    record = chat.record
    ids = [(_("chat"), record.chat_id), (_("section"), record.section_id), ("logid", record.logid)]
    return [(name, clean_line(value)) for name, value in ids if value]


def tool_name(tool: ToolTranscript) -> str:
    """Return the name of a tool."""
    if tool.type is MessageType.KNOWLEDGE:
        return tool_word("knowledge")
    return tool_word(clean_line(tool.name).strip())


def tool_metrics(tool: ToolTranscript) -> str:
    """Return the size of a tool's response and its duration if known, or that there is no response."""
    if tool.response is None:
        return _("its response is unknown") if tool.is_unpaired else _("no result")
    amount = size(len(tool.response.encode("utf-8", "replace")))
    return f"{amount}, {duration(tool.elapsed_us)}" if tool.elapsed_us else amount


def end_of(chat: ChatTranscript) -> str:
    """Return the outcome of a chat, or that it is still running; empty if it completed with a text."""
    if chat.is_running:
        return still_running()
    if chat.outcome is Outcome.COMPLETED:
        return chat.silence.text if chat.silence is not None else ""
    if chat.outcome is Outcome.FAILED and chat.error is not None:
        return _("failed: {reason}").format(reason=explain(chat.error, base_url=chat.base_url).text)
    if chat.outcome is Outcome.INTERRUPTED and chat.error is not None:
        return _("cut off: {reason}").format(reason=explain(chat.error, base_url=chat.base_url).text)
    return chat.outcome.words


def still_running() -> str:
    """Return the text for a chat that has not ended."""
    return _("still running")


def stalls(count: int) -> str:
    """Return the number of stalls as text."""
    return ngettext("{n} stall", "{n} stalls", count).format(n=thousands(count))
