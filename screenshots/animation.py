"""A recording of a terminal as one animated SVG, which plays wherever an image is shown, without scripts.

A row that stays the same over several frames is drawn once, and shown for that time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from draw import HEIGHT, PAPER, WIDTH, colors

from tests.support.terminal import Cell

Frame = tuple[float, Sequence[Sequence[Cell]]]
"""The time in seconds, and the cells from then on."""

_FONT = '"DejaVu Sans Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", "PingFang SC", monospace'
_BASELINE = 15
"""Pixels from the top of a cell."""


def animation(frames: Sequence[Frame], seconds: float) -> str:
    """Return the SVG of a recording that starts again after so long."""
    rows, columns = len(frames[0][1]), len(frames[0][1][0])
    styles, groups = [], []
    for y in range(rows):
        for content, begin, end in _intervals([(at, tuple(cells[y])) for at, cells in frames], seconds):
            drawn = "".join(_row(y, content))
            if not drawn:
                continue
            if begin == 0 and end == seconds:
                groups.append(drawn)
                continue
            name = f"a{len(styles)}"
            styles.append(_shown_between(name, 100 * begin / seconds, 100 * end / seconds, seconds))
            groups.append(f'<g class="{name}">{drawn}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * WIDTH} {rows * HEIGHT}">'
        f"<style>text{{font:16.6px {_FONT};white-space:pre}}g{{visibility:hidden}}{''.join(styles)}</style>"
        f'<rect width="100%" height="100%" fill="{PAPER}"/>{"".join(groups)}</svg>\n'
    )


def _intervals(
    contents: Sequence[tuple[float, tuple[Cell, ...]]], seconds: float
) -> Iterator[tuple[tuple[Cell, ...], float, float]]:
    """Yield each content of a row with the time from which and until which it is shown."""
    runs = [(content, next(run)[0]) for content, run in groupby(contents, key=lambda each: each[1])]
    ends = [begin for _content, begin in runs[1:]] + [seconds]
    for (content, begin), end in zip(runs, ends, strict=True):
        yield content, begin, end


def _shown_between(name: str, begin: float, end: float, seconds: float) -> str:
    steps = [(0.0, "visible" if begin == 0 else "hidden"), (begin, "visible"), (end, "hidden")]
    frames = "".join(f"{at:.2f}%{{visibility:{value}}}" for at, value in steps if at < 100)
    return (
        f"@keyframes {name}{{{frames}100%{{visibility:{'visible' if end >= seconds else 'hidden'}}}}}"
        f".{name}{{animation:{name} {seconds:g}s step-end infinite}}"
    )


def _row(y: int, row: Sequence[Cell]) -> Iterator[str]:
    for x, run in _runs(row):
        ink, paper = colors(run[0])
        text = "".join(cell.text for cell in run)
        if paper != PAPER:
            yield (
                f'<rect x="{x * WIDTH}" y="{y * HEIGHT}" width="{len(run) * WIDTH}" height="{HEIGHT}" '
                f'fill="{paper}"/>'
            )
        if bare := text.strip():
            left = (x + len(text) - len(text.lstrip())) * WIDTH
            width = (len(run) - len(text) + len(text.rstrip())) * WIDTH + x * WIDTH - left
            weight = ' font-weight="bold"' if run[0].bold else ""
            style = ' font-style="italic"' if run[0].italics else ""
            place = f'x="{left}" y="{y * HEIGHT + _BASELINE}" textLength="{width}"'
            yield f'<text {place} fill="{ink}"{weight}{style}>{escape(bare)}</text>'


def _runs(row: Sequence[Cell]) -> Iterator[tuple[int, list[Cell]]]:
    """Yield the neighbors that look alike, with the column of the first; wide characters stand alone."""
    start = 0
    for x in range(1, len(row) + 1):
        if x < len(row) and (
            row[x].text == "" or (_look(row[x]) == _look(row[x - 1]) and row[x - 1].text != "")
        ):
            continue
        yield start, list(row[start:x])
        start = x


def _look(cell: Cell) -> tuple[object, ...]:
    return (*colors(cell), cell.bold, cell.italics)
