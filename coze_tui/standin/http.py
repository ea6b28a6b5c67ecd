"""HTTP/1.1 on asyncio streams: requests in, replies and chunked streams out.

Supports keep-alive, `Content-Length`, chunked bodies and `Expect: 100-continue`. Independent of Coze.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import struct
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

MAX_HEAD = 64 * 1024


class BadRequest(Exception):
    """An invalid or too large request: the server replies with `status` and closes the connection."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Hangup(Exception):
    """The client has closed the connection."""


@dataclass(frozen=True)
class Request:
    """A received request. `at` is `time.monotonic()`, so that a test can measure the time between two."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Names in lower case."""
    raw: bytes
    at: float

    @property
    def body(self) -> object:
        """Return the body as JSON; None if it is not JSON."""
        try:
            value: object = json.loads(self.raw)
        except (ValueError, RecursionError):
            return None
        return value


@dataclass(frozen=True)
class Reply:
    """A complete reply."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StreamReply:
    """A chunked reply: `feed` writes the chunks and returns when the stream has ended."""

    feed: Callable[[ResponseWriter], Awaitable[None]]
    content_type: str | None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Silence:
    """No reply: the server resets the connection at once, or holds it open until the client disconnects."""

    reset: bool


Answer = Reply | StreamReply | Silence
Handler = Callable[[Request], Awaitable[Answer]]


class ResponseWriter:
    """A writer of one chunked reply."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.closed = False

    async def send(self, data: bytes) -> None:
        """Write `data` as one chunk; raise `Hangup` if the client has closed the connection."""
        if not data:
            return
        if self.closed or self._writer.is_closing():
            self.closed = True
            raise Hangup
        try:
            self._writer.write(b"%x\r\n%b\r\n" % (len(data), data))
            await self._writer.drain()
        except (ConnectionError, OSError) as error:
            self.closed = True
            raise Hangup from error

    async def gone(self) -> None:
        """Wait until the client has closed the connection."""
        with contextlib.suppress(ConnectionError, OSError):
            while await self._reader.read(4096):
                pass
        self.closed = True

    def cut(self, *, reset: bool = False) -> None:
        """Break the connection at this point: without the last chunk, or with a TCP reset."""
        self.closed = True
        if reset:
            _reset(self._writer)
        else:
            self._writer.close()


class HttpServer:
    """A server on 127.0.0.1 that passes every request to `handle`."""

    def __init__(self, handle: Handler, *, max_body: int) -> None:
        self._handle = handle
        self._max_body = max_body
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def listen(self, port: int) -> int:
        """Start the server and return its port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=MAX_HEAD)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        tasks = list(self._open)
        for task, writer in list(self._open.items()):
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:  # None outside of a task, which does not happen here
            return
        self._open[task] = writer
        try:
            while await self._exchange(reader, writer):
                pass
        except (Hangup, ConnectionError, OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._open.pop(task, None)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Handle one request; return whether the connection may be reused."""
        try:
            request = await self._read(reader, writer)
        except BadRequest as error:
            await _write(writer, Reply(error.status, str(error).encode(), "text/plain"), keep=False)
            return False
        if request is None:
            return False
        keep = request.headers.get("connection", "").lower() != "close"
        try:
            answer = await self._handle(request)
        except Exception:  # noqa: BLE001 - whatever it is, the one who asked must see it
            answer = Reply(500, traceback.format_exc().encode(), "text/plain; charset=utf-8")
        if isinstance(answer, Silence):
            if answer.reset:
                _reset(writer)
            else:
                await ResponseWriter(reader, writer).gone()
            return False
        if isinstance(answer, Reply):
            await _write(writer, answer, keep=keep, head_only=request.method == "HEAD")
            return keep
        headers = {"Transfer-Encoding": "chunked", **answer.headers}
        writer.write(_head(200, answer.content_type, headers, keep=keep))
        outlet = ResponseWriter(reader, writer)
        await answer.feed(outlet)
        if outlet.closed or writer.is_closing():
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return keep

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            if error.partial.strip():
                raise BadRequest(400, "incomplete request") from error
            return None
        except asyncio.LimitOverrunError as error:
            raise BadRequest(431, "request head too long") from error
        first, *lines = head.decode("latin-1").split("\r\n")
        try:
            method, target, _version = first.split(" ")
        except ValueError as error:
            raise BadRequest(400, "bad request line") from error
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines if x)
        }
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        url = urlsplit(target)
        raw = await self._read_body(reader, headers)
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        return Request(method, unquote(url.path), query, headers, raw, time.monotonic())

    async def _read_body(self, reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return await self._read_chunks(reader)
        text = headers.get("content-length", "0")
        if not text.isdigit():
            raise BadRequest(400, "bad Content-Length")
        if int(text) > self._max_body:
            raise BadRequest(413, "body too large")
        return await reader.readexactly(int(text))

    async def _read_chunks(self, reader: asyncio.StreamReader) -> bytes:
        body = bytearray()
        while True:
            line = (await reader.readline()).split(b";")[0].strip()
            try:
                size = int(line, 16)
            except ValueError as error:
                raise BadRequest(400, "bad chunk") from error
            if size + len(body) > self._max_body:
                raise BadRequest(413, "body too large")
            if size == 0:
                while (await reader.readline()).strip():
                    pass
                return bytes(body)
            body += await reader.readexactly(size)
            await reader.readexactly(2)


def _head(status: int, content_type: str | None, headers: Mapping[str, str], *, keep: bool) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {status} {phrase}", f"Date: {formatdate(usegmt=True)}"]
    if content_type is not None:
        lines.append(f"Content-Type: {content_type}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines.append(f"Connection: {'keep-alive' if keep else 'close'}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _write(writer: asyncio.StreamWriter, reply: Reply, *, keep: bool, head_only: bool = False) -> None:
    headers = {"Content-Length": str(len(reply.body)), **reply.headers}
    writer.write(
        _head(reply.status, reply.content_type, headers, keep=keep) + (b"" if head_only else reply.body)
    )
    await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN."""
    # Enabled, with zero seconds. Windows uses shorts where others use ints.
    linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()
