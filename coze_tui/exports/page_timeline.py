"""Draws the timeline of a chat as inline SVG: a strip of all steps, and a row for each step. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from coze_tui.engine.model.gaps import Pause
from coze_tui.engine.model.timeline import Span, Timeline
from coze_tui.exports import describe
from coze_tui.exports.html import line
from coze_tui.report.timeline_text import moments_time, span_name, span_time
from coze_tui.text.format import duration, thousands
from coze_tui.text.i18n import _, listed, ngettext

_CLASSES = {
    "waiting": "waiting",
    "thinking": "thinking",
    "tool": "tooling",
    "answering": "answering",
    "settling": "settling",
}
_HEIGHT = 24
_BAR = (4, 16)
"""Top and height of a bar in its row."""
_MOST_ROWS = 200
_MOST_TICKS = 5


def strip(timeline: Timeline) -> str:
    """Return the strip with all steps of a chat."""
    scale = _Scale(timeline.total_us)
    bars = "".join(
        f'<rect class="{_CLASSES[span.kind]}" {scale.place(span)} y="0" height="6" rx="1"/>'
        for span in _in_layers(timeline.spans)
    )
    marks = "".join(
        f'<rect class="follow-up" x="{scale.x(at_us)}" y="0" width="3" height="6"/>'
        for at_us in timeline.follow_ups_us
    )
    return f'<svg height="6" role="img" aria-label="{line(_spoken(timeline))}">{bars}{marks}</svg>'


def rows(timeline: Timeline) -> Iterator[str]:
    """Yield a row for each step: its name, its bar and its time."""
    scale = _Scale(timeline.total_us)
    first_us = timeline.figures.first_text_us
    first = "" if first_us is None else _vertical("first", scale.x(first_us))
    back = "".join(_vertical("grid", scale.x(at_us)) for at_us in scale.ticks) + first
    yield '<div class="rows">\n'
    yield f'<div class="row"><svg class="axis" height="18" aria-hidden="true">{_axis(scale)}</svg></div>\n'
    spans = timeline.spans
    for span in spans[:_MOST_ROWS]:
        bar = f'<rect class="{_class(span)}" {scale.place(span)} y="{_BAR[0]}" height="{_BAR[1]}" rx="2"/>'
        yield _row(
            span_name(span),
            back + bar + _sparkline(span, scale) + _stalls(span, timeline, scale),
            span_time(span),
        )
    if len(spans) > _MOST_ROWS:
        left = thousands(len(spans) - _MOST_ROWS)
        yield _row(_("{n} more steps").format(n=left), "", "")
    for name, kind, moments in (
        (
            ngettext("follow-up", "follow-ups", len(timeline.follow_ups_us)),
            "follow-up",
            timeline.follow_ups_us,
        ),
        (_("failure"), "failure", timeline.errors_us),
    ):
        if moments:
            marks = "".join(_diamond(kind, scale.x(at_us)) for at_us in moments[:_MOST_ROWS])
            yield _row(name, back + marks, moments_time(moments))
    yield "</div>\n"


class _Scale:
    """Converts microseconds to percentages of a line of any width."""

    def __init__(self, total_us: int) -> None:
        self._total_us = max(1, total_us)

    def x(self, at_us: int) -> str:
        return f"{100 * at_us / self._total_us:.3f}".rstrip("0").rstrip(".") + "%"

    def place(self, span: Span | Pause) -> str:
        """Return position and width of a bar; a bar without duration remains visible."""
        least = self._total_us // 400 if self._total_us > 400 else 1
        width = max(span.lasted_us, least)
        start = min(span.start_us, self._total_us - width)
        return f'x="{self.x(max(0, start))}" width="{self.x(width)}"'

    @property
    def ticks(self) -> Sequence[int]:
        """Return round times for the axis, without 0."""
        step = 1_000
        while self._total_us / step > _MOST_TICKS:
            for factor in (2, 5, 10):
                if self._total_us / (step * factor) <= _MOST_TICKS:
                    break
            step *= factor
        return range(step, self._total_us, step)


def _in_layers(spans: Sequence[Span]) -> list[Span]:
    """Return the spans in drawing order: waiting is below the spans that overlap it."""
    return sorted(spans, key=lambda span: span.kind not in ("waiting", "settling"))


def _vertical(kind: str, x: str) -> str:
    return f'<line class="{kind}" x1="{x}" x2="{x}" y1="0" y2="{_HEIGHT}"/>'


def _axis(scale: _Scale) -> str:
    labels = [
        f'<text x="{scale.x(at_us)}" y="12" text-anchor="middle">{line(duration(at_us))}</text>'
        for at_us in scale.ticks
    ]
    return '<text x="0" y="12">0</text>' + "".join(labels)


def _row(name: str, drawing: str, time: str) -> str:
    shown = line(name)
    return (
        f'<div class="row"><span class="name" title="{shown}">{shown}</span>'
        f'<span class="time">{line(time)}</span>'
        f'<svg height="{_HEIGHT}" aria-hidden="true">{drawing}</svg></div>\n'
    )


def _class(span: Span) -> str:
    names = [_CLASSES[span.kind]]
    if span.rates:
        names.append("faint")
    if span.is_open:
        names.append("open")
    return " ".join(names)


def _sparkline(span: Span, scale: _Scale) -> str:
    """Return the rate of the deltas as a filled curve within the bar; empty for a step without deltas."""
    if not span.rates:
        return ""
    top, height = _BAR
    highest = max(span.rates) or 1
    count = len(span.rates)
    steps = " ".join(
        f"L{number} {100 - 100 * rate / highest:.0f} L{number + 1} {100 - 100 * rate / highest:.0f}"
        for number, rate in enumerate(span.rates)
    )
    path = f'<path class="{_CLASSES[span.kind]}" d="M0 100 {steps} L{count} 100Z"/>'
    return (
        f'<svg {scale.place(span)} y="{top}" height="{height}" viewBox="0 0 {count} 100" '
        f'preserveAspectRatio="none">{path}</svg>'
    )


def _stalls(span: Span, timeline: Timeline, scale: _Scale) -> str:
    if span.kind not in ("thinking", "answering"):
        return ""
    return "".join(
        f'<rect class="stall" {scale.place(pause)} y="{_BAR[0] + _BAR[1] + 1}" height="2"/>'
        for pause in timeline.figures.pauses.stalls
        if span.start_us <= pause.start_us and pause.end_us <= span.end_us
    )


def _diamond(kind: str, x: str) -> str:
    return (
        f'<svg x="{x}" y="6" width="10" height="10"><path class="{kind}" '
        'transform="translate(-5 0)" d="M5 0L10 5L5 10L0 5Z"/></svg>'
    )


def _spoken(timeline: Timeline) -> str:
    steps = [f"{span_name(span)} {duration(span.lasted_us)}" for span in timeline.spans[:20]]
    if count := timeline.figures.pauses.stall_count:
        steps.append(describe.stalls(count))
    return listed(steps)
