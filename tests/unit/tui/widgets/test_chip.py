"""The state chip."""

from __future__ import annotations

from rich.cells import cell_len

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import Phase
from coze_tui.errors import ApiError, CozeTuiError, ProtocolError
from coze_tui.tui.widgets.status import Activity, Chip, activity_of


def test_every_state_has_a_word_and_a_sign_of_its_own() -> None:
    signs = [activity.sign for activity in Activity]
    words = [activity.word("x") for activity in Activity]
    assert len(set(signs)) == len(set(words)) == len(Activity) == 9
    assert all(cell_len(sign) == 1 for sign in signs)


def test_every_phase_has_a_state() -> None:
    states = {phase: activity_of(phase) for phase in (*Phase, *Outcome)}
    assert {phase for phase, state in states.items() if state is Activity.IDLE} == {*Outcome}
    assert activity_of(None) is Activity.IDLE


def test_time_is_told_only_while_something_runs() -> None:
    assert Chip.of_activity(Activity.THINKING, elapsed_us=3_250_000).text == "thinking 3.3 s"
    tool = Chip.of_activity(Activity.TOOL, "calendar.lookup", 1_000_000)
    assert tool.text == "running tool calendar.lookup 1.0 s"
    assert Chip.of_activity(Activity.TOOL).text == "running tool"
    assert Chip.of_activity(Activity.IDLE, elapsed_us=3_250_000).text == "idle"


def test_a_chat_that_is_over_keeps_its_outcome_in_the_chip() -> None:
    refused = ApiError(4101, "denied")
    ends = {
        outcome: Chip.of_end(outcome, refused if outcome is Outcome.FAILED else None, 3_777_000)
        for outcome in Outcome
    }
    assert {outcome: f"{chip.sign} {chip.text}" for outcome, chip in ends.items()} == {
        Outcome.COMPLETED: "✓ 3.8 s",
        Outcome.FAILED: "✗ 4101",
        Outcome.REQUIRES_ACTION: "▲ waits for you",
        Outcome.CANCELED: "◼ stopped",
        Outcome.SERVER_CANCELED: "□ canceled on the server",
        Outcome.EXPIRED: "◷ expired",
        Outcome.INTERRUPTED: "⟂ cut off",
    }
    page = ProtocolError("html", http_status=502)
    assert Chip.of_end(Outcome.FAILED, page, 3_777_000).text == "502"
    assert Chip.of_end(Outcome.FAILED, ProtocolError("empty"), 3_777_000).text == "failed"
    assert Chip.of_end(Outcome.FAILED, ApiError(-1, "no code"), 3_777_000).text == "failed"
    assert ends[Outcome.CANCELED].part == ("◼ stopped 3.8 s", "attention")
    assert Chip.of_end(Outcome.COMPLETED, None, 412_900).text == "413 ms", "as in the header of the answer"
    assert Chip.of_end(Outcome.FAILED, refused, 4_000).part == ("✗ 4101 4 ms", "failure")
    assert Chip.of_end(Outcome.COMPLETED, None, 0).text == "completed"
    assert Chip.of_end(Outcome.FAILED, CozeTuiError("no connection"), 0).text == "failed"


def test_a_tool_with_braces_in_its_name_is_no_format() -> None:
    assert Chip.of_activity(Activity.TOOL, "{name!r:>99}").text == "running tool {name!r:>99}"
