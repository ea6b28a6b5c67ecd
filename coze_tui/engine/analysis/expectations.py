"""The expectations of bots, read from a small TOML file, and whether runs meet them. Pure.

expect = [
  "first_text < 2 s",         # each run
  "p90 total < 8 s",          # over all runs
  "tokens < 500",
  "contains 退款",
  "lacks 抱歉",
  "calls search",
  "never calls delete_all",
]

[bots."7511000000000000001"]  # of this bot only
expect = ["contains 七天"]
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime
from xml.etree import ElementTree

from coze_tui.config.toml_text import parse_toml
from coze_tui.engine.analysis.bench import Measurement, Run
from coze_tui.engine.model.gaps import quantile
from coze_tui.errors import SettingsError
from coze_tui.text.cleaning import clean
from coze_tui.text.i18n import _, listed
from coze_tui.text.matching import nearest
from coze_tui.values import valueclass

_TIMES = ("first_text", "total", "longest_gap")
_COUNTS = ("tokens", "input_tokens", "output_tokens", "characters")
METRICS = (*_TIMES, *_COUNTS)
_OPERATORS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
    "==": operator.eq,
}
_UNITS = {"s": 1_000_000.0, "ms": 1_000.0}
_MEASURE = re.compile(
    r"(?:p(?P<part>\d{1,2})\s+)?(?P<metric>[a-z_]+)\s*(?P<operator><=|>=|==|<|>|=)\s*"
    r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[a-zA-Z]*)"
)
_WORDS = re.compile(r"(?P<verb>contains|lacks|never\s+calls|calls)\s+(?P<what>.+)", re.DOTALL)
_VERBS = ("contains", "lacks", "calls", "never calls")
COMPLETES = "completes"
"""An implied expectation of every run."""


@valueclass
class Expectation:
    """An expectation, from one line of the file."""

    text: str
    """The text in the file."""
    bot_id: str = ""
    """The bot that should meet it; empty for all bots."""
    holds: Callable[[Run], str] | None = field(default=None, compare=False)
    """Returns why a run does not meet it; empty if it does."""
    holds_for_all: Callable[[Measurement], str] | None = field(default=None, compare=False)


@valueclass
class Verdict:
    """The result of an expectation for one bot."""

    text: str
    bot_id: str
    failures: tuple[str, ...]
    """One line for each run that does not meet it; empty if all do."""

    @property
    def is_met(self) -> bool:
        return not self.failures


def verdicts(measurement: Measurement, expectations: Iterable[Expectation]) -> tuple[Verdict, ...]:
    """Return the verdicts on one bot; the first one is whether it completes."""
    bot_id = measurement.bot_id
    found = [Verdict(COMPLETES, bot_id, tuple(_failed_runs(measurement)))]
    for each in expectations:
        if each.bot_id in ("", bot_id):
            found.append(Verdict(each.text, bot_id, tuple(_failures(measurement, each))))
    return tuple(found)


def _failed_runs(measurement: Measurement) -> Iterable[str]:
    if not measurement.runs:
        yield _("no run completed")
    for run in measurement.runs:
        if not run.is_completed:
            yield _run_line(run, run.error)


def _failures(measurement: Measurement, expectation: Expectation) -> Iterable[str]:
    if expectation.holds_for_all is not None:
        if problem := expectation.holds_for_all(measurement):
            yield problem
        return
    for run in measurement.runs:
        problem = expectation.holds(run) if expectation.holds else ""
        if problem:
            yield _run_line(run, problem)


def _run_line(run: Run, problem: str) -> str:
    return _("run {n}: {problem}").format(n=run.number, problem=problem)


# --- reading ---


def read_expectations(text: str, source: str) -> tuple[Expectation, ...]:
    """Return the expectations in a file.

    Raises:
        SettingsError: a line is not valid; the error has the line and a suggestion.
    """
    data = parse_toml(text, source)
    reader = _Reader(text, source)
    found = reader.expectations(data, ("expect", "bots"), "")
    bots = data.get("bots", {})
    if not isinstance(bots, dict):
        raise reader.wrong(_("must be a table"), "bots")
    for bot_id, table in bots.items():
        if not isinstance(table, dict):
            raise reader.wrong(_("must be a table"), bot_id)
        found += reader.expectations(table, ("expect",), bot_id)
    if not found:
        raise SettingsError(_("contains no expectations"), source=source, key="expect")
    return tuple(found)


class _Reader:
    """Reads one file, and finds the lines for its errors."""

    def __init__(self, text: str, source: str) -> None:
        self._lines: list[str] = text.splitlines()
        self._source = source
        self._from: int = 0
        """The line of the last expectation that was read."""

    def wrong(self, problem: str, what: str, suggestion: str = "") -> SettingsError:
        return SettingsError(
            problem, source=self._source, key=what, line=self._line_of(what), suggestion=suggestion
        )

    def _line_of(self, what: str) -> int:
        """Return the next line that contains this text; each line is found once, in order."""
        # The file contains escaped characters, but the parsed text does not.
        escaped = what.replace("\\", "\\\\").replace('"', '\\"')
        places = [number for number, line in enumerate(self._lines, 1) if what in line or escaped in line]
        return next((number for number in places if number > self._from), min(places, default=0))

    def expectations(
        self, table: Mapping[str, object], known: Sequence[str], bot_id: str
    ) -> list[Expectation]:
        for key in table:
            if key not in known:
                raise self.wrong(_("is not a key of this table"), key, nearest(key, tuple(known)))
        texts = table.get("expect", [])
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise self.wrong(_("must be a list of strings"), "expect")
        return [self._expectation(text, bot_id) for text in texts]

    def _expectation(self, text: str, bot_id: str) -> Expectation:
        stripped = text.strip()
        if measure := _MEASURE.fullmatch(stripped):
            found = self._measure(text, measure, bot_id)
        elif words := _WORDS.fullmatch(stripped):
            verb = " ".join(words["verb"].split())
            found = Expectation(stripped, bot_id, _word_check(verb, words["what"].strip()))
        else:
            first = stripped.split(" ")[0]
            raise self.wrong(
                _("is neither a metric such as `first_text < 2 s` nor one of: {verbs}").format(
                    verbs=listed(_VERBS)
                ),
                text,
                nearest(first, (*METRICS, *_VERBS)),
            )
        # Later searches start here, so that equal lines get different numbers.
        self._from = self._line_of(text)
        return found

    def _measure(self, text: str, measure: re.Match[str], bot_id: str) -> Expectation:
        metric, unit = measure["metric"], measure["unit"]
        if metric not in METRICS:
            raise self.wrong(
                _("contains an unknown metric, {name}; available: {names}").format(
                    name=metric, names=listed(METRICS)
                ),
                text,
                nearest(metric, METRICS),
            )
        if metric in _TIMES and unit not in _UNITS:
            raise self.wrong(_("requires a unit for its time: s or ms"), text)
        if metric in _COUNTS and unit:
            raise self.wrong(_("must not have a unit, because it compares a count"), text)
        limit = float(measure["number"]) * _UNITS.get(unit, 1.0)
        compare = _OPERATORS[measure["operator"]]
        part = measure["part"]
        if part is None:
            return Expectation(text.strip(), bot_id, _measure_check(metric, compare, limit, unit))
        if not int(part):
            raise self.wrong(_("must have a percentile from p1 to p99"), text)
        check = _quantile_check(metric, int(part), compare, limit, unit)
        return Expectation(text.strip(), bot_id, holds_for_all=check)


# --- checking ---


def _value(run: Run, metric: str) -> float | None:
    """Return the value of a metric, or None if the run did not get that far."""
    match metric:
        case "first_text":
            return run.first_text_us
        case "total":
            # The time of a run that did not complete says nothing about the bot.
            return run.total_us if run.is_completed else None
        case "longest_gap":
            return run.longest_gap_us
        case "tokens":
            # 0 means that the server reported none: it must not meet a limit such as `tokens < 500`.
            return run.tokens or None
        case "input_tokens":
            return run.input_tokens or None
        case "output_tokens":
            return run.output_tokens or None
        case _:
            return run.characters


def _measure_check(
    metric: str, compare: Callable[[float, float], bool], limit: float, unit: str
) -> Callable[[Run], str]:
    def check(run: Run) -> str:
        value = _value(run, metric)
        if value is None:
            return _("no {name} was measured").format(name=metric)
        return "" if compare(value, limit) else f"{metric} = {_shown(value, unit)}"

    return check


def _quantile_check(
    metric: str, part: int, compare: Callable[[float, float], bool], limit: float, unit: str
) -> Callable[[Measurement], str]:
    def check(measurement: Measurement) -> str:
        values = [_value(run, metric) for run in measurement.runs]
        known = sorted(int(value) for value in values if value is not None)
        if not known:
            return _("no {name} was measured").format(name=metric)
        value = quantile(known, part / 100)
        return "" if compare(value, limit) else f"p{part} {metric} = {_shown(value, unit)}"

    return check


def _shown(value: float, unit: str) -> str:
    """Return the value in the unit of the expectation."""
    number = value / _UNITS.get(unit, 1.0)
    text = f"{number:.3f}".rstrip("0").rstrip(".")
    return f"{text} {unit}" if unit else text


def _word_check(verb: str, what: str) -> Callable[[Run], str]:
    def check(run: Run) -> str:
        is_called = any(_is_tool(name, what) for name in run.tools)
        match verb:
            case "contains":
                return "" if what in run.answer else _("not found in the answer")
            case "lacks":
                return _("found in the answer") if what in run.answer else ""
            case "calls":
                called = listed(run.tools)
                words = _("tools called: {tools}").format(tools=called) if called else _("no tool was called")
                return "" if is_called else words
            case _:
                return _("it was called") if is_called else ""

    return check


def _is_tool(name: str, what: str) -> bool:
    """Return whether a tool has this name: Coze names a plugin and its API, `ferry-next`; `next` matches too.

    See docs/wire.md 3.4.
    """
    return what in (name, name.partition("-")[2])


# Matches characters that XML 1.0 does not allow.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(
    question: str,
    judged: Sequence[tuple[Measurement, Sequence[Verdict]]],
    *,
    started_at: datetime,
    host_name: str,
) -> str:
    """Return a JUnit report by the strict schema of Ant: a suite for each bot, a case for each expectation.

    Args:
        started_at: start of the first run; written in UTC, because the schema forbids time zones.
        host_name: of this machine; `localhost` if empty.
    """
    root = ElementTree.Element("testsuites")
    started = started_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    for number, (measurement, verdicts) in enumerate(judged):
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            id=str(number),
            package="coze-tui.bench",
            name=_text(measurement.bot_id),
            timestamp=started,
            hostname=_text(host_name) or "localhost",
            tests=str(len(verdicts)),
            failures=str(sum(not verdict.is_met for verdict in verdicts)),
            errors="0",
            time=_seconds_of(measurement),
        )
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in (("question", question), ("runs", str(len(measurement.runs)))):
            ElementTree.SubElement(properties, "property", name=name, value=_text(value))
        for verdict in verdicts:
            _add_case(suite, verdict, measurement)
        # The schema requires these two elements.
        ElementTree.SubElement(suite, "system-out")
        ElementTree.SubElement(suite, "system-err")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _add_case(suite: ElementTree.Element, verdict: Verdict, measurement: Measurement) -> None:
    # All expectations share the same runs, so their time counts once, in the case of completion.
    is_first = verdict.text == COMPLETES
    case = ElementTree.SubElement(
        suite,
        "testcase",
        name=_text(verdict.text),
        classname=_text(f"bot.{measurement.bot_id}"),
        time=_seconds_of(measurement) if is_first else "0.000",
    )
    if not verdict.is_met:
        kind = "ChatFailed" if is_first else "ExpectationFailed"
        failure = ElementTree.SubElement(case, "failure", message=_text(verdict.failures[0]), type=kind)
        failure.text = _text("\n".join(verdict.failures))


def _seconds_of(measurement: Measurement) -> str:
    return f"{sum(run.total_us for run in measurement.runs) / 1e6:.3f}"


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", clean(text))
