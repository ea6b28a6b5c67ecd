"""Random screens through the display of the app, compared with a plain redraw into a fresh terminal."""

from __future__ import annotations

import asyncio
import io
import random
from collections.abc import Sequence
from typing import Any, cast

from rich.cells import cell_len
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.driver import Driver
from textual.geometry import Offset, Region, Size
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget

from coze_tui.terminal.app import TerminalApp
from coze_tui.terminal.app import TerminalScreen as TextualScreen
from tests.fuzz.mutations import broken
from tests.support.checks import must
from tests.support.terminal import ScreenFeed, TerminalScreen

PIECES = (
    *(
        "a",
        "word ",
        "  ",
        " " * 9,
        " " * 30,
        "x" * 25,
        "0|",
        "──",
        "▌",
        "é",
        "e\u0301",
        "中",
        "文字很长的一行",
    ),
    *("한국어", "👍🏽", "🇨🇳", "🫠", "❤️", "☑️", "1️⃣", "ไทยก้", "नमस्ते"),
)
"""Without joined emoji: Textual cuts them apart at the edges of a region (tests/unit/terminal has them)."""
_COLORS = ("#d7dae4", "#8790a6", "#ff0000")
"""Not those of the terminal, which Textual replaces."""
_PAPERS = ("#11131a", "#1c202b", "#0000ff")
_PAPER = Style(bgcolor="#11131a")
_MOST_STEPS = 40
_RIGHT = 7
_PATIENCE_S = 5.0


class Script:
    """Numbers out of the bytes of a case; after its end all are 0."""

    def __init__(self, case: bytes) -> None:
        self._case = case
        self._at = 0

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._case)

    def number(self, below: int) -> int:
        """Return the next number from 0 on."""
        byte = self._case[self._at] if not self.is_over else 0
        self._at += 1
        return byte * below >> 8

    def style(self) -> Style:
        """Return the next style."""
        bits = self.number(256)
        return Style(
            color=_COLORS[self.number(len(_COLORS))],
            bgcolor=_PAPERS[self.number(len(_PAPERS))],
            bold=bool(bits & 1),
            italic=bool(bits & 2),
            underline=bits & 12 == 12,
            reverse=bits & 48 == 48,
            strike=bits & 192 == 192,
        )

    def segment(self) -> Segment:
        """Return the next run of text."""
        text = "".join(PIECES[self.number(len(PIECES))] for _ in range(1 + self.number(4)))
        return Segment(text, self.style())


class Line:
    """A line to the terminal that takes only so much at once. It stands in for the throttle."""

    def __init__(self) -> None:
        self.left = 1 << 20

    def room(self, lag: float = 0.0) -> int:
        return self.left

    def seconds_for(self, count: int) -> float:
        return count / 100_000

    def urgent_room(self) -> int:
        return 20

    def spent_urgently(self, count: int) -> None:
        """Keep no account."""

    def mark(self, size: int) -> str:
        self.left = max(0, self.left - size)
        return ""


class Canvas(Widget):
    """Draws the beginnings of the app's rows."""

    can_focus = True

    def render_line(self, y: int) -> Strip:
        app = self.app
        assert isinstance(app, Painted)
        return app.part(y, self.size.width)


class Halves(TextualScreen[None]):
    """Two canvases; on a slow line the left one goes first."""

    def __init__(self) -> None:
        super().__init__()
        self.canvases = (Canvas(id="left"), Canvas(id="right"))

    def compose(self) -> ComposeResult:
        yield from self.canvases

    def on_mount(self) -> None:
        self.canvases[0].focus()

    def drawn_first(self) -> Sequence[Widget]:
        return self.canvases[:1]


class EmulatorDriver(Driver):
    """Writes into the app's own emulator."""

    _app: Painted

    def write(self, data: str) -> None:
        self._app.feed.feed(data.replace("\n", "\r\n").encode())

    def start_application_mode(self) -> None:
        size = self._app.terminal_size
        self._app.call_later(self._app.post_message, events.Resize(size, size))

    def disable_input(self) -> None: ...

    def stop_application_mode(self) -> None: ...


class Painted(TerminalApp[None]):
    """An app that shows rows of text, in a terminal that takes what it writes."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Halves { layout: horizontal; background: #11131a; }
    #left { width: 1fr; height: 100%; }
    #right { width: 7; height: 100%; }
    """

    def __init__(self, size: Size) -> None:
        self.terminal_size = size
        self.emulator = TerminalScreen(size.width, size.height)
        self.feed = ScreenFeed(self.emulator)
        self.feed.feed(b"\x1b[?7l")
        self.rows: list[Strip] = []
        self.fit(size)
        super().__init__(driver_class=EmulatorDriver)
        self.console = Console(color_system="truecolor", file=io.StringIO(), legacy_windows=False)

    def get_default_screen(self) -> Halves:
        return Halves()

    def fit(self, size: Size) -> None:
        """Give the rows a size."""
        rows = self.rows[: size.height] + [Strip([])] * (size.height - len(self.rows))
        self.rows = [row.crop_extend(0, size.width, _PAPER) for row in rows]

    def part(self, y: int, width: int) -> Strip:
        """Return the first columns of a row."""
        row = self.rows[y] if y < len(self.rows) else Strip([])
        return row.crop_extend(0, width, _PAPER)

    def refresh_rows(self, y: int | None = None) -> None:
        """Draw one row of the screen again, by default all of them."""
        for canvas in self.screen.query(Canvas):
            if y is None:
                canvas.refresh()
            else:
                canvas.refresh(Region(0, y, canvas.size.width, 1))


def make(seeds: Sequence[bytes], dice: random.Random) -> bytes:
    """A script of any steps, or one that worked with a few accidents."""
    if dice.random() < 0.6:
        return dice.randbytes(dice.randint(10, 400))
    return broken(dice.choice(seeds), seeds, [bytes([step * 32]) for step in range(8)], dice)[:400]


def seeds() -> Sequence[bytes]:
    """Scripts with much writing, scrolling and a slow line."""
    dice = random.Random("display")
    return [dice.randbytes(200) for _ in range(8)]


async def check(case: bytes) -> None:
    """After each step the terminal shows the same cells as one to which all rows were just written."""
    script = Script(case)
    size = Size(10 + script.number(80), 3 + script.number(30))
    app = Painted(size)
    async with app.run_test(headless=False, size=(size.width, size.height)) as pilot:
        line = Line()
        app.throttle = cast(Any, line)
        await _agreed(app, pilot, line, "start")
        for _ in range(_MOST_STEPS):
            if script.is_over:
                break
            name = _step(app, script, line)
            for _ in range(script.number(3)):
                await pilot.pause()  # else the next step comes before the frame of this one
            if script.number(4):
                await _agreed(app, pilot, line, name)
        await _agreed(app, pilot, line, "end")


def _step(app: Painted, script: Script, line: Line) -> str:
    width, height = app.terminal_size
    y = script.number(height)
    match script.number(8):
        case 0 | 1:
            runs = [script.segment() for _ in range(script.number(6))]
            app.rows[y] = Strip(runs).crop_extend(0, width, _PAPER)
            app.refresh_rows(y)
            return "row"
        case 2:
            x = script.number(width)
            part = Strip([script.segment()])
            row = app.rows[y]
            parts = [row.crop(0, x), part, _without_head(row.crop(x + part.cell_length))]
            app.rows[y] = Strip.join(parts).crop_extend(0, width, _PAPER)
            app.refresh_rows(y)
            return "piece"
        case 3 | 4:
            lines, rows = script.number(7) - 3, app.rows[y:]
            fresh = [
                Strip([script.segment()]).crop_extend(0, width, _PAPER) for _ in range(min(3, len(rows)))
            ]
            moved = rows[lines:] + fresh if lines > 0 else fresh + rows
            app.rows[y:] = moved[: len(rows)] + [Strip([]).crop_extend(0, width, _PAPER)] * (
                len(rows) - len(moved)
            )
            app.refresh_rows()
            return "scroll"
        case 5:
            line.left = script.number(256) * 2
            return "slow line"
        case 6:
            app.cursor_position = Offset(script.number(width), y)
            return "cursor"
        case _:
            return _jolt(app, script)


def _without_head(strip: Strip) -> Strip:
    """The strip without the rest of a cluster that a crop has cut apart."""
    segments: list[Segment] = []
    has_begun = False
    for text, style, _ in strip:
        while text and not has_begun:
            has_begun = cell_len(text[0]) > 0
            text = text if has_begun else text[1:]
        segments.append(Segment(text, style))
    return Strip(segments)


def _jolt(app: Painted, script: Script) -> str:
    """Resize the terminal, or let something else draw over it."""
    match script.number(4):
        case 0 | 1:
            size = app.terminal_size = Size(10 + script.number(80), 3 + script.number(30))
            app.emulator.resize(size.height, size.width)
            app.fit(size)
            app.post_message(events.Resize(size, size))
            return "resize"
        case 2:
            app.feed.feed(b"\x1b[1;31;44m\x1b[2J\x1b[3;1Hsomething else\x1b[0m")
            app.repaint()
            return "repaint"
        case _:
            app.feed.feed(b"\x1b[2J")
            app.terminal_was_away()
            return "away"


async def _agreed(app: Painted, pilot: Pilot[Any], line: Line, after: str) -> None:
    wanted = _redrawn(app)
    loop = asyncio.get_running_loop()
    end = loop.time() + _PATIENCE_S
    while loop.time() < end:
        line.left = 1 << 20
        await pilot.pause(0.001)
        if app.emulator.cells() == wanted:
            return
    shown = app.emulator.cells()
    rows = [y for y, (mine, other) in enumerate(zip(shown, wanted, strict=False)) if mine != other]
    y = rows[0] if rows else 0
    columns = [x for x, (mine, other) in enumerate(zip(shown[y], wanted[y], strict=False)) if mine != other]
    must(False, f"after {after}: rows {rows}, columns {columns[:9]} of {y}: {app.emulator.row(y)!r}")


def _redrawn(app: Painted) -> list[list[Any]]:
    """The cells of a terminal to which every row was just written."""
    size = app.terminal_size
    screen = TerminalScreen(size.width, size.height)
    feed = ScreenFeed(screen)
    feed.feed(b"\x1b[?7l")
    left = size.width - _RIGHT
    for y in range(size.height):
        for x, part in ((0, app.part(y, left)), (left, app.part(y, _RIGHT))):
            feed.feed(f"\x1b[{y + 1};{x + 1}H\x1b[0m{part.render(app.console)}".encode())
    return cast("list[list[Any]]", screen.cells())
