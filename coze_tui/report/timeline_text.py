"""The timeline of a chat as lines of text: a row for each step, with its bar and its time. Pure.

Each line consists of pieces with a role, by which the printer may color them. The lines have the same
meaning without color.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from coze_tui.engine.model.gaps import Pause
from coze_tui.engine.model.outcomes import Outcome, break_words
from coze_tui.engine.model.timeline import Span, SpanKind, Timeline
from coze_tui.engine.model.transcript import tool_word
from coze_tui.report.console import Line, Piece, Role
from coze_tui.text.cells import cell_len, fit, levels, pad, shorten
from coze_tui.text.format import duration, milliseconds, thousands
from coze_tui.text.i18n import _, ngettext

LEAST_WIDTH = 40
_LEAST_BAR = 8
_MOST_ROWS = 200
_MOST_TICKS = 6
_FILL: Mapping[SpanKind, tuple[str, Role]] = {
    "waiting": ("░", "dim"),
    "thinking": ("▒", "thinking"),
    "tool": ("▓", "tool"),
    "answering": ("█", "answering"),
    "settling": ("░", "dim"),
}
_STALL = "╌"


def timeline_lines(timeline: Timeline, width: int) -> Iterator[Line]:
    """Yield the rows, a scale and one line with the main metrics.

    Args:
        width: cells of a line, at least LEAST_WIDTH.
    """
    width = max(LEAST_WIDTH, width)
    spans = timeline.spans
    rows = [(span_name(span), span_time(span)) for span in spans[:_MOST_ROWS]]
    marks = _marks(timeline)
    names = [name for name, _time in rows] + [name for name, *_rest in marks]
    times = [time for _name, time in rows] + [time for _name, time, *_rest in marks]
    name_width = min(max(map(cell_len, names), default=0), width // 4)
    time_width = min(max(map(cell_len, times), default=0), width // 3)
    columns = Columns(timeline.total_us, max(_LEAST_BAR, width - name_width - time_width - 4))
    for span, (name, time) in zip(spans, rows, strict=False):
        bar = _bar(span, timeline.figures.pauses.stalls, columns)
        yield _row(name, name_width, bar, shorten(time, time_width))
    if len(spans) > _MOST_ROWS:
        left = thousands(len(spans) - _MOST_ROWS)
        yield ((_("{n} more steps").format(n=left), "dim"),)
    for name, time, sign, role, moments in marks:
        yield _row(name, name_width, _moments_bar(moments, sign, role, columns), shorten(time, time_width))
    if timeline.total_us:
        yield ((" " * (name_width + 2), "plain"), (_ticks(columns), "dim"))
    yield _summary(timeline)


def span_name(span: Span) -> str:
    """Return the name of a step."""
    match span.kind:
        case "waiting":
            return _("waiting")
        case "thinking":
            return _("thinking")
        case "tool":
            return tool_word(span.name)
        case "answering":
            return _("answering")
        case "settling":
            return _("finishing")


def span_time(span: Span) -> str:
    """Return the duration of a step, and the number of its deltas."""
    if not span.lasted_us:
        return _("at {time}").format(time=milliseconds(span.start_us))
    text = duration(span.lasted_us)
    if span.is_open:
        return _("{time}, not finished").format(time=text)
    if span.deltas:
        deltas = ngettext("{n} delta", "{n} deltas", span.deltas).format(n=thousands(span.deltas))
        return f"{text} · {deltas}"
    return text


def moments_time(moments: Sequence[int]) -> str:
    """Return the time of a moment, or of the first and the last of several."""
    first = milliseconds(moments[0])
    return first if len(moments) == 1 else f"{first} … {milliseconds(moments[-1])}"


class Columns:
    """The columns of a bar, computed from microseconds."""

    def __init__(self, total_us: int, width: int) -> None:
        self.total_us = max(1, total_us)
        self.width = width

    def at(self, at_us: int) -> int:
        """Return the column of a moment."""
        return max(0, min(self.width - 1, at_us * self.width // self.total_us))

    def of(self, lasting: Span | Pause) -> range:
        """Return the columns of a duration, at least one."""
        first = self.at(lasting.start_us)
        end = round(lasting.end_us * self.width / self.total_us)
        return range(first, max(first + 1, min(self.width, end)))


def _ticks(columns: Columns) -> str:
    """Return labels of round times, each at its column."""
    step = next(step for step in _round_steps() if columns.total_us // step <= _MOST_TICKS)
    text = "0"
    for at_us in range(step, columns.total_us, step):
        label, column = duration(at_us), columns.at(at_us)
        if column > cell_len(text) and column + cell_len(label) <= columns.width:
            text = pad(text, column) + label
    return text


def _round_steps() -> Iterator[int]:
    """Yield 1, 2, 5, 10, 20… milliseconds."""
    unit = 1_000
    while True:
        yield from (unit, 2 * unit, 5 * unit)
        unit *= 10


def _bar(span: Span, stalls: Sequence[Pause], columns: Columns) -> Line:
    sign, role = _FILL[span.kind]
    place = columns.of(span)
    text = levels(span.rates, len(place)) if span.rates else sign * len(place)
    stalled = _stalled(span, stalls, columns)
    pieces: list[Piece] = [(" " * place.start, "plain")]
    for is_stalled, run in groupby(place, key=stalled.__contains__):
        part = list(run)
        if is_stalled:
            pieces.append((_STALL * len(part), "attention"))
        else:
            pieces.append((text[part[0] - place.start : part[-1] + 1 - place.start], role))
    pieces.append((" " * (columns.width - place.stop), "plain"))
    return tuple(pieces)


def _stalled(span: Span, stalls: Sequence[Pause], columns: Columns) -> set[int]:
    """Return the columns of a run of deltas in which a stall occurred."""
    found: set[int] = set()
    if span.kind in ("thinking", "answering"):
        for pause in stalls:
            if span.start_us <= pause.start_us and pause.end_us <= span.end_us:
                found.update(columns.of(pause))
    return found


_Marks = tuple[str, str, str, Role, Sequence[int]]


def _marks(timeline: Timeline) -> list[_Marks]:
    """Return the rows of single moments: name, time, sign, role and text."""
    name = ngettext("follow-up", "follow-ups", len(timeline.follow_ups_us))
    found: list[_Marks] = []
    if timeline.follow_ups_us:
        found.append((name, moments_time(timeline.follow_ups_us), "◆", "dim", timeline.follow_ups_us))
    if timeline.errors_us:
        found.append((_("failure"), moments_time(timeline.errors_us), "×", "error", timeline.errors_us))
    return found


def _moments_bar(moments: Sequence[int], sign: str, role: Role, columns: Columns) -> Line:
    marked = {columns.at(at_us) for at_us in moments}
    return (("".join(sign if column in marked else " " for column in range(columns.width)), role),)


def _row(name: str, name_width: int, bar: Line, time: str) -> Line:
    return ((fit(name, name_width) + "  ", "plain"), *bar, ("  " + time, "dim"))


def _summary(timeline: Timeline) -> Line:
    parts: list[str] = []
    if timeline.figures.first_text_us is not None:
        parts.append(_("first text {time}").format(time=duration(timeline.figures.first_text_us)))
    parts.append(_("total {time}").format(time=duration(timeline.total_us)))
    figures = timeline.figures
    parts += break_words(figures.breaks, figures.outcome or Outcome.INTERRUPTED)
    if timeline.figures.pauses.longest is not None:
        parts.append(_("longest gap {time}").format(time=duration(timeline.figures.pauses.longest.lasted_us)))
    pieces: list[Piece] = [(" · ".join(parts), "plain")]
    if count := timeline.figures.pauses.stall_count:
        stalls = ngettext("{n} stall over 1 s", "{n} stalls over 1 s", count).format(n=thousands(count))
        pieces += [(" · ", "plain"), (stalls, "attention")]
    return tuple(pieces)
