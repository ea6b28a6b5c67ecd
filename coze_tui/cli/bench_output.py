"""Output of `coze-tui bench`: the results as text and JSON, and the progress."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TextIO

from coze_tui.engine.analysis.bench import Measurement, Run, Spread
from coze_tui.engine.analysis.expectations import Verdict
from coze_tui.report.console import Console, Role
from coze_tui.text.cells import cell_len, fit, levels, shorten
from coze_tui.text.format import duration, thousands
from coze_tui.text.i18n import _, listed, ngettext

_HISTOGRAM = 16
_MOST_NUMBERS = 12
_LEAST_SEQUENCE = 12


class Progress:
    """Prints one line per run, or one line in all on a terminal, which is overwritten."""

    def __init__(self, out: TextIO, total: int) -> None:
        self._out = out
        self._total = total
        self._is_terminal = out.isatty()
        self._done = 0
        self._failed = 0
        self._width = 0

    def begin(self) -> None:
        """Show the progress before the first run ends."""
        if self._is_terminal:
            self._show()

    def add(self, run: Run) -> None:
        """Count a run that ended, and show it."""
        self._done += 1
        self._failed += not run.is_completed
        if self._is_terminal:
            self._show()
            return
        end = duration(run.total_us) if run.is_completed else run.error
        line = _("{done}/{total}  {bot}, run {n}: {end}").format(
            done=self._done, total=self._total, bot=run.bot_id, n=run.number, end=end
        )
        print(line, file=self._out, flush=True)

    def end(self) -> None:
        """Remove the line from a terminal."""
        if self._is_terminal:
            self._out.write("\r" + " " * self._width + "\r")
            self._out.flush()

    def _show(self) -> None:
        line = _("{done} of {total} runs").format(done=self._done, total=self._total)
        if self._failed:
            line += " · " + _("{n} failed").format(n=thousands(self._failed))
        self._out.write("\r" + fit(line, max(self._width, cell_len(line))))
        self._out.flush()
        self._width = max(self._width, cell_len(line))


def print_report(
    console: Console, judged: Sequence[tuple[Measurement, Sequence[Verdict]]], named: bool
) -> None:
    """Print the results as text.

    Args:
        named: whether expectations were given, so that their verdicts are printed.
    """
    for number, (measurement, verdicts) in enumerate(judged):
        if number:
            console.text()
        _print_measurement(console, measurement)
        if named:
            _print_verdicts(console, verdicts)


def _print_measurement(console: Console, found: Measurement) -> None:
    count = len(found.runs)
    runs = ngettext("{n} run", "{n} runs", count).format(n=thousands(count))
    completed = _("{n} completed").format(n=thousands(found.completed))
    console.line((found.bot_id, "plain"), (f"  {runs}, {completed}", "dim"))
    rows = [
        (_("first text"), found.first_text),
        (_("total"), found.total),
        (_("longest gap"), found.longest_gap),
    ]
    width = max(cell_len(name) for name, _spread in rows)
    for name, spread in rows:
        if spread.values:
            text = "  ".join(
                f"{label} {duration(value):>7}"
                for label, value in (("p50", spread.p50), ("p90", spread.p90), ("p99", spread.p99))
            )
            console.line(
                (f"  {fit(name, width)}  ", "dim"), (text, "plain"), ("  " + _histogram(spread), "dim")
            )
    if found.tokens:
        text = _("tokens: {input} in, {output} out, {total} in total").format(
            input=thousands(found.input_tokens),
            output=thousands(found.output_tokens),
            total=thousands(found.tokens),
        )
        console.text(f"  {text}")
    for failure in found.failures:
        console.line(
            ("  × ", "error"),
            (failure.error, "error"),
            (f"  {_numbers(failure.runs)}", "dim"),
        )
    if found.strange:
        _print_sequence(console, ("  " + _("typical") + "  ", "dim"), found.usual)
    for strange in found.strange:
        _print_sequence(console, ("  ≠ ", "attention"), strange.sequence, f"  {_numbers(strange.runs)}")


def _print_sequence(
    console: Console, lead: tuple[str, Role], sequence: Sequence[str], runs: str = ""
) -> None:
    """Print events in their order, as many as fit into the line."""
    room = console.width - cell_len(lead[0]) - cell_len(runs)
    console.line(lead, (shorten(" → ".join(sequence), max(_LEAST_SEQUENCE, room)), "plain"), (runs, "dim"))


def _histogram(spread: Spread) -> str:
    """Return bars of the numbers of runs, from the fastest to the slowest; empty if all are equal."""
    least, most = spread.values[0], spread.values[-1]
    if most <= least:
        return ""
    counts = [0.0] * _HISTOGRAM
    for value in spread.values:
        counts[min(_HISTOGRAM - 1, (value - least) * _HISTOGRAM // (most - least))] += 1
    return levels(counts)


def _numbers(runs: Sequence[int]) -> str:
    shown = listed(map(str, runs[:_MOST_NUMBERS])) + ("…" if len(runs) > _MOST_NUMBERS else "")
    return ngettext("run {numbers}", "runs {numbers}", len(runs)).format(numbers=shown)


def _print_verdicts(console: Console, verdicts: Sequence[Verdict]) -> None:
    for verdict in verdicts:
        if verdict.is_met:
            console.line(("  ✓ ", "answering"), (verdict.text, "plain"))
            continue
        console.line(("  ✗ ", "error"), (verdict.text, "plain"))
        for failure in verdict.failures[:_MOST_NUMBERS]:
            console.text(f"      {failure}", "dim")
        if left := len(verdict.failures) - len(verdict.failures[:_MOST_NUMBERS]):
            console.text("      " + _("… and {n} more").format(n=thousands(left)), "dim")


def report_values(
    question: str, judged: Sequence[tuple[Measurement, Sequence[Verdict]]], *, was_stopped: bool
) -> Mapping[str, object]:
    """Return the results as one JSON value; times are in microseconds, unknown values are None."""
    return {
        "question": question,
        "was_stopped": was_stopped,
        "bots": [
            {
                "bot_id": found.bot_id,
                "completed": found.completed,
                "first_text_us": _spread_values(found.first_text),
                "total_us": _spread_values(found.total),
                "longest_gap_us": _spread_values(found.longest_gap),
                "tokens": found.tokens or None,
                "input_tokens": found.input_tokens or None,
                "output_tokens": found.output_tokens or None,
                "failures": [asdict(failure) for failure in found.failures],
                "usual_sequence": found.usual,
                "other_sequences": [asdict(strange) for strange in found.strange],
                "runs": [_run_values(run) for run in found.runs],
                "expectations": [
                    {"text": verdict.text, "is_met": verdict.is_met, "failures": verdict.failures}
                    for verdict in verdicts
                ],
            }
            for found, verdicts in judged
        ],
    }


def _run_values(run: Run) -> Mapping[str, object]:
    values = {**asdict(run), "outcome": str(run.outcome)}
    return values | {name: values[name] or None for name in ("tokens", "input_tokens", "output_tokens")}


def _spread_values(spread: Spread) -> Mapping[str, object]:
    if not spread.values:
        return {"p50": None, "p90": None, "p99": None}
    return {"p50": spread.p50, "p90": spread.p90, "p99": spread.p99}
