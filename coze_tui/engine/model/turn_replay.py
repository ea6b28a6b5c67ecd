"""Replays a chat from its frames with the state machine for live turns. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from coze_tui.api.events import ChatEvent, ChatInProgress, MessageDeltas, error_of_code, parse_events
from coze_tui.api.objects import Frame
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import RETRIEVED, TurnState
from coze_tui.engine.model.timeline import Timeline
from coze_tui.engine.model.updates import LogidReported, TurnEnded, TurnUpdate
from coze_tui.errors import ApiError, CozeTuiError
from coze_tui.store.records import Breaks
from coze_tui.text.cleaning import StreamCleaner
from coze_tui.values import valueclass


@valueclass
class PastTurn:
    """The state, figures and timeline of a replayed chat."""

    state: TurnState
    timeline: Timeline

    @property
    def figures(self) -> TurnFigures:
        """Return the figures of the turn."""
        return self.timeline.figures

    @property
    def outcome(self) -> Outcome:
        """Return the outcome of the turn."""
        return self.figures.outcome or Outcome.INTERRUPTED


def past_turn(
    frames: Iterable[Frame],
    *,
    outcome: Outcome | None = None,
    total_us: int = 0,
    breaks: Breaks = Breaks(),  # noqa: B008 frozen
    logid: str = "",
    new_cleaner: Callable[[], StreamCleaner] = StreamCleaner,
) -> PastTurn:
    """Replay a whole chat.

    Args:
        outcome: if known; otherwise the frames decide, and a chat without an end was cut off.
        total_us: time of the end, if known.
        breaks: interruptions of the chat, which frames do not contain.
        new_cleaner: as in `TurnState`.
    """
    turn = PastTurn(TurnState(new_cleaner=new_cleaner), Timeline())
    found = past_updates(turn.state, frames, outcome=outcome, total_us=total_us, breaks=breaks, logid=logid)
    for update in found:
        turn.timeline.add(update)
    return turn


def past_updates(
    state: TurnState,
    frames: Iterable[Frame],
    *,
    outcome: Outcome | None = None,
    total_us: int = 0,
    breaks: Breaks = Breaks(),  # noqa: B008 frozen
    logid: str = "",
) -> Iterator[TurnUpdate]:
    """Yield the updates of the live turn, as far as the frames contain them; the last is TurnEnded."""
    replay = TurnReplay(state)
    yield from replay.start(logid)
    yield from replay.apply_all(frames)
    yield from replay.finish(outcome, total_us, breaks=breaks)


class TurnReplay:
    """Replays a chat event by event into a new state."""

    def __init__(self, state: TurnState) -> None:
        self.state = state
        self.at_us = 0
        """Time of the latest event, or of the end of the chat."""
        self._logid = ""
        self._was_retrieved = False

    def start(self, logid: str = "") -> list[TurnUpdate]:
        """Return the updates that report the sending of the question."""
        self._logid = logid
        return [*self.state.sent(), *([LogidReported(logid)] if logid else [])]

    def apply(self, event: ChatEvent | MessageDeltas) -> list[TurnUpdate]:
        """Return the updates of the next event."""
        state, frame = self.state, event.frame
        updates: list[TurnUpdate] = []
        if frame.id == RETRIEVED and not self._was_retrieved:
            # A recovery: the fetched state is the correct one (docs/wire.md 7.4).
            state.outcome = state.error = None
            self._was_retrieved = True
        elif isinstance(event, ChatInProgress) and state.outcome is Outcome.REQUIRES_ACTION:
            updates += state.resumed(frame.at_us)  # tool outputs were submitted (docs/wire.md 4.4)
        self.at_us = max(self.at_us, frame.at_us)
        return updates + state.apply(event)

    def apply_all(self, frames: Iterable[Frame]) -> Iterator[TurnUpdate]:
        """Yield the updates of the next frames; neighboring deltas of one answer become one update."""
        for event in parse_events(frames):
            yield from self.apply(event)

    def finish(
        self,
        outcome: Outcome | None = None,
        total_us: int = 0,
        error: CozeTuiError | None = None,
        breaks: Breaks = Breaks(),  # noqa: B008 frozen
    ) -> list[TurnUpdate]:
        """Return the updates of the end; the arguments are those of `past_turn`.

        Args:
            error: why it failed, if known; otherwise the frames decide.
        """
        state = self.state
        self.at_us = max(self.at_us, total_us)
        updates = state.settle(self.at_us)
        found = Outcome.FAILED if state.error else state.outcome
        ended = outcome or found or Outcome.INTERRUPTED
        updates += state.enter(ended, self.at_us)
        why = error or _error_of(state, ended, self._logid)
        silence = state.silence if ended is Outcome.COMPLETED else None
        return [*updates, TurnEnded(ended, self.at_us, why, silence, breaks)]


def _error_of(state: TurnState, ended: Outcome, logid: str) -> ApiError | None:
    if state.error is None or ended is not Outcome.FAILED:
        return None
    return error_of_code(state.error.code, state.error.msg, logid=logid)
