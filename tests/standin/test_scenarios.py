"""Scenarios as data: how answers become steps, and how recorded streams keep their time."""

from __future__ import annotations

import random
import time

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.standin.recorded import timed
from coze_tui.standin.scenarios import (
    Answer,
    Capture,
    Complete,
    Delta,
    FollowUps,
    Pause,
    Step,
    Turn,
    expand,
    split,
)
from tests.support.standin_calls import Run

TURN = Turn("hi", chinese=False)


@given(st.text(), st.integers())
def test_the_pieces_of_a_text_are_the_text(text: str, seed: int) -> None:
    pieces = list(split(text, random.Random(seed)))
    assert "".join(pieces) == text
    assert all(pieces)
    assert max(map(len, pieces), default=0) <= 8


def test_an_answer_becomes_a_wait_deltas_and_the_whole() -> None:
    steps = list(expand([Answer("one two", wait=0.4, rate=50)], TURN, random.Random(7)))
    assert steps[0] == Pause(0.4)
    assert [step.content for step in steps if isinstance(step, Delta)] == ["one", " two"]
    pauses = [step.seconds for step in steps[1:] if isinstance(step, Pause)]
    assert all(0.01 <= seconds <= 0.03 for seconds in pauses)
    assert steps[-1] == Complete("one two", "")


def test_follow_ups_come_a_while_later() -> None:
    steps = list(expand([FollowUps(("a", "b"), wait=1.2)], TURN, random.Random(7)))
    assert isinstance(steps[0], Pause)
    assert steps[0].seconds == 1.2
    assert [step.content for step in steps if isinstance(step, Complete)] == ["a", "b"]


def test_a_callable_is_asked_when_its_turn_comes() -> None:
    asked: list[str] = []

    def later(turn: Turn) -> list[Step]:
        asked.append(turn.outputs.get("x", "too early"))
        return [Delta("b")]

    turn = Turn("hi", chinese=False)
    steps = expand([Delta("a"), later], turn, random.Random(7))
    assert next(steps) == Delta("a")
    turn.outputs["x"] = "in time"
    assert next(steps) == Delta("b")
    assert asked == ["in time"]


def test_a_capture_is_parted_by_its_times() -> None:
    data = (
        b": head\nevent:a\ndata:1\n\n: at 250000\nevent:b\ndata:2\n\n: note\n: at 500000\nevent:c\ndata:\n\n"
    )
    assert list(timed(data)) == [
        (0.0, b"event:a\ndata:1\n\n"),
        (0.25, b"event:b\ndata:2\n\n"),
        (0.5, b"event:c\ndata:\n\n"),
    ]
    assert list(timed(b"event:a\rdata:1\r\r")) == [(0.0, b"event:a\rdata:1\r\r")]


def test_a_capture_keeps_its_pace(run: Run) -> None:
    data = b'event:a\ndata:{}\n\n: at 200000\nevent:done\ndata:"[DONE]"\n\n'
    start = time.monotonic()
    assert run([Capture(data)], pace=1).ask("hi").names == ["a", "done"]
    assert time.monotonic() - start >= 0.2
