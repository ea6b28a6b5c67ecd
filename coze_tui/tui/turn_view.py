"""One turn on screen: passes its updates from the engine to the message pane and to the figures."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import ActionRequired, ChatIdentified, Phase, PhaseChanged, TurnUpdate
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.text.cleaning import clean_line
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import Entry, QuestionEntry
from coze_tui.tui.log.message_log import MessageLog, Updated
from coze_tui.tui.widgets.status import Chip, activity_of

Milestone = PhaseChanged | ChatIdentified | ActionRequired
"""The updates that may change what the user can do; all others only change what is shown."""

_MOST_QUEUED = 100
"""Updates that may wait in the queue of the log."""


class TurnView:
    """Follows one turn at a time: a live one on the chat screen or in a column, or a replayed one.

    Each update becomes one message to the log. `figures` is the model of everything else that shows the turn:
    the sidebar, the status strip, the state chip and the figures of a column.

    Args:
        log: Shows the entries.
        on_milestone: Called for each milestone, after the figures include it.
    """

    def __init__(self, log: MessageLog, on_milestone: Callable[[Milestone], None] | None = None) -> None:
        self._log = log
        self._on_milestone = on_milestone
        self.clock: Callable[[], float] = time.monotonic
        """Returns seconds; replaced in screenshots by a fixed time."""
        self.phase: Phase | Outcome | None = None
        """The phase of the turn, its outcome once the log has shown the end; None if there is no turn."""
        self.question = ""
        self.figures = TurnFigures()
        """The figures of the turn, also after its end; its owner sets those of a stored chat."""
        self._asked: QuestionEntry | None = None
        self._entry: AnswerEntry | None = None
        self._sent_at = 0.0

    @property
    def runs(self) -> bool:
        """Return whether a turn has started and has not ended."""
        return isinstance(self.phase, Phase)

    def shows(self, entry: Entry) -> bool:
        """Return whether an entry belongs to the turn, which may have ended."""
        if entry is self._asked or entry is self._entry:
            return True
        return self._entry is not None and entry.chat != 0 and entry.chat == self._entry.chat

    @property
    def elapsed_us(self) -> int | None:
        """Return the microseconds since the question was sent; None if no turn runs."""
        return int((self.clock() - self._sent_at) * 1_000_000) if self.runs else None

    @property
    def state(self) -> object:
        """Return the state of the turn, which is equal as long as only counters have changed."""
        return self.phase, self.figures.phase, self.figures.tool, len(self.figures.rows)

    @property
    def chip(self) -> Chip:
        """Return the state chip: of the running turn, else of the end of the last one."""
        if self.runs:
            activity = activity_of(self.phase)
            return Chip.of_activity(activity, clean_line(self.figures.tool), self.elapsed_us)
        figures = self.figures
        is_known = figures.is_ended and not (figures.lacks_events and figures.is_timeless)
        return Chip.of(figures) if is_known else Chip.idle()

    @property
    def last_accepted(self) -> AnswerEntry | None:
        """Return the last answer whose question Coze accepted, or None; refused questions do not count."""
        entries = reversed(self._log.entries)
        return next((item for item in entries if isinstance(item, AnswerEntry) and item.is_at_coze), None)

    @property
    def waiting_answer(self) -> AnswerEntry | None:
        """Return the answer that waits for the outputs of local tools, or None."""
        entry = None if self.runs else self.last_accepted
        return entry if entry is not None and entry.outcome is Outcome.REQUIRES_ACTION else None

    def expect(self) -> None:
        """Show the state of a turn that is being sent, before its question is stored and shown."""
        self.phase = Phase.SENDING
        self._sent_at = self.clock()

    def start(self, asked: QuestionEntry | None, entry: AnswerEntry, *, is_unasked: bool = False) -> None:
        """Show a question and the entry for its answer after the last message.

        Args:
            is_unasked: Whether the program sends it by itself: the view of a user who reads further up stays.
        """
        follows = self._log.viewport.following or not is_unasked
        self._log.append(*([asked] if asked is not None else []), entry)
        if follows:
            self._log.action_to_end()
        self.resume(asked.text if asked is not None else "", entry, TurnFigures(self.figures))
        self._asked = asked

    def resume(self, question: str, entry: AnswerEntry, figures: TurnFigures) -> None:
        """Continue the turn of an entry, whose figures so far are given."""
        self.question = question
        self.phase = Phase.SENDING
        self.figures = figures
        self._asked, self._entry = None, entry
        self._sent_at = self.clock() - figures.last_us / 1_000_000
        self._log.begin(entry, figures)

    async def follow(self, feed: TurnFeed) -> None:
        """Pass on every update in order; return after the message pane has handled the last one.

        Cancel it to leave the turn: no later update of it reaches the log or the figures.
        """
        count = 0
        while updates := await feed.take():
            for update in updates:
                self._pass_on(update)
                count += 1
                if count % _MOST_QUEUED == 0:
                    await self._handled()
        await self._handled()
        self.phase = self.figures.outcome

    def _pass_on(self, update: TurnUpdate) -> None:
        assert self._entry is not None
        self.figures.add(update)
        self._log.post_message(Updated(self._entry, update))
        if isinstance(update, PhaseChanged) and isinstance(update.phase, Phase):
            # Late deltas change the phase of a turn that is being stopped; the user waits for its end.
            self.phase = Phase.STOPPING if self.phase is Phase.STOPPING else update.phase
        if isinstance(update, Milestone) and self._on_milestone is not None:
            self._on_milestone(update)

    async def _handled(self) -> None:
        """Wait until the message pane has handled all updates, so that no key queues behind them."""
        handled = asyncio.Event()
        if self._log.call_later(handled.set):
            await handled.wait()

    def mark_stopping(self) -> None:
        """Show that the user has asked to stop the turn."""
        self.phase = Phase.STOPPING

    def leave(self) -> None:
        """Show no turn; the caller has canceled `follow`."""
        self.phase = None
        self.question = ""
        self.figures = TurnFigures()
        self._asked = self._entry = None
