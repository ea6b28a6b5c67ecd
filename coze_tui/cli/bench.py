"""`coze-tui bench`: ask one question many times and measure how fast and how consistently bots answer."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from coze_tui.cli.bench_output import Progress, print_report, report_values
from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.interrupt import Interrupt
from coze_tui.cli.options import Arguments
from coze_tui.cli.project import with_project
from coze_tui.cli.startup import (
    begin,
    confirm,
    notify,
    require_bot,
    show_error,
    show_problems,
)
from coze_tui.cli.stdin import read_question
from coze_tui.config.coercion import WrongValueError
from coze_tui.config.coercion import bot as read_bot
from coze_tui.config.startup import Startup
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
from coze_tui.engine.session.site import Connection
from coze_tui.errors import SettingsError
from coze_tui.report.console import Console
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext

_FREE_RUNS = 20
"""More are confirmed first, since free accounts have 500 calls in all (docs/wire.md 5.3)."""
_MOST_EXPECTED = 1 << 20

_Judged = Sequence[tuple[Measurement, Sequence[Verdict]]]


def run_bench(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Ask, measure and print; return the exit status.

    It is 0 if every run completed and met every expectation, and also if the user does not confirm.
    """
    startup = with_project(begin(arguments, environment))
    show_problems(startup, needs_site=True)
    bots = _bots(startup, arguments.bot)
    expectations = _expectations(arguments.expect)
    for bot in dict.fromkeys(each.bot_id for each in expectations if each.bot_id not in ("", *bots)):
        notify(_("{bot} is not part of this run; its expectations are ignored").format(bot=clean_line(bot)))
    question = read_question(arguments.words, sys.stdin, command="bench")
    calls = arguments.runs * len(bots)
    if calls > _FREE_RUNS and not arguments.yes and not confirm(_warning(calls)):
        return Exit.OK
    junit = _open_junit(arguments.junit)
    interrupt = Interrupt()
    started_at = datetime.now(UTC)
    runs: list[Run] = []
    bench = interrupt.run(_ask_all(startup, arguments, bots, question, runs, interrupt))
    if isinstance(bench, int):
        return bench
    judged = [(found, verdicts(found, expectations)) for found in measurements(runs, bots)]
    console = Console(sys.stdout, environment)
    if arguments.json:
        console.json(report_values(question, judged, was_stopped=bool(interrupt.signal)))
    else:
        print_report(console, judged, named=bool(expectations))
    sys.stdout.flush()
    if junit is not None:
        junit(junit_text(question, judged, started_at=started_at, host_name=socket.gethostname()))
    if bench.hopeless is not None:
        notify(_("stopped early, because every further run would fail the same way:"))
        show_error(bench.hopeless, base_url=startup.settings.base_url)
    if interrupt.signal:
        return interrupt.status
    return _status(bench, judged)


async def _ask_all(
    startup: Startup,
    arguments: Arguments,
    bots: Sequence[str],
    question: str,
    runs: list[Run],
    interrupt: Interrupt,
) -> Bench:
    """Ask the question, and append every run to `runs` when it ends; return the finished benchmark."""
    async with AsyncExitStack() as stack:
        connection = Connection(startup)
        stack.push_async_callback(connection.aclose)

        async def make_turn(bot: str) -> ChatTurn:
            await connection.renew()
            return ChatTurn(
                connection.client,
                request_for(question, startup.settings, bot_id=bot),
                record=_record(startup, connection),
                idle_seconds=startup.settings.idle_timeout,
            )

        bench = Bench(make_turn, bots, arguments.runs)
        progress = Progress(sys.stderr, arguments.runs * len(bots))
        progress.begin()
        stack.callback(progress.end)
        with interrupt.ending(stop=bench.stop, leave=bench.leave):
            async with aclosing(bench.runs(arguments.concurrency)) as ended:
                async for run in ended:
                    runs.append(run)
                    progress.add(run)
    return bench


def _record(startup: Startup, connection: Connection) -> CaptureRecorder | None:
    folder = startup.settings.record_captures
    if folder is None:
        return None
    return CaptureRecorder(
        partial(CaptureFile.in_folder, folder),
        site=startup.settings.site,
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


def _bots(startup: Startup, given: Sequence[str]) -> list[str]:
    """Return the IDs of the bots to ask, each once.

    Raises:
        SettingsError: none is given or set, or one is invalid.
    """
    if not given:
        return [require_bot(startup.settings)]
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
            _("cannot be read: {reason}").format(reason=error.strerror), source=f"--expect {name}"
        ) from error
    except UnicodeDecodeError as error:
        raise SettingsError(_("is not valid UTF-8"), source=f"--expect {name}") from error
    if len(text) > _MOST_EXPECTED:
        raise SettingsError(_("is too large"), source=f"--expect {name}")
    return read_expectations(text, name)


def _open_junit(name: str | None) -> Callable[[str], None] | None:
    """Open the file before anything is asked, so that no run is in vain; return its writer, or None."""
    if not name:
        return None
    try:
        file = open(name, "w", encoding="utf-8", newline="\n")  # noqa: SIM115 - closed when written
    except OSError as error:
        raise SettingsError(
            _("cannot be written: {reason}").format(reason=error.strerror), source=f"--junit {name}"
        ) from error

    def write(text: str) -> None:
        with file:
            file.write(text)

    return write


def _warning(calls: int) -> str:
    return ngettext(
        "This sends {n} chat; a free account has 500 API calls in total. Continue?",
        "This sends {n} chats; a free account has 500 API calls in total. Continue?",
        calls,
    ).format(n=thousands(calls))
