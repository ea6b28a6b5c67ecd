"""The frames of a live turn, compressed in memory and shared by all readers. Pure."""

from __future__ import annotations

import marshal
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain, islice

from coze_tui.api.objects import Frame

_BLOCK = 256
"""Number of frames that are compressed together."""


class FrameLog:
    """The only copy of a turn's frames in memory: the runner adds, the recorder and followers read.

    A frame is added when it arrives and shown once it is saved: followers of the turn see only frames that
    are on disk, unless the store has refused them. All but the newest frames are compressed to about a
    tenth of their size.
    """

    def __init__(self, frames: Iterable[Frame] = ()) -> None:
        """Create a log in which these frames are already shown."""
        self._blocks: list[bytes] = []
        self._newest: list[Frame] = []
        self._shown = 0
        self.add(frames)
        self.show()

    def add(self, frames: Iterable[Frame]) -> None:
        """Append frames. `since` returns them at once, `shown` only after a call of `show`."""
        self._newest += frames

    def show(self) -> None:
        """Show all added frames to followers."""
        self._shown = len(self)
        # Not in `add`, because the recorder reads the new frames in between.
        while len(self._newest) >= 2 * _BLOCK:
            fields = [(frame.event, frame.data, frame.at_us, frame.id) for frame in self._newest[:_BLOCK]]
            self._blocks.append(zlib.compress(marshal.dumps(fields), 1))
            del self._newest[:_BLOCK]

    def since(self, position: int) -> list[Frame]:
        """Return the frames from a position on (0 is the first), shown or not."""
        return list(self._from(position))

    def shown(self, position: int = 0) -> Iterator[Frame]:
        """Iterate over the shown frames from a position on (0 is the first)."""
        return islice(self._from(position), max(0, self._shown - position))

    def __len__(self) -> int:
        return len(self._blocks) * _BLOCK + len(self._newest)

    def _from(self, position: int) -> Iterator[Frame]:
        block, rest = divmod(position, _BLOCK)
        if block >= len(self._blocks):
            return iter(self._newest[position - len(self._blocks) * _BLOCK :])
        frames = chain(chain.from_iterable(map(_unpacked, self._blocks[block:])), self._newest)
        return islice(frames, rest, None)


def _unpacked(block: bytes) -> Iterator[Frame]:
    return (Frame(*fields) for fields in marshal.loads(zlib.decompress(block)))
