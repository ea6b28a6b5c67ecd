"""Two small charts as one SVG: the cost of a delta over the length of the answer, on logarithmic scales."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from tests.benchmarks.growing import Growth, Way

_WIDTH, _HEIGHT, _MARGIN, _TOP = 460, 320, 60, 60
_INKS = {"coze-tui": "#4f51d8", "MarkdownStream": "#ad430c", "Markdown.update": "#187035"}
_TEXT, _LINE, _PAPER = "#262a3b", "#d8dbe6", "#fbfbfd"


def svg(ways: Way) -> str:
    """The picture."""
    charts = (
        _chart("CPU for each delta, ms", ways, lambda one: one.cpu, 0),
        _chart("bytes to the terminal for each character", ways, lambda one: one.bytes, _WIDTH),
    )
    legend = "".join(
        f'<g transform="translate({_MARGIN + 150 * number},28)">'
        f'<line x1="0" x2="22" y1="-4" y2="-4" stroke="{ink}" stroke-width="3"/>'
        f'<text x="28" fill="{_TEXT}">{name}</text></g>'
        for number, (name, ink) in enumerate(_INKS.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * _WIDTH} {_HEIGHT}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="{_PAPER}"/>'
        f"{legend}{''.join(charts)}</svg>\n"
    )


def _chart(title: str, ways: Way, value_of: Callable[[Growth], float], left: int) -> str:
    growths = [growth for way in ways.values() for growth in way]
    across = _Axis([growth.length for growth in growths], left + _MARGIN, left + _WIDTH - 20)
    up = _Axis([value_of(growth) for growth in growths], _HEIGHT - 40, _TOP + 10)
    parts = [f'<text x="{left + _MARGIN}" y="{_TOP - 6}" fill="{_TEXT}" font-weight="bold">{title}</text>']
    for mark in across.marks():
        x = across.place(mark)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - 40}" stroke="{_LINE}"/>')
        parts.append(
            f'<text x="{x:.1f}" y="{_HEIGHT - 24}" fill="{_TEXT}" text-anchor="middle">{mark:,.0f}</text>'
        )
    parts.append(
        f'<text x="{left + _WIDTH - 20}" y="{_HEIGHT - 8}" fill="{_TEXT}" text-anchor="end">'
        "characters that the answer already has</text>"
    )
    right = left + _WIDTH - 20
    for mark in up.marks():
        y = up.place(mark)
        parts.append(f'<line x1="{left + _MARGIN}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="{_LINE}"/>')
        parts.append(
            f'<text x="{left + _MARGIN - 6}" y="{y + 4:.1f}" fill="{_TEXT}" '
            f'text-anchor="end">{mark:,g}</text>'
        )
    parts += [
        _curve(way, value_of, across, up, ink) for name, ink in _INKS.items() for way in _named(ways, name)
    ]
    return "".join(parts)


def _named(ways: Mapping[str, Sequence[Growth]], name: str) -> list[Sequence[Growth]]:
    return [ways[name]] if ways.get(name) else []


def _curve(
    way: Sequence[Growth], value_of: Callable[[Growth], float], across: _Axis, up: _Axis, ink: str
) -> str:
    points = [(across.place(growth.length), up.place(value_of(growth))) for growth in way]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{ink}"/>' for x, y in points)
    return f'<polyline points="{line}" fill="none" stroke="{ink}" stroke-width="2.5"/>{dots}'


class _Axis:
    """From values to places, logarithmically."""

    def __init__(self, values: Sequence[float], start: float, end: float) -> None:
        known = [value for value in values if value > 0] or [1.0]
        self._least = math.floor(math.log10(min(known)))
        self._most = max(self._least + 1, math.ceil(math.log10(max(known))))
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        part = (math.log10(max(value, 1e-9)) - self._least) / (self._most - self._least)
        return self._start + (self._end - self._start) * max(0.0, min(1.0, part))

    def marks(self) -> list[float]:
        return [10.0**power for power in range(self._least, self._most + 1)]
