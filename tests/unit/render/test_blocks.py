"""What stands left of a block, and how code grows."""

from coze_tui.render.blocks import Lead, Page
from coze_tui.render.code import Highlighter
from coze_tui.render.code_block import Code
from coze_tui.render.inline import InlineText
from coze_tui.render.palette import Palette
from coze_tui.render.scanner import Container


def page(width: int = 40) -> Page:
    palette = Palette.dark()
    return Page(width, palette, InlineText(palette), Highlighter(palette))


def text(lead: Lead) -> tuple[str, str, int]:
    first, rest = ("".join(segment.text for segment in segments) for segments in (lead.first, lead.rest))
    return first, rest, lead.width


QUOTE, BULLET, NUMBER = Container(">"), Container("-", 2), Container(".", 3, 7)


def test_a_marker_stands_on_the_first_line_only() -> None:
    assert text(page().lead((BULLET,), 1)) == ("• ", "  ", 2)
    assert text(page().lead((QUOTE, NUMBER), 1)) == ("▎  7. ", "▎     ", 6)
    assert text(page().lead((BULLET, BULLET), 1)) == ("  ◦ ", "    ", 4)
    assert text(page().lead((BULLET, BULLET), 2)) == ("• ◦ ", "    ", 4)
    assert text(page().lead((BULLET,), 0)) == ("  ", "  ", 2)


def test_a_task_has_a_box() -> None:
    assert text(page().lead((BULLET,), 1, " ")) == ("☐ ", "  ", 2)
    assert text(page().lead((BULLET,), 1, "x")) == ("☑ ", "  ", 2)


def test_code_is_colored_line_by_line_and_once_more_when_it_is_whole() -> None:
    code = Code(page(), Lead(), 0, "python")
    for line in ("def f():", '    """Text', '    """', "    return 1"):
        code.grow(line)
        code.fix()
    growing = [*code.fixed, *code.loose()]
    code.changed = len(code.fixed)
    code.finish()
    assert code.fixed == growing
    assert code.changed == len(growing) - 2


def test_a_line_of_code_grows() -> None:
    code = Code(page(), Lead(), 0, "")
    code.grow("中")
    code.extend("文\tx")
    (line, _) = code.loose()
    assert (line.text, line.width) == ("中文  x", 7)
