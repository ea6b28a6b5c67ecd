"""Verdicts as a JUnit file."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TypedDict
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.engine.analysis.bench import measurements
from coze_tui.engine.analysis.expectations import Verdict, junit_text
from tests.support.examples import RUN

WHEN = datetime(2025, 1, 28, 0, 0, 0, 5, tzinfo=timezone(timedelta(hours=8)))


class Where(TypedDict):
    started_at: datetime
    host_name: str


WHERE: Where = {"started_at": WHEN, "host_name": "box"}


def test_each_bot_is_a_suite_and_each_expectation_a_case() -> None:
    [measurement] = measurements([RUN], ["A"])
    verdicts = [Verdict("completes", "A", ()), Verdict("contains 退款", "A", ("run 1: no", "run 2: no"))]
    root = ElementTree.fromstring(junit_text("退款?", [(measurement, verdicts)], **WHERE).encode())
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
    judged = [(measurement, [Verdict(text, text, (text,))])]
    ElementTree.fromstring(junit_text(text, judged, started_at=WHEN, host_name=text).encode())


def test_the_file_fits_the_strict_schema_of_ant() -> None:
    [measurement] = measurements([RUN], ["A"])
    verdicts = [
        Verdict("completes", "A", ("run 2: failed",)),
        Verdict("contains x", "A", ("run 1: no",)),
        Verdict("contains y", "A", ()),
    ]
    judged = [(measurement, verdicts), (measurement, verdicts)]
    root = ElementTree.fromstring(junit_text("q", judged, **WHERE).encode())
    assert root.attrib == {}
    assert [suite.get("id") for suite in root] == ["0", "1"]
    for suite in root:
        attributes = ("id", "package", "name", "timestamp", "hostname", "tests", "failures", "errors", "time")
        assert tuple(suite.attrib) == attributes
        assert (suite.get("timestamp"), suite.get("hostname")) == ("2025-01-27T16:00:00", "box")
        parts = ["properties", "testcase", "testcase", "testcase", "system-out", "system-err"]
        assert [part.tag for part in suite] == parts
        cases = suite.findall("testcase")
        assert [case.get("time") for case in cases] == ["0.001", "0.000", "0.000"]
        assert [failure.get("type") for failure in suite.iter("failure")] == [
            "ChatFailed",
            "ExpectationFailed",
        ]


def test_a_machine_without_a_name_is_localhost() -> None:
    [measurement] = measurements([RUN], ["A"])
    text = junit_text("q", [(measurement, ())], started_at=WHEN, host_name="")
    assert ElementTree.fromstring(text.encode())[0].get("hostname") == "localhost"
