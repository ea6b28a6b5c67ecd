"""Markdown that grows, as lines."""

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from coze_tui.render.document import Document, render
from coze_tui.render.lines import Line, joined
from coze_tui.render.palette import Palette
from coze_tui.render.wrap import MEASURE
from coze_tui.text.urls import encoded
from tests.support.hostile_text import TEXTS

PALETTE = Palette.dark()
MARKS = [
    "# ",
    "## ",
    "- ",
    "* ",
    "1. ",
    "2. ",
    "10) ",
    "> ",
    ">",
    "```",
    "```py\n",
    "~~~",
    "---",
    "===",
    "    ",
]
INLINE = [
    "***",
    "**",
    "*",
    "_",
    "`",
    "[",
    "]",
    "(",
    ")",
    "[a]",
    "$",
    "$$",
    "\\[",
    "\\",
    "<",
    "~~",
    "|",
    "\\|",
    "<b>",
    "</b>",
    "<br>",
    "<!--",
    "-->",
    "<sub>",
    "</sub>",
    "[^1]",
    "@",
]
WORDS = [
    "word",
    "你好，",
    "世界。",
    "x" * 70,
    "中" * 60,
    "👨‍👩‍👧",
    "a b c ",
    "<div>",
    "https://x.org/a_b",
    "e\u0301",
    "https://x.org/",
    "www.x.org/",
    "a@b.org",
]
LONG = [
    "y " * 200,
    "中文字" * 120,
    " " * 300,
    "*" + " " * 260,
    "1 2 3 " * 60,
    "-" * 300,
    "=-" * 200,
    "\t",
    "/*",
    "*/",
    "data:image/png;base64," + "QUJD" * 90,
    "QUJD" * 20,
]
WHOLE = [
    "| a | b |\n",
    "|---|:-:|\n",
    "| 1 | 2 |\n",
    "[a]: http://x.org\n",
    "[x](http://y)",
    "![i](u)",
    "- [x] ",
    "1. [x] ",
    "[^1]: ",
    "> [!NOTE]\n",
    "<details>\n",
    "</details>\n",
    "<!-- c -->\n",
    "===\n",
    "|\t---\t|\n",
]
SPACES = ["\n", "\n", "\n\n", " ", "  "]
DATA = "![x](data:image/png;base64," + "QUJD" * 100 + ")"
WRAPPED = "![x](data:image/png;base64," + "\n".join(["QUJD" * 19] * 3) + ")"
ATOMS = st.sampled_from([*MARKS, *INLINE, *WORDS, *LONG, *WHOLE, *SPACES, WRAPPED])
SOURCES = st.lists(ATOMS, max_size=25).map("".join)
WIDTHS = st.sampled_from([20, 40, 86])


def shown(source: str, width: int = 40) -> list[str]:
    return [line.plain.rstrip() for line in render(source, width, PALETTE)]


def pieces(source: str, sizes: list[int]) -> list[str]:
    cut: list[str] = []
    at = number = 0
    while at < len(source):
        size = sizes[number % len(sizes)]
        cut.append(source[at : at + size])
        at, number = at + size, number + 1
    return cut


@given(SOURCES, st.lists(st.sampled_from([1, 1, 2, 5, 30, 400]), min_size=1, max_size=8), WIDTHS)
@settings(max_examples=200)
def test_any_pieces_end_in_the_lines_of_the_whole(source: str, sizes: list[int], width: int) -> None:
    document = Document(width, PALETTE)
    before: list[Line] = []
    for piece in pieces(source, sizes):
        changed = document.append(piece)
        lines = list(document.lines)
        assert lines[:changed] == before[:changed]
        before = lines
    changed = document.finish()
    assert list(document.lines)[:changed] == before[:changed]
    assert list(document.lines) == render(source, width, PALETTE)


@given(SOURCES, WIDTHS)
@settings(max_examples=100)
def test_another_width_gives_the_lines_of_a_fresh_rendering(source: str, width: int) -> None:
    document = Document(60, PALETTE, source)
    document.finish()
    assert document.lines is document.lines
    document.resize(width)
    assert list(document.lines) == render(source, width, PALETTE)
    document.release()
    assert list(document.lines) == render(source, width, PALETTE)


@given(SOURCES, st.lists(st.sampled_from([1, 5, 30, 400]), min_size=1, max_size=8), WIDTHS)
@settings(max_examples=100)
def test_it_may_be_resized_while_it_grows(source: str, sizes: list[int], width: int) -> None:
    document = Document(60, PALETTE)
    for number, piece in enumerate(pieces(source, sizes)):
        document.append(piece)
        if number % 7 < 2:
            document.resize(width if document.width == 60 else 60)
            as_if = Document(document.width, PALETTE)
            as_if.append(document.source)
            assert list(document.lines) == list(as_if.lines)
    document.finish()
    assert list(document.lines) == render(source, document.width, PALETTE)


@given(SOURCES, WIDTHS)
@settings(max_examples=100)
def test_lines_fit_or_scroll(source: str, width: int) -> None:
    for line in render(source, width, PALETTE):
        assert sum(cell_len(segment.text) for segment in line.body) == line.width
        assert sum(cell_len(segment.text) for segment in line.lead) == line.lead_width
        assert line.scrolls or line.wide <= width
        assert sum(cell_len(segment.text) for segment in line.paint(width)) == width


@given(st.text(alphabet="abcdefg 你好世界，。\n", max_size=300), WIDTHS)
@settings(max_examples=100)
def test_text_without_markup_is_copied_as_it_was_written(source: str, width: int) -> None:
    copied = joined((line, line.copied()) for line in render(source, width, PALETTE))
    assert copied.split() == source.split()


GROWING = {
    "prose": "The **quick** brown fox jumps over `the` lazy dog, and more words. [Link](https://a.org/b).\n\n",
    "list": "- An item of the list with **bold** words and `code` in it, long enough\n",
    "nested list": "- An item\n  - nested with **bold** words and `code`\n    - deep\n",
    "fence": "def function(argument, other=3):\n    return [x for x in range(10)]  # comment\n",
    "table": "| cell one | the second cell of **it** | 3.50 |\n",
    "no spaces": "abcdefghij",
    "one paragraph": "words in one very long paragraph with **bold** and `code` and no end at all ",
    "soft breaks": "short lines with soft breaks and **bold**\n",
    "Chinese": "这是一个**很长**的段落，没有`任何`空格，也没有换行，只有中文字符和标点符号。",
    "quote": "> quoted text that goes on and on with *emphasis* in it\n",
    "never closed": "**opened and never closed with words ",
}
HEADS = {"fence": "```python\n", "table": "| a | b | c |\n|---|---|---|\n"}


@pytest.mark.parametrize("kind", GROWING)
def test_a_piece_costs_the_same_however_long_the_text_is(kind: str) -> None:
    unit = GROWING[kind]
    costs: list[list[int]] = []
    for length in (2_000, 20_000):
        document = Document(86, PALETTE)
        document.append(HEADS.get(kind, "") + unit * (length // len(unit)))
        cost: list[int] = []
        for piece in pieces(unit * (1 + 1200 // len(unit)), [5]):
            before = document.parsed_chars
            changed = document.append(piece)
            cost.append(document.parsed_chars - before)
            # What is drawn anew has a bound too.
            assert changed >= len(document.lines) - 40
        costs.append(cost)
    short, long = (sum(cost) / len(cost) for cost in costs)
    assert long <= short * 1.2 + 20
    assert max(map(max, costs)) < 6_000


@pytest.mark.parametrize("text", GROWING.values(), ids=GROWING)
def test_another_width_asks_for_no_parsing(text: str) -> None:
    document = Document(80, PALETTE, text)
    document.finish()
    parsed = document.parsed_chars if document.lines else 0
    document.resize(50)
    assert list(document.lines) == render(text, 50, PALETTE)
    assert document.parsed_chars == parsed


def test_a_settled_text_is_not_looked_at_again() -> None:
    document = Document(80, PALETTE)
    for piece in pieces(GROWING["prose"] * 20, [7]):
        document.append(piece)
    before = document.parsed_chars
    lines = list(document.lines)
    assert document.finish() == len(lines)
    assert document.parsed_chars == before
    assert list(document.lines) == lines


def test_a_late_reference_is_resolved_when_the_text_is_whole() -> None:
    document = Document(60, PALETTE)
    document.append("See [the docs][1] and [more].\n\n[1]: https://a.org\n[more]: https://b.org\n")
    document.finish()
    first = document.lines[0]
    assert first.plain == "See the docs and more."
    targets = [segment.style.meta for segment in first.body if segment.style and segment.style.meta]
    assert targets == [{"url": "https://a.org"}, {"url": "https://b.org"}]
    assert [line.plain for line in document.lines[2:]] == ["[1]: https://a.org", "[more]: https://b.org"]


def test_another_text_takes_the_place_of_what_came() -> None:
    document = Document(60, PALETTE)
    document.append("what the deltas")
    document.finish("what the deltas said")
    assert [line.plain for line in document.lines] == ["what the deltas said"]
    document.finish("something else")
    assert [line.plain for line in document.lines] == ["something else"]
    document.append(" and more")
    assert not document.is_finished
    assert [line.plain for line in document.lines] == ["something else and more"]


def test_height_survives_a_release() -> None:
    document = Document(20, PALETTE, "some text that is wrapped\n\n- a\n- b")
    height = document.height
    assert height == len(document.lines)
    document.release()
    looked_at = document.parsed_chars
    assert document.height == height
    assert document.parsed_chars == looked_at


def test_code_is_told_with_its_place_and_its_own_text() -> None:
    source = "text\n\n```py title=x\na\n\tb\n```\n\n- item\n\n      indented\n\n~~~\nopen"
    document = Document(40, PALETTE, source)
    document.finish()
    code = document.code_blocks
    assert [(block.language, block.source) for block in code] == [
        ("py", "a\n\tb"),
        ("", "indented"),
        ("", "open"),
    ]
    for block in code:
        lines = document.lines[block.line : block.line + block.height]
        assert {line.block for line in lines} == {block.block}
        assert [line.text for line in lines if line.scrolls] == block.source.expandtabs(4).split("\n")


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("List<String> x\n<div>\n", ["List<String> x", "<div>"]),
        ("a\nb", ["a", "b"]),
        ("- a\n- b\n\n\n- c", ["• a", "• b", "", "• c"]),
        ("- a\n  - b\n    - c\n      - d", ["• a", "  ◦ b", "    ▪ c", "      ▪ d"]),
        ("9. a\n10. b\n\n    more", [" 9. a", "10. b", "", "    more"]),
        ("1. a\n   - b\n\n         c\n\nd", [" 1. a", "    • b", "", "", "        c", "", "", "d"]),
        ("- [ ] a\n- [x] b", ["☐ a", "☑ b"]),
        ("1. [x] a\n2. [ ] b\n   c", [" 1. ☑ a", " 2. ☐ b", "      c"]),
        (
            "x[^1] y[^n] z[^2]\n\n[^1]: one\n[^n]: two,\n    more\n\nz",
            ["x[1] y[n] z[^2]", "", "[1] one", "[n] two,", "    more", "", "z"],
        ),
        ("> [!NOTE]\n> text\n\n> [!warning]\n> more", ["▎ Note", "▎ text", "", "▎ Warning", "▎ more"]),
        ("> text\n> [!NOTE]\n\n[!NOTE]", ["▎ text", "▎ [!NOTE]", "", "[!NOTE]"]),
        ("<details>\n<summary>A</summary>\n\nb\n\n</details>\n\nc", ["▸ A", "", "b", "", "c"]),
        ("a\n<!-- x -->\nb\n\n<!-- y -->\n\nc", ["a", "b", "", "c"]),
        ("<!-->\na\n\n<!---> b -->\nc", ["a", "", " b -->", "c"]),
        ("# a<br>b\n> c<br/>d\n\n- e</br>f", ["a", "b", "─" * 40, "▎ c", "▎ d", "", "• e", "  f"]),
        ("|\ta\t|\n|\t---\t|\n| 1 |", ["a", "─", "1"]),
        ("[a]:\n  /url\n  'title'\n\n[a]", ["[a]:", "/url", "'title'", "", "a"]),
        ("[a]: /url\nb\n===\n[a]", ["[a]: /url", "b", "─" * 40, "a"]),
        ("[a]: /url\n===\n[a]", ["[a]: /url", "===", "a"]),
        (f"![x](data:image/png;base64,{'QUJD' * 400}) y", ["[image: x] (image/png, 1.2 kB) y"]),
        (
            "![x](data:image/png;base64," + "\n".join(["QUJD" * 19] * 9) + "\nQUI=) y",
            ["[image: x] (image/png, 515 B) y"],
        ),
        (
            "```md\n# a\n```py\nb\n```\nc\n```\nd",
            ["", "  # a", "  ```py", "  b", "  ```", "  c", "", "", "d"],
        ),
        ("````md\n```py\nb\n````\nc", ["", "  ```py", "  b", "", "", "c"]),
        ("```py\n```md\nb\n```\nc", ["", "  ```md", "  b", "", "", "c"]),
        ("```\n" + DATA + "\n```", ["", f"  {DATA}", ""]),
        ("    " + DATA, ["", f"  {DATA}", ""]),
        ("> a\n> > b\n\nc", ["▎ a", "▎ ▎ b", "", "c"]),
        ("# A\ntext\n## B\n\nmore", ["A", "─" * 40, "text", "", "B", "more"]),
        ("a\n\n---\nb", ["a", "", "─" * 40, "", "b"]),
        ("- \n  a\n-\n- b", ["• a", "•", "• b"]),
        ("| a |\n|---|\n- b", ["a", "─", "", "• b"]),
        ("1. a\n   ```\n   b\n   ```\n2. c", [" 1. a", "", "      b", "", " 2. c"]),
    ],
)
def test_how_it_looks(source: str, lines: list[str]) -> None:
    assert shown(source) == lines


@pytest.mark.parametrize(
    ("pieces_", "lines"),
    [
        (["text\n", "-"], ["text"]),
        (["text\n", "--", "-"], ["text"]),
        (["- a\n", "1", "."], ["• a"]),
        (["a\n\n", "#"], ["a"]),
        (["a\n\n", "``", "`"], ["a"]),
        (["```\ncode\n", "``"], ["", "  code", ""]),
        (["a **bo"], ["a bo"]),
        (["a\n\n", "> [!NO"], ["a"]),
        (["a\n\n", "[^1"], ["a"]),
        (["a\n\n", "<deta"], ["a"]),
        (["| 名"], ["名", "──"]),
        (["看[官", "网"], ["看官网"]),
        (["~~删", "~"], ["删"]),
        (["2"], ["2"]),
        (["[a](https://x.example/A_(", "b"], ["a"]),
        (['[a](https://x.example "the ti'], ["a"]),
        (["[a](<https://x.example/b c"], ["a"]),
        (["<https://x.exam"], ["https://x.exam"]),
        (["## a **b", " [c](ht"], ["a b c"]),
    ],
)
def test_marks_without_a_meaning_so_far_are_not_shown(pieces_: list[str], lines: list[str]) -> None:
    document = Document(40, PALETTE)
    for piece in pieces_:
        document.append(piece)
    assert [line.plain.rstrip() for line in document.lines] == lines


def test_twenty_levels_fit_into_a_narrow_log() -> None:
    nested = "".join("  " * level + "- item\n" for level in range(30))
    for line in render(nested, 30, PALETTE):
        assert line.wide <= 30
    assert sum("item" in line for line in shown(nested, 60)) == 30


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_model_writes_is_shown_once_however_it_arrives(name: str) -> None:
    text, seen = TEXTS[name]
    source = f"{text}\n\nEND0MARK"
    longest = max(12, len(source) // 60)
    document = Document(80, PALETTE)
    for piece in pieces(source, [1, 1, 2, 3, 5, longest, 1, longest // 2]):
        document.append(piece)
    document.finish()
    assert list(document.lines) == render(source, 80, PALETTE)
    joined_lines = " ".join(" ".join(line.plain for line in document.lines).split())
    for words in (*seen, "END0MARK"):
        assert words in joined_lines
    assert joined_lines.count("END0MARK") == 1


@pytest.mark.parametrize(
    "source",
    [
        "x" * 60_000,
        "中" * 50_000,
        "```\n" + "x" * 60_000,
        "```python\n" + "x = 1\n" * 16_000,
        "| a | b |\n|---|---|\n" + "| cell | cell |\n" * 300,
        "> " * 1000 + "x",
        "[" * 5_000 + "a" + "](" * 5_000,
        "*a " * 3_000,
    ],
)
def test_hostile_sizes_lose_nothing(source: str) -> None:
    document = Document(80, PALETTE)
    for piece in pieces(source, [997]):
        document.append(piece)
    document.finish()
    assert list(document.lines) == render(source, 80, PALETTE)
    letters = sum(character.isalnum() for character in source)
    assert sum(character.isalnum() for line in document.lines for character in line.text) >= letters - 6


SENTENCE = "Of a ferry that comes in at night one sees the lights first, and hears it long after. " * 4


@pytest.mark.parametrize("width", [60, MEASURE, MEASURE + 1, 200])
def test_prose_has_a_measure(width: int) -> None:
    most = min(width, MEASURE)
    for source in (
        SENTENCE,
        f"# {SENTENCE}",
        f"- {SENTENCE}\n  - {SENTENCE}",
        f"> {SENTENCE}",
        f"$$\n{SENTENCE}\n$$",
        f"[ferry]: {SENTENCE}",
        "春" * 300,
    ):
        widest = max(line.wide for line in render(source, width, PALETTE))
        assert most - 12 < widest <= most, source
    assert render("---", width, PALETTE)[0].wide == most


def test_tables_and_code_are_as_wide_as_they_need() -> None:
    code = render(f"```\n{SENTENCE}\n```", 200, PALETTE)
    assert max(line.width for line in code) == len(SENTENCE)
    cells = " | ".join(["a column of its own"] * 7)
    table = render(f"| {cells} |\n|{'---|' * 7}\n| {cells} |", 200, PALETTE)
    assert [line.wide for line in table] == [7 * 19 + 6 * 3] * 3


def test_deep_nesting_leaves_room_for_prose_on_a_wide_page() -> None:
    source = "".join(f"{'  ' * level}- x\n" for level in range(40)) + f"{'  ' * 40}- {SENTENCE}"
    assert max(len(line.text) for line in render(source, 200, PALETTE) if line.continues) > MEASURE // 4


def targets(lines: Iterable[Line]) -> set[str]:
    runs = [run for line in lines for run in (*line.lead, *line.body)]
    return {run.style.meta["url"] for run in runs if run.style is not None and "url" in run.style.meta}


@pytest.mark.parametrize(
    "source",
    [
        "see [the office](https://example.com/ferry) now",
        "**[a](https://example.com/A_(b))** and *https://example.com/x* or",
        '[a](https://example.com/x "the title") or [b](<https://example.com/y z>) or',
        "go to https://example.com/ferry/1.html, www.example.com/x?a=b&c=d or lin@example.com now",
        "<https://example.com/x> and (https://example.com/a_b) or",
        "# of [x](https://example.com/x)\n## https://example.com/y\n",
        "> 看https://zh.example.org/wiki/春节，好",
        "1. ![pic](https://example.com/p.png) or",
        "[![pic](https://example.com/q.png)](https://example.com/r) or",
        "$$\nx = https://example.com/x.y\n$$\n",
        "\\[\nhttps://example.com/x",
        "| a | b |\n|---|---|\n| [x](https://example.com/1) | https://example.com/2 |\n",
        "| a | b |\n|---|---|\n| y | https://example.com/3 |",
        "[`a`][b] or\n\n[b]: https://example.com/r\n",
    ],
)
def test_a_link_that_is_still_arriving_cannot_be_opened(source: str) -> None:
    document, seen = Document(60, PALETTE), set[str]()
    for character in source:
        document.append(character)
        seen |= targets(document.lines)
        assert "](" not in "".join(line.plain for line in document.lines)
    document.finish()
    assert seen <= targets(document.lines)


def test_a_url_of_chinese_is_whole_in_a_paragraph_that_is_finished_piece_by_piece() -> None:
    url = "https://zh.example.org/wiki/" + "春节假期安排" * 12
    for before in range(100, 260, 20):
        lines = render("文" * before + f" {url} " + "字" * 300, 80, PALETTE)
        assert targets(lines) == {encoded(url)}
