"""Verdicts on bots as a JUnit file, which build servers read. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from coze_tui.engine.expectations import Verdict
from coze_tui.engine.measuring import Measurement
from coze_tui.text import clean

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_text(question: str, judged: Sequence[tuple[Measurement, Sequence[Verdict]]]) -> str:
    """One suite for each bot, one case for each expectation."""
    root = ElementTree.Element("testsuites", name="coze-tui bench")
    for measurement, verdicts in judged:
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=_text(measurement.bot_id),
            tests=str(len(verdicts)),
            failures=str(sum(not verdict.is_met for verdict in verdicts)),
            errors="0",
            time=f"{sum(run.total_us for run in measurement.runs) / 1e6:.3f}",
        )
        properties = ElementTree.SubElement(suite, "properties")
        for name, value in (("question", question), ("runs", str(len(measurement.runs)))):
            ElementTree.SubElement(properties, "property", name=name, value=_text(value))
        for verdict in verdicts:
            case = ElementTree.SubElement(
                suite, "testcase", name=_text(verdict.text), classname=_text(f"bot.{measurement.bot_id}")
            )
            if not verdict.is_met:
                failure = ElementTree.SubElement(case, "failure", message=_text(verdict.failures[0]))
                failure.text = _text("\n".join(verdict.failures))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", clean(text))
