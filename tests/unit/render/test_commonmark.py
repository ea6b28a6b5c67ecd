"""Markdown as CommonMark means it: our lines compared with the specification and with markdown-it.

The examples are those of GitHub's specification: all of CommonMark 0.29, and tables, tasks, strikethrough and
bare URLs. `AS_TEXT`, `MEANT_BY_NUMBER` and `MEANT` list where we differ, each with its reason.
"""

import re
from dataclasses import replace
from functools import cache
from html.parser import HTMLParser
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.segment import Segment
from rich.style import Style

from coze_tui.render.document import render
from coze_tui.render.palette import Palette

PALETTE = replace(Palette.dark(), quote=Palette.dark().text, muted=Style(color="#010203"))
"""The styles of definitions and images are not those of quotes."""
Character = tuple[str, str]
"""A visible character, and its marks: b, i, s for emphasis, c for code."""

INLINE = [
    "*",
    "**",
    "***",
    "_",
    "__",
    "~~",
    "`",
    "``",
    "[",
    "]",
    "(/u)",
    "[a]",
    "![",
    "\\*",
    "&amp;",
    "&",
    "<",
    ">",
]
WORDS = ["a", "b ", "foo", " bar", "x.", "(y)", '"', ",", "1", "é", "-", "!"]
BLOCKS = [
    "\n",
    "\n\n",
    "# ",
    "## ",
    "- ",
    "+ ",
    "1. ",
    "3) ",
    "> ",
    "    ",
    "  ",
    "```\n",
    "~~~\n",
    "---\n",
    "===\n",
]
PARTS = st.sampled_from([*INLINE, *INLINE, *WORDS, *WORDS, *BLOCKS, "[a]: /u\n\n", '[b]:\n/u\n"t"\n\n'])
SOURCES = st.lists(PARTS, max_size=14).map("".join)

EXAMPLE = re.compile(r"^`{32} example[^\n]*\n(.*?)^\.\n(.*?)^`{32}$", re.DOTALL | re.MULTILINE)

AS_TEXT = {
    *range(118, 123), 125, 126, 128, 130, 133, 135, 137, *range(139, 146), *range(147, 152), 153, 156, 157,
    159, 160, 170, 317, 327, 354, 485, 486, 500, 503, 532, 544, 632, 633, 634, 636, 642, *range(647, 652),
    653, 663, 664,
}  # fmt: skip
"""Examples in which a browser gets HTML and we show it as text, as markdown-it does without HTML."""
MEANT_BY_NUMBER = {
    "a block of small HTML is read as a paragraph": [129, 131, 132, 134, 136, 155, 158],
    "what follows a comment in its line is Markdown": [146],
    "cells beyond the last column are shown": [204],
    "a backslash and a bracket begin math": [308],
    "small HTML is markup inside the attributes of a tag that is shown as text, too": [635],
    "comments follow CommonMark 0.31": [645, 646],
}
"""Reason → numbers of the examples that it holds for."""

AFTER_NESTED_QUOTES = re.compile(r"^ {0,3}> ?>.*\n {4}", re.MULTILINE)

MEANT = [
    ("**注意：**请", "emphasis beside Chinese punctuation"),
    ("~~100元。~~80元", "strikethrough beside Chinese punctuation"),
    ("\\[x*y*z\\] $a_1 * b_1$", "math stays as it is written"),
    ("https://a.b/__init__.py", "a URL goes before emphasis"),
    ("a<br>b <b>c</b> <!-- d -->", "small HTML is markup"),
    ("a <!--> b --> c", "an empty comment is whole"),
    ("<details>\n\na", "a line of <details> shows nothing"),
    ("a[^1]\n\n[^1]: b", "footnotes"),
    ("> [!NOTE]\n> a", "alerts"),
    (">>a\n    *", "a line continues the paragraph of nested quotes, which markdown-it takes for code"),
    ("- [x] a", "tasks"),
    (
        "[a]: /u\n*",
        "an empty item does not interrupt a paragraph; markdown-it forgets that after a definition",
    ),
    ("$$\na*b*c\n$$", "math is a block"),
    ("| a |\n|---|\n- b", "tables"),
    ("[a](javascript:x)\n![a](data:text/plain,x)", "the data of a data: URL is not shown"),
]


@cache
def reference() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return parser


def visible(text: str, marks: str) -> list[Character]:
    return [(character, marks) for character in text if not character.isspace()]


def marks_of(run: Segment) -> str:
    style = run.style
    if style is None:
        return ""
    if style.bgcolor is not None:
        return "c"
    names = (("b", style.bold), ("i", style.italic), ("s", style.strike))
    return "".join(name for name, is_on in names if is_on)


def ours(source: str) -> list[Character]:
    """Return what is shown, without decoration, definitions and the targets of links."""
    shown: list[Character] = []
    for line in render(source, 5_000, PALETTE):
        if line.joint is None or is_definition(line.body):
            continue
        for run in line.body:
            if not (run.style and run.style.meta and run.style.color == PALETTE.url.color):
                shown += visible(run.text, marks_of(run))
    return shown


def is_definition(body: tuple[Segment, ...]) -> bool:
    texts = [run for run in body if not (run.style and run.style.meta)]
    is_muted = bool(texts) and all(run.style == PALETTE.muted for run in texts)
    return is_muted and not texts[0].text.startswith("[image")


def inline(tokens: list[Token], *, is_heading: bool) -> list[Character]:
    shown: list[Character] = []
    depths = {"strong": int(is_heading), "em": 0, "s": 0}
    for token in tokens:
        if token.tag in depths and token.nesting:
            depths[token.tag] += token.nesting
        marks = "".join(tag[0] if tag != "strong" else "b" for tag in depths if depths[tag]).replace("e", "i")
        if token.type in ("text", "text_special"):
            shown += visible(token.content, marks)
        elif token.type == "code_inline":
            shown += visible(token.content, "c")
        elif token.type == "image":
            alt = alternative(token.children or []).strip()
            shown += visible(f"[image:{alt}]" if alt else "[image]", "")
    return shown


def alternative(tokens: list[Token]) -> str:
    return "".join(
        alternative(token.children or []) if token.type == "image" else token.content for token in tokens
    )


def theirs(source: str) -> list[Character]:
    shown: list[Character] = []
    is_heading = False
    for token in reference().parse(source):
        if token.tag in ("h1", "h2", "h3", "h4", "h5", "h6"):
            is_heading = token.nesting > 0
        elif token.type == "inline":
            shown += inline(token.children or [], is_heading=is_heading)
        elif token.type in ("fence", "code_block"):
            shown += visible(token.content, "c")
    return shown


@given(SOURCES)
@example("*foo **bar *baz* bim** bop*")
@example("__foo, __bar__, baz__")
@example("*(*foo*)* **a **b** c** ~~a ~~b~~ c~~")
@example("*a **b *c* d** e* ***f** g* h**i***j")
@example("![a *b* ![c](/d)](/e)")
@example('[a]:\n  /u\n  "t\n  t"\n\n[a]')
@example("[a]: /u\nb\n===\n[a]")
@example("[a]: /u\n===\n[a]")
@settings(max_examples=400)
def test_lines_mean_what_commonmark_means(source: str) -> None:
    assume(not AFTER_NESTED_QUOTES.search(source))
    assert ours(source) == theirs(source)


@pytest.mark.parametrize(("source", "reason"), MEANT, ids=[reason for _, reason in MEANT])
def test_differences_are_meant(source: str, reason: str) -> None:
    assert ours(source) != theirs(source), reason


class Example(NamedTuple):
    number: int
    source: str
    expected: list[Character]
    """What a browser shows of the HTML of the specification."""


class Page(HTMLParser):
    """What a browser shows of HTML, with marks."""

    MARKS = (("b", {"strong", "th", "h1", "h2", "h3", "h4", "h5", "h6"}), ("i", {"em"}), ("s", {"del"}))

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.shown: list[Character] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            alt = (dict(attrs).get("alt") or "").strip()
            self.shown += visible(f"[image:{alt}]" if alt else "[image]", "")
        elif tag not in ("br", "hr", "input"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        tags = set(self._open)
        marks = "".join(mark for mark, names in self.MARKS if names & tags)
        self.shown += visible(data, "c" if "code" in tags else marks)


@cache
def specification() -> list[Example]:
    try:
        files = distribution("marko").locate_file("tests/spec")
        text = (Path(str(files)) / "gfm.txt").read_text("utf-8")
    except (PackageNotFoundError, FileNotFoundError):
        pytest.skip("the examples come with marko 1.0.1, a development dependency that is not installed")
    found = EXAMPLE.findall(text.replace("\u2192", "\t"))
    return [Example(number, source, Page(html).shown) for number, (source, html) in enumerate(found, 1)]


def shown(source: str) -> list[Character]:
    return [character for character in ours(source) if character[0] != "\u2502"]  # the border of a table


def test_examples_of_the_specification() -> None:
    examples = specification()
    assert len(examples) == 673
    meant = {number for numbers in MEANT_BY_NUMBER.values() for number in numbers}
    differing = {example.number for example in examples if shown(example.source) != example.expected}
    # What is expected of HTML, and of the unfinished tag of 127, depends on the version of Python's parser.
    assert sorted(differing - AS_TEXT - {127}) == sorted(meant)
    as_text = [example for example in examples if example.number in AS_TEXT]
    assert [example.number for example in as_text if ours(example.source) != theirs(example.source)] == []
