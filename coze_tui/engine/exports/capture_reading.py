"""A capture as a chat that can be kept: the state machine works out what it came to, as it did live. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from coze_tui.addresses import site_name
from coze_tui.api.captures import Problem, read_capture
from coze_tui.api.events import MessageCompleted, MessageDelta, UnknownEvent, parse_event
from coze_tui.api.limits import Limits
from coze_tui.api.objects import Chat, Frame, MessageType, Role
from coze_tui.engine.chat_facts import ChatFacts, facts_of
from coze_tui.engine.exports.json_lines import LineSource
from coze_tui.engine.past_turn import past_turn
from coze_tui.engine.stored_turn import messages_of, summary_of
from coze_tui.errors import FileError
from coze_tui.store.journal import ChatSummary
from coze_tui.store.messages import SavedMessage
from coze_tui.text import clean, clean_line

_KEY = re.compile("[a-z0-9]{1,32}")
_SIZES = frozenset({"line too long", "event too large", "too large", "too many events"})


@dataclass(frozen=True, slots=True)
class ImportedChat:
    """One chat from a file. Texts and ids that it does not tell are empty."""

    frames: tuple[Frame, ...]
    conversation: str
    """Our key of the conversation it was in."""
    site: str
    bot_id: str
    bot_name: str
    title: str
    question: str
    content_type: str
    files: tuple[str, ...]
    conversation_id: str
    section_id: str
    chat_id: str
    logid: str
    sent_at: int
    """Unix milliseconds; 0 where it is not told."""
    summary: ChatSummary
    messages: tuple[SavedMessage, ...]


def read_chat(file: LineSource, path: str, limits: Limits = Limits()) -> ImportedChat:  # noqa: B008
    """The chat in a capture. One that tells neither title nor question is called as the file is.

    Raises:
        FileError: with the line and the reason.
        OSError: the file cannot be read on.
    """
    capture = read_capture(_lines(file, limits), limits)
    if capture.problems:
        raise _error_of(path, capture.problems[0], is_ours=bool(capture.facts or capture.frames))
    events = [parse_event(frame) for frame in capture.frames]
    if all(isinstance(event, UnknownEvent) for event in events):
        raise FileError("foreign", path, detail=capture.frames[0].event)
    facts = facts_of(capture)
    question = clean(facts.question or _question(events))
    sent_at = facts.sent_at_ms or _begun(events)
    logid = clean_line(facts.logid)
    turn = past_turn(capture.frames, outcome=facts.outcome, total_us=facts.total_us, logid=logid)
    state = turn.state
    return ImportedChat(
        frames=capture.frames,
        conversation=facts.conversation if _KEY.fullmatch(facts.conversation) else "",
        site=clean_line(facts.site) or _site(capture.facts.get("base_url", "")),
        bot_id=clean_line(facts.bot_id or _bot_id(events)),
        bot_name=clean_line(facts.bot_name),
        title=clean_line(facts.title or ("" if question else Path(path).stem)),
        question=question,
        content_type=clean_line(facts.content_type) or "text",
        files=tuple(map(clean_line, filter(None, facts.files.split("\n")))),
        conversation_id=clean_line(_conversation_id(facts, state.conversation_id)),
        section_id=clean_line(state.section_id or facts.section_id),
        chat_id=clean_line(state.chat_id or facts.chat_id),
        logid=logid,
        sent_at=sent_at,
        summary=summary_of(turn.figures, turn.outcome, turn.figures.error, turn.timeline.total_us),
        messages=messages_of(state, sent_at),
    )


def _conversation_id(facts: ChatFacts, of_frames: str) -> str:
    """Coze's id of the conversation that the chat is to be in.

    One of ours need not be bound to the one in which the chat was held: a fork, or what was deleted there.
    """
    return facts.conversation_id if facts.conversation else of_frames or facts.conversation_id


def _lines(file: LineSource, limits: Limits) -> Iterator[str]:
    while line := file.readline(4 * limits.line + 1):  # so many bytes have more characters than it may
        yield line.decode("utf-8", "replace")


def _error_of(path: str, problem: Problem, *, is_ours: bool) -> FileError:
    line, reason = problem.line, problem.reason
    if reason == "cut":
        return FileError("cut", path, line=line)
    if reason == "empty":
        return FileError("empty", path)
    if reason in _SIZES:
        return FileError("too large", path, line=line, detail=reason)
    return FileError("bad line" if is_ours else "foreign", path, line=line, detail=reason)


def _site(base_url: str) -> str:
    try:
        if not urlsplit(base_url).hostname:
            return ""
    except ValueError:  # no address
        return ""
    return clean_line(site_name(base_url).rpartition("@")[2])


def _chats(events: Sequence[object]) -> Iterator[Chat]:
    for event in events:
        chat = getattr(event, "chat", None)
        if isinstance(chat, Chat):
            yield chat


def _begun(events: Sequence[object]) -> int:
    """What the chat itself says (api 3.3)."""
    return next((chat.created_at * 1000 for chat in _chats(events) if 0 < chat.created_at < 2**40), 0)


def _bot_id(events: Sequence[object]) -> str:
    return next((chat.bot_id for chat in _chats(events) if chat.bot_id), "")


def _question(events: Sequence[object]) -> str:
    """The echo of the question, which some streams hold (api 7.2)."""
    for event in events:
        if isinstance(event, MessageDelta | MessageCompleted):
            message = event.message
            if message.type is MessageType.QUESTION and message.role is Role.USER:
                return message.content
    return ""
