"""The block structure, a line at a time."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from coze_tui.render.scanner import (
    LONGEST_ROW,
    MOST_NESTED,
    Close,
    Grow,
    Kind,
    Open,
    Retitle,
    Scanner,
    Tabulate,
    row_cells,
    task_in,
)

Found = tuple[str, str, str]
"""The kind of a block, the containers it is in, its text."""


def blocks(source: str) -> list[Found]:
    scanner = Scanner()
    found: list[list[str]] = []
    for line in source.split("\n"):
        step = scanner.read(line)
        match step:
            case Open():
                containers = (*scanner.stack[: step.depth], *step.added)
                if found and found[-1][0] == "empty" and scanner.block and step.depth == len(found[-1][1]):
                    found.pop()
                kind = f"heading {step.level}" if step.kind is Kind.HEADING else step.kind.value
                path = "".join(container.marker for container in containers)
                found.append([kind, path, "" if step.fence and step.kind is Kind.CODE else step.text])
            case Grow(text) | Close(str(text)):
                found[-1][2] += "\n" + text
            case Retitle(level):
                found[-1][0] = f"heading {level}"
            case Tabulate():
                before, _, head = found[-1][2].rpartition("\n")
                path = found[-1][1]
                found[-1:] = [[*found[-1][:2], before]] if before else []
                found.append(["table", path, head])
            case _:
                pass
        scanner.apply(step)
    return [tidied(*block) for block in found if block[0] != "empty"]


def tidied(kind: str, path: str, text: str) -> Found:
    """Without the spaces that do not matter."""
    if kind == "table":
        text = str(len(text.strip("\n").split("\n")))
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in text.split("\n")]
    return kind, path, "\n".join(lines).strip() if kind != "code" else " ".join(text.split())


def reference_blocks(source: str) -> list[Found]:
    """The same by markdown-it, from the whole text."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["html_block", "reference"])
    found: list[Found] = []
    path: list[str] = []
    tokens = parser.parse(source)
    rows = 0
    for number, token in enumerate(tokens):
        match token.type:
            case "blockquote_open":
                path.append(">")
            case "list_item_open":
                path.append(token.markup)
            case "blockquote_close" | "list_item_close":
                path.pop()
            case "heading_open":
                found.append(tidied(f"heading {token.tag[1]}", "".join(path), tokens[number + 1].content))
            case "paragraph_open":
                found.append(tidied("paragraph", "".join(path), tokens[number + 1].content))
            case "fence" | "code_block":
                found.append(tidied("code", "".join(path), token.content))
            case "hr":
                found.append(("rule", "".join(path), ""))
            case "table_open":
                rows = 0
            case "tr_open":
                rows += 1
            case "table_close":
                found.append(("table", "".join(path), str(rows)))
            case _:
                pass
    return found


MARKS = st.sampled_from(
    ["# ", "- ", "* ", "1. ", "2. ", "10) ", "> ", ">", "```", "```py\n", "~~~", "---", "==="]
)
TEXTS = st.sampled_from(
    ["word", "text\n", "foo\n\n", "- a\n", "  - b\n", "1. x\n", "> q\n", "## x", "***", "`"]
)
TABLES = st.sampled_from(["| a | b |\n|---|:-:|\n| 1 | 2 |\n\n", "| 1 | 2 |\n", "-", "="])
SPACES = st.sampled_from([" ", "  ", "\n", "\n\n"])
ATOMS = st.one_of(MARKS, TEXTS, SPACES, TABLES)


@given(st.lists(ATOMS, max_size=12).map("".join))
@settings(max_examples=500)
def test_structure_is_that_of_commonmark(source: str) -> None:
    if re.search(r"(?m)^ {4}| {5}", source):
        return  # markdown-it reads deep indents in lazy lines otherwise than the specification
    assert blocks(source) == reference_blocks(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$$\na_b\n=\nc\n$$\nafter", [("maths", "", "$$\na_b\n=\nc\n$$"), ("paragraph", "", "after")]),
        ("\\[\nx\n\\]", [("maths", "", "\\[\nx\n\\]")]),
        ("| a |\n|---|\nno row", [("table", "", "1"), ("paragraph", "", "no row")]),
        ("| a |\n|---|\n- item", [("table", "", "1"), ("paragraph", "-", "item")]),
        ("| a |\n|---|\n```py\nx\n```", [("table", "", "1"), ("code", "", "x")]),
        ("<div>\n\n</div>", [("paragraph", "", "<div>"), ("paragraph", "", "</div>")]),
        ("> a\nlazy\n\nb", [("paragraph", ">", "a\nlazy"), ("paragraph", "", "b")]),
        ("-\n  a", [("paragraph", "-", "a")]),
        ("-\n\n  a", [("paragraph", "", "a")]),
        ("```\nopen to the end\n\n- x", [("code", "", "open to the end - x")]),
    ],
)
def test_blocks_of_chat(source: str, expected: list[Found]) -> None:
    assert blocks(source) == expected


def test_deeper_nesting_is_text() -> None:
    ((kind, path, text),) = blocks("> " * (MOST_NESTED + 5) + "deep")
    assert (kind, path) == ("paragraph", ">" * MOST_NESTED)
    assert text == "> > > > > deep"


@pytest.mark.parametrize("mark", ["# ", "| a ", "---", "===", "```", "$$"])
def test_an_endless_line_is_text(mark: str) -> None:
    ((kind, _, text),) = blocks(mark * LONGEST_ROW)
    assert kind == "paragraph"
    assert text


def test_reading_a_line_changes_nothing() -> None:
    scanner = Scanner()
    for line in ("- a", "  > b", "", "```"):
        assert scanner.read(line) == scanner.read(line)
        scanner.apply(scanner.read(line))


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("| a | b |", ["a", "b"]),
        ("a|b", ["a", "b"]),
        ("| a \\| b | |", ["a | b", ""]),
        ("||x|", ["", "x"]),
    ],
)
def test_cells_of_a_row(row: str, cells: list[str]) -> None:
    assert row_cells(row) == cells


def test_a_numbered_list_goes_up() -> None:
    scanner = Scanner()
    numbers = []
    for line in ("3. a", "3. b", "7. c", "   d"):
        scanner.apply(scanner.read(line))
        numbers.append(scanner.stack[0].number)
    assert numbers == [3, 4, 7, 7]


def test_a_task_has_a_state() -> None:
    assert task_in("[ ] open") == (" ", "open")
    assert task_in("[X] done") == ("x", "done")
    assert task_in("[x]none") == ("", "[x]none")
