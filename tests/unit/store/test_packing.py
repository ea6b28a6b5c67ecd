"""Packed frames are unpacked a piece at a time, and only as many as a reply may have."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.objects import Frame, Limits
from coze_tui.store import packing
from coze_tui.store.archive import pack
from coze_tui.store.packing import Packer, frame_from_line, line_from_frame, lines_in, within
from tests.support.conversations import ANY_TEXT


@given(st.builds(Frame, ANY_TEXT, ANY_TEXT, st.integers(0, 2**62), ANY_TEXT))
def test_a_frame_is_one_line(frame: Frame) -> None:
    line = line_from_frame(frame)
    assert b"\n" not in line
    assert frame_from_line(line) == frame


@pytest.mark.parametrize("size", [0, 1, 1_000, 3_000_000])
def test_all_lines_come_back(size: int) -> None:
    random_ = random.Random(size)
    frames = [Frame("e", random_.randbytes(size // 2).hex(), number) for number in range(5)]
    packed = pack(frames)
    assert packed is not None
    assert list(map(frame_from_line, lines_in(packed))) == frames


def test_streams_after_each_other_are_lines_after_each_other() -> None:
    one, other = zlib.compress(b"[1]\n[2]"), zlib.compress(b"[3]")
    assert list(lines_in(one + other + one)) == [b"[1]", b"[2]", b"[3]", b"[1]", b"[2]"]
    for cut in range(1, len(other)):
        with pytest.raises(zlib.error):
            list(lines_in(one + other[:-cut]))
    packer = Packer(other)
    for row in (b"[4]", b"[5]\n[6]", one, b"[7]"):
        packer.add(row)
    packed = packer.packed()
    assert packed is not None
    numbers = [b"[3]", b"[4]", b"[5]", b"[6]", b"[1]", b"[2]", b"[7]"]
    assert list(lines_in(packed)) == numbers


def test_lines_without_end_are_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "LONGEST_LINE", 2 << 20)
    with pytest.raises(ValueError, match="too long"):
        list(lines_in(zlib.compress(bytes(8 << 20))))


@pytest.mark.parametrize("cut", [1, 40])
def test_what_is_cut_off_is_no_end(cut: int) -> None:
    packed = zlib.compress(b"\n".join(random.Random(1).randbytes(50) for _ in range(99)))
    with pytest.raises(zlib.error):
        list(lines_in(packed[:-cut]))


def test_only_as_much_is_read_as_a_reply_may_have() -> None:
    frames = [Frame("e", "x" * 9, number) for number in range(100)]
    assert list(within(frames, Limits(reply=1_000))) == frames
    assert list(within(frames, Limits(reply=995))) == frames[:99]
    assert list(within(frames, Limits(frames=7))) == frames[:7]
    assert list(within(frames, Limits(non_deltas=7))) == frames[:7]
    deltas = [Frame("conversation.message.delta", "x" * 9, number) for number in range(100)]
    assert list(within(deltas, Limits(non_deltas=7))) == deltas
