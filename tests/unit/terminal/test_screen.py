"""The screen follows the terminal, also when sizes come faster than layouts."""

from __future__ import annotations

from textual import events
from textual.app import App, ComposeResult
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

from coze_tui.terminal.app import TerminalScreen


class Sample(App[None]):
    def get_default_screen(self) -> TerminalScreen[None]:
        return Page()


class Page(TerminalScreen[None]):
    layouts = 0

    def compose(self) -> ComposeResult:
        yield Static("text")

    def on_mount(self) -> None:
        self.screen_layout_refresh_signal.subscribe(self, self.laid_out, immediate=True)

    def laid_out(self, screen: Screen[object]) -> None:
        self.layouts += 1


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
        page = TerminalScreen[int]()
        await app.push_screen(page, answers.append)
        page.dismiss(1)
        page.dismiss(2)
        await pilot.pause()
        assert isinstance(app.screen, Page)
        assert len(app.screen_stack) == 1
    assert answers == [1]


class Sized(TerminalScreen[None]):
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]  # noqa: RUF012 Textual's type is off
    VERTICAL_BREAKPOINTS = [(0, "-low"), (40, "-tall")]  # noqa: RUF012
    CSS = "Sized.-narrow #beside { display: none; }"

    def __init__(self) -> None:
        super().__init__()
        self.laid_out: list[bool] = []
        """At each layout, whether the part that a narrow screen has no room for was there."""

    def compose(self) -> ComposeResult:
        yield Static("text", id="beside")

    def on_mount(self) -> None:
        self.screen_layout_refresh_signal.subscribe(self, self.note, immediate=True)

    def note(self, screen: Screen[object]) -> None:
        self.laid_out.append(bool(self.query_one("#beside").size))


async def test_a_screen_is_laid_out_for_its_size_from_the_first_time_on() -> None:
    app = Sample()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = Sized()
        await app.push_screen(screen)
        await pilot.pause()
        assert screen.classes >= {"-narrow", "-low"}
        assert screen.laid_out
        assert not any(screen.laid_out)


async def test_the_classes_are_those_of_the_latest_size() -> None:
    app = Sample()
    async with app.run_test(size=(100, 50)) as pilot:
        screen = Sized()
        await app.push_screen(screen)
        screen.post_message(events.Resize(Size(80, 24), Size(80, 24)))
        for _ in range(5):
            await pilot.pause()
        assert {"-wide", "-tall"} <= screen.classes
        assert not {"-narrow", "-low"} & screen.classes
