"""The line at the top of the screens that look into one chat: the screen's name, and whose chat it is."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.records import outcome_of, total_us_of
from coze_tui.render.cells import shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import seconds, tail, thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.tui.widgets.chip import Chip, activity_of
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of
from coze_tui.tui.widgets.status_strip import outcome_role

_LEAST_QUESTION = 10


class ChatHead(LineWidget):
    """Narrow, the question gives way first, then what is known of the chat, from its end."""

    def __init__(self, title: str, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._title = title
        self._question = ""
        self._facts: list[Part] = []

    def show(self, chat: InspectedChat) -> None:
        """Show what is known by now."""
        question = clean_line(chat.record.question[:400]).strip()
        facts = _facts(chat)
        if (question, facts) != (self._question, self._facts):
            self._question, self._facts = question, facts
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw it."""
        left: list[Part] = [("● ", "bot"), (self._title, "text bold")]
        room = self.line_width - width_of(left) - 2
        right = _fitting(self._facts, room)
        room -= width_of(right) + 3
        if self._question and room >= _LEAST_QUESTION:
            left.append(("   " + shorten(self._question, room), "text"))
        return self.line(left, right)


def _facts(chat: InspectedChat) -> list[Part]:
    """The most telling first; the last ones are left out where there is no room."""
    record, figures = chat.record, chat.figures
    parts: list[Part] = [state_part(chat)]
    count = len(chat.table.rows)
    parts.append((ngettext("{n} frame", "{n} frames", count).format(n=thousands(count)), "muted"))
    if record.bot:
        parts.append((record.bot, "muted"))
    if chat_id := figures.chat_id or record.chat_id:
        parts.append((_("chat") + f" {tail(clean_line(chat_id))}", "muted"))
    if record.logid:
        logid = clean_line(record.logid)
        parts.append((f"logid {logid[:4] if len(logid) > 9 else ''}{tail(logid)}", "muted"))
    return parts


def state_part(chat: InspectedChat) -> Part:
    """How the chat stands, as sign, word and time; of one that is over also while its frames are read."""
    record, figures = chat.record, chat.figures
    if figures.outcome is None:
        if (outcome := outcome_of(record)) is not None:
            return outcome_part(outcome, total_us_of(record))
        chip = Chip(activity_of(figures.phase), clean_line(figures.tool), figures.last_us)
        return f"{chip.activity.sign} {chip.text}", chip.activity.role
    return outcome_part(figures.outcome, figures.last_us)


def outcome_part(outcome: Outcome | None, total_us: int) -> Part:
    """How a chat ended, as sign, word and time; a time of 0 is not known."""
    if outcome is None:
        return "●", "muted"
    sign, role = outcome.sign, outcome_role(outcome)
    if not total_us:
        return f"{sign} {outcome.words_now}", role
    word = "" if outcome is Outcome.COMPLETED else f"{outcome.words_now} "
    return f"{sign} {word}{seconds(total_us)}", role


def _fitting(parts: Sequence[Part], room: int) -> list[Part]:
    kept: list[Part] = []
    for part in parts:
        more: list[Part] = [(" · ", "muted"), part] if kept else [part]
        if width_of([*kept, *more]) > room:
            break
        kept += more
    return kept
