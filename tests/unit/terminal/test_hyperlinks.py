"""Hyperlinks of the terminal: where they are sent, what is sent, and what never is."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from coze_tui.terminal.cells import UNKNOWN, Cells
from coze_tui.terminal.guard import TerminalGuard
from coze_tui.terminal.hyperlinks import CLOSE, LONGEST_TARGET, safe_target, start_of, supports_hyperlinks
from coze_tui.terminal.no_color import NoColors
from coze_tui.terminal.painter import Painter
from tests.support.terminal import ScreenFeed, TerminalScreen

WIDTH = 24
HOME = "https://example.com/a"
OTHER = "mailto:a@example.com"
OSC_8 = re.compile("\x1b\\]8;[^;\x07\x1b]*;([^\x07\x1b]*)\x1b\\\\")
GLYPHS = ["a", "b c", " ", " " * 14, "中", "👍🏽", "e\u0301", "\x1b", "\u202e"]

targets = st.sampled_from(["", "", HOME, OTHER, "file:///etc/passwd", "https://example.com/\x1b]0;x\x07"])
segments = st.builds(
    lambda glyphs, color, target: Segment(
        "".join(glyphs), Style(color=color, underline=bool(target), meta={"url": target, "offset": (1, 2)})
    ),
    st.lists(st.sampled_from(GLYPHS), max_size=4),
    st.sampled_from(["red", "#d7dae4", None]),
    targets,
)
screens = st.lists(st.lists(segments, max_size=5), min_size=2, max_size=2)


def link_of(style: Style) -> str:
    return str(style.meta.get("url", ""))


def to(target: str) -> Style:
    return Style(meta={"url": target})


class Linked(TerminalScreen):
    """A screen that stores the target of each cell."""

    def __init__(self, columns: int, lines: int) -> None:
        self.target = ""
        self.targets: dict[tuple[int, int], str] = {}
        super().__init__(columns, lines)

    def draw(self, data: str) -> None:
        start = self.cursor.x
        super().draw(data)
        for x in range(start, self.cursor.x):
            self.targets[self.cursor.y, x] = self.target

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        super().erase_in_line(how, private)
        self._erased(self.cursor.x, self.columns)

    def erase_characters(self, count: int | None = None) -> None:
        super().erase_characters(count)
        self._erased(self.cursor.x, self.cursor.x + (count or 1))

    def _erased(self, start: int, end: int) -> None:
        for x in range(start, min(end, self.columns)):
            self.targets[self.cursor.y, x] = ""


class Wall:
    """A painter and the screen that it paints."""

    def __init__(self, lines: int, *, links: bool = True) -> None:
        self.cells = Cells(ColorSystem.TRUECOLOR, link_of if links else None)
        self.painter = Painter(self.cells, erases=True)
        self.screen = Linked(WIDTH, lines)
        self.feed = ScreenFeed(self.screen)
        self.shown = [UNKNOWN * WIDTH] * lines
        self.guard = TerminalGuard()

    def show(self, rows: list[list[Segment]]) -> str:
        self.painter.begin()
        for y, row in enumerate(rows):
            strip = Strip(self.guard.apply(row, Color(0, 0, 0))).crop_extend(0, WIDTH, None)
            wanted = self.cells.row(strip)
            self.painter.row(y, wanted, self.shown[y])
            self.shown[y] = wanted
        self.painter.cursor(0, 0)
        frame = self.painter.take()
        for piece in re.split(f"({OSC_8.pattern.replace('(', '(?:')})", frame):
            if found := OSC_8.fullmatch(piece):
                self.screen.target = found[1]
            else:
                self.feed.feed(piece.encode())
        return frame


def test_a_link_is_opened_before_its_text_and_closed_behind_it() -> None:
    frame = Wall(1).show([[Segment("see "), Segment("the page", to(HOME)), Segment(" now")]])
    assert f"{start_of(HOME)}\x1b[5Gthe page{CLOSE}" in frame
    assert frame.count("\x1b]") == 2


def test_a_link_at_the_end_of_a_frame_is_closed() -> None:
    frame = Wall(1).show([[Segment("x" * WIDTH, to(HOME))]])
    assert frame.startswith(f"\x1b[m{start_of(HOME)}\x1b[H{'x' * WIDTH}{CLOSE}")


def test_a_target_that_changed_is_sent_although_the_text_is_the_same() -> None:
    wall = Wall(1)
    wall.show([[Segment("page", to(HOME))]])
    assert wall.show([[Segment("page", to(HOME))]]) == "\x1b[H"
    assert wall.show([[Segment("page", to(OTHER))]]) == f"{start_of(OTHER)}\x1b[Hpage{CLOSE}\r"
    assert wall.show([[Segment("page")]]) == "\x1b[Hpage\r"


def test_the_parts_of_a_wrapped_link_have_one_id() -> None:
    wall = Wall(2)
    first = [Segment("first part", to(HOME))]
    assert start_of(HOME) in wall.show([first, []])
    assert start_of(HOME) in wall.show([first, [Segment("second", to(HOME))]])
    assert start_of(HOME) != start_of(OTHER)


@settings(max_examples=200)
@given(st.lists(screens, min_size=1, max_size=4))
def test_every_cell_has_its_own_target_and_looks_as_without_links(frames: list[list[list[Segment]]]) -> None:
    wall, plain = Wall(2), Wall(2, links=False)
    for rows in frames:
        frame = wall.show(rows)
        assert "\x1b]" not in plain.show(rows)
        assert wall.screen.cells() == plain.screen.cells()
        assert wall.screen.target == ""
        assert set(OSC_8.findall(frame)) <= {"", HOME, OTHER}
        cells = wall.cells
        for y, row in enumerate(wall.shown):
            for x, cell in enumerate(row):
                wanted = cells.styles[cells.style_numbers[ord(cell)]].link
                assert wall.screen.targets[y, x] == wanted, (y, x, frame)


@given(st.text() | st.text().map("https://".__add__) | st.from_regex(r"https://[ -~\x1b\x07\x9c]*"))
def test_no_target_ends_its_sequence(target: str) -> None:
    frame = Wall(1).show([[Segment("x", to(target))]])
    rest = OSC_8.sub("", frame)
    assert re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", rest).strip() == "x"
    for sent in OSC_8.findall(frame):
        assert sent in ("", target)
        assert len(sent) <= LONGEST_TARGET
        assert re.fullmatch("[!-~]*", sent)


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "ssh://host",
        "https://",
        "https://example.com/a b",
        "https://example.com/\x07",
        "https://example.com/\x1b\\",
        "https://example.com/\x9c",
        "https://example.com/中",
        "https://example.com/\n",
        "https://example.com/".ljust(LONGEST_TARGET + 1, "a"),
    ],
)
def test_what_is_no_safe_target(target: str) -> None:
    assert safe_target(target) == ""
    assert "\x1b]" not in Wall(1).show([[Segment("x", to(target))]])


def test_the_longest_safe_target() -> None:
    target = "HTTPS://example.com/".ljust(LONGEST_TARGET, "a")
    assert safe_target(target) == target


def test_links_of_others_are_still_deleted() -> None:
    foreign = Segment("click", Style(link="https://evil.example/"))
    written = Segment("\x1b]8;;https://evil.example/\x1b\\click")
    assert "\x1b]" not in Wall(1).show([[foreign, written]])


def test_links_remain_without_color() -> None:
    (segment,) = NoColors().apply([Segment("x", Style(color="red") + to(HOME))], Color(0, 0, 0))
    assert segment.style is not None
    assert (segment.style.color, link_of(segment.style)) == (None, HOME)


def test_a_reset_closes_the_link_of_another_program() -> None:
    for links in (True, False):
        painter = Painter(Cells(None, link_of if links else None), erases=True)
        painter.reset()
        assert (CLOSE in painter.take()) is links


XTERM = {"TERM": "xterm-256color"}
TMUX = {"TERM": "tmux-256color", "TMUX": "/tmp/x", "TERM_PROGRAM": "tmux"}


@pytest.mark.parametrize(
    ("env", "supported"),
    [
        ({}, False),
        (XTERM, False),
        ({"TERM": "linux"}, False),
        ({"TERM": "dumb", "VTE_VERSION": "7600"}, False),
        (XTERM | {"VTE_VERSION": "7600"}, True),
        (XTERM | {"VTE_VERSION": "5000"}, False),
        (XTERM | {"VTE_VERSION": "²"}, False),
        (XTERM | {"WT_SESSION": "1"}, True),
        ({"TERM": "xterm-kitty", "KITTY_WINDOW_ID": "1"}, True),
        (XTERM | {"TERM_PROGRAM": "WezTerm"}, True),
        (XTERM | {"TERM_PROGRAM": "ghostty"}, True),
        (XTERM | {"TERM_PROGRAM": "Apple_Terminal", "TERM_PROGRAM_VERSION": "999"}, False),
        (XTERM | {"TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.5.2"}, True),
        (XTERM | {"TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.0.15"}, False),
        (XTERM | {"TERM_PROGRAM": "vscode", "TERM_PROGRAM_VERSION": "1.103.0"}, True),
        (XTERM | {"TERM_PROGRAM": "vscode"}, False),
        (TMUX | {"TERM_PROGRAM_VERSION": "3.4"}, True),
        (TMUX | {"TERM_PROGRAM_VERSION": "3.5a"}, True),
        (TMUX | {"TERM_PROGRAM_VERSION": "next-3.6"}, True),
        (TMUX | {"TERM_PROGRAM_VERSION": "3.3a"}, False),
        (TMUX | {"TERM_PROGRAM_VERSION": "3.3a", "VTE_VERSION": "7600", "KITTY_WINDOW_ID": "1"}, False),
        (TMUX | {"TERM_PROGRAM": "WezTerm"}, False),
        ({"TERM": "tmux-256color", "WT_SESSION": "1"}, False),
        ({"TERM": "screen", "STY": "1.x", "VTE_VERSION": "7600"}, False),
        (XTERM | {"ZELLIJ": "0", "VTE_VERSION": "7600"}, False),
    ],
)
def test_only_known_terminals_get_links(env: dict[str, str], supported: bool) -> None:
    assert supports_hyperlinks(env) is supported
