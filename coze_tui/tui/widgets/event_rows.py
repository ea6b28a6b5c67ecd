"""The lines of the event sidebar, as values that the sidebar compares: it paints only those that differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from coze_tui.engine.model.figures import EventRow, TurnFigures, no_events_text
from coze_tui.render.cells import cell_len, shorten
from coze_tui.render.wrap import rows_of
from coze_tui.text.cells import levels
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import compact, count_ms, duration, milliseconds, seconds, size, tail, thousands
from coze_tui.text.i18n import _, ngettext
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
    """A line's parts, for `LineWidget.line`; equal parts look the same."""

    left: Sequence[Part]
    right: Sequence[Part] = ()
    ground: str = ""


def title(chat: str) -> Parts:
    """Return `EVENTS   chat …7402`, given the end of the chat's ID; empty while there is none."""
    return Parts([(_("EVENTS"), "muted bold")], [(_("chat {id}").format(id=chat), "muted")] if chat else [])


def earlier(count: int) -> Parts:
    """Return the line for the rows above the first visible one."""
    text = ngettext("{n} earlier", "{n} earlier", count).format(n=thousands(count))
    return Parts([("⋮ ", "line"), (text, "muted")])


def event_line(row: EventRow, width: int, *, is_selected: bool = False) -> Parts:
    """Return the line of an event or of a run of equal ones: sign, name, count, time."""
    sign, role = ("◐", "bot") if row.is_running else _SIGNS.get(row.level, _SIGNS["info"])
    words = "text bold" if row.is_running else ("failure" if row.level == "error" else "text")
    name = row.name
    if row.count > 1 or row.is_delta_run:
        name += f" ×{thousands(row.count)}"
    left: list[Part] = [(f"{sign} ", role), (name, words)]
    room = width - width_of(left) - 1
    time = _time(row, room)
    if width >= _WIDE or row.level in ("error", "attention"):
        spare = room - cell_len(time) - 1
        detail = row.detail or (size(row.bytes) if row.is_delta_run and width >= _WIDE else "")
        if detail and detail != row.name and spare > 5:
            left.append((f"  {detail}", "muted"))
    quiet = "muted" if row.name == "sent" and not row.is_running else words
    return Parts(left, [(time, quiet)], "selected" if is_selected else "")


def expected_line(name: str) -> Parts:
    """Return the line of an expected event."""
    return Parts([(f"○ {name}", "muted")])


def no_events(width: int) -> list[Parts]:
    """Return the lines shown for a chat whose events are not on this machine."""
    text = no_events_text()
    return [Parts([(text[row.start : row.end], "muted")]) for row in rows_of(text, max(1, width))]


def beside(row: Parts | None, figure: Parts | None, width: int) -> Parts:
    """Return a row and a line of figures, side by side."""
    row, figure = row or Parts([]), figure or Parts([])
    left = [(text, f"{role} {row.ground}") for text, role in _filled(row, row_width(width))]
    return Parts([*left, (" │ ", "line"), *_filled(figure, FIGURES_WIDTH)])


def row_width(width: int) -> int:
    """Return the cells of a row that is beside the figures."""
    return width - FIGURES_WIDTH - 3


def _filled(parts: Parts, width: int) -> list[Part]:
    """Return parts that fill the width, the right ones at its end."""
    left, right, _ground = parts
    left = cut(left, width - width_of(right) - bool(right))
    return [*left, (" " * (width - width_of(left) - width_of(right)), "text"), *right]


def figure_lines(figures: TurnFigures, now_us: int | None, width: int) -> list[Parts]:
    """Return the lines below the rows, the most useful first: the last ones are cut if there is no room."""
    rule = Parts([("─" * width, "line")])
    lines = [rule]
    if not figures.is_timeless:
        lines += _time_lines(figures, now_us, width)
    lines.append(_figure(_("tokens"), _token_forms(figures), width))
    count = figures.characters
    words = ngettext("{n} character", "{n} characters", count)
    lines.append(_figure(_("text"), (words.format(n=thousands(count)), compact(count)), width))
    if ids := _ids(figures, width):
        lines += [rule, *(_figure(label, (value,), width) for label, value in ids)]
    return lines


def _ids(figures: TurnFigures, width: int) -> Sequence[tuple[str, str]]:
    """Return the known IDs with their labels: all of them whole if there is room, else their ends."""
    known = (
        (_("conversation"), clean_line(figures.conversation_id), tail),
        (_("section"), clean_line(figures.section_id), tail),
        (_("chat"), clean_line(figures.chat_id), tail),
        (_("logid"), clean_line(figures.logid), _logid),
    )
    ids = [(label, value, end) for label, value, end in known if value]
    is_room = all(cell_len(label) + 1 + cell_len(value) <= width for label, value, _end in ids)
    return [(label, value if is_room else end(value)) for label, value, end in ids]


def _time_lines(figures: TurnFigures, now_us: int | None, width: int) -> list[Parts]:
    """Return the times and the rate of the text."""
    lines = [_figure(_("first text"), (first_text(figures),), width, "text bold")]
    total = milliseconds(figures.total_us) if figures.total_us is not None else "…"
    lines.append(_figure(_("total"), (total,), width))
    if figures.breaks.waited_us:
        lines.append(_figure(_("waited for you"), (duration(figures.breaks.waited_us),), width))
    if figures.deltas + figures.reasoning_deltas > 1:
        bars = levels(figures.rates(_SPARK))
        rate = _("{n}/s").format(n=thousands(round(figures.rate(now_us))))
        gap = " " * max(1, _RATE + 1 - cell_len(rate))
        lines.append(Parts([(_("rate"), "muted")], [(bars, "bot"), (gap + rate, "text")]))
        lines.append(Parts([(_("gap"), "muted")], _gap(figures)))
    if figures.stalls:
        words = ngettext("{n} over 1 s", "{n} over 1 s", figures.stalls)
        forms = (words.format(n=thousands(figures.stalls)), compact(figures.stalls))
        lines.append(_figure(_("stalls"), forms, width, "attention"))
    return lines


def _figure(label: str, forms: Iterable[str], width: int, role: str = "text") -> Parts:
    """Return a translated name and a value: the label never gives way, the value is shortened.

    Args:
        forms: The value in words, the longest first; the first one that fits is shown.
    """
    room, value = width - cell_len(label) - 1, ""
    for value in forms:
        if cell_len(value) <= room:
            break
    return Parts([(label, "muted")], [(shorten(value, max(0, room)), role)])


def _gap(figures: TurnFigures) -> tuple[Part, ...]:
    median, longest = count_ms(figures.gaps.quantile(0.5)), duration(figures.gaps.max_us)
    return (("p50 ", "muted"), (median, "text"), ("  max ", "muted"), (longest, "text"))


def first_text(figures: TurnFigures) -> str:
    """Return when the answer began: `…` while it may still begin, `–` if it never did."""
    if figures.first_text_us is None:
        return "…" if not figures.is_ended else "–"
    return milliseconds(figures.first_text_us)


def token_counts(figures: TurnFigures) -> str:
    """Return tokens in and out: `…` while they may still arrive, `–` if none did."""
    return _token_forms(figures)[0]


def _token_forms(figures: TurnFigures) -> tuple[str, ...]:
    usage = figures.usage
    if usage is None:
        return ("…" if not figures.is_ended else "–",)
    words = _("{input} in · {output} out")
    return (
        words.format(input=thousands(usage.input_count), output=thousands(usage.output_count)),
        words.format(input=compact(usage.input_count), output=compact(usage.output_count)),
        compact(usage.token_count),
    )


def _logid(logid: str) -> str:
    """Return both ends of a logid, because it begins with the date."""
    return f"{logid[:4]}{tail(logid)}" if len(logid) > 9 else logid


def _time(row: EventRow, room: int) -> str:
    """Return the time of a row as exactly as the room allows; for a run, from when to when."""
    single = [milliseconds(row.until_us), seconds(row.until_us)]
    if not row.is_delta_run or row.until_us == row.at_us:
        forms = single
    else:
        forms = [f"{count_ms(row.at_us)}–{single[0]}"]
        if row.until_us < 60_000_000:
            forms.append(f"{seconds(row.at_us).removesuffix(' s')}–{single[1]}")
        forms += single
    return next((form for form in forms if cell_len(form) <= room), "")
