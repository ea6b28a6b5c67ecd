"""The state of a chat: its chip, the header that ends with it, and the line instead of the sidebar."""

from __future__ import annotations

from enum import Enum

from textual.reactive import reactive
from textual.strip import Strip

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome, break_words
from coze_tui.engine.model.updates import Phase
from coze_tui.errors import CozeTuiError, code_of, code_words
from coze_tui.render.cells import cell_len, shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import duration, milliseconds, seconds, tail, thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.tui.widgets.line_widget import LineWidget, Part, width_of
from coze_tui.values import valueclass

FORK_MARK = "⑂"
"""Marks a conversation that was forked from another one."""
_LEAST_TITLE = 8
"""The least cells in which a title is shown."""


class Activity(Enum):
    """The states of the chip: sign, word, role of its color."""

    IDLE = ("●", N_("idle"), "muted")
    SENDING = ("↑", N_("sending"), "bot")
    WAITING = ("◌", N_("waiting"), "bot")
    THINKING = ("◔", N_("thinking"), "bot")
    ANSWERING = ("◐", N_("answering"), "bot")
    TOOL = ("◆", N_("running tool {name}"), "attention")
    STOPPING = ("■", N_("stopping"), "attention")
    RECOVERING = ("↻", N_("recovering"), "attention")
    AWAITING = ("↺", N_("Coze is still answering"), "attention")

    @property
    def sign(self) -> str:
        """Return a one-cell sign that no other state has."""
        return self.value[0]

    @property
    def role(self) -> str:
        """Return the theme's role for its color."""
        return self.value[2]

    @property
    def is_running(self) -> bool:
        """Return whether the chip counts seconds in this state."""
        return self is not Activity.IDLE

    def word(self, detail: str = "") -> str:
        """Return its name in the language in use; `detail` is the name of the tool."""
        return _(self.value[1]).format(name=detail).rstrip()


_RUNNING_SIGNS = frozenset(activity.sign for activity in Activity if activity.is_running)
_ANSWERS = Activity.ANSWERING.sign
"""The sign of all running steps in the title of the window, which is slow to change."""

_OF_PHASE = {
    Phase.SENDING: Activity.SENDING,
    Phase.CREATED: Activity.WAITING,
    Phase.IN_PROGRESS: Activity.WAITING,
    Phase.REASONING: Activity.THINKING,
    Phase.ANSWERING: Activity.ANSWERING,
    Phase.TOOL: Activity.TOOL,
    Phase.SETTLING: Activity.ANSWERING,
    Phase.STOPPING: Activity.STOPPING,
    Phase.RECOVERING: Activity.RECOVERING,
    Phase.AWAITING: Activity.AWAITING,
}


def activity_of(phase: Phase | Outcome | None) -> Activity:
    """Return what the chip shows in a phase of a turn; `IDLE` if no turn runs."""
    return _OF_PHASE[phase] if isinstance(phase, Phase) else Activity.IDLE


@valueclass
class Chip:
    """The state of a turn: a sign, words, and the role of the theme that colors both."""

    sign: str
    text: str
    role: str
    time: str = ""
    """The duration of a chat that did not complete; only `part` shows it."""

    @classmethod
    def idle(cls) -> Chip:
        """Return the chip of a conversation in which nothing was sent."""
        return cls.of_activity(Activity.IDLE)

    @classmethod
    def of_activity(cls, activity: Activity, detail: str = "", elapsed_us: int | None = None) -> Chip:
        """Return the chip of a step: `◐ answering 1.3 s`.

        Args:
            detail: The tool's name; already clean.
            elapsed_us: Microseconds since sending; shown while the turn runs.
        """
        word = activity.word(detail)
        if elapsed_us is not None and activity.is_running:
            word = f"{word} {seconds(elapsed_us)}"
        return cls(activity.sign, word, activity.role)

    @classmethod
    def of_end(cls, outcome: Outcome, error: CozeTuiError | None, total_us: int) -> Chip:
        """Return the chip of a chat that is over: `✓ 3.8 s`, `✗ 4101`, `◼ stopped`.

        Args:
            total_us: Its duration; 0 if it is not known.
        """
        words, time = outcome.words_now, duration(total_us) if total_us else ""
        if outcome is Outcome.COMPLETED and time:
            words, time = time, ""
        elif outcome is Outcome.FAILED and (code := code_words(code_of(error))):
            words = code
        return cls(outcome.sign, words, outcome_role(outcome), time)

    @classmethod
    def of(cls, figures: TurnFigures, now_us: int | None = None) -> Chip:
        """Return the chip of a turn that was sent, with its outcome once it has ended.

        Args:
            now_us: Microseconds since sending; None for the time of its last update.
        """
        if figures.outcome is not None:
            outcome = Outcome.REQUIRES_ACTION if figures.asks_back else figures.outcome
            return cls.of_end(outcome, figures.error, figures.last_us)
        elapsed_us = figures.last_us if now_us is None else now_us
        return cls.of_activity(activity_of(figures.phase), clean_line(figures.tool), elapsed_us)

    @property
    def part(self) -> Part:
        """Return the chip and the duration, as a part of a line."""
        return f"{self.sign} {self.text} {self.time}".rstrip(), self.role


class StatusStrip(LineWidget):
    """A line such as `● answering 3.2 s · first text 412 ms · 37 events · logid …4F2A`, cut to fit."""

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
        """Return the line."""
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
        parts = [Chip.of(figures, self._now_us).part]
        if figures.first_text_us is not None and not figures.is_timeless:
            parts.append((_("first text {time}").format(time=milliseconds(figures.first_text_us)), "muted"))
        if figures.outcome is not None:
            parts += [(words, "muted") for words in break_words(figures.breaks, figures.outcome)]
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


class ChatHeader(LineWidget):
    """Shows bot, site, title and state. Each value repaints the line only if it differs.

    In a narrow terminal the title is cut first, then the site, then the bot's name; the chip stays.
    """

    bot: reactive[str] = reactive("")
    """Name of the bot; clean, on one line, as `site` and `title`."""
    site: reactive[str] = reactive("")
    title: reactive[str] = reactive("")
    is_fork: reactive[bool] = reactive(False)
    """Whether a mark before the title shows that the conversation is a fork."""
    chip: reactive[Chip] = reactive(Chip.idle)

    def __init__(self, *, bot: str = "", site: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.set_reactive(ChatHeader.bot, bot)
        self.set_reactive(ChatHeader.site, site)

    @property
    def window_title(self) -> str:
        """Return the state in one sign, the title and the bot, as the title of the terminal's window."""
        sign = _ANSWERS if self.chip.sign in _RUNNING_SIGNS else self.chip.sign
        state = "" if sign == Activity.IDLE.sign else f"{sign} "
        return state + " · ".join(part for part in (self.title, self.bot, "coze-tui") if part)

    def show_chip(self, chip: Chip) -> None:
        """Set the chip; it may be called at every frame, because only another chip repaints the line."""
        self.chip = chip

    def render_line(self, y: int) -> Strip:
        """Return the line."""
        width = self.content_size.width
        chip = self.chip
        right: list[Part] = [(f"{chip.sign} ", chip.role), (shorten(chip.text, max(0, width - 3)), chip.role)]
        room = width - width_of(right) - 2
        if room < 1:
            return self.line([], right)
        bot = shorten(self.bot, room - 2)
        left: list[Part] = [("● ", "bot"), (bot, "text bold")]
        room -= width_of(left)
        if self.site and room >= cell_len(self.site) + 3:
            left.append((f"   {self.site}", "muted"))
            room -= cell_len(self.site) + 3
        title = f"{FORK_MARK} {self.title}" if self.is_fork else self.title
        if title and room >= _LEAST_TITLE + 3:
            title = shorten(title, room - 3)
            # In the middle of the line where it fits there, else close to the left part.
            middle = (width - cell_len(title)) // 2
            last = width - width_of(right) - 2 - cell_len(title)
            start = max(width_of(left) + 3, min(middle, last))
            left += [(" " * (start - width_of(left)), "text"), (title, "text")]
        return self.line(left, right)
