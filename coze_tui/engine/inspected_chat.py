"""One chat under inspection: its frames as they are known so far, and what they come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from coze_tui.api.captures import Capture
from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.chat_facts import ChatFacts, capture_facts
from coze_tui.engine.figures import TurnFigures
from coze_tui.engine.frames_table import FrameTable
from coze_tui.engine.past_turn import TurnReader
from coze_tui.engine.timeline import Timeline
from coze_tui.engine.turn import TurnState
from coze_tui.engine.updates import TurnUpdate


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
            conversation_id=self.facts.conversation_id
            or ("" if self.facts.conversation else state.conversation_id),  # as in `facts_of`
            section_id=self.facts.section_id or state.section_id,
        )
        return Capture(tuple(self.frames), capture_facts(known))

    def _feed(self, updates: Iterable[TurnUpdate]) -> None:
        for update in updates:
            self.figures.add(update)
            self.timeline.add(update)
