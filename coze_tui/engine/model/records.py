"""Chats after the fact: with their frames, at the head of a capture, and how they ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from coze_tui.api.captures import Capture, Problem
from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.model.outcomes import Outcome, outcome_of, total_us_of
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.updates import ChatIdentified
from coze_tui.store.records import ChatRecord as ChatRecord
from coze_tui.text.format import thousands
from coze_tui.text.i18n import ngettext
from coze_tui.values import valueclass

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_FIRST = 3
"""Frames by which a chat has sent its ids, if it does."""
_HEAD = (
    *("site", "bot_id", "bot_name", "conversation", "title", "question", "content_type", "files"),
    *("conversation_id", "section_id", "chat_id", "logid"),
)
"""Fields of a record that a capture has at its head under the same names, in this order."""


@valueclass
class ChatFrames:
    """A chat with its frames, or with those that come after the frames known already."""

    record: ChatRecord
    frames: tuple[Frame, ...]
    problems: tuple[Problem, ...] = ()
    """Of the capture it was read from."""
    left_out: int = 0
    """Number of frames that come after these and were not read, because all are more than a reply may be."""


def left_out_text(count: int) -> str:
    """Return the sentence about frames that were not read."""
    return ngettext(
        "{n} event left out at the end: the chat is larger than any reply of Coze",
        "{n} events left out at the end: the chat is larger than any reply of Coze",
        count,
    ).format(n=thousands(count))


def ids_of(frames: Sequence[Frame]) -> ChatIdentified:
    """Return the ids in the first events of a chat; empty if they have none."""
    state = TurnState()
    for frame in frames[:_FIRST]:
        state.apply(parse_event(frame))
    return ChatIdentified(state.chat_id, state.conversation_id, state.section_id)


# --- captures ---


def chat_from_capture(capture: Capture) -> ChatFrames:
    """Return the chat of a capture: ids that are not at its head come from its first events."""
    head, ids = capture.facts, ids_of(capture.frames)
    known: dict[str, Any] = {name: head.get(name, "") for name in _HEAD}
    known["section_id"] = known["section_id"] or ids.section_id
    known["chat_id"] = known["chat_id"] or ids.chat_id
    # A conversation of ours need not be bound to the one in which the chat was held.
    if "conversation" not in head and "conversation_id" not in head:
        known["conversation_id"] = ids.conversation_id
    record = ChatRecord(
        **known,
        sent_at=_ms_of(head.get("sent_at", "")),
        is_final=True,
        status=str(Outcome.of(head.get("status", "")) or ""),
        total_us=_number_of(head.get("total_us", "")),
        waited_us=_number_of(head.get("waited_us", "")),
        cut_us=_number_of(head.get("cut_us", "")),
    )
    return ChatFrames(record, capture.frames, capture.problems)


def capture_head(record: ChatRecord) -> Mapping[str, str]:
    """Return the facts at the head of a capture, as `chat_from_capture` reads them; only known ones."""
    numbers = {"total_us": total_us_of(record), "waited_us": record.waited_us, "cut_us": record.cut_us}
    known = {
        "sent_at": _iso_of(record.sent_at),
        **{name: getattr(record, name) for name in _HEAD},
        "status": str(outcome_of(record) or ""),
        **{name: str(number) for name, number in numbers.items() if number},
    }
    return {key: value for key, value in known.items() if value}


def _number_of(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else 0


def _ms_of(text: str) -> int:
    """Return Unix milliseconds, exactly: a float of seconds would lose one now and then."""
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
