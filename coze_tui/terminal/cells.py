"""Cells of the screen as numbers: a row is a `str` in which each character stands for one cell.

Every different cell (a glyph in a style) gets a number once, so comparing, slicing and hashing rows run at
the speed of strings. A wide glyph takes two columns: its own number, then one for its right half. A *strip*
is Textual's word for a line of styled runs (Rich's segments).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable
from typing import NamedTuple

from rich.cells import get_character_cell_size, split_graphemes
from rich.color import Color, ColorSystem
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from coze_tui.terminal.hyperlinks import safe_target

UNKNOWN = "\0"
"""A cell whose content on the terminal is unknown."""
_CLUSTERED = "\1"
"""Marks, in a translated text, a part of a cluster: not one character in one cell or two."""
_STEPS = (0, 95, 135, 175, 215, 255)
"""Intensities of red, green and blue in the colors 16 to 231."""
_MOST_CELLS = 200_000
_MOST_STYLES = 10_000
_MOST_STRIPS = 512
_MOST_LINKS = 4096

# By rich's bits: bold, dim, italic, underline, blink, blink2, reverse, conceal, strike, underline2,
# frame, encircle, overline.
ON = ("1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53")
OFF = ("22", "22", "23", "24", "25", "25", "27", "28", "29", "24", "54", "54", "55")
_SEEN_ON_BLANKS = 0b1_1111_0100_1000


class CellStyle(NamedTuple):
    """The style of a glyph: SGR codes of its colors ("" for the default), attributes, link target."""

    foreground: str = ""
    background: str = ""
    attributes: int = 0
    link: str = ""
    """The `safe_target` of the hyperlink that the glyph belongs to."""

    @property
    def shows_on_blanks(self) -> bool:
        """Return whether a blank in this style shows more than its background: a line, or a link."""
        return bool(self.attributes & _SEEN_ON_BLANKS or self.link)

    @property
    def without_link(self) -> CellStyle:
        """Return the same style without a hyperlink."""
        return CellStyle(self.foreground, self.background, self.attributes) if self.link else self


ANY_FOREGROUND = "any"
"""The foreground of blanks, which look the same in every color."""
PLAIN = CellStyle()


class _Table(dict[int, str]):
    """Code point → columns, in one style; filled on first use."""

    def __init__(self, cells: Cells, style_number: int) -> None:
        self._cells = cells
        self.style_number = style_number

    def __missing__(self, code: int) -> str:
        character = chr(code)
        width = get_character_cell_size(character)
        if code < 32 or 0x7F <= code < 0xA0:
            columns = ""
        elif width == 0 or 0x1F1E6 <= code <= 0x1F1FF:
            columns = _CLUSTERED
        else:
            columns = self._cells.add(character, self.style_number, width)
        self[code] = columns
        return columns


class Cells:
    """Numbers cells, and turns strips into rows.

    Args:
        colors: The colors that the terminal can show; None for none at all.
        link_of: Returns the target of text in a style that has `meta`, or an empty string. None if the
            terminal shows no hyperlinks. A target that is not a `safe_target` is dropped.
    """

    def __init__(self, colors: ColorSystem | None, link_of: Callable[[Style], str] | None = None) -> None:
        self.colors = colors
        self.link_of = link_of
        self._links: dict[bytes, str] = {}
        self.glyphs: list[str] = []
        """Cell number → what to write; "" for the right half of a wide glyph."""
        self.style_numbers: list[int] = []
        """Cell number → number of its style."""
        self.doubtful: dict[int, int] = {}
        """Numbers of cells whose width differs between terminals → the most columns that they may take."""
        self.styles: list[CellStyle] = []
        """Style number → style."""
        self._style_numbers: dict[CellStyle, int] = {}
        self._tables_by_key: dict[tuple[Color | None, Color | None, int, str], _Table] = {}
        self._tables: dict[int, _Table] = {}
        self._shared: dict[tuple[int, str], str] = {}
        self._halves: dict[int, str] = {}
        self._wide: set[str] = set()
        self._strips: dict[int, tuple[Strip, str]] = {}
        for cell in (UNKNOWN, _CLUSTERED):
            assert self._number(" ", self._style_number(CellStyle(ANY_FOREGROUND))) == cell
        self._plain_blank = self.add(" ", self._style_number(PLAIN), 1)

    @property
    def is_full(self) -> bool:
        """Return whether the table is so large that the caller should start with new `Cells`."""
        return len(self.glyphs) > _MOST_CELLS or len(self._tables_by_key) > _MOST_STYLES

    # -- what a cell holds

    def is_wide(self, cell: str) -> bool:
        """Return whether a cell is the left half of a wide glyph."""
        return cell in self._wide

    def is_half(self, cell: str) -> bool:
        """Return whether a cell is the right half of a wide glyph."""
        return not self.glyphs[ord(cell)]

    def emptied(self, cell: str) -> str:
        """Return a blank on the background of a cell."""
        style = self.styles[self.style_numbers[ord(cell)]]
        return self.add(" ", self._style_number(CellStyle(ANY_FOREGROUND, style.background)), 1)

    def is_background(self, cell: str) -> bool:
        """Return whether a cell shows nothing but a background."""
        return self.styles[self.style_numbers[ord(cell)]].foreground == ANY_FOREGROUND

    # -- from strips

    def row(self, strip: Strip) -> str:
        """Return the row of a strip, which is cached as long as the strip is in use."""
        known = self._strips.get(id(strip))
        if known is not None:
            return known[1]
        row = self._fitted(self.columns(strip._segments), strip.cell_length)
        if len(self._strips) >= _MOST_STRIPS:
            # Discard the older half: the newer one contains the current screen.
            for key in list(self._strips)[: _MOST_STRIPS // 2]:
                del self._strips[key]
        self._strips[id(strip)] = (strip, row)
        return row

    def _fitted(self, row: str, width: int) -> str:
        """Return the row as wide as Textual measures it; that differs where it has cut a cluster apart."""
        if len(row) < width:
            blank = self.emptied(row[-1]) if row else self._plain_blank
            return row + blank * (width - len(row))
        if len(row) > width:
            row = row[:width]
            if row and self.is_wide(row[-1]):
                row = row[:-1] + self.emptied(row[-1])
        return row

    def columns(self, segments: Iterable[Segment]) -> str:
        """Return the columns of styled runs."""
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
        """Return the start of a strip that has no cells: the rest of a cluster that Textual has cut."""
        segments = strip._segments
        if not segments or segments[0].text.isascii():
            return ""
        text = segments[0].text
        return text[: _headless(text)]

    def continued(self, before: str, text: str) -> tuple[str, str]:
        """Join the headless start of a text to the last glyph. Return the columns so far, and the rest."""
        length = _headless(text)
        at = len(before) - 1
        if not length:
            return before, text
        if self.is_half(before[at]) and at:
            at -= 1
        number = ord(before[at])
        glyph = self.glyphs[number] + text[:length]
        return before[:at] + self.add(glyph, self.style_numbers[number], len(before) - at), text[length:]

    def add(self, glyph: str, style_number: int, width: int) -> str:
        """Return the columns of one glyph, which gets a number if it has none."""
        style = self.styles[style_number]
        if glyph == " " and not style.shows_on_blanks:
            style_number = self._style_number(CellStyle(ANY_FOREGROUND, style.background))
        key = (style_number, glyph)
        if (known := self._shared.get(key)) is not None:
            return known
        columns = self._number(glyph, style_number)
        if len(glyph) > 1 or 0x1F000 <= ord(glyph) < 0x20000 or unicodedata.category(glyph) == "Mc":
            self.doubtful[ord(columns)] = max(width, _most_cells(glyph))
        if width == 2:
            self._wide.add(columns)
            half = self._halves.get(style_number)
            if half is None:
                half = self._halves[style_number] = self._number("", style_number)
            columns += half
        if glyph == " " or ord(columns[0]) in self.doubtful:
            # Any other style fills its own table at the first use.
            self._shared[key] = columns
        return columns

    # -- inside

    def _number(self, glyph: str, style_number: int) -> str:
        self.glyphs.append(glyph)
        self.style_numbers.append(style_number)
        return chr(len(self.glyphs) - 1)

    def _style_number(self, style: CellStyle) -> int:
        number = self._style_numbers.get(style)
        if number is None:
            number = self._style_numbers[style] = len(self.styles)
            self.styles.append(style)
        return number

    def _table_of(self, style: Style | None) -> _Table:
        if style is None:
            key: tuple[Color | None, Color | None, int, str] = (None, None, 0, "")
        else:
            link = self._link(style) if self.link_of is not None and style._meta is not None else ""
            key = (style._color, style._bgcolor, style._attributes & style._set_attributes, link)
        table = self._tables_by_key.get(key)
        if table is None:
            foreground, background = self._codes(key[0], True), self._codes(key[1], False)
            number = self._style_number(CellStyle(foreground, background, key[2], key[3]))
            table = self._tables.get(number)
            if table is None:
                table = self._tables[number] = _Table(self, number)
            self._tables_by_key[key] = table
        return table

    def _link(self, style: Style) -> str:
        assert self.link_of is not None
        assert style._meta is not None
        link = self._links.get(style._meta)
        if link is None:
            if len(self._links) >= _MOST_LINKS:
                self._links.clear()
            link = self._links[style._meta] = safe_target(self.link_of(style))
        return link

    def _codes(self, color: Color | None, foreground: bool) -> str:
        if color is None or color.is_default or self.colors is None:
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
                # A pair of them is one flag and must be written together.
                glyph, width, flag = flag + glyph, 2, ""
            elif flag:
                parts.append(self.add(flag, table.style_number, 1))
                flag = ""
            if len(glyph) == 1 and width:
                part = table[ord(glyph)]
                parts.append(part if part != _CLUSTERED else "")
            elif width:
                parts.append(self.add(glyph, table.style_number, width))
        if flag:
            parts.append(self.add(flag, table.style_number, 1))
        return "".join(parts)


def byte_count(text: str) -> int:
    """Return the number of bytes that a text takes on the way to the terminal."""
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def nearest_of_256(color: ColorTriplet) -> int:
    """Return the number of the nearest of the 240 fixed colors.

    Rich compares hues first, which turns dark, slightly blue grays into a bright navy.
    """
    red, green, blue = (min(range(6), key=lambda step: abs(_STEPS[step] - part)) for part in color)
    gray = max(0, min(23, round((sum(color) / 3 - 8) / 10)))
    shade = 8 + 10 * gray
    cube_off = sum((_STEPS[step] - part) ** 2 for step, part in zip((red, green, blue), color, strict=True))
    gray_off = sum((shade - part) ** 2 for part in color)
    return 232 + gray if gray_off < cube_off else 16 + 36 * red + 6 * green + blue


def _headless(text: str) -> int:
    """Return how many characters at the start of a text belong to a glyph before it, as Textual measures."""
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
    """Return the most columns that a terminal without support for clusters may use for one."""
    return sum(
        2
        if character == "\ufe0f" or "\U0001f1e6" <= character <= "\U0001faff"
        else get_character_cell_size(character)
        for character in cluster
    )
