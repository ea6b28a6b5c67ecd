"""A chat read again from its frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coze_tui.api.captures import read_capture
from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import RETRIEVED, TurnState
from coze_tui.engine.model.turn_replay import past_turn
from coze_tui.errors import ApiError
from tests.support.samples import STREAMS


def frames_of(*names: str) -> list[Frame]:
    """The frames of these streams one after the other, 10 ms apart."""
    found = [
        frame
        for name in names
        for frame in read_capture((STREAMS / f"{name}.sse").read_text("utf-8", "replace")).frames
    ]
    return [replace(frame, at_us=10_000 * number) for number, frame in enumerate(found, 1)]


def test_the_frames_tell_how_it_ended() -> None:
    assert past_turn(frames_of("text_chat")).outcome is Outcome.COMPLETED
    assert past_turn(frames_of("failed")).outcome is Outcome.FAILED
    assert past_turn(frames_of("error_then_completed")).outcome is Outcome.FAILED
    assert past_turn(frames_of("canceled")).outcome is Outcome.SERVER_CANCELED
    assert past_turn(frames_of("expired")).outcome is Outcome.EXPIRED
    assert past_turn(frames_of("requires_action")).outcome is Outcome.REQUIRES_ACTION
    assert past_turn(frames_of("cut_in_json")).outcome is Outcome.INTERRUPTED
    assert past_turn([]).outcome is Outcome.INTERRUPTED


def test_what_is_known_goes_before_what_the_frames_tell() -> None:
    turn = past_turn(frames_of("cut_in_json"), outcome=Outcome.CANCELED, total_us=9_000_000, logid="2026LOG")
    assert turn.outcome is Outcome.CANCELED
    assert (turn.figures.total_us, turn.timeline.total_us) == (9_000_000, 9_000_000)
    assert turn.figures.logid == "2026LOG"


def test_a_failure_keeps_its_code() -> None:
    error = past_turn(frames_of("failed")).figures.error
    assert isinstance(error, ApiError)
    assert error.code


def test_a_chat_goes_on_after_tool_outputs() -> None:
    turn = past_turn(frames_of("requires_action", "tool_outputs"))
    assert turn.outcome is Outcome.COMPLETED
    assert turn.state.answers[-1].whole_text
    assert "tool_outputs" in [row.name for row in turn.figures.rows]


def test_what_a_recovery_fetched_is_the_truth() -> None:
    cut = frames_of("failed")
    whole = [replace(frame, id=RETRIEVED) for frame in frames_of("text_chat") if "delta" not in frame.event]
    turn = past_turn([*cut, *whole])
    assert turn.outcome is Outcome.COMPLETED
    assert turn.figures.error is None


@pytest.mark.parametrize("file", sorted(STREAMS.glob("*.sse")), ids=lambda file: file.stem)
def test_text_and_parts_are_those_of_the_live_turn(file: Path) -> None:
    frames = frames_of(file.stem)
    live = TurnState()
    for frame in frames:
        live.apply(parse_event(frame))
    live.settle(0)
    past = past_turn(frames).state
    assert [answer.whole_text for answer in past.answers] == [answer.whole_text for answer in live.answers]
    assert len(past.parts) == len(live.parts)
    assert past.follow_ups == live.follow_ups
