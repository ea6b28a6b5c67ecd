"""Colors of code."""

import subprocess
import sys

import pytest
from rich.segment import Segment

from coze_tui.render.code import LONGEST_COLORED, MOST_COLORED, START, Highlighter, colored_lines
from coze_tui.render.palette import Palette

PALETTE = Palette.dark()
SOURCES = {
    "python": 'class A(B):\n    """doc\n    more\n    """\n    def f(self, x: int):\n        return f"{x}"',
    "javascript": "/** doc\n * more\n */\nconst f = async (a) => {\n  return `x\n ${a} y`;\n}",
    "html": '<p class="a">\n<style>\n.a { color: red }\n</style>\n<script>\nlet x;\n</script><!--c\n d -->',
    "java": "/* x\n y */\npublic class A { int x = 3; }",
    "css": "/* a\nb */\n.a {\n  color: #fff;\n}",
    "json": '{\n "a": [1, true, null],\n "b": "c"\n}',
    "yaml": 'a: 1\nb:\n  - x: "y" # c',
    "sql": "SELECT a, b FROM t -- c\nWHERE x = 'y'",
    "diff": "- old\n+ new",
    "no such language": "x = /* 1\n*/",
}


def texts(lines: list[tuple[Segment, ...]]) -> list[str]:
    return ["".join(segment.text for segment in line) for line in lines]


@pytest.mark.parametrize("language", SOURCES)
def test_growing_code_looks_as_it_will_when_it_is_whole(language: str) -> None:
    lines = SOURCES[language].split("\n")
    highlighter, state = Highlighter(PALETTE), START
    for line, whole in zip(lines, highlighter.whole(lines, language), strict=True):
        colored, state = highlighter.line(line, language, state)
        assert colored == whole, line


def test_colors_are_of_the_palette() -> None:
    ((first, *_),) = Highlighter(PALETTE).whole(["return 1"], "python")
    assert first.style == PALETTE.code_ground + PALETTE.code["Keyword"]


def test_no_language_is_guessed() -> None:
    line = "import os"
    (colored,) = Highlighter(PALETTE).whole([line], "")
    assert colored == (Segment(line, PALETTE.code_ground),)


@pytest.mark.parametrize("language", SOURCES)
def test_no_character_is_lost(language: str) -> None:
    lines = ["", *SOURCES[language].split("\n"), "", "'unclosed /* \\", "\x0b\x85", ""]
    highlighter = Highlighter(PALETTE)
    assert texts(highlighter.whole(lines, language)) == lines
    for line in lines:
        assert texts([highlighter.line(line, language, START)[0]]) == [line]


def test_what_is_too_much_is_plain() -> None:
    highlighter = Highlighter(PALETTE)
    lines = ["x = 1"] * (MOST_COLORED // 6 + 10)
    assert colored_lines(lines) == MOST_COLORED // 6
    colored = highlighter.whole(lines, "python")
    assert len(colored[0]) > 1
    assert colored[-1] == highlighter.plain("x = 1")
    long = "x = " + "1" * LONGEST_COLORED
    assert highlighter.whole(["x = 1", long, "x = 1"], "python")[1:] == [
        highlighter.plain(long),
        highlighter.plain("x = 1"),
    ]
    assert highlighter.lexed_chars <= MOST_COLORED + 10


def test_comments_that_never_end_are_not_looked_for() -> None:
    highlighter = Highlighter(PALETTE)
    lines = ["/* a"] * 3000
    assert texts(highlighter.whole(lines, "javascript")) == lines
    assert highlighter.lexed_chars == 0


@pytest.mark.parametrize(("more", "imported"), [("", 0), ("[a](b)", 1), ("```python\npass", 1)])
def test_parsers_are_imported_at_their_first_use(more: str, imported: int) -> None:
    code = (
        "import sys; from coze_tui.render.document import Document;"
        "from coze_tui.render.palette import Palette;"
        "document = Document(80, Palette.dark());"
        f"document.append({'plain **bold** `code`' + chr(10) * 2 + '- a' + chr(10) * 2 + more!r});"
        "document.finish();"
        "sys.exit('pygments.lexers.python' in sys.modules or 'markdown_it' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == imported
