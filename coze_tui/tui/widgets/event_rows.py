"""The lines of the event sidebar, as values: the sidebar paints only lines that are not equal to before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from coze_tui.engine.model.figures import EventRow, TurnFigures
from coze_tui.engine.model.transcript import event_words
from coze_tui.render.cells import cell_len
from coze_tui.text.cells import levels
from coze_tui.text.format import milliseconds, seconds, size, tail, thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.widgets.line_widget import Part, cut, width_of

_WIDE = 44
"""Cells from which rows also show details."""
_SPARK = 10
_RATE = 6
"""Cells of a usual rate, so that the bars beside it do not move."""
FIGURES_WIDTH = 28
"""Cells that the figures need."""

_SIGNS = {
    "good": ("✓", "good"),
    "info": ("✓", "good"),
    "tool": ("✓", "good"),
    "attention": ("!", "attention"),
    "error": ("✗", "failure"),
}


class Parts(NamedTuple):
    """A line's parts, for `LineWidget.line`."""

    left: Sequence[Part]
    right: Sequence[Part] = ()
    ground: str = ""


class Drawing(Protocol):
    """A line that can be drawn and compared."""

    def draw(self, width: int) -> Parts:
        """Return its parts for a width."""
        ...


@dataclass(frozen=True, slots=True)
class Title:
    """`EVENTS   chat …7402`."""

    chat: str
    """The end of the chat's ID; empty while there is none."""

    def draw(self, width: int) -> Parts:
        """Return its parts."""
        right: list[Part] = [(_("chat") + f" {self.chat}", "muted")] if self.chat else []
        return Parts([(_("EVENTS"), "muted bold")], right)


@dataclass(frozen=True, slots=True)
class Rule:
    """Separates groups."""

    def draw(self, width: int) -> Parts:
        """Return its parts."""
        return Parts([("─" * width, "line")])


@dataclass(frozen=True, slots=True)
class Hint:
    """A dim sentence."""

    text: str
    """In English; translated when drawn."""

    def draw(self, width: int) -> Parts:
        """Return its parts."""
        return Parts([(_(self.text), "muted")])


@dataclass(frozen=True, slots=True)
class Earlier:
    """Stands for the rows above the first one shown."""

    count: int

    def draw(self, width: int) -> Parts:
        """Return its parts."""
        text = ngettext("{n} earlier", "{n} earlier", self.count).format(n=thousands(self.count))
        return Parts([("⋮ ", "line"), (text, "muted")])


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event or a run of equal ones: sign, name, count, time."""

    row: EventRow
    is_selected: bool = False

    def draw(self, width: int) -> Parts:
        """Return its parts."""
        row = self.row
        sign, role = ("◐", "bot") if row.is_running else _SIGNS.get(row.level, _SIGNS["info"])
        words = "text bold" if row.is_running else ("failure" if row.level == "error" else "text")
        name = event_words(row.name)
        if row.count > 1 or row.is_run:
            name += f" ×{thousands(row.count)}"
        left: list[Part] = [(f"{sign} ", role), (name, words)]
        room = width - width_of(left) - 1
        time = _time(row, room)
        if width >= _WIDE or row.level in ("error", "attention"):
            spare = room - cell_len(time) - 1
            detail = row.detail or (size(row.bytes) if row.is_run and width >= _WIDE else "")
            if detail and detail != row.name and spare > 5:
                left.append((f"  {detail}", "muted"))
        quiet = "muted" if row.name == "sent" and not row.is_running else words
        return Parts(left, [(time, quiet)], "selected" if self.is_selected else "")


@dataclass(frozen=True, slots=True)
class Expected:
    """An event that has not arrived yet."""

    name: str

    def draw(self, width: int) -> Parts:
        """Return its parts."""
        return Parts([(f"○ {event_words(self.name)}", "muted")])


@dataclass(frozen=True, slots=True)
class Figure:
    """A name and a value."""

    label: str
    """In English; translated when drawn."""
    values: tuple[Part, ...]

    def draw(self, width: int) -> Parts:
        """Return its parts."""
        return Parts([(_(self.label), "muted")], self.values)


@dataclass(frozen=True, slots=True)
class Beside:
    """A row and a line of figures, side by side."""

    row: Drawing | None
    figure: Drawing | None

    def draw(self, width: int) -> Parts:
        """Return its parts."""
        room = width - FIGURES_WIDTH - 3
        row, figure = (each or Hint("") for each in (self.row, self.figure))
        ground = row.draw(room).ground
        left = [(text, f"{role} {ground}") for text, role in _filled(row, room)]
        return Parts([*left, (" │ ", "line"), *_filled(figure, FIGURES_WIDTH)])


def _filled(drawing: Drawing, width: int) -> list[Part]:
    """Return parts that fill the width, the right ones at its end."""
    left, right, _ground = drawing.draw(width)
    left = cut(left, width - width_of(right) - bool(right))
    return [*left, (" " * (width - width_of(left) - width_of(right)), "text"), *right]


def figure_lines(figures: TurnFigures, now_us: int | None) -> list[Drawing]:
    """Return the lines below the rows, the most useful first: the last ones are cut if there is no room."""
    lines: list[Drawing] = [Rule()]
    if not figures.is_timeless:
        lines += _time_lines(figures, now_us)
    lines.append(_figure(N_("tokens"), token_counts(figures)))
    count = figures.characters
    words = ngettext("{n} character", "{n} characters", count).format(n=thousands(count))
    lines.append(_figure(N_("text"), words))
    ids = (
        (N_("conversation"), figures.conversation_id),
        (N_("section"), figures.section_id),
        (N_("chat"), figures.chat_id),
        (N_("logid"), figures.logid),
    )
    known: list[Drawing] = [
        _figure(label, _logid(value) if label == "logid" else tail(value)) for label, value in ids if value
    ]
    if known:
        lines += [Rule(), *known]
    return lines


def _time_lines(figures: TurnFigures, now_us: int | None) -> list[Drawing]:
    """Return the times and the rate of the text."""
    lines: list[Drawing] = [_figure(N_("first text"), first_text(figures), "text bold")]
    if figures.total_us is not None:
        lines.append(_figure(N_("total"), milliseconds(figures.total_us)))
    if figures.deltas + figures.reasoning_deltas > 1:
        bars = levels(figures.rates(_SPARK))
        rate = _("{n}/s").format(n=thousands(round(figures.rate(now_us))))
        gap = " " * max(1, _RATE + 1 - cell_len(rate))
        lines.append(Figure(N_("rate"), ((bars, "bot"), (gap + rate, "text"))))
        lines.append(Figure(N_("gap"), _gap(figures)))
    if figures.stalls:
        words = ngettext("{n} over 1 s", "{n} over 1 s", figures.stalls).format(n=thousands(figures.stalls))
        lines.append(_figure(N_("stalls"), words, "attention"))
    return lines


def _figure(label: str, value: str, role: str = "text") -> Figure:
    return Figure(label, ((value, role),))


def _gap(figures: TurnFigures) -> tuple[Part, ...]:
    median = figures.gaps.quantile(0.5) // 1000
    most = figures.gaps.max_us
    longest = seconds(most) if most >= 1_000_000 else milliseconds(most)
    return (("p50 ", "muted"), (thousands(median), "text"), ("  max ", "muted"), (longest, "text"))


def first_text(figures: TurnFigures) -> str:
    """Return when the answer began: `…` while it may still begin, `–` if it never did."""
    if figures.first_text_us is None:
        return "…" if not figures.is_ended else "–"
    return milliseconds(figures.first_text_us)


def token_counts(figures: TurnFigures) -> str:
    """Return tokens in and out: `…` while they may still arrive, `–` if none did."""
    usage = figures.usage
    if usage is None:
        return "…" if not figures.is_ended else "–"
    return _("{input} in · {output} out").format(
        input=thousands(usage.input_count), output=thousands(usage.output_count)
    )


def _logid(logid: str) -> str:
    """Return both ends of a logid, because it begins with the date."""
    return f"{logid[:4]}{tail(logid)}" if len(logid) > 9 else logid


def _time(row: EventRow, room: int) -> str:
    """Return the time of a row as exactly as the room allows; for a run, from when to when."""
    single = [milliseconds(row.until_us), seconds(row.until_us)]
    if not row.is_run or row.until_us == row.at_us:
        forms = single
    else:
        forms = [f"{thousands(row.at_us // 1000)}–{single[0]}"]
        if row.until_us < 60_000_000:
            forms.append(f"{seconds(row.at_us).removesuffix(' s')}–{single[1]}")
        forms += single
    return next((form for form in forms if cell_len(form) <= room), "")
