"""How values are read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.config import coercion as read
from coze_tui.config.coercion import SettingReader, WrongValueError

HERE = Path("/here")

READERS: dict[str, SettingReader[object]] = {
    "text": read.text,
    "flag": read.boolean,
    "whole": read.whole(0, 10),
    "seconds": read.seconds(0.5, 10),
    "one_of": read.one_of("auto", "shown"),
    "path": read.path,
    "base_url": read.base_url,
    "bot": read.bot,
    "texts": read.texts,
    "table": read.table,
    "commands": read.commands,
}

toml = st.recursive(
    st.text() | st.integers() | st.floats() | st.booleans() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize("name", READERS)
@given(value=toml)
def test_any_value_is_taken_or_refused_in_words(name: str, value: object) -> None:
    problem = "taken"
    try:
        READERS[name](value, HERE)
    except WrongValueError as error:
        problem = error.problem
    assert problem


@pytest.mark.parametrize(
    ("name", "value", "taken"),
    [
        ("text", " a ", "a"),
        ("text", 7511, "7511"),
        ("flag", "YES", True),
        ("flag", "off", False),
        ("flag", True, True),
        ("whole", "10", 10),
        ("whole", 3.0, 3),
        ("seconds", "0.5", 0.5),
        ("one_of", "auto", "auto"),
        ("path", "a/b", HERE / "a" / "b"),
        ("path", "/a", Path("/a")),
        ("path", "", None),
        ("bot", "", ""),
        ("bot", 7511, "7511"),
        ("texts", {"a": 1}, {"a": "1"}),
        ("table", '{"a": [1]}', {"a": [1]}),
        ("commands", {"a": "run 'a b' $(c)"}, {"a": ("run", "a b", "$(c)")}),
        ("commands", {"a": ["run", "a b", 7]}, {"a": ("run", "a b", "7")}),
        ("commands", '{"a": "run"}', {"a": ("run",)}),
    ],
)
def test_right_values_are_taken(name: str, value: object, taken: object) -> None:
    assert READERS[name](value, HERE) == taken


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("text", True),
        ("text", 1.5),
        ("text", ["a"]),
        ("text", "a\nb"),
        ("text", "a\u202eb"),
        ("flag", 1),
        ("flag", "perhaps"),
        ("whole", 11),
        ("whole", -1),
        ("whole", 1.5),
        ("whole", True),
        ("whole", "x"),
        ("seconds", float("nan")),
        ("seconds", float("inf")),
        ("seconds", 0.1),
        ("one_of", "Auto!"),
        ("base_url", "ftp://x"),
        ("bot", "no bot here"),
        ("texts", {"a": [1]}),
        ("table", "[]"),
        ("table", 5),
        ("table", {"a": [{"b": date(2025, 1, 28)}]}),
        ("table", '{"a": Infinity}'),
        ("commands", {"a": "run 'a"}),
        ("commands", {"a": ""}),
        ("commands", {"a": []}),
        ("commands", {"a": ["", "b"]}),
        ("commands", {"a": "run\nb"}),
        ("commands", {"a": ["run", {}]}),
        ("commands", "run"),
    ],
)
def test_wrong_values_are_refused(name: str, value: object) -> None:
    with pytest.raises(WrongValueError):
        READERS[name](value, HERE)


@pytest.mark.parametrize("name", READERS)
def test_numbers_and_tables_that_python_cannot_print_are_refused(name: str) -> None:
    huge = 16**5000  # TOML can contain it in hexadecimal
    deep: object = {"b": 1}  # as of a dotted key with 2,000 parts, for which tomllib needs no recursion
    for _level in range(2000):
        deep = {"a": deep}
    for value in (huge, -huge, deep, {"a": huge}, {"a": [huge]}):
        with pytest.raises(WrongValueError):
            READERS[name](value, HERE)
