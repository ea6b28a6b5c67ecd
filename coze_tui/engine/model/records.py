"""Records of past chats: their frames, the heads of their captures, and their outcomes. Pure."""

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
"""If a chat sends its IDs, it does so within this many frames."""
_HEAD = (
    *("site", "bot_id", "bot_name", "conversation", "title", "question", "content_type", "files"),
    *("conversation_id", "section_id", "chat_id", "logid"),
)
"""Fields of a record that the head of a capture contains under the same names, in this order."""


@valueclass
class ChatFrames:
    """A chat with its frames, or only with those after the frames that the caller has."""

    record: ChatRecord
    frames: tuple[Frame, ...]
    problems: tuple[Problem, ...] = ()
    """Problems of the capture that it was read from."""
    left_out: int = 0
    """Number of later frames that were not read, because there are more than one reply may contain."""


def left_out_text(count: int) -> str:
    """Return the sentence about frames that were not read."""
    return ngettext(
        "{n} event left out at the end: the chat is larger than any reply of Coze",
        "{n} events left out at the end: the chat is larger than any reply of Coze",
        count,
    ).format(n=thousands(count))


def ids_of(frames: Sequence[Frame]) -> ChatIdentified:
    """Return the IDs in the first events of a chat; empty if they contain none."""
    state = TurnState()
    for frame in frames[:_FIRST]:
        state.apply(parse_event(frame))
    return ChatIdentified(state.chat_id, state.conversation_id, state.section_id)


# --- captures ---


def chat_from_capture(capture: Capture) -> ChatFrames:
    """Return the chat of a capture; IDs that its head lacks come from its first events."""
    head, ids = capture.facts, ids_of(capture.frames)
    known: dict[str, Any] = {name: head.get(name, "") for name in _HEAD}
    known["section_id"] = known["section_id"] or ids.section_id
    known["chat_id"] = known["chat_id"] or ids.chat_id
    # The local conversation may be bound to another Coze conversation than the one of the chat.
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
    """Return the known facts for the head of a capture, which `chat_from_capture` reads."""
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
    """Return a time in Unix milliseconds, exactly: a float of seconds would sometimes lose one."""
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
    except OverflowError:  # a number that is too large for a time
        return ""
