"""Bodies that a proxy has compressed although `identity` was asked for: unpacked in small pieces."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

import httpx

_PIECE = 65_536
"""Bytes that are unpacked at once, so that whoever reads can stop at its limit."""
_GZIP = b"\x1f\x8b"
_PLAIN = re.compile(rb"\s*(?:event|data|id|retry|:|\{|<)")
"""The beginning of a body that is not compressed, whatever its Content-Encoding says."""


class BrokenEncodingError(ValueError):
    """A body is compressed in a way that is not known, or is broken."""


def encoding_of(response: httpx.Response) -> str:
    """Return the Content-Encoding; empty if the body is not said to be compressed."""
    given = response.headers.get("content-encoding", "").lower()
    return ", ".join(name for part in given.split(",") if (name := part.strip()) and name != "identity")


class Unpacker:
    """Unpacks one body, if its first bytes or its head say that it is compressed."""

    def __init__(self, response: httpx.Response) -> None:
        self._encoding = encoding_of(response)
        self._bits = 0
        self._has_begun = False
        self._zip = zlib.decompressobj()

    def feed(self, chunk: bytes) -> Iterable[bytes]:
        """Return the next chunk as it is, or in unpacked pieces of at most 64 KiB.

        Raises:
            BrokenEncodingError: it cannot be unpacked, perhaps only after some pieces.
        """
        if not self._has_begun and chunk:
            self._has_begun = True
            self._bits = _window_bits(chunk, self._encoding)
            self._zip = zlib.decompressobj(self._bits)
        return self._pieces(chunk) if self._bits else (chunk,)

    def _pieces(self, packed: bytes) -> Iterator[bytes]:
        while True:
            if self._zip.eof:  # a body may consist of several gzip members; what else follows is padding
                if not packed.startswith(_GZIP):
                    return
                self._zip = zlib.decompressobj(self._bits)
            try:
                piece = self._zip.decompress(packed, _PIECE)
            except zlib.error as error:
                raise BrokenEncodingError(str(error)) from None
            packed = self._zip.unused_data if self._zip.eof else self._zip.unconsumed_tail
            if piece:
                yield piece
            if not packed and len(piece) < _PIECE:
                return


def _window_bits(beginning: bytes, encoding: str) -> int:
    """Return the parameter for zlib; 0 if the body is not compressed."""
    if beginning.startswith(_GZIP):
        return zlib.MAX_WBITS | 16
    if not encoding or _PLAIN.match(beginning):
        return 0
    if encoding == "deflate":
        has_header = beginning[0] & 0x0F == 8 and (
            len(beginning) < 2 or int.from_bytes(beginning[:2], "big") % 31 == 0
        )
        return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
    if encoding in ("gzip", "x-gzip") and _GZIP.startswith(beginning):  # its first byte alone
        return zlib.MAX_WBITS | 16
    raise BrokenEncodingError(encoding)
