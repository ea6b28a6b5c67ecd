"""The frames of a turn that runs, kept in little memory for whoever comes to follow it. Pure."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterable, Iterator

from coze_tui.api.objects import Frame

_BLOCK = 256
"""Frames that are packed together."""


class FrameLog:
    """A list of frames that only grows; all but the newest are packed, to about a tenth."""

    def __init__(self, frames: Iterable[Frame] = ()) -> None:
        self._packed: list[bytes] = []
        self._newest: list[Frame] = []
        self.extend(frames)

    def extend(self, frames: Iterable[Frame]) -> None:
        """Add frames at the end."""
        self._newest += frames
        while len(self._newest) >= 2 * _BLOCK:
            fields = [(frame.event, frame.data, frame.at_us, frame.id) for frame in self._newest[:_BLOCK]]
            self._packed.append(zlib.compress(marshal.dumps(fields), 1))
            del self._newest[:_BLOCK]

    def after(self, count: int) -> list[Frame]:
        """Those behind the first `count`."""
        blocks, rest = divmod(count, _BLOCK)
        if blocks >= len(self._packed):
            return self._newest[count - len(self._packed) * _BLOCK :]
        found = [frame for block in self._packed[blocks:] for frame in _unpacked(block)]
        return found[rest:] + self._newest

    def __len__(self) -> int:
        return len(self._packed) * _BLOCK + len(self._newest)

    def __iter__(self) -> Iterator[Frame]:
        for block in self._packed:
            yield from _unpacked(block)
        yield from self._newest


def _unpacked(block: bytes) -> Iterator[Frame]:
    return (Frame(*fields) for fields in marshal.loads(zlib.decompress(block)))
