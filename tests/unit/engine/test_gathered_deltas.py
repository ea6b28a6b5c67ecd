"""Deltas that are told together say what they say one by one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.captures import read_capture
from coze_tui.api.events import MessageDelta, MessageDeltas, parse_event, parse_events
from coze_tui.api.objects import Frame
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.updates import AnswerGrew, ReasoningGrew, TurnUpdate
from tests.support.samples import STREAMS


def delta(at_us: int, **fields: object) -> Frame:
    body = {"id": "m1", "role": "assistant", "type": "answer", "content_type": "text"} | fields
    return Frame("conversation.message.delta", json.dumps(body), at_us)


def joined(updates: Iterable[TurnUpdate]) -> list[TurnUpdate]:
    """The same with neighboring growth of one text in one update."""
    found: list[TurnUpdate] = []
    for update in updates:
        last = found[-1] if found else None
        if isinstance(update, AnswerGrew | ReasoningGrew) and type(last) is type(update):
            assert isinstance(last, AnswerGrew | ReasoningGrew)
            if last.message_id == update.message_id:
                found[-1] = replace(
                    last,
                    text=last.text + update.text,
                    arrivals_us=last.arrivals_us + update.arrivals_us,
                    bytes=last.bytes + update.bytes,
                )
                continue
        found.append(update)
    return found


def check(frames: Sequence[Frame]) -> None:
    alone, together = TurnState(), TurnState()
    one_by_one = [update for frame in frames for update in alone.apply(parse_event(frame))]
    gathered = list(together.apply_all(frames))
    assert joined(gathered) == joined(one_by_one)
    assert together.frame_count == alone.frame_count == len(frames)
    for ours, theirs in zip(together.answers, alone.answers, strict=True):
        assert (ours.whole_text, ours.whole_reasoning) == (theirs.whole_text, theirs.whole_reasoning)
    figures, expected = TurnFigures(), TurnFigures()
    figures.add_all(gathered)
    expected.add_all(one_by_one)
    for name in ("first_text_us", "deltas", "characters", "events", "bytes", "last_us", "rows"):
        assert getattr(figures, name) == getattr(expected, name), name
    assert [figures.gaps.quantile(part) for part in (0, 0.5, 0.95, 1)] == [
        expected.gaps.quantile(part) for part in (0, 0.5, 0.95, 1)
    ]
    assert (figures.gaps.count, figures.gaps.max_us) == (expected.gaps.count, expected.gaps.max_us)


@pytest.mark.parametrize("file", sorted(STREAMS.glob("*.sse")), ids=lambda file: file.stem)
def test_of_every_stream(file: Path) -> None:
    frames = read_capture(file.read_text("utf-8", "replace")).frames
    check([replace(frame, at_us=700 * (number // 3)) for number, frame in enumerate(frames)])


TEXTS = st.one_of(
    st.sampled_from(
        ["", "你好", "a", "\ud83d", "\ude00", "\x1b[31m", "\r", "\n", "\U0001f3f4", "\u0301" * 5]
    ),
    st.text(max_size=3),
    st.none(),
    st.integers(),
)
DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": TEXTS,
        "reasoning_content": TEXTS,
        "id": st.sampled_from(["m1", "m2", "", 7]),
        "type": st.sampled_from(["answer", "knowledge", "", "new"]),
        "role": st.sampled_from(["assistant", "user", ""]),
        "content_type": st.sampled_from(["text", "audio", "card"]),
        "meta_data": st.sampled_from([None, {}, {"a": "b"}, {"content": "a"}]),
    },
)
RAW = st.sampled_from(
    [
        '{"type":"answer","content":"a"}',
        '{"type":"answer","content":"b"}',
        '{"type":"answer","content":"b"}"c"',
        '{"type":"answer","content":"\ud83d"}',
        '{"type":"answer","content":"\ude00"}',
        '{"type":"answer","content":"a"',
        '{"type":"answer", "content" : "a"}',
        '{"content":"a","type":"answer","content":"b"}',
        '{"content":"c","type":"answer","content":"b"}',
        '{"content":"c","type":"answer","content":"d"}',
        '{"type":"answer","meta_data":{"content":"a"},"content":"a"}',
        '{"type":"answer","meta_data":{"content":"b"},"content":"a"}',
        '{"type":"answer","meta_data":{"content":"b"},"content":"b"}',
        '{"type":"answer","content":7}',
        '{"type":"answer","content":7}"c"',
        '{"type":"answer","x":NaN,"content":"a"}',
        '"b"',
        "",
    ]
)


@given(st.lists(RAW, max_size=20))
def test_of_json_in_any_form(texts: list[str]) -> None:
    check([Frame("conversation.message.delta", text, number) for number, text in enumerate(texts)])


@given(st.lists(st.tuples(DELTAS, st.integers(0, 2_000_000)), max_size=20))
def test_of_any_deltas(items: list[tuple[dict[str, object], int]]) -> None:
    moments = accumulate(gap for _fields, gap in items)
    check([delta(at_us, **fields) for (fields, _gap), at_us in zip(items, moments, strict=True)])


def test_a_long_run_is_one_event_and_one_update() -> None:
    frames = [delta(1000 * number, content=f"字{number} ") for number in range(500)]
    (event,) = parse_events(frames)
    assert isinstance(event, MessageDeltas)
    assert event.frames == tuple(frames)
    grown = [update for update in TurnState().apply_all(frames) if isinstance(update, AnswerGrew)]
    assert len(grown) == 2  # the first text, and the rest
    assert len(grown[1].arrivals_us) == 499


def test_what_differs_in_more_than_its_text_is_apart() -> None:
    frames = [
        delta(1, content="a"),
        delta(2, content="b"),
        delta(3, content="c", created_at=5),
        delta(4, reasoning_content="d"),
        delta(5, content=""),
        delta(6, content="f", id="m2"),
    ]
    found = list(parse_events(frames))
    assert [type(event) for event in found] == [MessageDeltas, *[MessageDelta] * 4]
    assert [event.frame for event in found[1:]] == frames[2:]
