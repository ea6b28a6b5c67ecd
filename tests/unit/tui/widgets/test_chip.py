"""The state chip."""

from __future__ import annotations

from rich.cells import cell_len

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import Phase
from coze_tui.tui.widgets.status import Activity, Chip, activity_of


def test_every_state_has_a_word_and_a_sign_of_its_own() -> None:
    signs = [activity.sign for activity in Activity]
    words = [activity.word("x") for activity in Activity]
    assert len(set(signs)) == len(set(words)) == len(Activity) == 10
    assert all(cell_len(sign) == 1 for sign in signs)


def test_every_phase_has_a_state() -> None:
    states = {phase: activity_of(phase) for phase in (*Phase, *Outcome)}
    assert states[Outcome.REQUIRES_ACTION] is Activity.NEEDS_YOU
    assert {phase for phase, state in states.items() if state is Activity.IDLE} == {
        Outcome.COMPLETED,
        Outcome.FAILED,
        Outcome.CANCELED,
        Outcome.SERVER_CANCELED,
        Outcome.EXPIRED,
        Outcome.INTERRUPTED,
    }
    assert activity_of(None) is Activity.IDLE


def test_time_is_told_only_while_something_runs() -> None:
    assert Chip(Activity.THINKING, elapsed_us=3_250_000).text == "thinking 3.2 s"
    assert Chip(Activity.TOOL, "calendar.lookup", 1_000_000).text == "running tool calendar.lookup 1.0 s"
    assert Chip(Activity.TOOL).text == "running tool"
    assert Chip(Activity.IDLE, elapsed_us=3_250_000).text == "idle"


def test_a_tool_with_braces_in_its_name_is_no_format() -> None:
    assert Chip(Activity.TOOL, "{name!r:>99}").text == "running tool {name!r:>99}"
