"""Unpacks frames piece by piece, because a small store may contain more than fits into memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from coze_tui.api.objects import Frame, Limits

_FED = 1 << 16
_PIECE = 1 << 20
LONGEST_LINE = 64 << 20
"""Bytes of one frame as a line of JSON, in which each character may be escaped."""


def lines_in(packed: bytes) -> Iterator[bytes]:
    """Yield the lines of packed frames; only one of them is in memory at a time.

    Raises:
        zlib.error: the packed data is not complete.
        ValueError: a line is longer than `LONGEST_LINE`.
    """
    unpacker = zlib.decompressobj()
    begun = bytearray()
    for start in range(0, len(packed), _FED):
        fed = packed[start : start + _FED]
        while fed and not unpacker.eof:
            piece = unpacker.decompress(fed, _PIECE)
            fed = unpacker.unconsumed_tail
            *ends, last = piece.split(b"\n")
            for end in ends:
                begun += end
                yield bytes(begun)
                begun.clear()
            begun += last
            if len(begun) > LONGEST_LINE:
                raise ValueError("a frame is too long")
    begun += unpacker.flush()
    if not unpacker.eof:
        raise zlib.error("incomplete or truncated stream")
    yield bytes(begun)


def within(frames: Iterable[Frame], limits: Limits = Limits()) -> Iterator[Frame]:  # noqa: B008
    """Yield the first frames, at most as many as one reply of Coze may contain, by number and size."""
    size = 0
    for number, frame in enumerate(frames):
        size += frame.bytes
        if size > limits.reply or number >= limits.frames:
            return
        yield frame
