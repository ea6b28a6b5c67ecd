"""Asks one or more bots the same question many times, and reports each run when it ends."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence

from coze_tui.api.objects import MessageType
from coze_tui.diagnostics.explain import explain
from coze_tui.engine.model.figures import EventRow, TurnFigures
from coze_tui.engine.model.gaps import quantile
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.parts import Tool
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.updates import follow
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.errors import (
    AuthError,
    CozeTuiError,
    CredentialsError,
    NotFoundError,
    QuotaError,
    code_of,
)
from coze_tui.values import valueclass

NO_TEXT = "no text"
"""The last entry in the sequence of a completed run without any text, which is unusual for every bot."""
_PASSING = frozenset({429, 4009, 4020})
"""Codes of limits that end by themselves (docs/wire.md 5.1)."""


class Bench:
    """The planned, running and finished runs of a benchmark, each in its own conversation."""

    def __init__(
        self, make_turn: Callable[[str], Awaitable[ChatTurn]], bots: Sequence[str], runs: int
    ) -> None:
        """Plan the runs without starting any.

        Args:
            make_turn: returns a new turn with a bot, in a new conversation.
            runs: number for each bot. The bots alternate, so that the time of day is the same for all.
        """
        self._make_turn = make_turn
        self._planned = deque((bot, number) for number in range(1, runs + 1) for bot in bots)
        self._under_way: set[ChatTurn] = set()
        self._is_left = False
        self.hopeless: CozeTuiError | None = None
        """The failure because of which the remaining runs were canceled; None if there was none."""
        self.first_error: CozeTuiError | None = None
        """The error of the first failed run."""

    async def runs(self, concurrency: int) -> AsyncGenerator[Run, None]:
        """Yield each run when it ends; at most `concurrency` of them run at a time."""
        ended: asyncio.Queue[Run | None] = asyncio.Queue()
        workers = [asyncio.create_task(self._work(ended)) for _ in range(concurrency)]
        try:
            # Each worker ends with a None.
            left = len(workers)
            while left:
                run = await ended.get()
                if run is None:
                    left -= 1
                else:
                    yield run
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)

    def stop(self) -> None:
        """Start no more runs, and stop the running ones, also on the server."""
        self._planned.clear()
        for turn in self._under_way:
            turn.stop()

    def leave(self) -> None:
        """Start no more runs, and stop following the running ones without canceling their chats.

        They are not reported, because their outcomes are unknown.
        """
        self._planned.clear()
        self._is_left = True
        for turn in self._under_way:
            turn.leave()

    async def _work(self, ended: asyncio.Queue[Run | None]) -> None:
        try:
            while self._planned:
                bot, number = self._planned.popleft()
                try:
                    turn = await self._make_turn(bot)
                except CozeTuiError as failure:
                    # Without a token or a connection, all further runs would fail in the same way.
                    self.hopeless = self.first_error = failure
                    self._planned.clear()
                    return
                self._under_way.add(turn)
                try:
                    error = (await follow(turn.updates(), lambda update: None)).ended.error
                finally:
                    self._under_way.discard(turn)
                if self._is_left and turn.figures.outcome is Outcome.INTERRUPTED:
                    return
                self.first_error = self.first_error or error
                self._give_up(bot, error)
                ended.put_nowait(run_of(number, bot, turn.state, turn.figures))
        finally:
            # Even after an exception: `runs` waits for it.
            ended.put_nowait(None)

    def _give_up(self, bot: str, error: CozeTuiError | None) -> None:
        """Cancel the runs that would fail in the same way: a free account has only 500 calls."""
        # The other bots may exist.
        if isinstance(error, NotFoundError):
            self.hopeless = error
            self._keep_planned(item for item in self._planned if item[0] != bot)
        elif isinstance(error, AuthError | CredentialsError) or (
            isinstance(error, QuotaError) and error.code not in _PASSING
        ):
            self.hopeless = error
            self._keep_planned(())

    def _keep_planned(self, items: Iterable[tuple[str, int]]) -> None:
        kept = list(items)
        self._planned.clear()
        self._planned.extend(kept)


_LONGEST_SEQUENCE = 200


@valueclass
class Run:
    """The result of one chat."""

    number: int
    """Number of the run among those of its bot, from 1."""
    bot_id: str
    outcome: Outcome
    first_text_us: int | None
    total_us: int
    longest_gap_us: int
    characters: int
    input_tokens: int
    """0 if the server reported none, as in the next two."""
    output_tokens: int
    tokens: int
    error_code: int
    """Coze's; 0 for any other kind of failure, and for success."""
    error: str
    """A short description; empty if the run succeeded."""
    sequence: tuple[str, ...]
    """The names of the events, equal neighbors merged; `NO_TEXT` is the last one if there was no text."""
    tools: tuple[str, ...]
    """Names of the called tools, in order."""
    answer: str
    """All answers, separated by blank lines."""
    chat_id: str = ""
    logid: str = ""

    @property
    def is_completed(self) -> bool:
        return self.outcome is Outcome.COMPLETED


def run_of(number: int, bot_id: str, state: TurnState, figures: TurnFigures) -> Run:
    """Return the result of a turn that has ended."""
    error, usage = figures.error, figures.usage
    outcome = figures.outcome or Outcome.INTERRUPTED
    words = "" if outcome is Outcome.COMPLETED else outcome.words
    is_silent = outcome is Outcome.COMPLETED and state.silence is not None
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
        error_code=code_of(error),
        error=explain(error, base_url="").title if error is not None else words,
        sequence=(*sequence_of(figures.rows), *([NO_TEXT] if is_silent else [])),
        tools=tuple(
            part.name
            for part in state.parts
            if isinstance(part, Tool) and part.type is MessageType.FUNCTION_CALL
        ),
        answer="\n\n".join(answer.whole_text for answer in state.answers if answer.whole_text),
        chat_id=state.chat_id,
        logid=figures.logid,
    )


def sequence_of(rows: Iterable[EventRow]) -> tuple[str, ...]:
    """Return the names of a chat's events; equal neighbors are merged, and calls include the tool."""
    names: list[str] = []
    for row in rows:
        name = f"{row.name} {row.detail}" if row.name == "function_call" else row.name
        if (not names or names[-1] != name) and len(names) < _LONGEST_SEQUENCE:
            names.append(name)
    return tuple(names)


@valueclass
class Spread:
    """The distribution of a time over many runs, in microseconds; all 0 without runs."""

    p50: int
    p90: int
    p99: int
    values: tuple[int, ...]
    """All values, in ascending order."""

    @classmethod
    def of(cls, values: Iterable[int]) -> Spread:
        ordered = tuple(sorted(values))
        return cls(quantile(ordered, 0.5), quantile(ordered, 0.9), quantile(ordered, 0.99), ordered)


@valueclass
class Failure:
    """A kind of failure, with the runs that failed in this way."""

    code: int
    error: str
    runs: tuple[int, ...]
    """The numbers of the runs."""


@valueclass
class Strange:
    """A sequence of events that is unusual for the bot, or has no text, with its runs."""

    sequence: tuple[str, ...]
    runs: tuple[int, ...]


@valueclass
class Measurement:
    """The results of all runs of one bot."""

    bot_id: str
    runs: tuple[Run, ...]
    """In order of their numbers, without those that the user stopped."""
    first_text: Spread
    """Of all runs with text."""
    total: Spread
    """Of the completed runs, as are the figures below."""
    longest_gap: Spread
    tokens: int
    """Sum over all runs, as are the next two."""
    input_tokens: int
    output_tokens: int
    failures: tuple[Failure, ...]
    """The most frequent first."""
    usual: tuple[str, ...]
    """The most frequent sequence of a completed run; if none completed, of any run."""
    strange: tuple[Strange, ...]
    """Among the completed runs; a failed run is in `failures`."""

    @property
    def completed(self) -> int:
        return sum(run.is_completed for run in self.runs)


def measurements(runs: Iterable[Run], bots: Sequence[str]) -> tuple[Measurement, ...]:
    """Return the results of the runs by bot, in the order of `bots`."""
    by_bot: Mapping[str, list[Run]] = {bot: [] for bot in bots}
    for run in runs:
        # Runs that the user stopped say nothing about the bot.
        if run.outcome is not Outcome.CANCELED:
            by_bot[run.bot_id].append(run)
    return tuple(
        _measurement(bot, tuple(sorted(found, key=lambda run: run.number))) for bot, found in by_bot.items()
    )


def _measurement(bot_id: str, runs: tuple[Run, ...]) -> Measurement:
    completed = [run for run in runs if run.is_completed]
    with_text = [run for run in completed if NO_TEXT not in run.sequence]
    # The usual sequence is that of runs with text, if there are any.
    sequences = Counter(run.sequence for run in with_text or completed or runs)
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
        # A run without text is unusual even if all runs are like that.
        if run.sequence != usual or NO_TEXT in run.sequence:
            found.setdefault(run.sequence, []).append(run.number)
    return tuple(Strange(sequence, tuple(numbers)) for sequence, numbers in found.items())
