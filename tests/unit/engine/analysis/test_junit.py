"""Verdicts as a JUnit file."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.engine.analysis.bench import measurements
from coze_tui.engine.analysis.expectations import Verdict, junit_text
from tests.support.examples import RUN


def test_each_bot_is_a_suite_and_each_expectation_a_case() -> None:
    [measurement] = measurements([RUN], ["A"])
    verdicts = [Verdict("completes", "A", ()), Verdict("contains 退款", "A", ("run 1: no", "run 2: no"))]
    root = ElementTree.fromstring(junit_text("退款?", [(measurement, verdicts)]).encode())
    [suite] = root.findall("testsuite")
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("A", "2", "1")
    assert suite.get("time") == "0.001"
    met, missed = suite.findall("testcase")
    assert (met.get("name"), met.get("classname"), len(met)) == ("completes", "bot.A", 0)
    failure = missed.find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("run 1: no", "run 1: no\nrun 2: no")
    [question] = [each for each in suite.iter("property") if each.get("name") == "question"]
    assert question.get("value") == "退款?"


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_is_xml(text: str) -> None:
    [measurement] = measurements([], [text])
    ElementTree.fromstring(junit_text(text, [(measurement, [Verdict(text, text, (text,))])]).encode())
