"""The state chip of the header and the status strip: the state of a turn as a sign and a word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import Phase
from coze_tui.text.format import seconds
from coze_tui.text.i18n import N_, _


class Activity(Enum):
    """The states of the chip: sign, word, role of its color."""

    IDLE = ("●", N_("idle"), "muted")
    SENDING = ("↑", N_("sending"), "bot")
    WAITING = ("◌", N_("waiting"), "bot")
    THINKING = ("◔", N_("thinking"), "bot")
    ANSWERING = ("◐", N_("answering"), "bot")
    TOOL = ("◆", N_("running tool {name}"), "attention")
    NEEDS_YOU = ("▲", N_("needs you"), "attention")
    STOPPING = ("■", N_("stopping"), "attention")
    RECOVERING = ("↻", N_("recovering"), "attention")
    OFFLINE = ("✗", N_("offline"), "failure")

    @property
    def sign(self) -> str:
        """One cell that no other state has."""
        return self.value[0]

    @property
    def role(self) -> str:
        """The theme's role that colors it."""
        return self.value[2]

    @property
    def is_running(self) -> bool:
        """Whether the chip counts seconds in this state."""
        return self not in (Activity.IDLE, Activity.NEEDS_YOU, Activity.OFFLINE)

    def word(self, detail: str = "") -> str:
        """Return its name in the language in use; `detail` is the name of the tool."""
        return _(self.value[1]).format(name=detail).rstrip()


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
}


def activity_of(phase: Phase | Outcome | None) -> Activity:
    """Return what the chip shows in a phase of a turn or after its end; None is no turn."""
    if isinstance(phase, Phase):
        return _OF_PHASE[phase]
    return Activity.NEEDS_YOU if phase is not None and phase.needs_user else Activity.IDLE


@dataclass(frozen=True, slots=True)
class Chip:
    """One state of the chip, with its details."""

    activity: Activity = Activity.IDLE
    detail: str = ""
    """The tool's name; already clean."""
    elapsed_us: int | None = None
    """Microseconds since sending; shown while the turn runs."""

    @property
    def text(self) -> str:
        """Return word and time: `answering 1.3 s`."""
        word = self.activity.word(self.detail)
        if self.elapsed_us is None or not self.activity.is_running:
            return word
        return f"{word} {seconds(self.elapsed_us)}"
