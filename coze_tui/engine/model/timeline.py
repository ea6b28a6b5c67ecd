"""One chat as bars over time: waiting, reasoning, tool calls, answering, the rest. Pure.

It is built from the updates of a live or replayed turn.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    EventNoted,
    FollowUpOffered,
    ReasoningGrew,
    ToolCalled,
    ToolResponded,
    TurnEnded,
    TurnUpdate,
)
from coze_tui.values import valueclass

SpanKind = Literal["waiting", "thinking", "tool", "answering", "settling"]

_MOST_SPANS = 2_000
_SLICES = 48
_EACH = 4
"""Smallest average number of deltas in a slice; with fewer, chance would dominate the rate."""


@valueclass
class Span:
    """One step of a chat, with its start and end."""

    kind: SpanKind
    start_us: int
    """Microseconds since the question was sent, as in all times here."""
    end_us: int
    name: str = ""
    """Name of the tool."""
    deltas: int = 0
    """Number of deltas in a run of text."""
    rates: tuple[float, ...] = ()
    """Deltas per second in equal slices of the span, for a run of text."""
    is_open: bool = False
    """Whether the tool has not answered, or the step continues."""

    @property
    def lasted_us(self) -> int:
        return self.end_us - self.start_us


class Timeline:
    """The steps of one turn. It also updates `figures` with the first text, the gaps and the stalls."""

    def __init__(self) -> None:
        self.figures = TurnFigures()
        self.total_us = 0
        """Time of the latest update."""
        self.follow_ups_us: list[int] = []
        self.errors_us: list[int] = []
        """Times of error events."""
        self._done: list[Span] = []
        self._step = Span("waiting", 0, 0, is_open=True)
        self._arrivals = array("q")
        self._tools: dict[str, Span] = {}
        self._has_answered = False

    @classmethod
    def of(cls, updates: Iterable[TurnUpdate]) -> Timeline:
        """Return the timeline of a whole turn."""
        timeline = cls()
        for update in updates:
            timeline.add(update)
        return timeline

    # --- reading ---

    @property
    def spans(self) -> Sequence[Span]:
        """Return all steps so far, sorted by start. Tool calls may overlap."""
        spans = [*self._done, *(replace(tool, end_us=self.total_us) for tool in self._tools.values())]
        step = self._closed(max(self._step.end_us, self.total_us))
        if step is not None and not (self._tools and self._step.kind == "waiting"):
            spans.append(replace(step, is_open=not self.figures.is_ended))
        return sorted(spans, key=lambda span: (span.start_us, span.end_us))

    # --- writing ---

    def add(self, update: TurnUpdate) -> None:
        """Add the next update."""
        self.figures.add(update)
        match update:
            case ReasoningGrew(arrivals_us=arrivals) if arrivals:
                self._run("thinking", arrivals)
            case AnswerGrew(arrivals_us=arrivals) if arrivals:
                self._run("answering", arrivals)
            case AnswerSettled(text=text, at_us=at_us) if text:
                if self._step.kind != "answering":
                    self._begin("answering", at_us)
                self._has_answered = True
                self._begin("waiting", at_us)
            case ToolCalled(message_id=message_id, name=name, at_us=at_us):
                self._begin("waiting", at_us)
                self._tools[message_id] = Span("tool", at_us, at_us, name, is_open=True)
            case ToolResponded(is_remark=True, at_us=at_us):
                self._reach(at_us)
            case ToolResponded(call_message_id=call, name=name, at_us=at_us):
                self._begin("waiting", at_us)  # before the tool starts: the time until now was waiting
                called = self._tools.pop(call, None) or Span("tool", at_us, at_us, name)
                self._keep(replace(called, end_us=max(called.start_us, at_us), is_open=False))
            case FollowUpOffered(at_us=at_us):
                self.follow_ups_us.append(at_us)
                self._reach(at_us)
            case EventNoted(record):
                if record.level == "error":
                    self.errors_us.append(record.at_us)
                self._reach(record.at_us)
            case TurnEnded(at_us=at_us):
                self._reach(at_us)
            case _:
                pass

    def _run(self, kind: SpanKind, arrivals: Sequence[int]) -> None:
        """Add deltas to the present step, or start a new step for them."""
        if self._step.kind != kind:
            self._begin(kind, arrivals[0])
        for at_us in arrivals:
            self._arrivals.append(max(at_us, self._arrivals[-1] if self._arrivals else at_us))
        self._reach(self._arrivals[-1])

    def _begin(self, kind: SpanKind, at_us: int) -> None:
        """End the present step and start another one."""
        self._reach(at_us)
        step = self._closed(at_us)
        # While a tool runs, its own bar shows the waiting.
        if step is not None and not (self._tools and self._step.kind == "waiting"):
            self._keep(step)
        self._step = Span(kind, at_us, at_us, is_open=True)
        self._arrivals = array("q")

    def _closed(self, at_us: int) -> Span | None:
        """Return the present step as if it ended now; None if there is nothing to show."""
        step = self._step
        end_us = max(step.start_us, at_us)
        if step.kind != "waiting":
            count = len(self._arrivals)
            rates = _rates(self._arrivals, step.start_us, end_us)
            return replace(step, end_us=end_us, deltas=count, rates=rates, is_open=False)
        if end_us == step.start_us:
            return None
        return replace(step, kind="settling" if self._has_answered else "waiting", end_us=end_us)

    def _keep(self, span: Span) -> None:
        if span.kind != "settling" and self._done and self._done[-1].kind == "settling":
            self._done[-1] = replace(self._done[-1], kind="waiting")  # that was not the last answer
        if len(self._done) < _MOST_SPANS:
            self._done.append(replace(span, is_open=False))

    def _reach(self, at_us: int) -> None:
        self.total_us = max(self.total_us, at_us)


def _rates(arrivals: Sequence[int], start_us: int, end_us: int) -> tuple[float, ...]:
    lasted = end_us - start_us
    if lasted <= 0 or len(arrivals) < 3:
        return ()
    slices = max(1, min(_SLICES, len(arrivals) // _EACH, lasted // 10_000))
    counts = [0] * slices
    for at_us in arrivals:
        counts[min(slices - 1, (at_us - start_us) * slices // lasted)] += 1
    return tuple(count * slices * 1_000_000 / lasted for count in counts)
