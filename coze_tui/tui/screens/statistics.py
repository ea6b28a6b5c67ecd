"""The statistics: chats, tokens, times and failures by bot, by day and by conversation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from coze_tui.engine.analysis.statistics import Group, Grouping, days_ago_ms
from coze_tui.render.cells import shorten
from coze_tui.text.format import duration, thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.widgets.head import HeadLine, HeadParts, fitting
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.line_widget import Part, width_of
from coze_tui.tui.widgets.statistics_view import StatisticsView

_PERIODS = (7, 30, 0)
"""Days until now; 0 for all."""
_LOOK_SECONDS = 2.0
"""How often the screen checks if any program has written to the store."""
_FOOTER = (
    *("statistics.open", "statistics.by_bot", "statistics.by_day", "statistics.by_conversation"),
    "statistics.period",
)


def _sum(total: Group) -> list[list[Part]]:
    """Return the metrics of all chats, the most important first."""
    chats = ngettext("{n} chat", "{n} chats", total.chats).format(n=thousands(total.chats))
    tokens = _("{n} tokens").format(n=thousands(total.tokens))
    groups: list[list[Part]] = [[(chats, "text bold")], [(tokens, "text bold")]]
    if total.input_tokens or total.output_tokens:
        both = _("{input} in · {output} out").format(
            input=thousands(total.input_tokens), output=thousands(total.output_tokens)
        )
        groups[1].append((f" ({both})", "muted"))
    if total.failed:
        failed = ngettext("{n} failed", "{n} failed", total.failed).format(n=thousands(total.failed))
        groups.append([(failed, "failure")])
    if total.first_text_p50_us:
        first = _("first text p50 {median}, p95 {most}").format(
            median=duration(total.first_text_p50_us), most=duration(total.first_text_p95_us)
        )
        groups.append([(first, "muted")])
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
        self._total: Group | None = None
        """The sum of the chats that count; None until it is read."""

    def compose(self) -> ComposeResult:
        yield HeadLine(self._head, id="head")
        yield StatisticsView(id="statistics")
        yield KeyFooter(_FOOTER, last="statistics.back")

    def on_mount(self) -> None:
        self.view.focus()
        self._load()
        self.set_interval(_LOOK_SECONDS, self._look)

    @work(group="load", exclusive=True, exit_on_error=False)
    async def _load(self) -> None:
        since_ms, until_ms, bot_id, conversation = self._bounds()
        by = self._by
        found = await self.context.engine_thread.call(
            lambda engine: engine.inspecting.statistics(
                by, since_ms=since_ms, until_ms=until_ms, bot_id=bot_id, conversation=conversation
            )
        )
        self._total = found.total
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
        if self._total is not None:
            lines.append(([("  ", "text"), *fitting(_sum(self._total), width - 2)], ()))
        return lines

    def _bounds(self) -> tuple[int, int, str, str]:
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
        return since_ms, until_ms, bot_id, conversation

    def _when(self) -> str:
        days = _PERIODS[self._period]
        return ngettext("{n} day", "the last {n} days", days).format(n=days) if days else _("all the time")

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        """Read again if any program has written."""
        seen = await self.context.engine_thread.call(lambda engine: engine.browsing.changes())
        before, self._seen = self._seen, seen
        if before and before != seen:
            self._load()

    # --- keys ---

    def action_group(self, by: Grouping) -> None:
        """Group by something else."""
        self._by = by
        self._load()

    def action_period(self) -> None:
        """Choose another period."""
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
        """Go back to the group before; from the first one close the screen."""
        if not self._only:
            self.dismiss(None)
            return
        self._only.pop()
        self._by = self._opened.pop()
        self._load()
