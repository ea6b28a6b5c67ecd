from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.objects import Frame
from coze_tui.engine.model.frame_log import FrameLog

FRAMES = st.builds(
    Frame, st.text(max_size=5), st.text(max_size=20), st.integers(0, 10**9), st.text(max_size=3)
)


@given(st.lists(FRAMES, max_size=12), st.lists(st.integers(0, 200), max_size=12), st.integers(0, 1500))
def test_it_returns_what_was_added(some: list[Frame], times: list[int], position: int) -> None:
    log, expected = FrameLog(), list[Frame]()
    for frame, often in zip(some, times, strict=False):
        log.add([frame] * often)
        log.show()
        expected += [frame] * often
    assert list(log.shown()) == expected
    assert len(log) == len(expected)
    assert log.since(position) == list(log.shown(position)) == expected[position:]


@given(st.lists(FRAMES, min_size=1, max_size=3), st.integers(0, 1500))
def test_frames_are_seen_by_followers_only_once_they_are_shown(new: list[Frame], before: int) -> None:
    old = [Frame("old", str(number), number) for number in range(before)]
    log = FrameLog(old)
    log.add(new)
    assert list(log.shown()) == old
    assert list(log.shown(before + 1)) == []
    assert log.since(before) == new
    log.show()
    assert list(log.shown(before)) == new


def deltas(count: int) -> Iterator[Frame]:
    for number in range(count):
        body = {"id": "7511000000000010003", "role": "assistant", "type": "answer", "content": f"字{number}"}
        yield Frame("conversation.message.delta", json.dumps(body | {"more": "x" * 200}), 1000 * number)


def test_a_long_stream_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = list(deltas(5000))
        as_a_list = tracemalloc.get_traced_memory()[0] - before
        kept.clear()
        before = tracemalloc.get_traced_memory()[0]
        log = FrameLog()
        for frame in deltas(5000):
            log.add([frame])
            log.show()
        packed = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(log) == 5000
    assert packed < as_a_list / 5
