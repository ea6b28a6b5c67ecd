"""JSON laid out."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from coze_tui.render.json_tree import json_lines
from coze_tui.render.lines import joined
from coze_tui.render.palette import Palette
from coze_tui.text.cleaning import clean

PALETTE = Palette.dark()
TEXTS = st.text(max_size=20).map(clean)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def shown(text: str, width: int = 60) -> list[str]:
    return [line.plain for line in json_lines(text, width, PALETTE)]


def test_it_is_laid_out_with_short_lists_on_one_line() -> None:
    assert shown('{"a": [1, 2.50, null], "b": {"c": "中文", "d": {}}, "e": [{"f": true}]}') == [
        "{",
        '  "a": [1, 2.50, null],',
        '  "b": {',
        '    "c": "中文",',
        '    "d": {}',
        "  },",
        '  "e": [',
        "    {",
        '      "f": true',
        "    }",
        "  ]",
        "}",
    ]


def test_json_in_a_string_is_opened() -> None:
    assert shown(json.dumps({"data": json.dumps({"q": ["春节"]})})) == [
        "{",
        '  "data": ≡ {',
        '    "q": ["春节"]',
        "  }",
        "}",
    ]


def test_keys_that_come_twice_and_long_numbers_are_kept() -> None:
    assert shown('{"a": 1, "a": 10000000000000000000000.10}')[1:3] == [
        '  "a": 1,',
        '  "a": 10000000000000000000000.10',
    ]


def test_what_is_invisible_is_escaped() -> None:
    text = "".join(shown('["\\u001b[31m\\u202e\\u009b\\u200b\\ud800"]'))
    assert text == '["\\u001b[31m\\u202e\\u009b\\u200b\\ud800"]'


def test_long_strings_wrap_under_their_beginning() -> None:
    lines = list(json_lines(json.dumps({"a": "word " * 20}), 30, PALETTE))
    assert all(line.wide <= 30 for line in lines)
    assert {line.lead_width for line in lines if line.continues} == {4}
    assert joined((line, line.copied()) for line in lines) == '{\n  "a": "' + "word " * 20 + '"\n}'


def test_other_text_is_shown_as_it_is() -> None:
    assert shown("no json {") == ["no json {"]
    assert shown('{"cut": ') == ['{"cut": ']
    assert shown("{" + '"a":{' * 5000) != []


@given(VALUES, st.integers(12, 60))
@settings(max_examples=100)
def test_any_value_is_shown_whole_and_in_its_width(value: object, width: int) -> None:
    lines = list(json_lines(json.dumps(value, ensure_ascii=False), width, PALETTE))
    for line in lines:
        assert sum(cell_len(segment.text) for segment in line.paint(width)) == width
    if isinstance(value, dict | list) and not any(
        mark in json.dumps(value, ensure_ascii=False) for mark in ("\\", "≡", '"[', '"{', " [", " {")
    ):
        copied = joined((line, line.copied()) for line in lines)
        assert json.loads(copied) == value
