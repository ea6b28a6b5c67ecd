"""JSON that folds."""

from __future__ import annotations

import gc
import json
import re
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.render.json_tree import JsonTree, Node, TreeLine, parsed_json, source_of, value_lines
from coze_tui.render.palette import Palette

DARK = Palette.dark()
CALL = json.dumps(
    {
        "id": "1",
        "plugin_id": 7390000000000000012,
        "content": json.dumps({"name": "calendar", "arguments": {"query": "春节", "n": [1, 2]}}),
        "empty": {},
    },
    ensure_ascii=False,
)


def lines(tree: JsonTree, width: int = 60) -> list[TreeLine]:
    return list(tree.lines(width, DARK))


def text(tree: JsonTree, width: int = 60) -> list[str]:
    return [line.line.plain.rstrip() for line in lines(tree, width)]


def line_with(tree: JsonTree, words: str, width: int = 60) -> TreeLine:
    return next(line for line in lines(tree, width) if words in line.line.plain)


def test_json_in_a_string_is_opened_and_said_to_be() -> None:
    assert text(JsonTree(CALL)) == [
        "   {",
        '     "id": "1",',
        '     "plugin_id": 7390000000000000012,',
        '     "content": {  JSON in text',
        '       "name": "calendar",',
        '       "arguments": {',
        '         "query": "春节",',
        '         "n": [1, 2]',
        "       }",
        "     },",
        '     "empty": {}',
        "   }",
    ]


def test_where_there_is_no_room_to_say_so_the_note_is_left_out() -> None:
    assert '     "content": {' in text(JsonTree(CALL), 30)
    assert not any("in text" in line or "JSON" in line for line in text(JsonTree(CALL), 30))


def test_a_value_folds_to_one_line_and_opens_again() -> None:
    tree = JsonTree(CALL)
    before = text(tree)
    assert tree.toggle(line_with(tree, "content"))
    assert text(tree)[3:5] == ['   ▸ "content": {… 2 },  JSON in text', '     "empty": {}']
    assert tree.toggle(line_with(tree, "content"))
    assert text(tree) == before
    assert not tree.toggle(line_with(tree, '"id"'))
    assert not tree.toggle(line_with(tree, "empty"))


def test_a_closing_bracket_folds_what_it_closes() -> None:
    tree = JsonTree(CALL)
    assert tree.toggle(lines(tree)[-1])
    assert text(tree) == [" ▸ {… 4 }"]


@pytest.mark.parametrize("raw", ["[DONE]", "not json", "", "12", "a\nb", '{"cut": "of', "\x1b[2J{}"])
def test_what_is_no_json_is_shown_as_it_is(raw: str) -> None:
    tree = JsonTree(raw)
    assert "\n".join(line.strip() for line in text(tree)) == raw.replace("\x1b", "")
    assert all(line.node is None for line in lines(tree))


def test_control_characters_are_seen_and_not_obeyed() -> None:
    shown = "\n".join(text(JsonTree('{"a\\u001b[2J": "\\u202e\\u0007 \\u0000", "b": "x\u009by"}')))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert "\\u001b[2J" in shown


def test_a_long_string_is_cut_and_asked_for() -> None:
    tree = JsonTree(json.dumps({"audio": "A" * 95_000}))
    line = line_with(tree, "audio")
    assert any("93,800 more characters" in shown.line.plain for shown in lines(tree, 200))
    assert len(lines(tree)) < 60
    assert tree.toggle(line)
    assert sum(shown.line.plain.count("A") for shown in lines(tree)) == 60_000
    assert source_of(line.node or pytest.fail("no value")) == "A" * 95_000


def test_a_huge_list_shows_its_beginning_and_more_when_asked() -> None:
    tree = JsonTree(json.dumps(list(range(100_000))))
    assert len(lines(tree)) == 1_003
    assert tree.toggle(line_with(tree, "99,000 more"))
    assert len(lines(tree)) == 2_003


def test_much_nested_json_is_opened_as_far_as_one_can_look() -> None:
    tree = JsonTree(json.dumps([{"a": [{"b": n, "c": {"d": n}}]} for n in range(900)]))
    assert 900 < len(lines(tree)) < 12_000
    deep = JsonTree("[" * 900 + "]" * 900)
    assert len(lines(deep)) < 60
    for _ in range(30):
        folded = next(line for line in lines(deep) if "▸" in line.line.plain)
        assert deep.toggle(folded)


def test_copying_gives_text_as_text_and_json_as_json_with_its_numbers() -> None:
    tree = JsonTree(CALL)
    whole = source_of(tree.root or pytest.fail("no value"))
    assert "7390000000000000012" in whole
    assert json.loads(json.loads(whole)["content"])["arguments"] == {"query": "春节", "n": [1, 2]}
    content = line_with(tree, "content").node
    assert content is not None
    assert json.loads(source_of(content))["arguments"] == {"query": "春节", "n": [1, 2]}
    name = line_with(tree, "calendar").node
    assert name is not None
    assert source_of(name) == "calendar"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.lists(st.integers(0, 60), max_size=8), st.integers(12, 100))
def test_any_json_folded_anyhow_fits_and_opens_whole(value: object, toggled: list[int], width: int) -> None:
    raw = json.dumps({"v": value}, ensure_ascii=False)
    tree = JsonTree(raw)
    before = text(tree, width)
    changed = []
    for number in toggled:
        shown = lines(tree, width)
        line = shown[number % len(shown)]
        if tree.toggle(line):
            changed.append(line.node)
        assert all(each.line.wide <= width for each in tree.lines(width, DARK))
    for node in reversed(changed):
        if node is not None and not node.is_open:
            tree.fold(node, is_open=True)
    assert text(tree, width) == before


def test_lines_leave_no_garbage_because_the_collector_does_not_run_meanwhile() -> None:
    text = json.dumps([{"a": [n, {"b": [n]}]} for n in range(100)])
    value = parsed_json(text)
    gc.collect()
    gc.disable()
    try:
        for lines in (list(value_lines(value, 60, DARK)), list(islice(value_lines(value, 60, DARK), 7))):
            assert lines
        assert not [thing for thing in gc.get_objects() if isinstance(thing, Node) and thing.depth]
    finally:
        gc.enable()
