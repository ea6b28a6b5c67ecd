"""Cells of the screen as numbers: a row becomes a `str` in which one character stands for one cell.

Every different cell (a glyph in a pen) gets a number once, so comparing, slicing and hashing rows run at the
speed of strings. A wide glyph takes two places: its own number, then one for its right half.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from rich.cells import get_character_cell_size, split_graphemes
from rich.color import Color, ColorSystem
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

UNKNOWN = "\0"
"""A cell of which nobody knows what it shows."""
_CLUSTERED = "\1"
"""In a translated text: here is something that is not one character, one cell or two."""
_STEPS = (0, 95, 135, 175, 215, 255)
"""Of each part of the colours 16 to 231."""
_MOST_CELLS = 200_000
_MOST_STYLES = 10_000
_MOST_STRIPS = 512

# By rich's bits: bold, dim, italic, underline, blink, blink2, reverse, conceal, strike, underline2,
# frame, encircle, overline.
ON = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
OFF = ("22", "22", "23", "24", "25", "25", "27", "28", "29", "24", "54", "54", "55")
_SEEN_ON_BLANKS = 0b1_1111_0100_1000


class Pen(NamedTuple):
    """How text is written: SGR codes of the two colours ("" is the terminal's own), attribute bits."""

    ink: str = ""
    paper: str = ""
    attributes: int = 0

    @property
    def shows_on_blanks(self) -> bool:
        """A blank in this pen is more than its background."""
        return bool(self.attributes & _SEEN_ON_BLANKS)


ANY_INK = "any"
"""The ink of blanks: all on one background look the same."""
PLAIN = Pen()


class _Table(dict[int, str]):
    """Code point → places, for one pen; made as they come."""

    def __init__(self, cells: Cells, pen: int) -> None:
        self._cells = cells
        self._pen = pen

    def __missing__(self, code: int) -> str:
        character = chr(code)
        width = get_character_cell_size(character)
        if code < 32 or 0x7F <= code < 0xA0:
            places = ""
        elif width == 0 or 0x1F1E6 <= code <= 0x1F1FF:
            places = _CLUSTERED
        else:
            places = self._cells.add(character, self._pen, width)
        self[code] = places
        return places


class Cells:
    """The numbering of cells, and the way from strips to rows.

    Args:
        colors: What the terminal can show.
    """

    def __init__(self, colors: ColorSystem) -> None:
        self.colors = colors
        self.glyphs: list[str] = []
        """What to write for a cell, by its number; "" for the right half of a wide one."""
        self.pens: list[int] = []
        """The number of the pen of a cell."""
        self.doubtful: dict[int, int] = {}
        """Cells whose width terminals disagree on: the most cells they may take."""
        self.pen_list: list[Pen] = []
        self._pen_numbers: dict[Pen, int] = {}
        self._styles: dict[tuple[Color | None, Color | None, int], _Table] = {}
        self._tables: dict[int, _Table] = {}
        self._shared: dict[tuple[int, str], str] = {}
        self._halves: dict[int, str] = {}
        self._wide: set[str] = set()
        self._strips: dict[int, tuple[Strip, str]] = {}
        for place in (UNKNOWN, _CLUSTERED):
            assert self._number(" ", self._pen_number(Pen(ANY_INK))) == place
        self._plain_blank = self.add(" ", self._pen_number(PLAIN), 1)

    @property
    def is_full(self) -> bool:
        """So many cells are known that it is time to begin anew."""
        return len(self.glyphs) > _MOST_CELLS or len(self._styles) > _MOST_STYLES

    # -- what a place holds

    def is_wide(self, place: str) -> bool:
        """Whether it is the left half of a wide glyph."""
        return place in self._wide

    def is_half(self, place: str) -> bool:
        """Whether it is the right half of a wide glyph."""
        return not self.glyphs[ord(place)]

    def emptied(self, place: str) -> str:
        """A blank on the same background."""
        pen = self.pen_list[self.pens[ord(place)]]
        return self.add(" ", self._pen_number(Pen(ANY_INK, pen.paper)), 1)

    def is_paper(self, place: str) -> bool:
        """Whether it shows nothing but a background."""
        return self.pen_list[self.pens[ord(place)]].ink == ANY_INK

    # -- from strips

    def row(self, strip: Strip) -> str:
        """The places of a strip, remembered as long as it is in use."""
        known = self._strips.get(id(strip))
        if known is not None:
            return known[1]
        row = self._fitted(self.places(strip._segments), strip.cell_length)
        if len(self._strips) >= _MOST_STRIPS:
            # The newer half stays: it holds what is on the screen.
            for key in list(self._strips)[: _MOST_STRIPS // 2]:
                del self._strips[key]
        self._strips[id(strip)] = (strip, row)
        return row

    def _fitted(self, row: str, width: int) -> str:
        """The row as wide as Textual believes it to be; they differ where it has cut a cluster apart."""
        if len(row) < width:
            blank = self.emptied(row[-1]) if row else self._plain_blank
            return row + blank * (width - len(row))
        if len(row) > width:
            row = row[:width]
            if row and self.is_wide(row[-1]):
                row = row[:-1] + self.emptied(row[-1])
        return row

    def places(self, segments: Iterable[Segment]) -> str:
        """The places of some segments."""
        parts: list[str] = []
        for text, style, control in segments:
            if control is not None:
                continue
            table = self._table_of(style)
            part = text.translate(table)
            if _CLUSTERED in part:
                if part[0] == _CLUSTERED and parts and parts[-1]:
                    parts[-1], text = self.continued(parts[-1], text)
                part = self._clustered(text[_headless(text) :], table)
            parts.append(part)
        return "".join(parts)

    def head(self, strip: Strip) -> str:
        """What begins a strip and has no cells: the rest of a cluster that Textual has cut."""
        segments = strip._segments
        if not segments or segments[0].text.isascii():
            return ""
        text = segments[0].text
        return text[: _headless(text)]

    def continued(self, before: str, text: str) -> tuple[str, str]:
        """Join what begins a text to the last glyph before it; the places so far and what is left."""
        length = _headless(text)
        at = len(before) - 1
        if not length:
            return before, text
        if self.is_half(before[at]) and at:
            at -= 1
        number = ord(before[at])
        glyph = self.glyphs[number] + text[:length]
        return before[:at] + self.add(glyph, self.pens[number], len(before) - at), text[length:]

    def add(self, glyph: str, pen: int, width: int) -> str:
        """The places of one glyph."""
        if glyph == " " and not self.pen_list[pen].shows_on_blanks:
            pen = self._pen_number(Pen(ANY_INK, self.pen_list[pen].paper))
        key = (pen, glyph)
        if (known := self._shared.get(key)) is not None:
            return known
        places = self._number(glyph, pen)
        if len(glyph) > 1 or 0x1F000 <= ord(glyph) < 0x20000:
            self.doubtful[ord(places)] = max(width, _most_cells(glyph))
        if width == 2:
            self._wide.add(places)
            half = self._halves.get(pen)
            if half is None:
                half = self._halves[pen] = self._number("", pen)
            places += half
        if glyph == " " or ord(places[0]) in self.doubtful:
            # Anything else is asked for once, by its table.
            self._shared[key] = places
        return places

    # -- inside

    def _number(self, glyph: str, pen: int) -> str:
        self.glyphs.append(glyph)
        self.pens.append(pen)
        return chr(len(self.glyphs) - 1)

    def _pen_number(self, pen: Pen) -> int:
        number = self._pen_numbers.get(pen)
        if number is None:
            number = self._pen_numbers[pen] = len(self.pen_list)
            self.pen_list.append(pen)
        return number

    def _table_of(self, style: Style | None) -> _Table:
        if style is None:
            key: tuple[Color | None, Color | None, int] = (None, None, 0)
        else:
            key = (style._color, style._bgcolor, style._attributes & style._set_attributes)
        table = self._styles.get(key)
        if table is None:
            ink, paper, attributes = key
            pen = self._pen_number(Pen(self._codes(ink, True), self._codes(paper, False), attributes))
            table = self._tables.get(pen)
            if table is None:
                table = self._tables[pen] = _Table(self, pen)
            self._styles[key] = table
        return table

    def _codes(self, color: Color | None, foreground: bool) -> str:
        if color is None or color.is_default:
            return ""
        if self.colors is ColorSystem.EIGHT_BIT and color.triplet is not None:
            return f"{38 if foreground else 48};5;{nearest_of_256(color.triplet)}"
        return ";".join(color.downgrade(self.colors).get_ansi_codes(foreground))

    def _clustered(self, text: str, table: _Table) -> str:
        parts: list[str] = []
        flag = ""
        for start, end, width in split_graphemes(text)[0]:
            glyph = text[start:end]
            if "\U0001f1e6" <= glyph[0] <= "\U0001f1ff":
                if not flag:
                    flag = glyph
                    continue
                # Two of them are one flag and must be written together.
                glyph, width, flag = flag + glyph, 2, ""
            elif flag:
                parts.append(self.add(flag, table._pen, 1))
                flag = ""
            if len(glyph) == 1 and width:
                part = table[ord(glyph)]
                parts.append(part if part != _CLUSTERED else "")
            elif width:
                parts.append(self.add(glyph, table._pen, width))
        if flag:
            parts.append(self.add(flag, table._pen, 1))
        return "".join(parts)


def nearest_of_256(color: ColorTriplet) -> int:
    """The number of the nearest of the 240 fixed colours.

    rich asks for the hue first, which turns our dark greys, which are a little blue, into a bright navy.
    """
    red, green, blue = (min(range(6), key=lambda step: abs(_STEPS[step] - part)) for part in color)
    grey = max(0, min(23, round((sum(color) / 3 - 8) / 10)))
    shade = 8 + 10 * grey
    cube_off = sum((_STEPS[step] - part) ** 2 for step, part in zip((red, green, blue), color, strict=True))
    grey_off = sum((shade - part) ** 2 for part in color)
    return 232 + grey if grey_off < cube_off else 16 + 36 * red + 6 * green + blue


def _headless(text: str) -> int:
    """How many characters at the beginning belong to a glyph before, as Textual measures them."""
    end = 0
    while end < len(text):
        if text[end] == "\u200d":
            end += 2
        elif text[end] >= "\u0300" and get_character_cell_size(text[end]) == 0:
            end += 1
        else:
            break
    return min(end, len(text))


def _most_cells(cluster: str) -> int:
    """The most cells a terminal that knows nothing of clusters may give to one."""
    return sum(
        2
        if character == "\ufe0f" or "\U0001f1e6" <= character <= "\U0001faff"
        else get_character_cell_size(character)
        for character in cluster
    )
