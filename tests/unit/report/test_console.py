"""Where commands print: colored on a terminal only, clean everywhere."""

from __future__ import annotations

import io
import json

import pytest

from coze_tui.report.console import Console


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_colors_are_for_terminals() -> None:
    out, file = Terminal(), io.StringIO()
    Console(out, {}).text("failed", "error")
    Console(file, {}).text("failed", "error")
    assert out.getvalue() == "\x1b[31mfailed\x1b[m\n"
    assert file.getvalue() == "failed\n"


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_who_wants_none_gets_none(environment: dict[str, str]) -> None:
    out = Terminal()
    Console(out, environment).text("failed", "error")
    assert out.getvalue() == "failed\n"


def test_nothing_from_outside_steers_it() -> None:
    out = Terminal()
    paper = Console(out, {})
    paper.line(("a\x1b[2Jb\n", "plain"), ("\u202ec\x9b", "dim"))
    paper.facts([("n\x07ame", "val\x1bue")])
    paper.json({"x": "\x9b\u202e"})
    text = out.getvalue().replace("\x1b[2m", "").replace("\x1b[m", "")
    assert not set("\x1b\x07\x9b\u202e") & set(text)
    assert len(text.splitlines()) == 3


def test_names_and_values_are_two_columns_in_cells() -> None:
    out = io.StringIO()
    Console(out, {}).facts([("总计", "1"), ("total", "2")])
    assert out.getvalue() == "总计   1\ntotal  2\n"


def test_json_is_one_line_that_can_be_read_again() -> None:
    out = io.StringIO()
    Console(out, {}).json({"海": "a\nb"})
    assert json.loads(out.getvalue()) == {"海": "a\nb"}
    assert out.getvalue().count("\n") == 1


@pytest.mark.parametrize(("columns", "width"), [("10", 40), ("100", 100), ("900", 160)])
def test_it_is_as_wide_as_the_terminal_within_reason(
    monkeypatch: pytest.MonkeyPatch, columns: str, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert Console(io.StringIO(), {}).width == width
