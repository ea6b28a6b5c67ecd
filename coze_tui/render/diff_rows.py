"""Lays out the difference of two chats as rows, in two columns or one. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.segment import Segment
from rich.style import Style

from coze_tui.engine.analysis.difference import (
    Change,
    Differences,
    EventPair,
    FigurePair,
    Pair,
    Piece,
    ToolPair,
)
from coze_tui.engine.model.figures import EventRow
from coze_tui.engine.model.transcript import tool_word
from coze_tui.render.cells import cell_len, pad, runs_len, shorten
from coze_tui.render.inline import wrapped
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.format import duration, milliseconds, size, thousands
from coze_tui.text.i18n import _
from coze_tui.values import valueclass

_GUTTER = 2
"""Cells at the left of each text, for the sign of text that only one chat has."""
_BETWEEN = 3
_LABEL = 16
_VALUE = 14
_TIMES = frozenset({"first_text", "total", "gap_p50", "gap_p95", "gap_max"})
_SIGNS: dict[Change, str] = {"same": " ", "changed": "~", "left": "-", "right": "+"}


@valueclass
class DifferenceRow:
    """A row: one line across the full width, or one line of each chat."""

    left: Line
    right: Line | None = None
    is_pair: bool = False
    starts: bool = False
    """Whether a difference starts here."""


def difference_rows(
    found: Differences, width: int, palette: Palette, *, is_split: bool
) -> list[DifferenceRow]:
    """Yield the rows of metrics, events, tools, answers and follow-ups.

    Args:
        is_split: show the chats in two columns; otherwise show both texts in one column.
    """
    layout = _Layout(width, palette, is_split)
    rows: list[DifferenceRow] = []
    for title, part in (
        (_("METRICS"), layout.figures(found.figures)),
        (_("EVENTS"), layout.events(found.events)),
        (_("TOOLS"), layout.tools(found.tools)),
        (_("ANSWERS"), layout.texts(found.answers)),
        (_("FOLLOW-UPS"), layout.texts(found.follow_ups)),
    ):
        shown = list(part)
        if shown:
            rows += [*layout.heading(title), *shown, DifferenceRow(Line())]
    return rows


class _Layout:
    """The widths and styles of one rendering."""

    def __init__(self, width: int, palette: Palette, is_split: bool) -> None:
        self.width = max(24, width)
        self.palette = palette
        self.is_split = is_split
        self.half = (self.width - _BETWEEN) // 2 if is_split else self.width
        self.styles = {
            "same": palette.text,
            # In one column, colors alone would not show which text was removed and which was added.
            "left": palette.error + Style(strike=not is_split),
            "right": palette.good + Style(underline=not is_split),
        }

    def heading(self, title: str) -> Iterator[DifferenceRow]:
        yield DifferenceRow(_line([Segment(title, self.palette.muted + Style(bold=True))]))

    # --- figures ---

    def figures(self, pairs: Sequence[FigurePair]) -> Iterator[DifferenceRow]:
        for pair in pairs:
            left, right = (_figure(pair.name, value) for value in (pair.left, pair.right))
            runs = [
                Segment("  " + pad(_figure_name(pair.name), _LABEL), self.palette.muted),
                Segment(pad(left, _VALUE, right=True), self.palette.text),
                Segment("  →", self.palette.muted),
                Segment(pad(right, _VALUE, right=True), self.palette.text),
                Segment("   " + _change(pair) if left != right else "", self.palette.muted),
            ]
            yield DifferenceRow(_line(runs))

    # --- events ---

    def events(self, pairs: Sequence[EventPair]) -> Iterator[DifferenceRow]:
        before: Change = "same"
        for pair in pairs:
            starts = pair.change != "same" and before != pair.change
            before = pair.change
            if self.is_split:
                left = self._event(pair.left, pair.change, self.half)
                yield DifferenceRow(left, self._event(pair.right, pair.change, self.half), True, starts)
            else:
                row = pair.left or pair.right
                yield DifferenceRow(self._event(row, pair.change, self.width), starts=starts)

    def _event(self, row: EventRow | None, change: Change, width: int) -> Line:
        if row is None:
            return Line()
        style = self.palette.text if change == "same" else self.styles[change]
        moment = milliseconds(row.at_us)
        count = f" ×{thousands(row.count)}" if row.count > 1 or row.is_delta_run else ""
        room = width - _GUTTER - cell_len(moment) - 2
        name = shorten(f"{clean_line(row.name)}{count}", room)
        runs = [Segment(f"{_SIGNS[change]} ", style), Segment(name, style)]
        room -= cell_len(name)
        says_more = row.detail not in ("", row.name)  # a knowledge event's detail only repeats its name
        detail = shorten(clean_line(row.detail), room - 2) if says_more and room > 6 else ""
        if detail:
            runs.append(Segment("  " + detail, self.palette.muted))
            room -= cell_len(detail) + 2
        runs += [Segment(" " * (room + 2)), Segment(moment, self.palette.muted)]
        return _line(runs)

    # --- tools and texts ---

    def tools(self, pairs: Sequence[ToolPair]) -> Iterator[DifferenceRow]:
        for pair in pairs:
            style = (
                self.palette.attention if pair.change == "same" else self.palette.attention + Style(bold=True)
            )
            name = tool_word(clean_line(pair.name))
            lasted = (pair.left_us, pair.right_us)
            times = " → ".join(duration(us) if us else "–" for us in lasted) if any(lasted) else ""
            runs = [
                Segment(f"{_SIGNS[pair.change]} {shorten(name, self.width // 2)}", style),
                Segment(f"   {times}", self.palette.muted),
            ]
            if pair.change == "same":
                runs.append(Segment("   " + _("the same call, the same result"), self.palette.muted))
            yield DifferenceRow(_line(runs), starts=pair.change != "same")
            for part in (pair.arguments, pair.response):
                if part.change != "same":
                    yield from self._text(part, with_start=False)

    def texts(self, pairs: Sequence[Pair]) -> Iterator[DifferenceRow]:
        for number, pair in enumerate(pairs):
            if number and len(pair.left or pair.right or "") > 80:
                yield DifferenceRow(Line())
            yield from self._text(pair)

    def _text(self, pair: Pair, *, with_start: bool = True) -> Iterator[DifferenceRow]:
        """Yield the rows of a pair of texts; matching paragraphs start on the same row."""
        for chunk in _chunks(pair.pieces):
            differs = any(piece.change != "same" for piece in chunk)
            if self.is_split:
                left = self._lines(
                    [piece for piece in chunk if piece.change != "right"], self.half, "-", differs
                )
                right = self._lines(
                    [piece for piece in chunk if piece.change != "left"], self.half, "+", differs
                )
                if pair.left is None:
                    left = []
                if pair.right is None:
                    right = []
                for number, (one, other) in enumerate(zip_longest(left, right, fillvalue=Line())):
                    yield DifferenceRow(one, other, True, with_start and differs and not number)
            else:
                for number, line in enumerate(self._lines(chunk, self.width, "~", differs)):
                    yield DifferenceRow(line, starts=with_start and differs and not number)

    def _lines(self, pieces: Sequence[Piece], width: int, sign: str, differs: bool) -> list[Line]:
        own = any(piece.change != "same" for piece in pieces)
        role = "left" if sign == "-" else "right"
        mark = self.palette.attention if sign == "~" else self.styles[role]
        lead = (Segment(f"{sign if differs and own else ' '} ", mark),)
        lines: list[Line] = []
        runs: list[Segment] = []
        for piece in pieces:
            first, *others = clean(piece.text).expandtabs(4).split("\n")
            style = self.styles[piece.change]
            if piece.change != "same" and len(pieces) > 1:
                style += Style(bold=True)  # changed words inside a paragraph are also bold
            runs.append(Segment(first, style))
            for other in others:
                lines += wrapped(runs, width - _GUTTER)
                runs = [Segment(other, style)]
        lines += wrapped(runs, width - _GUTTER)
        if len(lines) > 1 and not lines[-1].width:
            lines.pop()  # the text ended with a line end
        return [
            line._replace(lead=(lead if not number else (Segment("  "),)), lead_width=_GUTTER)
            for number, line in enumerate(lines)
        ]


def _chunks(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Split pieces after each line end that both texts have."""
    chunk: list[Piece] = []
    for piece in pieces:
        if piece.change != "same":
            chunk.append(piece)
            continue
        lines = piece.text.splitlines(keepends=True)
        for line in lines:
            chunk.append(Piece("same", line))
            if line.endswith("\n"):
                yield chunk
                chunk = []
    if chunk:
        yield chunk


def _figure_name(name: str) -> str:
    names = {
        "first_text": _("first text"),
        "total": _("total"),
        "input_tokens": _("tokens in"),
        "output_tokens": _("tokens out"),
        "characters": _("characters"),
        "deltas": _("deltas"),
        "gap_p50": _("gap p50"),
        "gap_p95": _("gap p95"),
        "gap_max": _("longest gap"),
        "bytes": _("bytes"),
    }
    return names.get(name, name)


def _figure(name: str, value: int | None) -> str:
    if value is None:
        return "–"
    if name in _TIMES:
        return milliseconds(value)
    return size(value) if name == "bytes" else thousands(value)


def _change(pair: FigurePair) -> str:
    """Return the relative change of the second value: `−8 %`, `×2.4`."""
    if not pair.left or pair.right is None or pair.left == pair.right:
        return ""
    part = pair.right / pair.left
    if part >= 2:
        return f"×{part:.1f}" if part < 100 else f"×{thousands(round(part))}"
    percent = round((part - 1) * 100)
    return f"{percent:+d} %".replace("-", "\u2212") if percent else ""


def _line(runs: Sequence[Segment]) -> Line:
    return Line(body=tuple(runs), width=runs_len(runs))
