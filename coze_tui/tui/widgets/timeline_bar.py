"""One chat as a bar over time, and the line with the progress of a replay."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip

from coze_tui.engine.analysis.player import Player
from coze_tui.engine.model.timeline import Span, SpanKind, Timeline
from coze_tui.render.cells import cell_len, shorten
from coze_tui.report.timeline_text import Columns, span_name
from coze_tui.text.cells import levels
from coze_tui.text.format import count_ms, duration, milliseconds, seconds, thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of

_FILLS: dict[SpanKind, tuple[str, str]] = {
    "waiting": ("░", "muted"),
    "settling": ("░", "user"),
    "thinking": ("▒", "bot"),
    "answering": ("█", "bot"),
    "tool": ("▓", "attention"),
}
"""The sign of a step and the role of its color; later steps cover earlier ones."""
_STALL = ("╌", "attention")
_ERROR = ("×", "failure bold")
_FOLLOW_UP = ("◆", "user")
_HERE = ("┃", "text bold")
_LEAST_WIDTH = 8
_LEAST_FOR_RATE_US = 100_000
_APART = 2
"""Cells between two labels."""
_LEAST_NAME = 4
"""Cells of a name that are still worth showing."""
_LEAST_BAR = 10


class TimelineBar(LineWidget):
    """Shows one `Timeline` with the position of the cursor."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._timeline = Timeline()
        self._at_us: int | None = None
        self._lines: list[list[Part]] = []
        self._lines_size = Size(0, 0)
        """The size for which they were laid out."""

    def show(self, timeline: Timeline, at_us: int | None = None) -> None:
        """Show the current state of a timeline; paint only if it looks different."""
        self._timeline, self._at_us = timeline, at_us
        before = self._lines
        self._lay_out()
        if before != self._lines:
            self.refresh()

    def on_resize(self) -> None:
        """Lay out and paint at the new size."""
        self._lay_out()
        self.refresh()

    def text(self) -> list[str]:
        """Return the lines as plain text, for tests."""
        return ["".join(text for text, _role in line).rstrip() for line in self._lines]

    def render_line(self, y: int) -> Strip:
        """Return a line."""
        if self._lines_size != self.content_size:  # Textual paints before it reports another size
            self._lay_out()
        return self.line(self._lines[y] if y < len(self._lines) else ())

    def _lay_out(self) -> None:
        size = self._lines_size = self.content_size
        self._lines = laid_out(self._timeline, size.width, size.height, self._at_us)


def laid_out(timeline: Timeline, width: int, height: int, at_us: int | None) -> list[list[Part]]:
    """Return the lines with names, bar and moments; names only if there are three lines. Empty without times.

    Args:
        at_us: Position of the cursor in microseconds; None for no cursor.
    """
    if width < _LEAST_WIDTH or not timeline.total_us:
        return []
    spans = timeline.spans
    columns = Columns(timeline.total_us, width)
    lines = [_bar(timeline, spans, at_us, columns), _moments(timeline, spans, columns)]
    if height > 2:
        lines.insert(0, _names(spans, columns, len(timeline.follow_ups_us)))
    return lines


def _bar(timeline: Timeline, spans: Sequence[Span], at_us: int | None, columns: Columns) -> list[Part]:
    cells: list[Part] = [(" ", "muted")] * columns.width
    for kind, (sign, role) in _FILLS.items():
        for span in spans:
            if span.kind != kind or (kind != "tool" and not span.lasted_us):
                continue
            place = columns.of(span)
            signs = sign * len(place)
            if span.rates and kind == "answering":
                signs = levels(span.rates, len(place))
            for column, character in zip(place, signs, strict=False):
                cells[column] = (character, role)
    for pause in timeline.figures.pauses.stalls:
        # Its ends belong to the text before and behind it.
        for column in list(columns.of(pause))[1:] or [columns.at(pause.start_us)]:
            cells[column] = _STALL
    for moments, mark in ((timeline.follow_ups_us, _FOLLOW_UP), (timeline.errors_us, _ERROR)):
        for moment in moments:
            cells[columns.at(moment)] = mark
    if at_us is not None:
        cells[columns.at(at_us)] = _HERE
    return [
        ("".join(character for character, _role in run), role)
        for role, run in groupby(cells, key=lambda cell: cell[1])
    ]


def _names(spans: Sequence[Span], columns: Columns, follow_ups: int) -> list[Part]:
    """Return each step's name above its bar, as far as there is room."""
    named: list[tuple[int, Part]] = []
    for number, span in enumerate(spans):
        if span.kind == "waiting" or not (span.lasted_us or span.kind == "tool"):
            continue
        first = columns.at(span.start_us)
        others = [columns.at(other.start_us) for other in spans[number + 1 :] if other.kind != "waiting"]
        room = min([columns.width, *(start for start in others if start > first)]) - first - 1
        forms = _forms(span, follow_ups)
        for form in forms:
            if cell_len(form) <= room:
                named.append((first, (form, _FILLS[span.kind][1])))
                break
        else:
            if room >= _LEAST_NAME:
                named.append((first, (shorten(forms[-1], room), _FILLS[span.kind][1])))
    return _placed(named, columns.width)


def _forms(span: Span, follow_ups: int) -> list[str]:
    """Return the texts that describe a step, the longest first."""
    name, lasted = span_name(span), duration(span.lasted_us)
    if span.kind == "settling":
        name = ngettext("follow-up", "follow-ups", follow_ups) if follow_ups else name
        return [name]
    if span.deltas > 1 and span.lasted_us >= _LEAST_FOR_RATE_US:
        rate = _("{n}/s").format(n=thousands(round((span.deltas - 1) * 1_000_000 / span.lasted_us)))
        return [f"{name} {lasted} · {rate}", f"{name} {lasted}", name]
    return [f"{name} {lasted}", name]


def _moments(timeline: Timeline, spans: Sequence[Span], columns: Columns) -> list[Part]:
    """Return the main moments below the bar: the end and the first text, then the starts of steps."""
    total = milliseconds(timeline.total_us)
    placed = [(columns.width - cell_len(total), (total, "text"))]
    first = timeline.figures.first_text_us
    wanted: list[tuple[int, list[str], str]] = []
    if first is not None:
        words = _("first text {time}").format(time=milliseconds(first))
        wanted.append((first, [words, milliseconds(first)], "text"))
    stalls = sorted(timeline.figures.pauses.stalls, key=lambda pause: -pause.lasted_us)
    wanted += [
        (pause.start_us, [_("stall {time}").format(time=duration(pause.lasted_us))], "attention")
        for pause in stalls[:4]
    ]
    wanted.append((0, ["0"], "muted"))
    wanted += [(span.start_us, [count_ms(span.start_us)], "muted") for span in spans[1:]]
    for at_us, forms, role in wanted:
        start = columns.at(at_us)
        for form in forms:
            place = _free_place(start, cell_len(form), placed)
            if place is not None:
                placed.append((place, (form, role)))
                break
    return _placed(sorted(placed), columns.width)


def _free_place(start: int, size: int, placed: Sequence[tuple[int, Part]]) -> int | None:
    """Return a free column for a label that covers its own column; None if there is none."""
    taken = sorted((left, left + cell_len(part[0])) for left, part in placed)
    behind = [left for left, end in taken if end >= start]
    for place in (start, behind[0] - _APART - size if behind else start):
        reaches = 0 <= place <= start <= place + size
        if reaches and all(place + size + _APART <= left or end + _APART <= place for left, end in taken):
            return place
    return None


def _placed(placed: Sequence[tuple[int, Part]], width: int) -> list[Part]:
    """Return parts at their columns, with blanks between them."""
    line: list[Part] = []
    at = 0
    for start, part in placed:
        if start < at:
            continue
        if start > at:
            line.append((" " * (start - at), "text"))
        line.append(part)
        at = start + cell_len(part[0])
    return line


class ReplayLine(LineWidget, can_focus=True):
    """`▶ playing  ×2   ━━━━━━━╸────────   1.2 s / 1.9 s   frame 120 / 268`

    It has the focus for the keys of the replay, which the screen handles.
    """

    has_bar: reactive[bool] = reactive(True)
    """Whether a bar shows the progress, too."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: list[Part] = []
        self._right: list[Part] = []
        self._part = 0.0

    def show(self, player: Player) -> None:
        """Show the state of the player."""
        if player.is_ended:
            state: list[Part] = [("■ ", "muted"), (_("finished"), "text")]
        elif player.is_paused:
            state = [("‖ ", "attention bold"), (_("paused"), "attention")]
        else:
            state = [("▶ ", "good"), (_("playing"), "text")]
        left = [*state, (f"  ×{player.pace:g}", "bot bold")]
        count = f"{thousands(player.position)} / {thousands(len(player.frames))}"
        frame = _("frame {n}").format(n=count)
        right: list[Part] = [
            (seconds(player.at_us), "text"),
            (f" / {seconds(player.total_us)}", "muted"),
            (f"   {frame}", "muted"),
        ]
        part = player.at_us / player.total_us if player.total_us else 1.0
        width = self.content_size.width
        if (left, right, round(part * 2 * width)) != (self._left, self._right, round(self._part * 2 * width)):
            self._left, self._right, self._part = left, right, part
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the line, without the bar if there is no room."""
        room = self.content_size.width - width_of(self._left) - width_of(self._right) - 6
        if room < _LEAST_BAR or not self.has_bar:
            return self.line(self._left, self._right)
        halves = min(2 * room, round(self._part * 2 * room))
        done = "━" * (halves // 2) + "╸" * (halves % 2)
        bar: list[Part] = [("   ", "text"), (done, "bot"), ("─" * (room - len(done)), "line")]
        return self.line([*self._left, *bar], self._right)
