"""Frames as bytes: a line of JSON for each, rows of lines, and packed lines.

Frames are packed and unpacked piece by piece, because a small store may contain more than fits into memory.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator

from coze_tui.api.objects import Frame, Limits

_FED = 1 << 16
_PIECE = 1 << 20
LONGEST_LINE = 64 << 20
"""Bytes of one frame as a line of JSON, in which each character may be escaped."""
_ROW = 65_536
"""Bytes of lines after which a row is full: one for each frame would take most of the time of a fast stream,
and of a larger one damage would lose more frames."""
_QUICK = 1
"""zlib's level for rows: three times as fast, a third larger."""
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def line_from_frame(frame: Frame) -> bytes:
    """Return one frame as a line of JSON, without any loss: lone surrogates are preserved."""
    line = f"[{frame.at_us},{_quoted(frame.event)},{_quoted(frame.data)},{_quoted(frame.id)}]"
    return line.encode("utf-8", "surrogatepass")


def frame_from_line(line: bytes) -> Frame:
    """Return the frame of a line that `line_from_frame` wrote."""
    at_us, event, data, id_ = json.loads(line.decode("utf-8", "surrogatepass"))
    return Frame(event, data, at_us, id_)


def rows_of(lines: Iterable[bytes], first_number: int) -> Iterator[tuple[int, bytes]]:
    """Yield rows of lines, as `lines_of` reads them, each with the number of its last line.

    Full rows are packed, so that the end of a fast stream does not wait for packing all of it.

    Args:
        first_number: the number of the first of all lines.
    """
    row: list[bytes] = []
    size = 0
    for number, line in enumerate(lines, first_number):
        row.append(line)
        size += len(line)
        if size >= _ROW:
            yield number, zlib.compress(b"\n".join(row), _QUICK)
            row, size = [], 0
    if row:
        yield number, b"\n".join(row)


def lines_of(row: bytes) -> Iterable[bytes]:
    """Return the lines of a row; raise as `lines_in` does."""
    return lines_in(row) if _is_packed(row) else row.split(b"\n")


def _is_packed(row: bytes) -> bool:
    return not row.startswith(b"[")


class Packer:
    """Packs lines bit by bit, so that only their packed form is in memory.

    Args:
        packed: lines that are packed already.
    """

    def __init__(self, packed: bytes = b"") -> None:
        self._pieces = [packed]
        self._compressor: zlib._Compress | None = None
        """Of the open stream; None if none is open."""

    def add(self, row: bytes) -> None:
        """Add a line, or a row."""
        if _is_packed(row):
            self._end_stream()
            self._pieces.append(row)
        elif self._compressor is None:
            self._compressor = zlib.compressobj()
            self._pieces.append(self._compressor.compress(row))
        else:
            self._pieces.append(self._compressor.compress(b"\n" + row))

    def packed(self) -> bytes | None:
        """Return all lines, packed, or None if there are none."""
        self._end_stream()
        return b"".join(self._pieces) or None

    def _end_stream(self) -> None:
        if self._compressor is not None:
            self._pieces.append(self._compressor.flush())
            self._compressor = None


def lines_in(packed: bytes) -> Iterator[bytes]:
    """Yield the lines of packed frames; only one of them is in memory at a time.

    The end of each of the streams in the packed data ends a line, too.

    Raises:
        zlib.error: the packed data is not complete.
        ValueError: a line is longer than `LONGEST_LINE`.
    """
    unpacker = zlib.decompressobj()
    begun = bytearray()
    for start in range(0, len(packed), _FED):
        fed = packed[start : start + _FED]
        while fed:
            if unpacker.eof:
                yield bytes(begun)
                begun.clear()
                unpacker = zlib.decompressobj()
            piece = unpacker.decompress(fed, _PIECE)
            fed = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
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
    size = non_deltas = 0
    for number, frame in enumerate(frames, 1):
        size += frame.bytes
        non_deltas += not frame.is_delta
        if size > limits.reply or not limits.allow(number, non_deltas):
            return
        yield frame
