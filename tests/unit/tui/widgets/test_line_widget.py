"""Lines that a widget draws itself."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.strip import Strip

from coze_tui.tui.themes import ANSI_THEME
from coze_tui.tui.widgets.line_widget import LineWidget
from tests.support.host_app import ThemedApp


class OneLine(LineWidget):
    def render_line(self, y: int) -> Strip:
        return self.line([("text", "text")])


class Boxed(ThemedApp):
    CSS: ClassVar[str] = "Container { background: #102030; } Container.-other { background: #405060; }"

    def compose(self) -> ComposeResult:
        with Container():
            yield OneLine()


async def test_a_line_follows_the_style_of_what_it_is_in() -> None:
    app = Boxed()
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.pause()
        line = app.query_one(OneLine)

        def backgrounds() -> set[str]:
            return {
                str(style.bgcolor.name) for _text, style, _ in line.render_line(0) if style and style.bgcolor
            }

        assert backgrounds() == {"#102030"}
        app.query_one(Container).add_class("-other")
        await pilot.pause()
        assert backgrounds() == {"#405060"}


async def test_a_selected_line_in_the_colors_of_the_terminal_is_one_bar() -> None:
    app = Boxed(ANSI_THEME)
    async with app.run_test(size=(20, 5)) as pilot:
        await pilot.pause()
        strip = app.query_one(OneLine).line(
            [("a", "bot bold"), ("b", "muted")], [("c", "failure")], "selected"
        )
        looks = {
            (style.color, style.bgcolor, bool(style.dim), style.reverse) for _text, style, _ in strip if style
        }
        assert len(looks) == 1
        assert next(iter(looks))[3]
