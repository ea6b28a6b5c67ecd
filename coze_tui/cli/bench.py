"""`coze-tui bench`: one question many times, to see how fast and how steadily bots answer it."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from coze_tui.cli.bench_output import Progress, print_report, report_values
from coze_tui.cli.connection import Connection
from coze_tui.cli.exits import Exit, exit_for, forget_stdout
from coze_tui.cli.interrupt import Interrupt
from coze_tui.cli.options import Arguments
from coze_tui.cli.start import (
    Start,
    begin,
    confirm,
    notify,
    read_question,
    require_bot,
    show_error,
    show_problems,
)
from coze_tui.config.coercion import WrongValueError
from coze_tui.config.coercion import bot as read_bot
from coze_tui.engine.analysis.bench import Bench, Measurement, Run, measurements
from coze_tui.engine.analysis.expectations import (
    Expectation,
    Verdict,
    junit_text,
    read_expectations,
    verdicts,
)
from coze_tui.engine.session.capture_recorder import CaptureFile, CaptureRecorder
from coze_tui.engine.session.requests import request_for
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.errors import SettingsError
from coze_tui.report.console import Console
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, ngettext

_FREE_RUNS = 20
"""So many are asked without a question; free accounts have 500 calls in all (docs/wire.md 5.3)."""
_MOST_EXPECTED = 1 << 20

_Judged = Sequence[tuple[Measurement, Sequence[Verdict]]]


def run_bench(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Ask, measure, print. The status tells whether every run and every expectation was met."""
    start = begin(arguments, environment)
    show_problems(start, needs_site=True)
    bots = _bots(start, arguments.bot)
    expectations = _expectations(arguments.expect)
    for bot in dict.fromkeys(each.bot_id for each in expectations if each.bot_id not in ("", *bots)):
        notify(_("{bot} is not asked; what is expected of it is not looked at").format(bot=clean_line(bot)))
    question = read_question(arguments.words, sys.stdin, command="bench")
    calls = arguments.runs * len(bots)
    if calls > _FREE_RUNS and not arguments.yes and not confirm(_warning(calls)):
        return Exit.OK
    junit = _open_junit(arguments.junit)
    stopper = Interrupt()
    stopper.install()
    runs: list[Run] = []
    try:
        bench = asyncio.run(
            _ask_all(start, _Plan(bots, question, arguments.runs, arguments.concurrency), runs, stopper)
        )
    except KeyboardInterrupt:
        forget_stdout()
        return 128 + (stopper.signal or signal.SIGINT)
    judged = [(found, verdicts(found, expectations)) for found in measurements(runs, bots)]
    paper = Console(sys.stdout, environment)
    if arguments.json:
        paper.json(report_values(question, judged, was_stopped=bool(stopper.signal)))
    else:
        print_report(paper, judged, named=bool(expectations))
    sys.stdout.flush()
    if junit is not None:
        junit(junit_text(question, judged))
    if bench.hopeless is not None:
        notify(_("not all was asked, for it would only have failed again:"))
        show_error(bench.hopeless, base_url=start.settings.base_url)
    if stopper.signal:
        return 128 + stopper.signal
    return _status(bench, judged)


@dataclass(frozen=True, slots=True)
class _Plan:
    bots: Sequence[str]
    question: str
    count: int
    """Of each bot."""
    concurrency: int


async def _ask_all(start: Start, plan: _Plan, runs: list[Run], stopper: Interrupt) -> Bench:
    """Ask; every run goes into `runs` as it ends."""
    async with AsyncExitStack() as stack:
        connection = Connection(start)
        stack.push_async_callback(connection.aclose)

        async def make_turn(bot: str) -> ChatTurn:
            await connection.renew()
            return ChatTurn(
                connection.client,
                request_for(plan.question, start.settings, bot_id=bot),
                record=_record(start, connection),
                idle_seconds=start.settings.idle_timeout,
            )

        bench = Bench(make_turn, plan.bots, plan.count)
        progress = Progress(sys.stderr, plan.count * len(plan.bots))
        progress.begin()
        stack.callback(progress.end)
        with stopper.stopping(bench.stop):
            async with aclosing(bench.runs(plan.concurrency)) as ended:
                async for run in ended:
                    runs.append(run)
                    progress.add(run)
    return bench


def _record(start: Start, connection: Connection) -> CaptureRecorder | None:
    folder = start.settings.record_captures
    if folder is None:
        return None
    return CaptureRecorder(
        partial(CaptureFile.in_folder, folder),
        site=start.settings.site,
        without_token=connection.client.without_token,
        report=show_error,
    )


def _status(bench: Bench, judged: _Judged) -> int:
    if all(verdict.is_met for _found, found in judged for verdict in found):
        return Exit.OK
    if bench.first_error is not None and not any(found.completed for found, _verdicts in judged):
        return exit_for(bench.first_error)
    return Exit.API


# --- what was asked for ---


def _bots(start: Start, given: Sequence[str]) -> list[str]:
    """The bots to ask, each once.

    Raises:
        SettingsError: there is none, or one is no bot.
    """
    if not given:
        return [require_bot(start.settings)]
    try:
        return list(dict.fromkeys(read_bot(text, Path()) for text in given))
    except WrongValueError as error:
        raise SettingsError(error.problem, source="--bot", suggestion=error.suggestion) from None


def _expectations(name: str | None) -> tuple[Expectation, ...]:
    if not name:
        return ()
    try:
        with open(name, encoding="utf-8-sig") as file:
            text = file.read(_MOST_EXPECTED + 1)
    except OSError as error:
        raise SettingsError(
            _("{file} cannot be read: {reason}").format(file=name, reason=error.strerror), source="--expect"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(_("is not UTF-8"), source=name) from error
    if len(text) > _MOST_EXPECTED:
        raise SettingsError(_("{file} is too large").format(file=name), source="--expect")
    return read_expectations(text, name)


def _open_junit(name: str | None) -> Callable[[str], None] | None:
    """Opened before anything is asked, so that no measurement is lost for want of it."""
    if not name:
        return None
    try:
        file = open(name, "w", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed when written
    except OSError as error:
        raise SettingsError(
            _("{file} cannot be written: {reason}").format(file=name, reason=error.strerror), source="--junit"
        ) from error

    def write(text: str) -> None:
        with file:
            file.write(text)

    return write


def _warning(calls: int) -> str:
    return ngettext(
        "{n} chat will be asked; a free account has 500 calls in all. Go on?",
        "{n} chats will be asked; a free account has 500 calls in all. Go on?",
        calls,
    ).format(n=calls)
