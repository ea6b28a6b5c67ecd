"""The smallest chat with one growing answer: `python mini.py`, a neighbor that coze-tui is measured beside.

It has one path of drawing, as coze-tui has: finished blocks and lines are drawn once, the rest thirty times a
second. It sends the cells that have changed, and the terminal moves what has scrolled. It has no history, no
sidebar, no resizing and no selection.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence

import httpx
from markdown_it import MarkdownIt
from markdown_it.token import Token
from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App, ComposeResult
from textual.geometry import Region, Size
from textual.screen import Screen
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input, Static

from tests.benchmarks.neighbors import body_of, headers, url

READY = "mini-ready"
_PERIOD = 1 / 30
_PARSER = MarkdownIt("commonmark")
_STYLES = {"strong_open": Style(bold=True), "em_open": Style(italic=True), "link_open": Style(underline=True)}
_CODE = Style.parse("bold cyan")
_HEADING = Style.parse("bold #ffa62b")

Cell = tuple[str, Style | None]
BLANK: Cell = (" ", None)


# --- the answer ---


def inline(token: Token) -> Text:
    """Return the text of a paragraph with its emphasis."""
    text, styles = Text(), [Style()]
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            text.append(child.content, _CODE if child.type == "code_inline" else styles[-1])
        elif child.type == "softbreak":
            text.append("\n")
        elif child.type.endswith("_open"):
            styles.append(styles[-1] + _STYLES.get(child.type, Style()))
        elif child.type.endswith("_close"):
            styles.pop()
    return text


class Answer(ScrollView, can_focus=False):
    """A Markdown text to which is added; all blocks but the last are finished."""

    DEFAULT_CSS = (
        "Answer { height: 1fr; overflow-y: scroll; overflow-x: hidden; scrollbar-size-vertical: 1; }"
    )

    def __init__(self) -> None:
        super().__init__()
        self._done: list[Strip] = []
        self._rest: list[Strip] = []
        self._source = ""
        """Of the rest."""
        self._waiting: list[str] = []
        self._is_due = False
        self._drawn_at = 0.0

    def add(self, text: str) -> None:
        """Add text, which is drawn at once or with the next frame."""
        self._waiting.append(text)
        if not self._is_due:
            self._is_due = True
            wait = self._drawn_at + _PERIOD - time.monotonic()
            if wait > 0:
                self.set_timer(wait, self._draw)
            else:
                self.call_next(self._draw)

    def _draw(self) -> None:
        self._is_due, self._drawn_at = False, time.monotonic()
        self._source += "".join(self._waiting)
        self._waiting.clear()
        first, before = len(self._done), self._rest
        tokens = _PARSER.parse(self._source)
        starts = [number for number, token in enumerate(tokens) if token.level == 0 and token.nesting >= 0]
        last = starts[-1] if starts else 0
        self._done += self._strips(tokens[:last])
        line = (tokens[last].map or [0])[0] if starts else 0
        self._source = self._source.split("\n", line)[-1] if line else self._source
        lines, _, rest = self._source.rpartition("\n")
        if lines and tokens[last].type == "paragraph_open":
            self._done += list(self._strips(_PARSER.parse(lines)))[:-1]
            self._source = rest
        self._rest = list(self._strips(_PARSER.parse(self._source)))
        now = self._done[first:] + self._rest
        same = 0
        while same < min(len(before), len(now)) and before[same] == now[same]:
            same += 1
        total = len(self._done) + len(self._rest)
        self.virtual_size = Size(self.size.width, total)
        self.refresh_lines(first + same, max(1, len(before) - same, len(now) - same))
        if total > self.size.height:
            self.scroll_to(y=total - self.size.height, animate=False)

    def _strips(self, tokens: Sequence[Token]) -> Iterator[Strip]:
        before = ""
        for token in tokens:
            if token.type == "inline":
                text = inline(token)
                if before == "heading_open":
                    text.stylize(_HEADING)
                yield from self._wrapped(text, " " * (token.level - 1) if token.level > 1 else "")
                yield self._strip([])
            elif token.type in ("fence", "code_block"):
                for line in token.content.splitlines():
                    yield self._strip([Segment(line, _CODE)])
                yield self._strip([])
            before = token.type

    def _wrapped(self, text: Text, indent: str) -> Iterator[Strip]:
        for line in text.wrap(self.app.console, max(4, self.size.width - 2 - len(indent))):
            line.rstrip()
            line.end = ""
            yield self._strip([Segment(indent), *line.render(self.app.console)])

    def _strip(self, segments: Sequence[Segment]) -> Strip:
        base = self.rich_style
        styled = [Segment(each.text, base + each.style if each.style else base) for each in segments]
        return Strip(styled).adjust_cell_length(self.size.width, base)

    def render_line(self, y: int) -> Strip:
        """Return a line of the screen."""
        y += self.scroll_offset.y
        for lines in (self._done, self._rest):
            if y < len(lines):
                return lines[y]
            y -= len(lines)
        return Strip.blank(self.size.width, self.rich_style)


# --- the terminal ---


def cells(strip: Strip) -> list[Cell]:
    """Return the cells of a strip; the second of a wide character is empty."""
    found: list[Cell] = []
    for text, style, control in strip:
        if control or text.isascii():
            found += [(character, style) for character in text] if not control else ()
            continue
        for character in text:
            width = get_character_cell_size(character)
            if width:
                found += [(character, style), ("", style)][:width]
            elif found:
                found[-1] = (found[-1][0] + character, found[-1][1])
    return found


def pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Yield row, column and strip of what Textual wants to have drawn."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            x = update.region.x
            for strip in strips:
                yield y, x, strip
                x += strip.cell_length
        return
    for y, start, stop in update.spans:
        for end, (x, chop) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if chop is not None and x <= stop and end > start:
                yield y, x, chop.crop(0, min(end, stop) - x)


class Mini(App[None]):
    """A prompt, and the answers above it."""

    ENABLE_COMMAND_PALETTE = False
    CSS = "Input { height: 1; border: none; padding: 0; }"

    def compose(self) -> ComposeResult:
        """Create the three widgets."""
        self._front: list[list[Cell]] = []
        """What the terminal shows."""
        self._drawn: dict[tuple[int, int], Strip] = {}
        """The strip that was drawn last at a row and a column."""
        self._answer = Answer()
        yield Static(READY)
        yield self._answer
        yield Input(compact=True)

    def on_mount(self) -> None:
        """Be ready for typing."""
        self.query_one(Input).cursor_blink = False
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Ask what was typed."""
        event.input.value = ""
        self.run_worker(self._ask(event.value))

    async def _ask(self, question: str) -> None:
        self._answer.add(f"\n\n**{question}**\n\n")
        rest = b""
        async with (
            httpx.AsyncClient(trust_env=False, timeout=None) as client,
            client.stream("POST", url(), json=body_of(question), headers=headers()) as response,
        ):
            async for received in response.aiter_raw():
                *events, rest = (rest + received).split(b"\n\n")
                parts = (event.partition(b"\ndata:") for event in events)
                deltas = [json.loads(data) for name, _, data in parts if name.endswith(b"message.delta")]
                if text := "".join(delta["content"] for delta in deltas if delta["type"] == "answer"):
                    self._answer.add(text)
        self._answer.add("\n\n✓mini-done\n")

    def _display(self, screen: Screen[object], renderable: object) -> None:
        driver, (width, height) = self._driver, self.size
        if driver is None or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            return
        out = []
        if not self._front:
            self._front = [[BLANK] * width for _ in range(height)]
            out.append("\x1b[0m\x1b[2J")
        back: dict[int, list[Cell]] = {}
        for y, x, strip in pieces(renderable):
            if 0 <= y < height and self._drawn.get((y, x)) != strip:
                self._drawn[y, x] = strip
                row = back.setdefault(y, list(self._front[y]))
                new = cells(strip)
                row[x : x + len(new)] = new
                del row[width:]
        out += self._scrolled(back)
        for y, row in sorted(back.items()):
            out += self._changes(y, row)
        if out:
            x, y = self.cursor_position
            driver.write("".join([*out, f"\x1b[0m\x1b[{y + 1};{x + 1}H"]))
            driver.flush()

    def _changes(self, y: int, row: list[Cell]) -> Iterator[str]:
        """Yield what turns a row of the terminal into another."""
        old, self._front[y] = self._front[y], row
        style: object = BLANK
        written = -1
        for x, cell in enumerate(row):
            if cell == old[x] or not cell[0]:
                continue
            if written != x:
                yield f"\x1b[{y + 1};{x + 1}H"
            if cell[1] != style:
                style = cell[1]
                codes = Strip.render_ansi(cell[1], self.console._color_system) if cell[1] else ""
                yield f"\x1b[0;{codes}m" if codes else "\x1b[0m"
            yield cell[0]
            written = x + (1 if cell[0].isascii() else cell_len(cell[0]))

    def _scrolled(self, back: dict[int, list[Cell]]) -> list[str]:
        """Let the terminal move the answer if most of its lines have moved."""
        area: Region = self._answer.region
        rows = range(area.y, area.bottom)
        if not all(y in back for y in rows):
            return []
        text = slice(0, area.width - 1)  # without the scrollbar
        best, moved = sum(back[y][text] == self._front[y][text] for y in rows), 0
        for lines in range(1, 12):
            same = sum(back[y][text] == self._front[y + lines][text] for y in rows[:-lines])
            if same > best + 3:
                best, moved = same, lines
        if not moved:
            return []
        self._front[area.y : area.bottom] = [
            *self._front[area.y + moved : area.bottom],
            *([BLANK] * self.size.width for _ in range(moved)),
        ]
        down = "\n" * moved
        return [f"\x1b[0m\x1b[{area.y + 1};{area.bottom}r\x1b[{area.bottom};1H{down}\x1b[r"]


if __name__ == "__main__":
    Mini().run()
