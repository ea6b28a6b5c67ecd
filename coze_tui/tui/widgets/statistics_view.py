"""Chats added up, as a table with bars; drawn as far as it is in sight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from coze_tui.engine.analysis.statistics import Group, Statistics
from coze_tui.render.cells import cell_len, pad, shorten
from coze_tui.text.cells import bar
from coze_tui.text.format import duration, thousands
from coze_tui.text.i18n import N_, _
from coze_tui.tui.widgets.line_list import LineList, list_keys
from coze_tui.tui.widgets.line_widget import Part

_Value = TypeVar("_Value")

_LEAST_LABEL, _GOOD_LABEL, _MOST_LABEL = 10, 22, 40
_NUMBER = 9
_TIME = 11
_LEAST_BAR, _GOOD_BAR, _MOST_BAR = 8, 22, 48


class StatisticsView(LineList):
    """Shows one `Statistics`: a row for each group, the failures under them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *list_keys(
            "statistics",
            ("first", N_("to the top")),
            ("last", N_("to the end")),
            pages=("pageup", "pagedown,space"),
        ),
        Binding("enter", "choose", N_("open"), id="statistics.open"),
    ]
    HEAD = 1
    PART = N_("Statistics")

    class Chosen(Message):
        """Enter on a group."""

        def __init__(self, group: Group) -> None:
            super().__init__()
            self.group = group

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._found: Statistics | None = None
        self._groups: Sequence[Group] = ()
        self._below: list[list[Part]] = []

    def show(self, found: Statistics) -> None:
        """Show these; days the latest first."""
        is_same = self._found is not None and self._found.by == found.by
        self._found = found
        self._groups = found.groups[::-1] if found.by == "day" else found.groups
        self._below = _failures(found)
        self._cursor = min(self._cursor, max(0, len(self._groups) - 1)) if is_same else 0
        if not is_same:
            self.scroll_to(y=0, animate=False)
        self.lay_out()

    @property
    def row_count(self) -> int:
        """Return how many groups there are."""
        return len(self._groups)

    @property
    def line_count(self) -> int:
        """Return how many lines the groups and the failures take."""
        return len(self._groups) + len(self._below)

    # --- keys ---

    def move(self, step: int) -> None:
        """Move the cursor; behind the last group scroll to what is under it."""
        if step > 0 and self.cursor == max(0, self.row_count - 1):
            self.scroll_to(y=self.scroll_offset.y + step, animate=False)
        else:
            super().move(step)

    def action_choose(self) -> None:
        """Post the group with the cursor."""
        if self._groups:
            self.post_message(self.Chosen(self._groups[self.cursor]))

    # --- looks ---

    def render_line(self, y: int) -> Strip:
        """Draw the heads of the columns, a group, or a failure."""
        found = self._found
        if found is None:
            return self.line([])
        layout = _Layout(self.line_width, found)
        if not y:
            return self.line(layout.heads())
        index = self.scroll_offset.y + y - 1
        if index < len(self._groups):
            is_current = index == self.cursor
            return self.line(layout.row(self._groups[index]), ground="selected" if is_current else "")
        index -= len(self._groups)
        return self.line(self._below[index] if index < len(self._below) else [])


class _Layout:
    """Cells of each column in a width; what matters least gives way first."""

    def __init__(self, width: int, found: Statistics) -> None:
        self.by = found.by
        self.most = max((group.tokens for group in found.groups), default=0)
        self.has_tokens = found.total.tokens > 0
        longest = max((cell_len(group.label) for group in found.groups), default=0)
        room = width - 3 - _LEAST_LABEL - _NUMBER * 2
        self.columns = {"tokens", "chats"}
        room = self._take(room, ("first_p50", _TIME), ("bar", _LEAST_BAR + 2), ("failed", _NUMBER))
        wanted = max(0, min(longest, _GOOD_LABEL) - _LEAST_LABEL)
        self.label = _LEAST_LABEL + min(room, wanted)
        room -= self.label - _LEAST_LABEL
        room = self._take(room, ("first_p95", _TIME), ("total_p50", _TIME), ("total_p95", _TIME))
        grown = min(room, _GOOD_BAR - _LEAST_BAR)
        room = self._take(room - grown, ("both", 2 * _NUMBER))
        more = max(0, min(room, longest - self.label, _MOST_LABEL - self.label))
        self.label += more
        self.bar = min(_MOST_BAR, _LEAST_BAR + grown + room - more) if "bar" in self.columns else 0

    def _take(self, room: int, *wanted: tuple[str, int]) -> int:
        """Show the columns that there is room for; the room that is left."""
        for name, cells in wanted:
            if room >= cells:
                room -= cells
                self.columns.add(name)
        return room

    def heads(self) -> list[Part]:
        """The names of the columns."""
        parts: list[Part] = [("  " + pad(self._label_head(), self.label), "muted")]
        if self.bar:
            parts.append((" " * (self.bar + 2), "muted"))
        heads = {
            "tokens": _("tokens"),
            "in": _("in"),
            "out": _("out"),
            "chats": _("chats"),
            "failed": _("failed"),
            "first_p50": _("first p50"),
            "first_p95": "p95",
            "total_p50": _("total p50"),
            "total_p95": "p95",
        }
        parts += [(pad(head, self._cells(name), right=True), "muted") for name, head in self._shown(heads)]
        return parts

    def row(self, group: Group) -> list[Part]:
        """A group."""
        label = shorten(group.label or "–", self.label)
        parts: list[Part] = [("  " + pad(label, self.label), "text")]
        if self.bar:
            drawn = bar(group.tokens / self.most if self.most else 0.0, self.bar)
            parts.append(("  " + pad(drawn, self.bar), "bot"))
        failed = group.failed + group.interrupted
        values: dict[str, Part] = {
            "tokens": (thousands(group.tokens) if group.chats else "", "text bold"),
            "in": (thousands(group.input_tokens) if group.chats else "", "muted"),
            "out": (thousands(group.output_tokens) if group.chats else "", "muted"),
            "chats": (thousands(group.chats) if group.chats else "·", "text"),
            "failed": (thousands(failed) if failed else "", "failure"),
            "first_p50": (_time(group.first_text_p50_us), "text"),
            "first_p95": (_time(group.first_text_p95_us), "muted"),
            "total_p50": (_time(group.total_p50_us), "text"),
            "total_p95": (_time(group.total_p95_us), "muted"),
        }
        for name, (text, role) in self._shown(values):
            parts.append((pad(text, self._cells(name), right=True), role))
        return parts

    def _label_head(self) -> str:
        match self.by:
            case "bot":
                return _("bot")
            case "day":
                return _("day")
            case "conversation":
                return _("conversation")

    def _shown(self, values: Mapping[str, _Value]) -> list[tuple[str, _Value]]:
        shown = self.columns | ({"in", "out"} if "both" in self.columns else set())
        return [(name, value) for name, value in values.items() if name in shown]

    def _cells(self, name: str) -> int:
        return _NUMBER if name in ("tokens", "in", "out", "chats", "failed") else _TIME


def _failures(found: Statistics) -> list[list[Part]]:
    """The codes of failures and how often, with what the server said."""
    if not found.total.failures and not found.total.interrupted:
        return []
    messages = dict(found.messages)
    lines: list[list[Part]] = [[], [("  " + _("FAILURES"), "muted bold")]]
    for code, count in found.total.failures:
        name = str(code) if code else _("no code")
        words = messages.get(code, "")
        lines.append(
            [
                (pad(thousands(count), 8, right=True), "failure"),
                (f"  {name}", "text"),
                (f"  {words}", "muted"),
            ]
        )
    if found.total.interrupted:
        lines.append(
            [
                (pad(thousands(found.total.interrupted), 8, right=True), "attention"),
                ("  " + _("cut off"), "text"),
            ]
        )
    return lines


def _time(us: int) -> str:
    return duration(us) if us else "–"
