"""The statistics: chats, tokens, times and failures by bot, by day and by conversation."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip

from coze_tui.engine.analysis.statistics import (
    ChatFilter,
    Group,
    Grouping,
    Statistics,
    days_ago_ms,
)
from coze_tui.engine.model.outcomes import waited_words
from coze_tui.errors import code_words
from coze_tui.render.cells import cell_len, pad, shorten
from coze_tui.text.cells import bar
from coze_tui.text.format import duration, thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.widgets.head import HeadLine, HeadParts, fitting
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.line_list import LineList, list_keys
from coze_tui.tui.widgets.line_widget import Part, width_of

_Value = TypeVar("_Value")

_LEAST_LABEL, _GOOD_LABEL, _MOST_LABEL = 10, 22, 40
_NUMBER = 9
_TIME = 11
_LEAST_BAR, _GOOD_BAR, _MOST_BAR = 8, 22, 48
_MOST_GROUPS = 1_000
"""More bots or conversations are only counted."""
_PERIODS = (7, 30, 0)
"""Days until now; 0 for all."""
_POLL_SECONDS = 2.0
"""Seconds between checks if any program has written to the store."""
_FOOTER = (
    *("statistics.open", "statistics.by_bot", "statistics.by_day", "statistics.by_conversation"),
    "statistics.period",
)


class StatisticsView(LineList):
    """Shows one `Statistics`: a row for each group, and the failures below."""

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
        self._layout: _Layout | None = None
        """Of the groups that are shown, in the last width."""

    def show(self, found: Statistics) -> None:
        """Show these statistics; days the latest first."""
        is_same = self._found is not None and self._found.by == found.by
        self._found = found
        self._groups = found.groups[::-1] if found.by == "day" else found.groups
        self._layout = None
        self._below = [*_left_out(found), *_failures(found)]
        self._cursor = min(self._cursor, max(0, len(self._groups) - 1)) if is_same else 0
        if not is_same:
            self.scroll_to(y=0, animate=False)
        self.lay_out()

    @property
    def row_count(self) -> int:
        """Return the number of groups."""
        return len(self._groups)

    @property
    def line_count(self) -> int:
        """Return the number of lines of groups and failures."""
        return len(self._groups) + len(self._below)

    # --- keys ---

    def move(self, step: int) -> None:
        """Move the cursor; after the last group scroll to the failures."""
        if step > 0 and self.cursor == max(0, self.row_count - 1):
            self.scroll_to(y=self.scroll_offset.y + step, animate=False)
        else:
            super().move(step)

    def action_choose(self) -> None:
        """Post the group under the cursor."""
        if self._groups:
            self.post_message(self.Chosen(self._groups[self.cursor]))

    # --- looks ---

    def render_line(self, y: int) -> Strip:
        """Return the line with the heads of the columns, a group, or a failure."""
        found = self._found
        if found is None:
            return self.line([])
        layout = self._layout
        if layout is None or layout.width != self.line_width:
            layout = self._layout = _Layout(self.line_width, found)
        if not y:
            return self.line(layout.heads())
        index = self.scroll_offset.y + y - 1
        if index < len(self._groups):
            is_current = index == self.cursor
            return self.line(layout.row(self._groups[index]), ground="selected" if is_current else "")
        index -= len(self._groups)
        return self.line(self._below[index] if index < len(self._below) else [])


class _Layout:
    """The cells of each column at a width; the least important columns are left out first."""

    def __init__(self, width: int, found: Statistics) -> None:
        self.width = width
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
        """Add the columns that fit, the first ones first; return the cells that are left."""
        for name, cells in wanted:
            if room >= cells:
                room -= cells
                self.columns.add(name)
        return room

    def heads(self) -> list[Part]:
        """Return the names of the columns."""
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
        """Return the cells of a group."""
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


def _left_out(found: Statistics) -> list[list[Part]]:
    """Return the line that counts the groups that are not shown, if there are any."""
    if not found.left_out:
        return []
    return [[("  " + _("… and {n} more").format(n=thousands(found.left_out)), "muted")]]


def _failures(found: Statistics) -> list[list[Part]]:
    """Return the codes of failures with their counts and the server's messages."""
    if not found.total.failures and not found.total.interrupted:
        return []
    messages = dict(found.messages)
    lines: list[list[Part]] = [[], [("  " + _("FAILURES"), "muted bold")]]
    for code, count in found.total.failures:
        name = code_words(code) or _("no code")
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


def _sum(found: Statistics) -> list[list[Part]]:
    """Return the metrics of all chats, the most important first."""
    total = found.total
    chats = ngettext("{n} chat", "{n} chats", total.chats).format(n=thousands(total.chats))
    tokens = _("{n} tokens").format(n=thousands(total.tokens))
    groups: list[list[Part]] = [[(chats, "text bold")], [(tokens, "text bold")]]
    if total.input_tokens or total.output_tokens:
        both = _("{input} in · {output} out").format(
            input=thousands(total.input_tokens), output=thousands(total.output_tokens)
        )
        groups.append([(both, "muted")])
    if total.failed:
        failed = ngettext("{n} failed", "{n} failed", total.failed).format(n=thousands(total.failed))
        groups.append([(failed, "failure")])
    if total.first_text_p50_us:
        first = _("first text p50 {median}, p95 {most}").format(
            median=duration(total.first_text_p50_us), most=duration(total.first_text_p95_us)
        )
        groups.append([(first, "muted")])
    if found.waited_us:
        groups.append([(waited_words(found.waited_us), "muted")])
    return groups


class StatisticsScreen(CozeScreen[str | None]):
    """Shows the statistics. The result is the key of a conversation to open, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "group('bot')", N_("by bot"), id="statistics.by_bot"),
        Binding("d", "group('day')", N_("by day"), id="statistics.by_day"),
        Binding("c", "group('conversation')", N_("by conversation"), id="statistics.by_conversation"),
        Binding("p", "period", N_("period"), id="statistics.period", tooltip=N_("7 days, 30 days, all")),
        Binding("f1,question_mark", "app.help", N_("help"), id="statistics.help", show=False),
        Binding("escape,q,backspace", "back", N_("back"), id="statistics.back"),
    ]
    PART = N_("Statistics")

    head = getters.query_one("#head", HeadLine)
    view = getters.query_one(StatisticsView)

    def __init__(self) -> None:
        super().__init__()
        self._by: Grouping = "bot"
        self._period = 1
        self._only: list[Group] = []
        """The opened groups: only their chats count."""
        self._opened: list[Grouping] = []
        """The grouping when each of them was opened."""
        self._seen = 0
        self._found: Statistics | None = None
        """The sum of the chats that count; None until it is read."""

    def compose(self) -> ComposeResult:
        yield HeadLine(self._head, id="head")
        yield StatisticsView(id="statistics")
        yield KeyFooter(_FOOTER, last="statistics.back")

    def on_mount(self) -> None:
        self.view.focus()
        self._load()
        self.set_interval(_POLL_SECONDS, self._poll_store)

    @work(group="load", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        by, only = self._by, self._only_chats()
        found = await self.context.engine_thread.call(
            lambda engine: engine.inspecting.statistics(by, only, most=_MOST_GROUPS)
        )
        self._found = found
        self.head.flush()
        self.view.show(found)

    def _head(self, width: int) -> Sequence[HeadParts]:
        left: list[Part] = [("● ", "bot"), (_("Statistics"), "text bold")]
        when = self._when()
        if self._only:
            what = " · ".join(group.label for group in self._only)
            room = width - width_of(left) - len(when) - 8
            left += [("   ", "text"), (shorten(what, room), "user")]
        lines: list[HeadParts] = [(left, [(when, "muted")])]
        if self._found is not None:
            lines.append(([("  ", "text"), *fitting(_sum(self._found), width - 2)], ()))
        return lines

    def _only_chats(self) -> ChatFilter:
        days = _PERIODS[self._period]
        now_ms = int(time.time() * 1000)
        since_ms, until_ms = (days_ago_ms(now_ms, days - 1) if days else 0), 1 << 62
        bot_id = conversation = ""
        for by, group in zip(self._opened, self._only, strict=True):
            if by == "bot":
                bot_id = group.key
            elif by == "day":
                since_ms = group.first_ms
                until_ms = group.last_ms + 1
            else:
                conversation = group.key
        return ChatFilter(since_ms, until_ms, bot_id=bot_id, conversation=conversation)

    def _when(self) -> str:
        days = _PERIODS[self._period]
        if not days:
            return _("all time")
        return ngettext("{n} day", "the last {n} days", days).format(n=thousands(days))

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _poll_store(self) -> None:
        """Read again if any program has written."""
        seen = await self.context.engine_thread.call(lambda engine: engine.browsing.changes())
        before, self._seen = self._seen, seen
        if before and before != seen:
            self._load()

    # --- keys ---

    def action_group(self, by: Grouping) -> None:
        """Group by bot, day or conversation."""
        self._by = by
        self._load()

    def action_period(self) -> None:
        """Switch to the next period."""
        self._period = (self._period + 1) % len(_PERIODS)
        self._load()

    @on(StatisticsView.Chosen)
    def _group_chosen(self, message: StatisticsView.Chosen) -> None:
        """Open a group: a bot shows its days, a day its conversations; a conversation opens in the chat."""
        group = message.group
        if self._by == "conversation":
            self.dismiss(group.key)
            return
        if not group.chats:
            return
        self._only.append(group)
        self._opened.append(self._by)
        self._by = "day" if self._by == "bot" and "day" not in self._opened else "conversation"
        self._load()

    def action_back(self) -> None:
        """Go back to the previous group; from the first one close the screen."""
        if not self._only:
            self.dismiss(None)
            return
        self._only.pop()
        self._by = self._opened.pop()
        self._load()
