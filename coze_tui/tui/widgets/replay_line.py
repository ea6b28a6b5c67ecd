"""Where a replay stands and how fast it goes, in one line."""

from __future__ import annotations

from textual.strip import Strip

from coze_tui.engine.analysis.replay import Player
from coze_tui.text.format import seconds, thousands
from coze_tui.text.i18n import _
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of

_LEAST_BAR = 10


class ReplayLine(LineWidget, can_focus=True):
    """`▶ playing  ×2   ━━━━━━━╸────────   1.2 s / 1.9 s   frame 120 / 268`

    It has the focus while one steers; the keys are the screen's.
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._left: list[Part] = []
        self._right: list[Part] = []
        self._part = 0.0
        self.has_bar = True
        """How far it is played is shown as a bar, too."""

    def show(self, player: Player) -> None:
        """Show how the player stands now."""
        if player.is_ended:
            state: list[Part] = [("■ ", "muted"), (_("at the end"), "text")]
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
        """Draw it; where there is no room, the bar is left out."""
        room = self.content_size.width - width_of(self._left) - width_of(self._right) - 6
        if room < _LEAST_BAR or not self.has_bar:
            return self.line(self._left, self._right)
        halves = min(2 * room, round(self._part * 2 * room))
        done = "━" * (halves // 2) + "╸" * (halves % 2)
        bar: list[Part] = [("   ", "text"), (done, "bot"), ("─" * (room - len(done)), "line")]
        return self.line([*self._left, *bar], self._right)
