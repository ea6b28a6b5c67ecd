"""What a bot is expected to do: read with the place of every mistake, and judged run by run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.engine.analysis.bench import Run, measurements
from coze_tui.engine.analysis.expectations import Verdict, read_expectations, verdicts
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.errors import SettingsError
from tests.support.examples import RUN

SECOND = 1_000_000


def judged(text: str, *runs: Run, bot: str = "A") -> list[Verdict]:
    [measurement] = measurements(runs, [bot])
    return list(verdicts(measurement, read_expectations(text, "expect.toml")))


def problem(line: str, run: Run) -> tuple[str, ...]:
    """What is wrong with one run by one expectation."""
    quoted = line.replace("\\", "\\\\").replace('"', '\\"')
    return judged(f'expect = ["{quoted}"]', run)[-1].failures


@pytest.mark.parametrize(
    ("line", "facts", "words"),
    [
        ("first_text < 2 s", {"first_text_us": 1_900_000}, ""),
        ("first_text<2s", {"first_text_us": 2_000_000}, "run 1: first_text = 2 s"),
        ("first_text < 2 s", {"first_text_us": None}, "no first_text was measured"),
        ("first_text <= 2000 ms", {"first_text_us": 2_000_000}, ""),
        ("total < 500 ms", {"total_us": 1_234_500}, "total = 1234.5 ms"),
        ("longest_gap < 1 s", {"longest_gap_us": 1_500_000}, "longest_gap = 1.5 s"),
        ("tokens < 7", {}, "tokens = 7"),
        ("output_tokens >= 4", {}, ""),
        ("input_tokens == 3", {}, ""),
        ("tokens < 500", {"tokens": 0}, "no tokens was measured"),
        ("characters > 4", {}, ""),
        ("characters = 5", {}, ""),
        ("contains 退款", {"answer": "可以退款。"}, ""),
        ("contains 退款", {"answer": "不行。"}, "not found in the answer"),
        ("contains two words", {"answer": "these two words"}, ""),
        ("lacks 抱歉", {"answer": "抱歉"}, "found in the answer"),
        ("calls search", {"tools": ("find", "search")}, ""),
        ("calls next", {"tools": ("ferry-next",)}, ""),
        ("calls ferry-next", {"tools": ("ferry-next",)}, ""),
        ("calls search", {"tools": ("find",)}, "tools called: find"),
        ("calls search", {}, "no tool was called"),
        ("never calls drop", {"tools": ("drop",)}, "it was called"),
        ("never  calls drop", {"tools": ("search",)}, ""),
    ],
)
def test_one_run_is_judged(line: str, facts: dict[str, object], words: str) -> None:
    failures = problem(line, replace(RUN, **facts))  # type: ignore[arg-type]
    assert len(failures) == bool(words)
    assert words in "".join(failures)


def test_a_quantile_is_of_all_runs() -> None:
    runs = [replace(RUN, number=n, total_us=n * SECOND) for n in range(1, 11)]
    [_, met] = judged('expect = ["p90 total < 10 s"]', *runs)
    assert met.is_met
    [_, missed] = judged('expect = ["p50 total < 5 s"]', *runs)
    assert missed.failures == ("p50 total = 5 s",)


def test_every_run_is_expected_to_complete_and_failed_ones_are_named() -> None:
    failed = replace(RUN, number=2, outcome=Outcome.FAILED, error="4013 — the model")
    [completes, contains] = judged('expect = ["contains hello"]', RUN, failed)
    assert (completes.text, completes.failures) == ("completes", ("run 2: 4013 — the model",))
    assert contains.is_met
    [nothing, _] = judged('expect = ["contains hello"]')
    assert not nothing.is_met


def test_a_bot_may_have_expectations_of_its_own() -> None:
    text = 'expect = ["characters > 1"]\n[bots."A"]\nexpect = ["lacks x"]\n[bots.B]\nexpect = ["lacks y"]\n'
    assert [each.text for each in judged(text, RUN)] == ["completes", "characters > 1", "lacks x"]
    other = replace(RUN, bot_id="B")
    assert [each.text for each in judged(text, other, bot="B")] == ["completes", "characters > 1", "lacks y"]


@pytest.mark.parametrize(
    ("text", "line", "words", "suggestion"),
    [
        ("expect = [\n  'total < 2 s',\n  oops\n]", 3, "is not valid TOML", ""),
        ("expect = [", 1, "is not valid TOML", ""),
        ("# one\nexpext = ['total < 2 s']", 2, "is not a key", "expect"),
        ("expect = [\n 'total < 2 s',\n 'frist_text < 2 s',\n]", 3, "first_text", "first_text"),
        ("expect = ['total < 2 s',\n'total < 2']", 2, "unit", ""),
        ("expect = ['tokens < 2 s']", 1, "must not have a unit", ""),
        ("\nexpect = ['contain x']", 2, "contains", "contains"),
        ("expect = ['p0 total < 2 s']", 1, "p1 to p99", ""),
        ("expect = ['contains']", 1, "neither", "contains"),
        ("expect = 'total < 2 s'", 1, "list of strings", ""),
        ("expect = [7]", 1, "list of strings", ""),
        ("expect = ['lacks x']\n\nbots = 7", 3, "table", ""),
        ("expect = ['lacks x']\n[bots]\nA = 7", 3, "table", ""),
        ("expect = ['lacks x']\n[bots.A]\nexpects = []", 3, "is not a key", "expect"),
        ('expect = [\n \'lacks a"b\',\n "laks a\\"b",\n]', 3, "neither", "lacks"),
        ("", 0, "contains no expectations", ""),
        ("expect = []", 0, "contains no expectations", ""),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int, words: str, suggestion: str) -> None:
    with pytest.raises(SettingsError) as failed:
        read_expectations(text, "expect.toml")
    error = failed.value
    assert (error.source, error.line) == ("expect.toml", line)
    assert words in error.problem
    assert error.suggestion == suggestion


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_expectations(text, "f")
    except SettingsError:
        pass
    try:
        read_expectations(f"expect = [{text!r}]", "f")
    except SettingsError:
        pass
