"""The line that replaces the event sidebar if there is no room for it."""

from __future__ import annotations

from textual.strip import Strip

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.text.format import milliseconds, seconds, tail, thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.tui.widgets.chip import Chip, activity_of
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of


class StatusStrip(LineWidget):
    """`● answering 3.2 s · first text 412 ms · 37 events · logid …4F2A`, as much of it as fits."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._figures: TurnFigures | None = None
        self._now_us: int | None = None
        self._shown: list[Part] = []

    def show(self, figures: TurnFigures | None) -> None:
        """Show another turn, or none."""
        self._figures = figures
        self._now_us = None
        self.flush()

    def flush(self, now_us: int | None = None) -> None:
        """Repaint if the text has changed.

        Args:
            now_us: Microseconds since sending, for the seconds of the running turn.
        """
        self._now_us = now_us
        parts = self._parts()
        if parts != self._shown:
            self._shown = parts
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw the line."""
        width = self.content_size.width
        parts = self._shown[:1]
        for part in self._shown[1:]:
            more: list[Part] = [(" · ", "muted"), part]
            if width_of([*parts, *more]) <= width:
                parts += more
        return self.line(parts)

    def _parts(self) -> list[Part]:
        figures = self._figures
        if figures is None:
            return []
        parts = [state_of(figures, self._now_us)]
        if figures.first_text_us is not None and not figures.is_timeless:
            parts.append((_("first text {time}").format(time=milliseconds(figures.first_text_us)), "muted"))
        count = figures.events
        parts.append((ngettext("{n} event", "{n} events", count).format(n=thousands(count)), "muted"))
        if figures.stalls:
            stalls = ngettext("{n} stall", "{n} stalls", figures.stalls).format(n=thousands(figures.stalls))
            parts.append((stalls, "attention"))
        if figures.logid:
            parts.append((f"logid {tail(figures.logid)}", "muted"))
        return parts


def outcome_role(outcome: Outcome) -> str:
    """Return the theme's role that colors an outcome."""
    return "failure" if outcome.level == "error" else outcome.level


def state_of(figures: TurnFigures, now_us: int | None) -> Part:
    """Return the state of a turn as sign, word and time.

    Args:
        now_us: Microseconds since sending; None for when its last update came.
    """
    if figures.outcome is None:
        chip = Chip(activity_of(figures.phase), figures.tool, figures.last_us if now_us is None else now_us)
        return (f"{chip.activity.sign} {chip.text}", chip.activity.role)
    outcome = figures.outcome
    time = "" if figures.is_timeless else f" {seconds(figures.last_us)}"
    return (f"{outcome.sign} {outcome.words_now}{time}", outcome_role(outcome))
