"""Messages that are packed come back as they were, and few of them are in memory at a time."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

from coze_tui.store.packed_messages import PackedMessages, packed_if_many
from coze_tui.store.records import SavedMessage


def said(number: int, text: str) -> SavedMessage:
    return SavedMessage(
        *("assistant", "answer", text, "想 \ud800", "name", "text", f"id{number}", 2**62, number),
        *("key", number // 2, number),
    )


def many(count: int) -> Iterator[SavedMessage]:
    for number in range(count):
        yield said(number, f"{number} 海水为什么是咸的？\0" * 40)


def test_few_messages_are_a_tuple() -> None:
    assert packed_if_many(many(3)) == tuple(many(3))
    assert packed_if_many(()) == ()


def test_many_messages_come_back_in_order_as_often_as_asked() -> None:
    packed = packed_if_many(many(2_000))
    assert isinstance(packed, PackedMessages)
    assert len(packed) == 2_000
    for _ in range(2):
        assert list(packed) == list(many(2_000))
    assert said(7, "7 海水为什么是咸的？\0" * 40) in packed
    assert said(7, "other") not in packed


def test_many_messages_take_little_memory() -> None:
    tracemalloc.start()
    try:
        packed = packed_if_many(many(20_000))
        assert sum(len(message.content) for message in packed) > 5_000_000
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4_000_000
