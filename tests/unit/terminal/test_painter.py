from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from coze_tui.terminal.cells import ANY_FOREGROUND, UNKNOWN, Cells
from coze_tui.terminal.painter import Painter, erases_with_background, find_scroll
from tests.support.terminal import ScreenFeed, TerminalScreen

WIDTH = 40
GLYPHS = [
    "a",
    "b",
    " ",
    "  ",
    " " * 9,
    "中",
    "文字",
    "é",
    "e\u0301",
    "👨‍👩‍👧",
    "❤️",
    "👍🏽",
    "🇨🇳",
    "🫠",
    "─",
    "▌x",
]
INKS = ("#d7dae4", "#8790a6", "red", "default", None)
PAPERS = ("#11131a", "blue", None)

styles = st.builds(
    Style,
    color=st.sampled_from(INKS),
    bgcolor=st.sampled_from(PAPERS),
    bold=st.booleans(),
    dim=st.booleans(),
    italic=st.booleans(),
    underline=st.booleans(),
    reverse=st.booleans(),
    strike=st.booleans(),
)
segments = st.builds(
    lambda glyphs, style: Segment("".join(glyphs), style),
    st.lists(st.sampled_from(GLYPHS), max_size=6),
    styles,
)
rows = st.lists(segments, max_size=8)


def strip_of(row: list[Segment], background: str = "#11131a") -> Strip:
    return Strip(row).crop_extend(0, WIDTH, Style(bgcolor=background))


class Wall:
    """A screen, its painter, and what it shows."""

    def __init__(self, lines: int, *, erases: bool) -> None:
        self.cells = Cells(ColorSystem.TRUECOLOR)
        self.painter = Painter(self.cells, erases=erases)
        self.screen = TerminalScreen(WIDTH, lines)
        self.feed = ScreenFeed(self.screen)
        self.feed.feed(b"\x1b[?7l")
        self.shown = [UNKNOWN * WIDTH] * lines
        self.written = 0

    def show(self, strips: list[Strip], scroll: tuple[int, int, int] | None = None) -> str:
        self.painter.begin()
        if scroll is not None:
            top, bottom, lines = scroll
            self.painter.scroll(*scroll)
            kept = self.shown[top : bottom + 1]
            fresh = [UNKNOWN * WIDTH] * abs(lines)
            self.shown[top : bottom + 1] = kept[lines:] + fresh if lines > 0 else fresh + kept[:lines]
        wanted = [self.cells.row(strip) for strip in strips]
        for y, row in enumerate(wanted):
            assert len(row) == WIDTH
            self.painter.row(y, row, self.shown[y])
        self.painter.cursor(0, 0)
        self.shown = wanted
        frame = self.painter.take()
        self.feed.feed(frame.replace("\n", "\r\n").encode())
        self.written += len(frame)
        return frame


def written_plainly(strips: list[Strip]) -> TerminalScreen:
    """The same rows, each glyph written at its place."""
    screen = TerminalScreen(WIDTH, len(strips))
    feed = ScreenFeed(screen)
    cells = Cells(ColorSystem.TRUECOLOR)
    for y, strip in enumerate(strips):
        row = cells.row(strip)
        for x, cell in enumerate(row):
            number = ord(cell)
            style = cells.styles[cells.style_numbers[number]]
            codes = [*_on(style.attributes), style.foreground, style.background]
            codes = [code for code in codes if code not in ("", ANY_FOREGROUND)]
            if cells.glyphs[number]:
                feed.feed(f"\x1b[{y + 1};{x + 1}H\x1b[0;{';'.join(codes)}m{cells.glyphs[number]}".encode())
    return screen


def _on(attributes: int) -> list[str]:
    return [
        code
        for bit, code in enumerate(["1", "2", "3", "4", "5", "6", "7", "8", "9"])
        if attributes >> bit & 1
    ]


def test_blanks_at_the_end_of_a_piece_are_erased_without_a_move_over_them() -> None:
    wall = Wall(1, erases=True)
    style = Style(color="#d7dae4", bgcolor="#11131a")
    wall.show([strip_of([Segment("some text that fills most of it", style), Segment("      end", style)])])
    frame = wall.show([strip_of([Segment("some" + " " * 33 + "end", style)])])
    assert frame == "\x1b[1;6H\x1b[26X\r"
    assert wall.screen.row(0) == "some" + " " * 33 + "end"


@settings(max_examples=200)
@given(st.lists(rows, min_size=2, max_size=5), st.booleans())
def test_any_row_over_any_other_ends_as_if_written_alone(screens: list[list[Segment]], erases: bool) -> None:
    wall = Wall(1, erases=erases)
    for row in screens:
        strip = strip_of(row)
        wall.show([strip])
        assert wall.screen.cells() == written_plainly([strip]).cells()


@pytest.mark.parametrize("erases", [True, False])
@pytest.mark.parametrize("lines", [-3, -1, 1, 2, 5])
def test_scrolled_rows_end_as_if_written(lines: int, erases: bool) -> None:
    chance = random.Random(lines)
    content = [
        strip_of([Segment("".join(chance.choices(GLYPHS, k=12)), Style(color="red", bgcolor="#11131a"))])
        for _ in range(30)
    ]
    wall = Wall(10, erases=erases)
    wall.show(content[8:18])
    before = wall.written
    moved = content[8 + lines : 18 + lines]
    wanted = [wall.cells.row(strip) for strip in moved]
    scroll = find_scroll(wanted, wall.shown, range(10), (0, WIDTH))
    assert scroll == (0, 9, lines)
    wall.show(moved, scroll)
    assert wall.screen.cells() == written_plainly(moved).cells()
    assert wall.screen.scrolls == abs(lines)
    assert wall.written - before < before


MOVED = "^P commands  ^S history  中文"


@pytest.mark.parametrize("erases", [True, False])
@pytest.mark.parametrize(
    ("before", "after", "sequence"),
    [
        pytest.param(f"Esc stop  {MOVED}", MOVED, "\x1b[10P", id="to the left"),
        pytest.param(MOVED, f"Esc stop  {MOVED}", "\x1b[10@", id="to the right"),
        pytest.param(f"中文停止 {MOVED}", MOVED, "\x1b[9P", id="over wide glyphs"),
    ],
)
def test_the_end_of_a_row_that_has_moved_is_moved_by_the_terminal(
    before: str, after: str, sequence: str, erases: bool
) -> None:
    wall = Wall(1, erases=erases)
    style = Style(color="#d7dae4", bgcolor="#11131a")
    wall.show([strip_of([Segment(before, style)])])
    strip = strip_of([Segment(after, style)])
    frame = wall.show([strip])
    assert sequence in frame
    assert "commands" not in frame
    assert wall.screen.cells() == written_plainly([strip]).cells()


@settings(max_examples=100)
@given(rows, rows, st.booleans())
def test_any_row_that_moves_sideways_ends_as_if_written_alone(
    before: list[Segment], tail: list[Segment], erases: bool
) -> None:
    wall = Wall(1, erases=erases)
    moved = [Segment("abcdefghijklmnopqrst", Style(color="red", bgcolor="#11131a")), *tail]
    for row in ([*before, *moved], moved, [*before, *moved]):
        strip = strip_of(row)
        wall.show([strip])
        assert wall.screen.cells() == written_plainly([strip]).cells()


def test_a_row_with_a_glyph_of_doubtful_width_is_not_moved() -> None:
    wall = Wall(1, erases=True)
    style = Style(color="#d7dae4", bgcolor="#11131a")
    wall.show([strip_of([Segment(f"Esc st {MOVED} ❤️", style)])])
    assert "P commands" in wall.show([strip_of([Segment(f"{MOVED} ❤️", style)])])


def test_a_row_with_a_postponed_piece_is_not_moved() -> None:
    wall = Wall(1, erases=True)
    text = Style(color="#d7dae4", bgcolor="#11131a")
    other = Style(color="#93a0ff", bgcolor="#2b3040", bold=True)
    keys = Segment("^P commands  ^S history  ^N new ", text)
    first = [Segment("Esc ", text), keys, Segment("xy", text)]
    second = [Segment("Esc ", text), keys, Segment("ab", other)]
    third = [keys, Segment("ab", other), Segment("  ", text), Segment("ab", other)]
    rows = [wall.cells.row(strip_of(row)) for row in (first, second, third)]
    wall.painter.begin()
    for before, row in zip([wall.shown[0], *rows], rows, strict=False):
        wall.painter.row(0, row, before)
    wall.painter.cursor(0, 0)
    wall.feed.feed(wall.painter.take().encode())
    assert wall.screen.cells() == written_plainly([strip_of(third)]).cells()


def test_the_size_of_a_frame_is_its_bytes() -> None:
    wall = Wall(1, erases=True)
    wall.show([strip_of([Segment("x" * WIDTH, Style(color="red"))])])
    wall.painter.begin()
    row = wall.cells.row(strip_of([Segment("中文─" * 8, Style(color="red"))]))
    wall.painter.row(0, row, wall.shown[0])
    assert wall.painter.size == len(wall.painter.take().encode())


def test_equal_rows_cost_nothing() -> None:
    wall = Wall(2, erases=True)
    strips = [strip_of([Segment("same", Style(color="red"))])] * 2
    wall.show(strips)
    painter = wall.painter
    painter.begin()
    for y in range(2):
        painter.row(y, wall.shown[y], wall.shown[y])
    assert painter.take() == ""


def test_one_more_letter_in_the_pen_in_use_is_a_move_and_the_letter() -> None:
    wall = Wall(2, erases=True)
    style = Style(color="#d7dae4", bgcolor="#11131a")
    wall.show([strip_of([Segment("a long line of tex", style)]), strip_of([])])
    assert wall.show([strip_of([Segment("a long line of text", style)]), strip_of([])]) == "\x1b[1;19Ht\r"


def test_only_the_attribute_that_changed_is_sent() -> None:
    wall = Wall(1, erases=True)
    ink, paper = "#d7dae4", "#11131a"
    wall.show([strip_of([Segment("x", Style(color=ink, bgcolor=paper))])])
    frame = wall.show([strip_of([Segment("y", Style(color=ink, bgcolor=paper, bold=True))])])
    assert frame == "\x1b[1m\x1b[Hy\r"


@pytest.mark.parametrize(
    ("env", "erases"),
    [
        ({"TERM": "xterm-256color"}, True),
        ({"TERM": "tmux-256color"}, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/x"}, True),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "screen", "STY": "1.x", "TMUX": "/tmp/x"}, False),
        ({"TERM": "xterm-kitty"}, False),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, False),
        ({}, False),
    ],
)
def test_erasing_is_used_only_where_it_fills_with_the_background(env: dict[str, str], erases: bool) -> None:
    assert erases_with_background(env) is erases


def test_a_glyph_of_doubtful_width_moves_nothing_after_it() -> None:
    """On a terminal that gives an emoji's parts a place each, what follows still stands where it should."""
    wall = Wall(1, erases=False)

    class Old(TerminalScreen):
        def draw(self, data: str) -> None:
            for character in data:
                super().draw(character)
                self._last = ("", 0, 0, 0)

    wall.screen = Old(WIDTH, 1)
    wall.feed = ScreenFeed(wall.screen)
    wall.show([strip_of([Segment("👨‍👩‍👧 after 👍🏽 it ❤️ end")])])
    row = wall.screen.row(0)
    assert wall.screen.buffer[0][3].data == "a"
    assert row.endswith("end")
    assert "after" in row


@settings(max_examples=100)
@given(st.lists(st.tuples(st.sampled_from([None, *range(6)]), styles), min_size=1, max_size=12))
def test_a_pen_is_the_same_however_it_was_reached(steps: list[tuple[int | None, Style]]) -> None:
    wall = Wall(1, erases=False)
    for number, style in steps:
        strip = strip_of([Segment(f"x{number}", style)])
        wall.show([strip])
        assert wall.screen.cells() == written_plainly([strip]).cells()


def test_rows_keep_the_width_of_the_strip() -> None:
    cells = Cells(ColorSystem.TRUECOLOR)
    for text in ("中文", "\u0301a", "e\u0301", "🇨🇳🇩", "👨‍👩‍👧", "a\x1bb\x07", "❤️"):
        strip = Strip([Segment(text)])
        assert len(cells.row(strip)) == strip.cell_length or text == "🇨🇳🇩"


def test_colors_are_those_the_terminal_can_show() -> None:
    cells = Cells(ColorSystem.STANDARD)
    row = cells.row(Strip([Segment("x", Style(color="#ff0000", bgcolor="#000000"))]))
    pen = cells.styles[cells.style_numbers[ord(row)]]
    assert (pen.foreground, pen.background) == ("31", "40")


def test_the_numbering_says_when_it_is_full() -> None:
    cells = Cells(ColorSystem.TRUECOLOR)
    assert not cells.is_full
    for number in range(11_000):
        color = f"#{number:06x}"
        cells.row(Strip([Segment("x", Style(color=color))]))
    assert cells.is_full
