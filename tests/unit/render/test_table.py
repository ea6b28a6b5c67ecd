"""Tables."""

import gc
import sys
from collections.abc import Callable
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from coze_tui.render.document import Document, render
from coze_tui.render.lines import joined
from coze_tui.render.palette import Palette

PALETTE = Palette.dark()
SMALL = (
    "| 日期 | 节日 | Price |\n|:--|:-:|--:|\n| 1 月 28 日 | 除夕 | 1.00 |\n| 2 月 12 日 | 元宵节 | 12.50 |\n"
)


def shown(source: str, width: int = 60) -> list[str]:
    return [line.plain.rstrip() for line in render(source, width, PALETTE)]


def test_cells_are_aligned_in_cells() -> None:
    assert shown(SMALL) == [
        "日期       │  节日  │ Price",
        "───────────┼────────┼──────",
        "1 月 28 日 │  除夕  │  1.00",
        "2 月 12 日 │ 元宵节 │ 12.50",
    ]


def test_wide_columns_give_way_by_wrapping() -> None:
    source = "| key | text |\n|---|---|\n| a | some words that need room |\n| b | c |\n"
    assert shown(source, 20) == [
        "key │ text",
        "────┼───────────────",
        "a   │ some words",
        "    │ that need room",
        "────┼───────────────",
        "b   │ c",
    ]


def test_columns_that_do_not_fit_become_lines() -> None:
    source = "| 序号 | **名称** | c | d | e |\n|---|---|---|---|---|\n"
    rows = "| 1 | a cell that has to wrap twice at this width | x<br>y | | 5 |\n| 2 | b | c | d | e |\n"
    assert shown(source + rows, 26) == [
        "序号: 1",
        "名称: a cell that has to",
        "  wrap twice at this width",
        "c: x",
        "y",
        "d:",
        "e: 5",
        "─" * 26,
        "序号: 2",
        "名称: b",
        "c: c",
        "d: d",
        "e: e",
    ]


def test_the_head_of_a_table_that_does_not_fit_is_shown_before_its_rows_come() -> None:
    assert shown("|" + "column|" * 12 + "\n|" + "---|" * 12, 40) == ["column:"] * 12


def test_no_table_scrolls_sideways() -> None:
    head = "|" + "column|" * 12
    for width in range(8, 130, 7):
        lines = render(head + "\n" + "|" + "---|" * 12 + "\n" + head, width, PALETTE)
        assert all(line.wide <= width for line in lines)


def test_marks_in_an_open_cell_do_not_flash() -> None:
    document = Document(60, PALETTE, "| 名称 | 说明 |\n|---|---|\n")
    seen = set()
    for character in "| 甲 | **好**与~~坏~~和[官网](https://a.b) |":
        document.append(character)
        seen.add("".join(line.plain for line in document.lines))
    assert not [text for text in seen if set(text) & set("*~[]()")]


def test_no_cell_is_lost() -> None:
    source = "| a | b |\n|---|---|\n| 1 | 2 | 3 | 4 |\n| 5 |\n| x\\|y | one<br>two |"
    assert shown(source) == [
        "a   │ b",
        "────┼──────────",
        "1   │ 2 | 3 | 4",
        "────┼──────────",
        "5   │",
        "────┼──────────",
        "x|y │ one",
        "    │ two",
    ]


def test_rules_are_not_copied() -> None:
    lines = render(SMALL, 60, PALETTE)
    assert joined((line, line.copied().rstrip()) for line in lines).count("\n") == 2


def test_a_head_is_a_table_from_its_first_letters_on() -> None:
    document = Document(60, PALETTE)
    for piece in ("| a |", " b |", "\n", "|-", "--|--", "-|", "\n", "| c", " | d |\n"):
        document.append(piece)
        assert "─" in document.lines[1].plain, piece
        assert len(document.lines) <= 3


def test_a_row_costs_the_same_however_many_there_are() -> None:
    document = Document(80, PALETTE)
    document.append("| a | b |\n|---|---|\n")
    costs = []
    for number in range(300):
        before = document.parsed_chars
        changed = document.append(f"| {number % 10} | text |\n")
        costs.append(document.parsed_chars - before)
        assert number < 3 or changed == len(document.lines) - 1
    assert max(costs[10:]) == min(costs[10:])


CELL = st.text(alphabet="ab 中👍*`", max_size=30).map(lambda text: text.replace("|", ""))


A_LOOK = 6
"""More calls than it takes to place a row of two cells, and fewer than to parse or draw it."""


def calls(do: Callable[[], object]) -> int:
    """Return how many Python functions are called while it is done: its cost, without a clock.

    The collector is off, because it may call functions of whatever it finds.
    """
    count = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event == "call"

    gc.disable()
    sys.setprofile(counted)
    try:
        do()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def grown(length: int) -> Document:
    document = Document(60, PALETTE)
    document.append("| a | b |\n|---|---|\n")
    for number in range(length):
        document.append(f"| {number % 10} | b |\n")
    return document


def test_a_row_is_parsed_and_drawn_once_however_many_there_are() -> None:
    few, many = grown(40), grown(900)
    row = "| 1 | **b** |\n"
    assert calls(lambda: many.append(row)) == calls(lambda: few.append(row))


@pytest.mark.parametrize("wide", ["that asks for more room", "that asks for so much room that it is wrapped"])
def test_a_row_that_widens_a_column_draws_no_other_one(wide: str) -> None:
    row = f"| a row | {wide} in its column |\n"
    few, many = grown(40), grown(900)
    cost = (calls(lambda: many.append(row)) - calls(lambda: few.append(row))) / 860
    assert cost < A_LOOK
    for document in (few, many):
        assert {line.width for line in document.lines} == {document.lines[0].width}
        assert document.lines == Document(60, PALETTE, document.source).lines


def test_another_width_draws_no_row_before_it_is_looked_at() -> None:
    document = grown(900)
    parsed = document.parsed_chars
    assert calls(lambda: document.resize(12)) < 900 * A_LOOK
    assert calls(lambda: document.lines[400:440]) > 40 * A_LOOK
    assert document.parsed_chars == parsed
    assert document.lines == Document(12, PALETTE, document.source).lines


def test_a_table_has_one_width_at_every_moment() -> None:
    document = Document(60, PALETTE)
    document.append("| a | b |\n|---|---|\n")
    for number in range(40):
        for piece in (f"| {'wide ' * number}", f"| {'x' * (number % 7)} 中", " |", "\n"):
            document.append(piece)
            assert len({line.width for line in document.lines}) == 1, document.source


def test_a_row_is_no_wider_than_the_head_when_its_text_turns_out_narrower() -> None:
    document = Document(60, PALETTE, "| a | b |\n|---|---|\n| 1 | 2 |\n")
    document.append("| **some words | [x](http://example.com/a/long/way")
    document.append("** | y |\n")
    document.append("| 3 | 4 |\n")
    assert document.lines == Document(60, PALETTE, document.source).lines


@given(st.lists(st.lists(CELL, min_size=3, max_size=3), max_size=6), st.integers(30, 70))
@settings(max_examples=100)
def test_rows_of_a_table_are_of_one_width(rows: list[list[str]], width: int) -> None:
    source = "| a | b | c |\n|---|---|---|\n" + "".join(f"| {' | '.join(row)} |\n" for row in rows)
    lines = render(source, width, PALETTE)
    assert len({line.width for line in lines}) == 1
    for line in lines:
        assert sum(cell_len(segment.text) for segment in line.body) == line.width
