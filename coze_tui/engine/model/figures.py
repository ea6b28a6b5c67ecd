"""The events and metrics of one chat, from its updates. Pure: no clock; each update costs the same.

It receives updates of live and replayed turns alike. Its memory is bounded, whatever the bot sends.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from coze_tui.api.objects import Usage
from coze_tui.engine.model.gaps import Gaps, Pauses
from coze_tui.engine.model.outcomes import Level, Outcome, error_of, outcome_of, total_us_of
from coze_tui.engine.model.updates import (
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    EventNoted,
    EventRecord,
    LogidReported,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    ToolCalled,
    TurnEnded,
    TurnUpdate,
    UsageReported,
)
from coze_tui.errors import CozeTuiError, code_of, code_words, logid_of
from coze_tui.store.records import Breaks, ChatRecord
from coze_tui.text.i18n import _
from coze_tui.values import valueclass

_MOST_ROWS = 2_000
_REST = "…"
"""Name of the last row if there were more rows than the limit."""
_EXPECTED = ("created", "in_progress", "answer", "completed", "done")
"""The events of a chat without problems, in order (docs/wire.md 3.3)."""
_BEFORE_END = ("verbose", "follow_up")
"""Events between the answer and the end; expected if the chat before had them."""
_ENDS = frozenset({*Outcome, "error"})
"""Records after which only `done` is expected."""
_FOLDED = frozenset({"follow_up"})
"""Rows that fold even if their details differ."""
_BUCKETS = 128
_FIRST_BUCKET_US = 100_000
_SECOND_US = 1_000_000


@valueclass
class EventRow:
    """One row of the event list: an event, or a run of equal ones."""

    name: str
    """Coze's name of the event, shortened (docs/ui.md 2), or `sent` and other steps of our own."""
    at_us: int
    until_us: int
    """Arrival time of the last event of a run; `at_us` for a single event."""
    count: int = 1
    level: Level = "info"
    """As in EventRecord; `error` if the row has failed."""
    detail: str = ""
    is_running: bool = False
    """Whether it is the present step of a running chat."""
    frame_number: int = 0
    """Number of its first frame, from 1; 0 for a row of our own."""
    bytes: int = 0

    @property
    def is_delta_run(self) -> bool:
        """Return whether the row counts deltas."""
        return self.name in ("delta", "reasoning")


class _Growing:
    """A run of deltas that still grows."""

    __slots__ = ("bytes", "count", "name", "until_us")

    def __init__(self, name: str, count: int, size: int) -> None:
        self.name = name
        self.until_us = 0
        self.count = count
        self.bytes = size


class TurnFigures:
    """The events and metrics of one turn so far.

    Args:
        previous: The chat before it in the conversation, whose end is expected again.
    """

    def __init__(self, previous: TurnFigures | None = None) -> None:
        self.phase: Phase | Outcome = Phase.SENDING
        self.tool = ""
        """Name of the tool that runs in phase TOOL."""
        self.outcome: Outcome | None = None
        """Set by TurnEnded."""
        self.error: CozeTuiError | None = None
        self.chat_id = ""
        self.conversation_id = ""
        self.section_id = ""
        self.logid = ""
        self.usage: Usage | None = None
        self.first_text_us: int | None = None
        """Arrival of the first readable text of an answer. This is its only definition."""
        self.last_us = 0
        """Time of the latest update."""
        self.deltas = 0
        """Number of deltas of answers."""
        self.reasoning_deltas = 0
        self.events = 0
        """Number of frames of any kind."""
        self.bytes = 0
        self.follow_ups = 0
        self.lacks_events = False
        """Whether no event of the chat is stored locally: it was imported, or its frames were removed."""
        self.breaks = Breaks()
        """Interruptions of the turn; no other time here includes the waiting for the user."""
        self.gaps = Gaps()
        """The gaps between neighboring deltas of a run."""
        self.pauses = Pauses()
        """The stalls and the longest gap between those neighbors."""
        self.has_asked = False
        """The bot has stopped for a reply or for the outputs of local tools."""
        self._rows: list[EventRow] = []
        self._growing: _Growing | None = None
        """The present values of the last row, if it is a run that has grown since `rows` was read."""
        self._expected = previous._expected_next() if previous is not None else _EXPECTED
        self._next = 0
        self._frame = 0
        self._rate = _Rate()
        self._lengths: dict[str, int] = {}
        self._characters = 0

    @classmethod
    def without_events(cls, record: ChatRecord = ChatRecord()) -> TurnFigures:  # noqa: B008 frozen
        """Return the figures of a finished chat whose events are not stored locally.

        Args:
            record: the chat in the store; an empty one if there are only messages.
        """
        figures = cls()
        figures.lacks_events = True
        figures.chat_id, figures.conversation_id = record.chat_id, record.conversation_id
        figures.section_id, figures.logid = record.section_id, record.logid
        figures.usage = record.usage
        figures.first_text_us = record.first_text_us or None
        figures.last_us = total_us_of(record)
        figures.deltas, figures._characters = record.deltas, record.characters
        figures.error, figures.breaks = error_of(record), record.breaks
        figures.has_asked = record.asks_back
        figures.phase = figures.outcome = outcome_of(record) or Outcome.COMPLETED
        return figures

    # --- reading ---

    @property
    def is_begun(self) -> bool:
        """Return whether the question was sent."""
        return bool(self._rows) or self.is_ended

    @property
    def rows(self) -> Sequence[EventRow]:
        """Return all rows so far, in order. A row that changes is replaced by a new value."""
        self._catch_up()
        return self._rows

    def _catch_up(self) -> None:
        """Update the last row, which may have grown thousands of times since `rows` was read."""
        if self._growing is not None:
            run, self._growing = self._growing, None
            self._rows[-1] = replace(
                self._rows[-1], until_us=run.until_us, count=run.count, bytes=run.bytes, is_running=True
            )

    @property
    def expected(self) -> tuple[str, ...]:
        """Return the names of the rows still to come if all goes well; empty once the turn has ended."""
        return () if self.is_ended else self._expected[self._next :]

    @property
    def is_ended(self) -> bool:
        """Return whether the turn has ended; submitted tool outputs continue it."""
        return self.outcome is not None

    @property
    def asks_back(self) -> bool:
        """Return whether it ended with a question that the next message answers (docs/wire.md 3.6)."""
        return self.outcome is Outcome.COMPLETED and self.has_asked

    @property
    def is_timeless(self) -> bool:
        """Return whether it ended without known times, as in a capture of another program."""
        return self.is_ended and not self.last_us

    @property
    def total_us(self) -> int | None:
        """Return microseconds from the question to the end; None while the turn runs."""
        return self.last_us if self.is_ended else None

    @property
    def characters(self) -> int:
        """Return the number of characters of all answers, without reasoning."""
        return self._characters

    @property
    def stalls(self) -> int:
        """Return how often more than a second passed between two deltas of a stream."""
        return self.pauses.stall_count

    def rate(self, now_us: int | None = None) -> float:
        """Return deltas per second: in the last second while the turn runs, in the whole stream afterwards.

        Args:
            now_us: microseconds since the question was sent; by default the time of the latest update.
        """
        if self.is_ended:
            return self._rate.mean
        return self._rate.now(self.last_us if now_us is None else now_us)

    def rates(self, columns: int) -> list[float]:
        """Return deltas per second in at most `columns` equal slices of the turn, oldest first."""
        return self._rate.slices(columns)

    # --- writing ---

    def add_all(self, updates: Iterable[TurnUpdate]) -> None:
        """Add several updates."""
        for update in updates:
            self.add(update)

    def add(self, update: TurnUpdate) -> None:
        """Add the next update of the turn."""
        match update:
            case AnswerGrew():
                self._answer_grew(update)
            case ReasoningGrew():
                self.reasoning_deltas += len(update.arrivals_us)
                self._run("reasoning", update.arrivals_us, update.bytes)
            case EventNoted(record):
                self._note(record)
            case PhaseChanged(phase, at_us, detail):
                self._enter(phase, at_us, detail)
            case ChatIdentified(chat_id, conversation_id, section_id):
                self.chat_id, self.conversation_id = chat_id, conversation_id
                self.section_id = section_id
            case LogidReported(logid):
                self.logid = logid
            case UsageReported(usage):
                self.usage = usage
            case AnswerSettled(message_id, text, _reasoning, at_us):
                if self.first_text_us is None and text and at_us:  # a card, or a message without deltas
                    self.first_text_us = at_us
                self._measure(message_id, len(text))
            case ToolCalled(name=name):
                self.tool = name
            case TurnEnded(outcome, at_us, error, breaks=breaks):
                self.phase = self.outcome = outcome
                self.error, self.breaks = error, breaks
                # Times may decrease in an edited capture.
                self.last_us = max(self.last_us, at_us)
                self._stop_last_row()
                if outcome is Outcome.FAILED:
                    self._show_failure(error)
            case _:
                pass  # the record of the same event shows it

    def _show_failure(self, error: CozeTuiError | None) -> None:
        """Add a row for a failure without an event: a refused request, or a failed connection."""
        self.logid = self.logid or logid_of(error)
        # A failure that the server reported already has a row.
        if not any(row.level == "error" for row in self._rows):
            detail = code_words(code_of(error))
            self._append(EventRow("failed", self.last_us, self.last_us, 1, "error", detail))

    def _enter(self, phase: Phase | Outcome, at_us: int, detail: str) -> None:
        self.phase = phase
        self.tool = detail if phase is Phase.TOOL else ""
        self.last_us = max(self.last_us, at_us)
        if self.is_ended and isinstance(phase, Phase):  # tool outputs were submitted (docs/wire.md 4.4)
            self.outcome = self.error = None
            self.has_asked = False
            self._next = self._expected.index("in_progress")

    def _answer_grew(self, update: AnswerGrew) -> None:
        arrivals = update.arrivals_us
        self.deltas += len(arrivals)
        if update.text:
            if self.first_text_us is None and arrivals:
                self.first_text_us = arrivals[0]
            grown = self._lengths.get(update.message_id, 0) + len(update.text)
            self._measure(update.message_id, grown)
        self._run("delta", arrivals, update.bytes)

    def _measure(self, message_id: str, length: int) -> None:
        # Further messages share one entry, so that memory is bounded.
        if message_id not in self._lengths and len(self._lengths) >= _MOST_ROWS:
            message_id = _REST
            length += self._lengths.get(message_id, 0)
        self._characters += length - self._lengths.get(message_id, 0)
        self._lengths[message_id] = length

    def _run(self, name: str, arrivals: tuple[int, ...], size: int) -> None:
        """Add deltas to the last row, or start a new row for them."""
        if not arrivals:
            return
        self._expect_after("in_progress")
        run = self._growing
        if run is None:
            last = self._rows[-1] if self._rows else None
            if last is None or last.name != name:
                first = EventRow(name, arrivals[0], arrivals[0], 0, "good", frame_number=self._frame + 1)
                self._append(first)
                last = self._rows[-1]
            run = self._growing = _Growing(name, last.count, last.bytes)
        elif run.name != name:
            self._catch_up()
            self._run(name, arrivals, size)
            return
        run.until_us = arrivals[-1]
        run.count += len(arrivals)
        run.bytes += size
        # Deltas that arrived together have no gaps between them.
        for at_us, together in groupby(arrivals):
            count = len(list(together))
            gap_us = self.pauses.reach(name, at_us)
            if gap_us is not None:
                self.gaps.add(gap_us)
            self.gaps.add_together(count - 1)
            self._rate.add(at_us, count)
        self._frame += len(arrivals)
        self.events += len(arrivals)
        self.bytes += size
        self.last_us = max(self.last_us, arrivals[-1])

    def _note(self, record: EventRecord) -> None:
        if record.frame_number:
            self._frame = record.frame_number
            self.events += 1
        self.bytes += record.bytes
        self.last_us = max(self.last_us, record.at_us)
        # Any other event ends a run of deltas.
        self.pauses.end_run()
        self.follow_ups += record.name == "follow_up"
        is_interrupt = record.name == "verbose" and record.detail == "interrupt"
        self.has_asked |= is_interrupt or record.name == "requires_action"
        if record.name in self._expected:
            self._expect_after(record.name)
        elif record.name in _ENDS:
            self._next = max(self._next, self._expected.index("done"))
        self._catch_up()
        last = self._rows[-1] if self._rows else None
        if last is not None and _is_same(last, record):
            self._rows[-1] = _grown(last, record)
            return
        self._append(
            EventRow(
                record.name,
                record.at_us,
                record.at_us,
                1,
                record.level,
                record.detail,
                record.name in ("sent", "function_call", "retrieve") and not self.is_ended,
                record.frame_number,
                record.bytes,
            )
        )

    def _append(self, row: EventRow) -> None:
        self._stop_last_row()
        if len(self._rows) < _MOST_ROWS:
            self._rows.append(row)
            return
        # All further events share one row, so that memory is bounded.
        if len(self._rows) == _MOST_ROWS:
            self._rows.append(EventRow(_REST, row.at_us, row.until_us, 0, frame_number=row.frame_number))
        rest = self._rows[-1]
        self._rows[-1] = replace(
            rest, until_us=row.until_us, count=rest.count + row.count, bytes=rest.bytes + row.bytes
        )

    def _stop_last_row(self) -> None:
        self._catch_up()
        if self._rows and self._rows[-1].is_running:
            self._rows[-1] = replace(self._rows[-1], is_running=False)

    def _expect_after(self, name: str) -> None:
        index = self._expected.index(name)
        # Coze also sends some of them before the answer.
        if name not in _BEFORE_END or self._next > self._expected.index("answer"):
            self._next = max(self._next, index + 1)

    def _expected_next(self) -> tuple[str, ...]:
        """Return the names of the events to expect of the next chat of the conversation."""
        names = [row.name for row in self.rows]
        if self.outcome is not Outcome.COMPLETED or "answer" not in names:
            return _EXPECTED
        ends = names[len(names) - names[::-1].index("answer") :]
        at = _EXPECTED.index("completed")
        return (*_EXPECTED[:at], *(name for name in _BEFORE_END if name in ends), *_EXPECTED[at:])


def _is_same(row: EventRow, record: EventRecord) -> bool:
    if row.name != record.name or row.level != record.level:
        return False
    return row.detail == record.detail or record.name in _FOLDED


def _grown(row: EventRow, record: EventRecord) -> EventRow:
    return replace(
        row,
        until_us=record.at_us,
        count=row.count + 1,
        detail=row.detail if row.detail == record.detail else "",
        bytes=row.bytes + record.bytes,
    )


class _Rate:
    """Deltas per second: now, on average, and in slices of a turn of any length."""

    def __init__(self) -> None:
        self._counts = array("q")
        self._width_us = _FIRST_BUCKET_US
        self._first_us = 0
        self._last_us = 0
        self._total = 0
        self._recent: deque[tuple[int, int]] = deque()  # (tenth of a second, count)

    def add(self, at_us: int, count: int) -> None:
        if not self._total:
            self._first_us = at_us
        self._total += count
        self._last_us = max(self._last_us, at_us)
        self._count(max(0, at_us - self._first_us), count)
        tenth = at_us // _FIRST_BUCKET_US
        if self._recent and self._recent[-1][0] >= tenth:
            self._recent[-1] = (self._recent[-1][0], self._recent[-1][1] + count)
            return
        self._recent.append((tenth, count))
        if len(self._recent) > 12:
            self._recent.popleft()

    def _count(self, since_us: int, count: int) -> None:
        index = since_us // self._width_us
        while index >= _BUCKETS:
            if len(self._counts) % 2:
                self._counts.append(0)
            self._counts = array("q", map(sum, zip(self._counts[::2], self._counts[1::2], strict=True)))
            self._width_us *= 2
            index = since_us // self._width_us
        if index >= len(self._counts):
            self._counts.extend([0] * (index + 1 - len(self._counts)))
        self._counts[index] += count

    @property
    def mean(self) -> float:
        lasted = self._last_us - self._first_us
        return (self._total - 1) * _SECOND_US / lasted if lasted > 0 else 0.0

    def now(self, now_us: int) -> float:
        if not self._total:
            return 0.0
        since = now_us - _SECOND_US
        count = sum(n for tenth, n in self._recent if tenth * _FIRST_BUCKET_US > since)
        lasted = min(_SECOND_US, max(_FIRST_BUCKET_US, now_us - self._first_us))
        return count * _SECOND_US / lasted

    def slices(self, columns: int) -> list[float]:
        joined = 1
        # Double the slices: their borders then rarely change.
        while len(self._counts) > joined * max(1, columns):
            joined *= 2
        width = self._width_us * joined
        sums = (sum(self._counts[at : at + joined]) for at in range(0, len(self._counts), joined))
        return [count * _SECOND_US / width for count in sums]


def no_events_text() -> str:
    """Return the sentence for a chat whose events cannot be shown."""
    return _("The events of this chat are not on this machine.")


def ids_text(figures: TurnFigures) -> str:
    """Return the known IDs of a chat, one per line."""
    ids = {
        "conversation_id": figures.conversation_id,
        "chat_id": figures.chat_id,
        "section_id": figures.section_id,
        "logid": figures.logid,
    }
    return "\n".join(f"{name} {value}" for name, value in ids.items() if value)
