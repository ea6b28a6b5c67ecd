"""The screen follows the terminal, also when sizes come faster than layouts."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.widgets import Static

from coze_tui.tui.terminal.resizing import CurrentSizeScreen


class Sample(App[None]):
    def get_default_screen(self) -> CurrentSizeScreen[None]:
        return Page()


class Page(CurrentSizeScreen[None]):
    layouts = 0

    def compose(self) -> ComposeResult:
        yield Static("text")

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        self.layouts += 1
        super()._refresh_layout(size, scroll)


async def test_sizes_that_meet_in_the_queue_end_in_the_latest() -> None:
    app = Sample()
    async with app.run_test(size=(100, 30)) as pilot:
        page = app.screen
        assert isinstance(page, Page)
        before = page.layouts
        for columns, lines in ((1, 1), (100, 30), (1, 1)):
            page.post_message(events.Resize(Size(columns, lines), Size(columns, lines)))
        for _ in range(20):
            await pilot.pause()
        assert page.query_one(Static).size.width == 100
        assert page.layouts - before < 10


async def test_a_screen_is_left_once_however_often_that_is_asked_for() -> None:
    app = Sample()
    answers: list[int | None] = []
    async with app.run_test() as pilot:
        page = CurrentSizeScreen[int]()
        await app.push_screen(page, answers.append)
        page.dismiss(1)
        page.dismiss(2)
        await pilot.pause()
        assert isinstance(app.screen, Page)
        assert len(app.screen_stack) == 1
    assert answers == [1]
