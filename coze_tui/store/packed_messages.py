"""The messages of a conversation in memory: packed if there are many."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import fields
from operator import attrgetter

from coze_tui.store.messages import message_from_row
from coze_tui.store.records import SavedMessage

_AT_ONCE = 1 << 18
"""Number of characters that are unpacked at a time."""
_QUICK = 1
_values_of = attrgetter(*(each.name for each in fields(SavedMessage)))


class PackedMessages(Collection[SavedMessage]):
    """A collection of messages of which only a few are unpacked at a time, however many there are."""

    def __init__(self, pieces: Iterable[bytes], last: Iterable[SavedMessage], count: int) -> None:
        """Use what `MessagePacker` has packed, and the messages after it."""
        self._pieces = tuple(pieces)
        self._last = tuple(last)
        self._count = count

    def __iter__(self) -> Iterator[SavedMessage]:
        for piece in self._pieces:
            yield from map(message_from_row, marshal.loads(zlib.decompress(piece)))
        yield from self._last

    def __len__(self) -> int:
        return self._count

    def __contains__(self, message: object) -> bool:
        return any(message == each for each in self)


class MessagePacker:
    """Packs messages while they are added one by one."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._open: list[SavedMessage] = []
        self._size = 0
        self.count = 0
        self.last: SavedMessage | None = None
        """The last added message."""

    def add(self, message: SavedMessage) -> None:
        """Add the next message."""
        self._open.append(message)
        self._size += len(message.content) + len(message.reasoning) + len(message.name)
        self.count += 1
        self.last = message
        if self._size > _AT_ONCE:
            self._pieces.append(zlib.compress(marshal.dumps(list(map(_values_of, self._open))), _QUICK))
            self._open, self._size = [], 0

    def whole(self) -> Collection[SavedMessage]:
        """Return all messages in the order in which they were added."""
        return PackedMessages(self._pieces, self._open, self.count) if self._pieces else tuple(self._open)


def packed_if_many(messages: Iterable[SavedMessage]) -> Collection[SavedMessage]:
    """Return the messages in a form that takes little memory."""
    packer = MessagePacker()
    for message in messages:
        packer.add(message)
    return packer.whole()
