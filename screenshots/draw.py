"""A terminal's cells as an HTML page: each at its place; lines and blocks as shapes, as terminals do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from tests.support.terminal import Cell

WIDTH, HEIGHT = 10, 20
"""Pixels of a cell."""
PAPER, _INK = "#11131a", "#d7dae4"
"""The default colors of the terminal in the pictures."""
_NAMED = {
    "black": "#1c202b", "red": "#ff6b81", "green": "#7bd88f", "brown": "#f2c572",
    "blue": "#82aaff", "magenta": "#c792ea", "cyan": "#4fd1c5", "white": "#d7dae4",
    "brightblack": "#8790a6", "brightred": "#ff8b9d", "brightgreen": "#9be8ab", "brightbrown": "#f7d794",
    "brightblue": "#a6c2ff", "brightmagenta": "#dab3f5", "brightcyan": "#7fe3d9", "brightwhite": "#ffffff",
}  # fmt: skip
_STYLE = f"""
* {{ margin: 0; box-sizing: border-box; }}
body {{ background: {PAPER}; }}
i {{
  position: absolute; height: {HEIGHT}px; line-height: {HEIGHT}px; text-align: center; white-space: pre;
  font: normal 16.61px/{HEIGHT}px "DejaVu Sans Mono", "Noto Sans Mono CJK SC", "Noto Color Emoji", monospace;
  font-variant-ligatures: none;
}}
i.w {{
  font-family: "Noto Sans Mono CJK SC", "Noto Color Emoji", monospace; font-size: 18px; margin-top: -2px;
}}
i.e {{ font-family: "Noto Color Emoji", monospace; font-size: 15px; margin-top: 0; }}
i.b {{ font-weight: bold; }}
i.t {{ font-style: italic; }}
p {{ position: absolute; }}
"""
_EMOJI = re.compile("[\U0001f000-\U0001faff\ufe0f]|[\u231a-\u23ff\u2600-\u27bf\u2b00-\u2bff](?=\ufe0f)")

_Box = tuple[float, float, float, float]
"""Left, top, right, bottom; in parts of a cell."""

_ARMS = {
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "udr", "┤": "udl", "┬": "lrd",
    "┴": "lru", "┼": "lrud", "━": "LR", "┃": "UD", "╴": "l", "╵": "u", "╶": "r", "╷": "d",
}  # fmt: skip
"""From the middle of the cell to which sides; capitals are heavy."""
_QUADRANTS = {
    "▖": "3", "▗": "4", "▘": "1", "▙": "134", "▚": "14", "▛": "123", "▜": "124", "▝": "2", "▞": "23",
    "▟": "234",
}  # fmt: skip
_SHADES = {"░": 0.25, "▒": 0.5, "▓": 0.75}


def page(cells: Sequence[Sequence[Cell]]) -> str:
    """The page of these rows."""
    body = "".join("".join(_row(y, row)) for y, row in enumerate(cells))
    return f'<!DOCTYPE html><meta charset="utf-8"><style>{_STYLE}</style><body>{body}'


def _row(y: int, row: Sequence[Cell]) -> Iterator[str]:
    """Grounds first, so that no ground covers a neighbor's glyph."""
    start = 0
    for x in range(1, len(row) + 1):
        if x == len(row) or colors(row[x])[1] != colors(row[start])[1]:
            paper = colors(row[start])[1]
            if paper != PAPER:
                yield _rectangle(start, y, (0, 0, x - start, 1), paper)
            start = x
    for x, cell in enumerate(row):
        yield from _glyph(x, y, cell, 2 if x + 1 < len(row) and row[x + 1].text == "" else 1)


def _glyph(x: int, y: int, cell: Cell, width: int) -> Iterator[str]:
    ink = colors(cell)[0]
    if cell.underscore:
        yield _rectangle(x, y, (0, 0.9, width, 0.95), ink)
    if cell.strikethrough:
        yield _rectangle(x, y, (0, 0.5, width, 0.55), ink)
    if not cell.text.strip():
        return
    if cell.text in _SHADES:
        yield _rectangle(x, y, (0, 0, 1, 1), f"{ink}{round(255 * _SHADES[cell.text]):02x}")
    elif boxes := _shape(cell.text):
        yield from (_rectangle(x, y, box, ink) for box in boxes)
    else:
        kinds = "e" if _EMOJI.search(cell.text) else "w" if width == 2 else ""
        kinds += " b" if cell.bold else ""
        kinds += " t" if cell.italics else ""
        place = f"left:{x * WIDTH}px;top:{y * HEIGHT}px;width:{width * WIDTH}px;color:{ink}"
        yield f'<i class="{kinds}" style="{place}">{escape(cell.text)}</i>'


def _shape(text: str) -> list[_Box]:
    if arms := _ARMS.get(text):
        return [_arm(arm) for arm in arms]
    if quarters := _QUADRANTS.get(text):
        places = [(x / 2, y / 2) for y in (0, 1) for x in (0, 1)]
        return [(x, y, x + 0.5, y + 0.5) for x, y in (places[int(quarter) - 1] for quarter in quarters)]
    if "▁" <= text <= "█":
        return [(0, 1 - (ord(text) - 0x2580) / 8, 1, 1)]
    if "▉" <= text <= "▏":
        return [(0, 0, 1 - (ord(text) - 0x2588) / 8, 1)]
    return {
        "▀": [(0, 0, 1, 0.5)],
        "▐": [(0.5, 0, 1, 1)],
        "▔": [(0, 0, 1, 0.125)],
        "▕": [(0.875, 0, 1, 1)],
    }.get(text, [])


def _arm(arm: str) -> _Box:
    """One arm, a pixel thick, or two."""
    pixels = 2 if arm.isupper() else 1
    left, top = 0.5, 0.5
    right, bottom = left + pixels / WIDTH, top + pixels / HEIGHT
    match arm.lower():
        case "l":
            return (0, top, right, bottom)
        case "r":
            return (left, top, 1, bottom)
        case "u":
            return (left, 0, right, bottom)
        case _:
            return (left, top, right, 1)


def _rectangle(x: int, y: int, box: _Box, color: str) -> str:
    left, top, right, bottom = box
    return (
        f'<p style="left:{(x + left) * WIDTH:g}px;top:{(y + top) * HEIGHT:g}px;'
        f'width:{(right - left) * WIDTH:g}px;height:{(bottom - top) * HEIGHT:g}px;background:{color}"></p>'
    )


def colors(cell: Cell) -> tuple[str, str]:
    """Ink and paper."""
    ink, paper = _color(cell.foreground, _INK), _color(cell.background, PAPER)
    return (paper, ink) if cell.reverse else (ink, paper)


def _color(name: str, default: str) -> str:
    if name in ("", "default"):
        return default
    return _NAMED.get(name) or f"#{name}"
