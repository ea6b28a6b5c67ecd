"""Joins the HTTP chunks of a response that have arrived together, before the HTTP library reads them.

Servers send each delta as a chunk of its own, and h11, httpcore and httpx take three times as long for a
chunk as everything else takes for its event.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HEAD_END = b"\r\n\r\n"
_LONGEST_HEAD = 131_072
_INTERIM = b"HTTP/1.1 1"
"""The start of a head that another head follows."""
_CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked *(?:\r\n|\Z)", re.IGNORECASE)
_SIZE_LINE = re.compile(rb"([0-9a-fA-F]{1,8})\r\n")
"""Matches the line before a chunk, without extensions."""
_SIZE_LINE_BEGUN = re.compile(rb"[0-9a-fA-F]{1,8}\r?")


async def join_chunks(event: str, info: Mapping[str, Any]) -> None:
    """Let a new connection join chunks. This is httpcore's request extension `trace`, called at each step."""
    if event.endswith(("connect_tcp.complete", "start_tls.complete")):
        _JoinedReading(info["return_value"])


class _JoinedReading:
    """Replaces `read` and `write` of a network stream of httpcore."""

    def __init__(self, stream: Any) -> None:
        self._read, self._write = stream.read, stream.write
        self._joiner = ChunkJoiner()
        stream.read, stream.write = self.read, self.write

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        while data := await self._read(max_bytes, timeout):
            if joined := self._joiner.feed(data):
                return joined
        return self._joiner.flush()

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._joiner = ChunkJoiner()  # another request: the next bytes are another response
        await self._write(buffer, timeout)


class ChunkJoiner:
    """Rewrites the bytes of one response so that the complete chunks of each piece become one chunk.

    The body remains the same. Nothing is held back but the start of a size line. What is unusual passes
    unchanged, up to the end of the response, because only the HTTP library decides what is an error.
    """

    def __init__(self) -> None:
        self._head = b""
        """The part of the head that has arrived."""
        self._is_in_body = False
        self._is_unchanged = False
        """Whether the rest passes unchanged."""
        self._missing = 0
        """Bytes that the open chunk lacks, with its line end."""
        self._held = b""
        """The start of a size line."""

    def feed(self, data: bytes) -> bytes:
        """Return the bytes that the HTTP library reads for these; may be empty."""
        if self._is_unchanged:
            return data
        if self._is_in_body:
            return self._joined(data)
        body = self._body_in(data)
        return data[: len(data) - len(body)] + self._joined(body) if body else data

    def flush(self) -> bytes:
        """Return the bytes that were held back, because the connection has ended."""
        held, self._held = self._held, b""
        return held

    def _body_in(self, data: bytes) -> bytes:
        """Return the part of this piece that belongs to a body in chunks."""
        self._head += data
        while _HEAD_END in self._head:
            head, _end, self._head = self._head.partition(_HEAD_END)
            has_bare_lf = head.count(b"\n") != head.count(b"\r\n")  # the head may have ended before
            if has_bare_lf or not head.startswith(_INTERIM):
                self._is_in_body = not has_bare_lf and _CHUNKED.search(head) is not None
                self._is_unchanged = not self._is_in_body
                return self._head if self._is_in_body else b""
        self._is_unchanged = len(self._head) > _LONGEST_HEAD
        return b""

    def _joined(self, data: bytes) -> bytes:
        data, self._held = self._held + data, b""
        position = min(self._missing, len(data))
        self._missing -= position
        open_chunk, bodies = data[:position], []
        while size_line := _SIZE_LINE.match(data, position):
            start = size_line.end()
            end = start + int(size_line[1], 16)
            if start == end or data[end : end + 2] != b"\r\n":
                break
            bodies.append(data[start:end])
            position = end + 2
        rest = data[position:]
        if _SIZE_LINE_BEGUN.fullmatch(rest):
            self._held, rest = rest, b""
        elif rest:
            self._begin(rest)
        if not bodies:
            return open_chunk + rest
        body = b"".join(bodies)
        return b"".join((open_chunk, b"%x\r\n" % len(body), body, b"\r\n", rest))

    def _begin(self, rest: bytes) -> None:
        """Let a chunk that is not complete pass; everything if it is the last one or not a usual one."""
        size_line = _SIZE_LINE.match(rest)
        size = int(size_line[1], 16) if size_line else 0
        self._missing = (size_line.end() if size_line else 0) + size + 2 - len(rest)
        self._is_unchanged = not size or self._missing <= 0
