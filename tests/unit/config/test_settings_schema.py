"""The JSON Schema of the settings file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from coze_tui.config.coercion import WrongValueError
from coze_tui.config.settings import definitions
from coze_tui.config.settings_schema import settings_schema
from coze_tui.text.i18n import use_language
from tests.support.schema_checks import check_agreement, is_valid

WORDS = st.sampled_from(
    [
        *(" auto ", "on", "TRUE", "Off", "enter", "5", " 2.5 ", "1e2", "1_0", "-3", "nan", "", "  "),
        *(
            "cn",
            "COM",
            "coze.example",
            "https://coze.example:8080/v3/",
            "http://127.0.0.1:80",
            "HTTP://[::1]/",
        ),
        *("http://localhost.", "http://me.localhost/x", "http://www.coze.cn/store", '"https://api.coze.com"'),
        *("http://0.0.0.0", "http://LOCALHOST:1", "https://扣子.example", "ftp://x", "https://me:pw@x"),
        *("https://www.coze.cn/space/1/bot/99", "bot-1_a", "{}", ' {"a": "b"}', '{"a": ["b"]}', "date '+%H'"),
    ]
)
VALIDATORS = {name: Draft7Validator(dict(each.reader.schema)) for name, each in definitions().items()}
VALUES = st.recursive(
    st.one_of(WORDS, st.text(max_size=8), st.integers(), st.floats(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(value=VALUES)
@settings(max_examples=300)
def test_the_schema_accepts_whatever_the_program_reads(value: object) -> None:
    for name, definition in definitions().items():
        try:
            definition.reader(value, Path("/settings"))
        except WrongValueError:
            continue
        assert VALIDATORS[name].is_valid(value), name


@pytest.mark.parametrize(
    "text",
    [
        "bot = 1",
        "mouse = 1",
        'mouse = "maybe"',
        'sidebar = "auto\\n"',
        'theme = "a\\u001b[31m"',
        "theme = [1]",
        "idle_timeout = 0",
        "connect_timeout = inf",
        "retention_days = 1.5",
        "retention_days = 36501",
        'base_url = ""',
        'base_url = "ftp://coze.example"',
        'base_url = "http://coze.example"',
        'base_url = "https://me:secret@coze.example"',
        'bot_id = "a bot"',
        "[tools]\nlamp = []",
        '[tools]\nlamp = ""',
        '[tools]\nlamp = [" ", "on"]',
        "[tools]\nlamp = [1, [2]]",
        "[keys]\nsend = [1]",
        "[custom_variables]\nname = true",
        '[profiles.a]\nprofile = "b"',
        "[profiles]\na = 1",
        "[profiles.a.keys]\nsend = 1.5",
    ],
)
def test_what_a_schema_can_refuse_is_refused_by_both(tmp_path: Path, text: str) -> None:
    assert not is_valid(text)
    check_agreement(tmp_path / "settings.toml", text)


def test_the_schema_is_one_and_describes_every_setting_in_the_language_in_use() -> None:
    schema = settings_schema()
    Draft7Validator.check_schema(schema)
    described = schema["definitions"]
    assert isinstance(described, dict)
    assert list(described) == list(definitions())
    assert {name: each["description"] for name, each in described.items()} == {
        name: definition.doc for name, definition in definitions().items()
    }
    assert described["theme"]["default"] == "auto"
    use_language("zh_CN")
    try:
        assert "主题" in str(settings_schema())
    finally:
        use_language("en")
