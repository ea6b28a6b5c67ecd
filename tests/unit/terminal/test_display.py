"""Random sessions, drawn both ways into one emulator each: every cell must agree, colors included."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, cast

import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual._compositor import CompositorUpdate
from textual.app import ComposeResult
from textual.content import Content
from textual.driver import Driver
from textual.geometry import Region, Size
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input, Static

from coze_tui.terminal.app import TerminalApp, TerminalScreen, paint_now
from coze_tui.terminal.throttle import UNLIMITED
from tests.support.terminal import ScreenFeed
from tests.support.terminal import TerminalScreen as Emulated

# No ZWJ sequences: Textual cuts them apart at the edges of widgets (test_painter has them).
WORDS = [
    "the",
    "answer",
    "grows",
    "2025年春节是",
    "1月29日",
    "星期三",
    "한국어",
    "ไทยก้",
    "éä",
    "नमस्ते",
    "❤️",
    "☑️",
    "1️⃣",
    "👍🏽",
    "🇨🇳",
    "🫠",
    "a|b",
    "──",
    "▌",
    "tab",
]
COLORS = ("#d7dae4", "#8790a6", "#9396ff", "red", "default", "#7bd88f")
PAPERS = ("#11131a", "#1c202b", "default", "blue")


class Emulator:
    """A terminal that takes text, and counts it."""

    def __init__(self, size: tuple[int, int]) -> None:
        self.screen = Emulated(*size)
        self.feed = ScreenFeed(self.screen)
        self.bytes = 0
        self.text = ""
        self.write("\x1b[?7l")

    def write(self, text: str) -> None:
        data = text.encode()
        self.bytes += len(data)
        self.text += text
        # As the tty does with ONLCR.
        self.feed.feed(data.replace(b"\n", b"\r\n"))


class EmulatorDriver(Driver):
    """Writes into the app's own emulator."""

    _app: Drawn

    def write(self, data: str) -> None:
        self._app.ours.write(data)

    def start_application_mode(self) -> None:
        size = Size(self._app.ours.screen.columns, self._app.ours.screen.lines)
        self._app.call_later(self._app.post_message, events.Resize(size, size))

    def disable_input(self) -> None: ...

    def stop_application_mode(self) -> None: ...


class Lines(ScrollView):
    """A log that draws lines, as the message log does."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__(id="lines")
        self.chance = chance
        self.strips: list[list[Segment]] = []

    def on_mount(self) -> None:
        self.resize_content()

    def resize_content(self) -> None:
        self.virtual_size = Size(max(1, self.size.width), len(self.strips))

    def render_line(self, y: int) -> Strip:
        at = y + self.scroll_offset.y
        segments = self.strips[at] if at < len(self.strips) else []
        width = self.size.width
        strip = Strip([Segment(text, style + self.rich_style) for text, style, _ in segments if style])
        return strip.crop_extend(0, width, self.rich_style).apply_offsets(0, at)

    def grow(self) -> None:
        chance = self.chance
        for _ in range(chance.choice((1, 1, 1, 2, 9))):
            if self.strips and chance.random() < 0.6:
                self.strips[-1].append(self.segment())
            else:
                self.strips.append([self.segment() for _ in range(chance.randint(0, 5))])
        self.resize_content()
        if chance.random() < 0.7:
            self.scroll_end(animate=False, immediate=True)
        self.refresh(Region(0, self.chance.randint(0, 5), self.size.width, 40))
        self.refresh()

    def segment(self) -> Segment:
        chance = self.chance
        style = Style(
            color=chance.choice(COLORS),
            bgcolor=chance.choice(PAPERS) if chance.random() < 0.2 else None,
            bold=chance.random() < 0.2,
            italic=chance.random() < 0.2,
            underline=chance.random() < 0.1,
            reverse=chance.random() < 0.1,
            strike=chance.random() < 0.1,
        )
        return Segment(" ".join(chance.choices(WORDS, k=chance.randint(1, 6))) + " ", style)


class Box(ModalScreen[None]):
    CSS = "Box { align: center middle; } Box Static { width: 30; height: 7; border: round red; }"

    def compose(self) -> ComposeResult:
        yield Static("a modal 中文 over it")


class Drawn(TerminalApp[None]):
    CSS = """
    Screen { layers: base top; background: #11131a; }
    #head { height: 1; background: #171a23; }
    #body { layout: horizontal; height: 1fr; }
    #lines { width: 1fr; background: #11131a; color: #d7dae4; }
    #side { width: 20; background: #171a23; border-left: solid #2a2f3d; }
    Input { height: 1; border: none; }
    """
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, size: tuple[int, int], seed: int) -> None:
        self.chance = random.Random(seed)
        self.ours = Emulator(size)
        self.theirs = Emulator(size)
        self.frames = 0
        super().__init__(driver_class=EmulatorDriver)
        self.console = Console(color_system="truecolor", file=io.StringIO(), legacy_windows=False)

    def compose(self) -> ComposeResult:
        from textual.containers import Container

        yield Static("小春 · coze.cn", id="head")
        with Container(id="body"):
            yield Lines(self.chance)
            yield Static("EVENTS", id="side")
        yield Input()

    def on_mount(self) -> None:
        field = self.query_one(Input)
        field.cursor_blink = False
        field.focus()

    def _display(self, screen: Any, renderable: Any) -> None:
        if isinstance(renderable, CompositorUpdate) and self._running and not self._batch_count:
            self.frames += 1
            x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
            self.theirs.write(renderable.render_segments(self.console) + f"\x1b[{y + 1};{x + 1}H")
        super()._display(screen, renderable)

    async def agreed(self, pilot: Pilot[Any]) -> None:
        """Wait until ours shows what theirs shows."""
        async with asyncio.timeout(30):
            while self.ours.screen.cells() != self.theirs.screen.cells():
                await pilot.pause()
        self.agree()

    def agree(self) -> None:
        ours, theirs = self.ours.screen.cells(), self.theirs.screen.cells()
        for y, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
            assert mine == other, (
                f"row {y} at {[x for x in range(len(mine)) if mine[x] != other[x]]}\n"
                f"ours   {self.ours.screen.row(y)}\ntheirs {self.theirs.screen.row(y)}"
            )
        cursor, their_cursor = self.ours.screen.cursor, self.theirs.screen.cursor
        assert (cursor.x, cursor.y) == (their_cursor.x, their_cursor.y)


Act = Callable[["Drawn", "Pilot[Any]"], Coroutine[Any, Any, None]]


class Line:
    """A line to the terminal with so much room for each frame, of which bytes take so many seconds each."""

    def __init__(self, room: int, seconds: float = 0.0) -> None:
        self.open_room = room
        self.seconds = seconds
        self.frames: list[int] = []

    def room(self, lag: float = 0.0) -> int:
        return self.open_room

    def urgent_room(self) -> int:
        return 0

    def spent_urgently(self, count: int) -> None: ...

    def seconds_for(self, count: int) -> float:
        return count * self.seconds

    def mark(self, size: int) -> str:
        self.frames.append(size)
        return ""


async def drawn(size: tuple[int, int], seed: int, act: Act, app_class: type[Drawn] | None = None) -> Drawn:
    """Run the app on its emulators, do something, and end it."""
    app = (app_class or Drawn)(size, seed)
    async with app.run_test(headless=False, size=size) as pilot:
        await pilot.pause()
        await act(app, pilot)
    return app


async def a_session(
    app: Drawn,
    pilot: Pilot[Any],
    steps: int = 50,
    agrees: Callable[[Pilot[Any]], Awaitable[None]] | None = None,
) -> None:
    chance = app.chance
    lines = app.query_one(Lines)
    for step in range(steps):
        match chance.randint(0, 13):
            case 0 | 1 | 2 | 3 | 4:
                lines.grow()
            case 5:
                app.query_one("#side", Static).update(
                    Content(
                        "\n".join(f"✓ delta ×{step} 412–{step * 7} ms" for _ in range(chance.randint(1, 9)))
                    )
                )
            case 6:
                await pilot.press(*chance.choices(("a", "空", "backspace", "left", "space"), k=3))
            case 7:
                lines.scroll_relative(y=chance.choice((-9, -2, -1, 1, 3)), animate=False, immediate=True)
            case 8:
                app.notify(" ".join(chance.choices(WORDS, k=4)), markup=False, timeout=60)
            case 9:
                app.clear_notifications()
            case 10:
                if isinstance(app.screen, Box):
                    app.pop_screen()
                else:
                    app.push_screen(Box())
            case 11:
                app.screen.text_select_all() if chance.random() < 0.5 else app.screen.clear_selection()
            case 12:
                app.repaint()
            case 13:
                if step % 7 == 0:
                    size = Size(chance.randint(30, 90), chance.randint(8, 30))
                    for emulator in (app.ours, app.theirs):
                        emulator.screen.resize(size.height, size.width)
                    app.post_message(events.Resize(size, size))
        await pilot.pause()
        if agrees is None:
            app.agree()
        else:
            await agrees(pilot)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_random_sessions_show_the_same_cells_both_ways(seed: int) -> None:
    app = await drawn((80, 24), seed, a_session)
    assert app.frames > 20
    assert app.ours.bytes < app.theirs.bytes


async def test_growing_lines_are_moved_by_the_terminal() -> None:
    async def grow(app: Drawn, pilot: Pilot[Any]) -> None:
        lines = app.query_one(Lines)
        for _ in range(40):
            lines.strips.append([lines.segment(), lines.segment()])
        lines.resize_content()
        await pilot.pause()
        lines.scroll_end(animate=False, immediate=True)
        await pilot.pause()
        lines.strips.append([Segment("one more", Style(bold=True))])
        lines.resize_content()
        lines.scroll_end(animate=False, immediate=True)
        before = app.ours.bytes, app.theirs.bytes
        await pilot.pause()
        app.agree()
        assert app.ours.screen.scrolls == 1
        assert app.ours.bytes - before[0] < (app.theirs.bytes - before[1]) / 4

    await drawn((80, 24), 1, grow)


async def test_an_unchanged_screen_costs_nothing() -> None:
    async def refresh(app: Drawn, pilot: Pilot[Any]) -> None:
        before = app.ours.bytes, app.theirs.bytes
        app.screen.refresh()
        await pilot.pause()
        assert app.ours.bytes == before[0]
        assert app.theirs.bytes > before[1]

    await drawn((80, 24), 1, refresh)


async def test_differences_can_be_switched_off_and_on() -> None:
    async def switch(app: Drawn, pilot: Pilot[Any]) -> None:
        side = app.query_one("#side", Static)
        for step in range(6):
            app.partial_redraw = not app.partial_redraw
            side.update(Content(f"step {step} 中文"))
            await pilot.pause()
            app.agree()
            await pilot.press("x")
            await pilot.pause()
            app.agree()

    await drawn((60, 16), 1, switch)


async def test_a_size_that_comes_back_before_a_layout_is_drawn_anew() -> None:
    async def away_and_back(app: Drawn, pilot: Pilot[Any]) -> None:
        before = app.ours.screen.text()
        app.ours.write("\x1b[2J")  # what a terminal of one cell has left
        for size in (Size(1, 1), Size(60, 16)):
            app.post_message(events.Resize(size, size))
            while app.size != size:  # in one queue the second one would replace the first
                await asyncio.sleep(0)
        async with asyncio.timeout(30):
            while app.ours.screen.text() != before:
                await pilot.pause()

    await drawn((60, 16), 1, away_and_back)


async def test_a_busy_line_skips_frames_and_ends_with_the_newest() -> None:
    async def flow(app: Drawn, pilot: Pilot[Any]) -> None:
        line = Line(room=0)
        app.throttle = cast(Any, line)
        side = app.query_one("#side", Static)
        before = app.ours.bytes
        for step in range(30):
            side.update(f"count {step}")
            await pilot.pause()
        assert app.ours.bytes == before
        assert app.ours.screen.text() != app.theirs.screen.text()
        line.open_room = UNLIMITED
        await app.agreed(pilot)
        assert "count 29" in app.ours.screen.text()
        assert "count 28" not in app.ours.text

    await drawn((60, 16), 1, flow)


async def test_on_a_slow_line_the_row_of_the_cursor_leaves_first_and_frames_are_small() -> None:
    async def flow(app: Drawn, pilot: Pilot[Any]) -> None:
        line = Line(room=40)
        app.throttle = cast(Any, line)
        app.query_one(Lines).grow()
        await pilot.press("Q")
        await app.agreed(pilot)
        app.ours.text = ""
        line.frames.clear()
        app.repaint()
        async with asyncio.timeout(30):
            while "小春" not in app.ours.text or len(line.frames) < 3:
                await pilot.pause()
        await app.agreed(pilot)
        assert app.ours.text.index("Q") < app.ours.text.index("小春")
        assert len(line.frames) > 2
        assert max(line.frames) < 1200

    await drawn((60, 16), 3, flow)


class OrderedScreen(TerminalScreen[None]):
    """Its lines go before the rest."""

    def drawn_first(self) -> Sequence[Widget]:
        return tuple(self.query(Lines))


class Ordered(Drawn):
    def get_default_screen(self) -> OrderedScreen:
        return OrderedScreen()

    def write_line(self, text: str) -> None:
        """Write a text into the first visible line of the lines."""
        lines = self.query_one(Lines)
        lines.strips[:1] = [[Segment(text, Style(bold=True))]]
        lines.resize_content()
        lines.refresh()


async def test_on_a_slow_line_keys_go_first_then_the_lines_and_then_the_rest() -> None:
    async def flow(app: Drawn, pilot: Pilot[Any]) -> None:
        assert isinstance(app, Ordered)
        line = Line(room=0)
        app.throttle = cast(Any, line)
        app.query_one("#side", Static).update("BESIDE")
        app.write_line("ANSWER")
        await pilot.press("Q")
        await pilot.pause()
        app.ours.text = ""
        line.open_room = 10  # one row in each frame
        await app.agreed(pilot)
        # The lines and what is beside them are in the same rows.
        assert app.ours.text.index("Q") < app.ours.text.index("ANSWER") < app.ours.text.index("BESIDE")

    await drawn((60, 16), 1, flow, Ordered)


async def test_on_a_slow_line_the_lines_are_drawn_seldom_and_keys_at_once() -> None:
    async def flow(app: Drawn, pilot: Pilot[Any]) -> None:
        assert isinstance(app, Ordered)
        line = Line(room=300, seconds=1_000)
        app.throttle = cast(Any, line)
        app.write_line("first")
        await pilot.pause()
        assert "first" in app.ours.text
        app.ours.text = ""
        for number in range(20):
            app.write_line(f"next {number}")
            await pilot.pause()
        app.query_one("#side", Static).update("BESIDE")
        await pilot.press("Q")
        await pilot.pause()
        assert "Q" in app.ours.text
        assert "BESIDE" in app.ours.text
        assert "next" not in app.ours.text
        line.open_room = UNLIMITED
        await app.agreed(pilot)
        assert "next 19" in app.ours.screen.text()
        assert "next 18" not in app.ours.text

    await drawn((60, 16), 1, flow, Ordered)


async def test_on_a_slow_line_a_scrollbar_goes_with_the_rest_or_when_nothing_else_changes() -> None:
    async def flow(app: Drawn, pilot: Pilot[Any]) -> None:
        assert isinstance(app, Ordered)
        lines = app.query_one(Lines)

        def bar() -> list[object]:
            column = lines.vertical_scrollbar.region.x
            return [row[column] for row in app.ours.screen.cells()]

        async def more_lines() -> list[object]:
            """Add lines below the visible ones; the bar before."""
            before = bar()
            lines.strips += [[Segment("below", Style())]] * 40
            lines.resize_content()
            await pilot.pause()
            await pilot.pause()
            return before

        await more_lines()
        line = Line(room=300, seconds=1e9)
        app.throttle = cast(Any, line)
        before = await more_lines()
        assert bar() == before
        app.query_one("#side", Static).update("BESIDE")
        await app.agreed(pilot)
        assert bar() != before
        before = await more_lines()
        assert bar() == before
        line.seconds = 0
        await app.agreed(pilot)
        assert bar() != before

    await drawn((60, 16), 1, flow, Ordered)


async def test_on_a_slow_line_the_newest_rows_go_first() -> None:
    async def flow(app: Drawn, pilot: Pilot[Any]) -> None:
        line = Line(room=0)
        app.throttle = cast(Any, line)
        lines = app.query_one(Lines)
        lines.strips[:] = [[Segment(f"old {y}", Style(bold=True))] for y in range(8)]
        lines.resize_content()
        lines.refresh()
        await pilot.pause()
        lines.strips[6] = [Segment("NEW", Style(bold=True))]
        lines.refresh(Region(0, 6, lines.size.width, 1))
        await pilot.pause()
        app.ours.text = ""
        line.open_room = 100
        await app.agreed(pilot)
        assert app.ours.text.index("NEW") < app.ours.text.index("old 0") < app.ours.text.index("old 5")

    await drawn((60, 16), 1, flow, Ordered)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_random_sessions_on_a_slow_line_end_with_the_same_cells(seed: int) -> None:
    async def session(app: Drawn, pilot: Pilot[Any]) -> None:
        line = Line(room=60)
        app.throttle = cast(Any, line)
        await a_session(app, pilot, agrees=app.agreed)

    await drawn((80, 24), seed, session, Ordered)


async def test_one_widget_is_drawn_before_the_rest_of_the_frame() -> None:
    async def type_a_key(app: Drawn, pilot: Pilot[Any]) -> None:
        lines, side = app.query_one(Lines), app.query_one("#side", Static)
        app.ours.text = ""
        side.update("\n\na large part of the screen changes")
        lines.strips.append([Segment("echo", Style(bold=True))])
        lines.refresh(Region(0, len(lines.strips) - 1, lines.size.width, 1))
        paint_now(lines)
        assert "echo" in app.ours.text
        assert "large" not in app.ours.text
        await pilot.pause()
        assert "large" in app.ours.text
        app.agree()

    await drawn((60, 16), 1, type_a_key)


async def test_a_widget_that_needs_a_layout_waits_for_the_frame() -> None:
    async def type_a_key(app: Drawn, pilot: Pilot[Any]) -> None:
        field = app.query_one(Input)
        app.ours.text = ""
        field.insert_text_at_cursor("q")
        paint_now(field)
        assert app.ours.text == ""
        await pilot.pause()
        assert "q" in app.ours.text
        app.agree()

    await drawn((60, 16), 1, type_a_key)


async def test_the_first_frame_clears_nothing_and_fills_every_cell() -> None:
    async def look(app: Drawn, pilot: Pilot[Any]) -> None:
        assert "\x1b[2J" not in app.ours.text
        app.agree()

    await drawn((50, 12), 1, look)
