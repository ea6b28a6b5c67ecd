"""What is known of a chat beside its frames: in the store, at the head of a capture. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coze_tui.api.captures import Capture
from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.transcript import outcome_of
from coze_tui.engine.model.updates import ChatIdentified
from coze_tui.store.history import SavedConversation
from coze_tui.store.journal import SavedChat
from coze_tui.store.messages import SavedMessage
from coze_tui.text.cleaning import clean_line

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST = 3
"""Frames by which a chat has told its ids, if it does."""


@dataclass(frozen=True, slots=True)
class ChatFacts:
    """What is known of a chat beside its frames. Texts are as they came, to be cleaned where shown."""

    question: str = ""
    sent_at_ms: int = 0
    """Unix milliseconds; 0 where nobody knows."""
    site: str = ""
    bot_id: str = ""
    bot_name: str = ""
    conversation: str = ""
    """Key of the conversation in the store, or in the one where a capture was taken; empty for one from
    elsewhere."""
    title: str = ""
    """Of the conversation."""
    content_type: str = ""
    """Of the question (docs/wire.md 2.2)."""
    files: str = ""
    """Names of the files that went with it, one a line."""
    conversation_id: str = ""
    section_id: str = ""
    chat_id: str = ""
    logid: str = ""
    outcome: Outcome | None = None
    """How it ended, where that is known beside the frames; None also while it runs."""
    total_us: int = 0

    @property
    def bot(self) -> str:
        """What to call the bot, clean and on one line; empty where neither name nor id is known."""
        return clean_line(self.bot_name) or clean_line(self.bot_id)


def facts_of(capture: Capture) -> ChatFacts:
    """What stands at the head of a capture; ids that do not, from its first events."""
    told, ids = capture.facts, ids_of(capture.frames)
    return ChatFacts(
        question=told.get("question", ""),
        sent_at_ms=_ms_of(told.get("sent_at", "")),
        site=told.get("site", ""),
        bot_id=told.get("bot_id", ""),
        bot_name=told.get("bot_name", ""),
        conversation=told.get("conversation", ""),
        title=told.get("title", ""),
        content_type=told.get("content_type", ""),
        files=told.get("files", ""),
        # one of ours need not be bound to the one in which the chat was held
        conversation_id=told.get("conversation_id", "" if "conversation" in told else ids.conversation_id),
        section_id=told.get("section_id", "") or ids.section_id,
        chat_id=told.get("chat_id", "") or ids.chat_id,
        logid=told.get("logid", ""),
        outcome=Outcome.of(told.get("status", "")),
        total_us=_number_of(told.get("total_us", "")),
    )


def ids_of(frames: Sequence[Frame]) -> ChatIdentified:
    """The ids that the first events of a chat tell; empty where they do not."""
    state = TurnState()
    for frame in frames[:_FIRST]:
        state.apply(parse_event(frame))
    return ChatIdentified(state.chat_id, state.conversation_id, state.section_id)


def facts_of_stored(
    chat: SavedChat, saved: SavedConversation | None, question: SavedMessage | None
) -> ChatFacts:
    """What the store knows of a chat.

    Args:
        saved: its conversation.
        question: as it stands in the conversation.
    """
    return ChatFacts(
        question=chat.question,
        sent_at_ms=chat.sent_at,
        site=saved.site if saved else "",
        bot_id=chat.bot_id,
        bot_name=saved.bot_name if saved else "",
        conversation=chat.conversation,
        title=saved.title if saved else "",
        content_type=question.content_type if question else "",
        files=question.name if question else "",
        conversation_id=saved.conversation_id if saved else "",
        section_id=chat.section_id,
        chat_id=chat.chat_id,
        logid=chat.logid,
        outcome=outcome_of(chat) if chat.is_final else None,
        total_us=chat.summary.total_us if chat.is_final else 0,
    )


def capture_facts(facts: ChatFacts) -> Mapping[str, str]:
    """The head of a capture: what `facts_of` reads; nothing for what is not known."""
    known = {
        "sent_at": _iso_of(facts.sent_at_ms),
        "site": facts.site,
        "bot_id": facts.bot_id,
        "bot_name": facts.bot_name,
        "conversation": facts.conversation,
        "title": facts.title,
        "question": facts.question,
        "content_type": facts.content_type,
        "files": facts.files,
        "conversation_id": facts.conversation_id,
        "section_id": facts.section_id,
        "chat_id": facts.chat_id,
        "logid": facts.logid,
        "status": str(facts.outcome) if facts.outcome else "",
        "total_us": str(facts.total_us) if facts.total_us else "",
    }
    return {key: value for key, value in known.items() if value}


def _number_of(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else 0


def _ms_of(text: str) -> int:
    """Exact: a float of seconds would lose a millisecond now and then."""
    try:
        at = datetime.fromisoformat(text)
        return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - _EPOCH) // _MILLISECOND
    except (ValueError, OverflowError):
        return 0


def _iso_of(at_ms: int) -> str:
    if not at_ms:
        return ""
    try:
        return (_EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
    except OverflowError:  # a number that is no time
        return ""
