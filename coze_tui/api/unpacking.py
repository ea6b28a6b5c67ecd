"""Unpacks bodies that a proxy has compressed although `identity` was requested, in small pieces."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

import httpx

_PIECE = 65_536
"""Bytes that are unpacked at once, so that the caller can stop at its limit."""
_GZIP = b"\x1f\x8b"
_DECIDES = 6
"""First bytes that show whether a body really is compressed."""
_PLAIN = rb"\s*(?:event|data|id|retry|:|\{|<)"
"""Matches the start of a body that is not compressed, whatever its Content-Encoding."""


class BrokenEncodingError(ValueError):
    """A body has an unknown compression, or is damaged."""


def encoding_of(response: httpx.Response) -> str:
    """Return the Content-Encoding; empty if the header names no compression."""
    given = response.headers.get("content-encoding", "").lower()
    return ", ".join(name for part in given.split(",") if (name := part.strip()) and name != "identity")


class Unpacker:
    """Unpacks one body, if its first bytes or its header show that it is compressed."""

    def __init__(self, response: httpx.Response) -> None:
        self._encoding = encoding_of(response)
        self._bits = 0
        """The parameter for zlib; 0 for a body that is not compressed."""
        self._is_known = False
        self._beginning = b""
        self._zip = zlib.decompressobj()

    def feed(self, chunk: bytes) -> Iterable[bytes]:
        """Return the next chunk as it is, or in unpacked pieces of at most 64 KiB.

        Returns nothing until the first bytes show which.

        Raises:
            BrokenEncodingError: it cannot be unpacked, perhaps only after some pieces.
        """
        if not self._is_known:
            chunk = self._beginning = self._beginning + chunk
            bits = _window_bits(chunk, self._encoding)
            if bits is None:
                return ()
            self._is_known, self._bits, self._beginning = True, bits, b""
            if bits:
                self._zip = zlib.decompressobj(bits)
        return self._pieces(chunk) if self._bits else (chunk,)

    def _pieces(self, packed: bytes) -> Iterator[bytes]:
        while True:
            # A body may consist of several gzip members; anything else after one is padding.
            if self._zip.eof:
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


def _window_bits(beginning: bytes, encoding: str) -> int | None:
    """Return zlib's parameter; 0 if the body is not compressed, None if more bytes are needed."""
    if beginning.startswith(_GZIP):
        return zlib.MAX_WBITS | 16
    if _GZIP.startswith(beginning):
        return None
    if not encoding or re.match(_PLAIN, beginning):
        return 0
    if len(beginning) < _DECIDES:
        return None
    if encoding != "deflate":
        raise BrokenEncodingError(encoding)
    has_header = beginning[0] & 0x0F == 8 and int.from_bytes(beginning[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
