"""Plain text and heights."""

import pytest
from rich.style import Style

from coze_tui.render.document import render
from coze_tui.render.inline import estimated_height, render_plain
from coze_tui.render.lines import joined
from coze_tui.render.palette import Palette

STYLE = Style(color="red")


def test_nothing_is_taken_for_markup() -> None:
    lines = render_plain("**a** [red]b[/]\n\n\t# c", 40, STYLE)
    assert [line.text for line in lines] == ["**a** [red]b[/]", "", "    # c"]


def test_wrapped_text_copies_as_it_was_written() -> None:
    text = "a line that is too long\n  indented，中文也会换行的\n"
    lines = render_plain(text, 9, STYLE)
    assert joined((line, line.copied()) for line in lines) == text
    assert all(line.wide <= 9 for line in lines)


def test_a_bare_url_is_a_link() -> None:
    (line,) = render_plain("see https://a.org/x, then", 40, STYLE)
    links = {
        segment.text: segment.style.meta for segment in line.body if segment.style and segment.style.meta
    }
    assert links == {"https://a.org/x": {"url": "https://a.org/x"}}


@pytest.mark.parametrize("text", ["one line", "你好，世界。" * 30, "some words here " * 40, "a\n\nb\n" * 9])
def test_an_estimate_is_near_the_height(text: str) -> None:
    height = len(render(text, 40, Palette.dark()))
    assert abs(estimated_height(text, 40) - height) <= 2 + height // 4
