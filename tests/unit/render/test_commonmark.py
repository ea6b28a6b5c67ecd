"""Markdown as CommonMark means it: our lines compared with markdown-it's own tokens.

No wheel contains the examples of the specification, so Hypothesis writes them. `MEANT` lists where we differ,
each with its reason.
"""

import re
from dataclasses import replace
from functools import cache

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
