"""One chat under inspection: its frames as they are known so far, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from coze_tui.api.captures import Capture
from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.figures import TurnFigures
from coze_tui.engine.frames_table import FrameTable
from coze_tui.engine.past_turn import TurnReader
from coze_tui.engine.timeline import Timeline
from coze_tui.engine.turn import TurnState
from coze_tui.engine.updates import Phase, TurnUpdate
from coze_tui.text import clean_line


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
    """Key of the conversation in the store; empty for a capture from elsewhere."""
    conversation_id: str = ""
    section_id: str = ""
    chat_id: str = ""
    logid: str = ""
    outcome: Phase | None = None
    """How it ended, where that is known beside the frames; None also while it runs."""
    total_us: int = 0

    @property
    def bot(self) -> str:
        """What to call the bot, clean and on one line; empty where neither name nor id is known."""
        return clean_line(self.bot_name) or clean_line(self.bot_id)


class InspectedChat:
    """Takes frames in, in order; gives rows, figures and a timeline of those that have come."""

    def __init__(self, facts: ChatFacts) -> None:
        self.facts = facts
        self.table = FrameTable()
        self.state = TurnState()
        self.figures = TurnFigures()
        self.timeline = Timeline()
        self._reader = TurnReader(self.state)
        self._feed(self._reader.begin(facts.logid))

    @property
    def frames(self) -> list[Frame]:
        """All of them so far."""
        return [row.frame for row in self.table.rows]

    def add(self, frames: Iterable[Frame]) -> None:
        """Take in the next frames."""
        for frame in frames:
            event = parse_event(frame)
            self.table.add(event)
            self._feed(self._reader.take(event))

    def end(self, facts: ChatFacts) -> None:
        """No more will come, unless tool outputs are submitted; what is known at the end."""
        self.facts = facts
        self._feed(self._reader.end(facts.outcome, facts.total_us))

    def capture(self) -> Capture:
        """All of it as a capture."""
        state = self.state
        known = replace(
            self.facts,
            chat_id=self.facts.chat_id or state.chat_id,
            conversation_id=self.facts.conversation_id or state.conversation_id,
            section_id=self.facts.section_id or state.section_id,
        )
        return Capture(tuple(self.frames), capture_facts(known))

    def _feed(self, updates: Iterable[TurnUpdate]) -> None:
        for update in updates:
            self.figures.add(update)
            self.timeline.add(update)


def facts_of(capture: Capture) -> ChatFacts:
    """What stands at the head of a capture; ids that do not, from its first events."""
    told = capture.facts
    state = TurnState()
    for frame in capture.frames[:3]:
        state.apply(parse_event(frame))
    return ChatFacts(
        question=told.get("question", ""),
        sent_at_ms=_ms_of(told.get("sent_at", "")),
        site=told.get("site", ""),
        bot_id=told.get("bot_id", ""),
        bot_name=told.get("bot_name", ""),
        conversation_id=told.get("conversation_id", "") or state.conversation_id,
        section_id=told.get("section_id", "") or state.section_id,
        chat_id=told.get("chat_id", "") or state.chat_id,
        logid=told.get("logid", ""),
        outcome=_outcome_of(told.get("status", "")),
        total_us=_number_of(told.get("total_us", "")),
    )


def capture_facts(facts: ChatFacts) -> Mapping[str, str]:
    """The head of a capture: what `facts_of` reads; nothing for what is not known."""
    known = {
        "sent_at": _iso_of(facts.sent_at_ms),
        "site": facts.site,
        "bot_id": facts.bot_id,
        "bot_name": facts.bot_name,
        "question": facts.question,
        "conversation_id": facts.conversation_id,
        "section_id": facts.section_id,
        "chat_id": facts.chat_id,
        "logid": facts.logid,
        "status": str(facts.outcome) if facts.outcome else "",
        "total_us": str(facts.total_us) if facts.total_us else "",
    }
    return {key: value for key, value in known.items() if value}


def _outcome_of(word: str) -> Phase | None:
    try:
        phase = Phase(word)
    except ValueError:
        return None
    return phase if phase.is_final else None


def _number_of(text: str) -> int:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 19 else 0


def _ms_of(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return 0


def _iso_of(at_ms: int) -> str:
    if not at_ms:
        return ""
    try:
        return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return ""
