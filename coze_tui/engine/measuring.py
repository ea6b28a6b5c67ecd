"""Many runs of one question, measured: how fast, how much, how they failed, which went another way. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from coze_tui.advice import advice
from coze_tui.api.objects import MessageType
from coze_tui.engine.figures import LifeRow, TurnFigures
from coze_tui.engine.gaps import quantile
from coze_tui.engine.transcript import outcome_words
from coze_tui.engine.turn import Tool, TurnState
from coze_tui.engine.updates import Phase
from coze_tui.errors import ApiError

_LONGEST_SEQUENCE = 200


@dataclass(frozen=True, slots=True)
class Run:
    """What one chat came to."""

    number: int
    """Of the runs of its bot, from 1."""
    bot_id: str
    outcome: Phase
    first_text_us: int | None
    total_us: int
    longest_gap_us: int
    characters: int
    input_tokens: int
    """0 where the server told none, as in the next two."""
    output_tokens: int
    tokens: int
    error_code: int
    """Coze's; 0 for a failure of another kind, and for none."""
    error: str
    """In a few words; empty where all went well."""
    sequence: tuple[str, ...]
    """The events by name, runs of equal ones as one."""
    tools: tuple[str, ...]
    """The tools that were called, in order."""
    answer: str
    """All answers, a blank line between them."""
    chat_id: str = ""
    logid: str = ""

    @property
    def is_completed(self) -> bool:
        return self.outcome is Phase.COMPLETED


def run_of(number: int, bot_id: str, state: TurnState, figures: TurnFigures) -> Run:
    """What is to be kept of a turn that has ended."""
    error, usage = figures.error, figures.usage
    outcome = figures.outcome or Phase.INTERRUPTED
    words = "" if outcome is Phase.COMPLETED else outcome_words(outcome)
    return Run(
        number=number,
        bot_id=bot_id,
        outcome=outcome,
        first_text_us=figures.first_text_us,
        total_us=figures.last_us,
        longest_gap_us=figures.gaps.max_us,
        characters=figures.characters,
        input_tokens=usage.input_count if usage else 0,
        output_tokens=usage.output_count if usage else 0,
        tokens=usage.token_count if usage else 0,
        error_code=error.code if isinstance(error, ApiError) else 0,
        error=advice(error, base_url="").title if error is not None else words,
        sequence=sequence_of(figures.rows),
        tools=tuple(
            part.name
            for part in state.parts
            if isinstance(part, Tool) and part.type is MessageType.FUNCTION_CALL
        ),
        answer="\n\n".join(answer.whole_text for answer in state.answers if answer.whole_text),
        chat_id=state.chat_id,
        logid=figures.logid,
    )


def sequence_of(rows: Iterable[LifeRow]) -> tuple[str, ...]:
    """The events of a chat by name; neighbours of one name count once, calls carry their tool."""
    names: list[str] = []
    for row in rows:
        name = f"{row.name} {row.detail}" if row.name == "function_call" else row.name
        if (not names or names[-1] != name) and len(names) < _LONGEST_SEQUENCE:
            names.append(name)
    return tuple(names)


@dataclass(frozen=True, slots=True)
class Spread:
    """How a time is spread over many runs, in microseconds; all 0 without any."""

    p50: int
    p90: int
    p99: int
    values: tuple[int, ...]
    """All of them, in ascending order."""

    @classmethod
    def of(cls, values: Iterable[int]) -> Spread:
        ordered = tuple(sorted(values))
        return cls(quantile(ordered, 0.5), quantile(ordered, 0.9), quantile(ordered, 0.99), ordered)


@dataclass(frozen=True, slots=True)
class Failure:
    """One way in which runs failed."""

    code: int
    error: str
    runs: tuple[int, ...]
    """Their numbers."""


@dataclass(frozen=True, slots=True)
class Strange:
    """Runs whose events came in another order than is usual for the bot."""

    sequence: tuple[str, ...]
    runs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measurement:
    """All runs of one bot."""

    bot_id: str
    runs: tuple[Run, ...]
    """By number. Those that the person has stopped are not among them."""
    first_text: Spread
    """Of all runs in which text came."""
    total: Spread
    """Of the completed runs, as the figures below."""
    longest_gap: Spread
    tokens: int
    """Of all runs, as the next two."""
    input_tokens: int
    output_tokens: int
    failures: tuple[Failure, ...]
    """The most frequent first."""
    usual: tuple[str, ...]
    """The most frequent sequence of a completed run; of any, where none completed."""
    strange: tuple[Strange, ...]
    """Among the completed runs; a failed one is told by its failure."""

    @property
    def completed(self) -> int:
        return sum(run.is_completed for run in self.runs)


def measurements(runs: Iterable[Run], bots: Sequence[str]) -> tuple[Measurement, ...]:
    """What the runs came to, bot by bot in this order."""
    by_bot: Mapping[str, list[Run]] = {bot: [] for bot in bots}
    for run in runs:
        if run.outcome is not Phase.CANCELED:
            by_bot[run.bot_id].append(run)
    return tuple(
        _measurement(bot, tuple(sorted(found, key=lambda run: run.number))) for bot, found in by_bot.items()
    )


def _measurement(bot_id: str, runs: tuple[Run, ...]) -> Measurement:
    completed = [run for run in runs if run.is_completed]
    sequences = Counter(run.sequence for run in completed or runs)
    usual = sequences.most_common(1)[0][0] if sequences else ()
    return Measurement(
        bot_id=bot_id,
        runs=runs,
        first_text=Spread.of(run.first_text_us for run in runs if run.first_text_us is not None),
        total=Spread.of(run.total_us for run in completed),
        longest_gap=Spread.of(run.longest_gap_us for run in completed),
        tokens=sum(run.tokens for run in runs),
        input_tokens=sum(run.input_tokens for run in runs),
        output_tokens=sum(run.output_tokens for run in runs),
        failures=_failures(runs),
        usual=usual,
        strange=_strange(completed, usual),
    )


def _failures(runs: Iterable[Run]) -> tuple[Failure, ...]:
    found: dict[tuple[int, str], list[int]] = {}
    for run in runs:
        if not run.is_completed:
            found.setdefault((run.error_code, run.error), []).append(run.number)
    failures = [Failure(code, error, tuple(numbers)) for (code, error), numbers in found.items()]
    return tuple(sorted(failures, key=lambda failure: -len(failure.runs)))


def _strange(runs: Iterable[Run], usual: tuple[str, ...]) -> tuple[Strange, ...]:
    found: dict[tuple[str, ...], list[int]] = {}
    for run in runs:
        if run.sequence != usual:
            found.setdefault(run.sequence, []).append(run.number)
    return tuple(Strange(sequence, tuple(numbers)) for sequence, numbers in found.items())
