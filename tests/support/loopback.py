"""Raw servers in the test's own event loop, and clients of them."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from coze_tui.api.client import CozeClient
from tests.support.raw_server import dead_port
from tests.support.samples import CERTIFICATES

TOKEN = "pat_MARKED0TOKEN0EXAMPLE"


@dataclass
class Request:
    """What a raw server was asked."""

    head: str
    body: bytes

    @property
    def line(self) -> str:
        return self.head.partition("\r\n")[0]

    def header(self, name: str) -> str:
        for line in self.head.split("\r\n")[1:]:
            key, _, value = line.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return ""


Handler = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RawServer:
    """A server that answers each request by a handler of the test, on as many connections as there are."""

    port: int
    scheme: str
    requests: list[Request] = field(default_factory=list)
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """A client has closed its connection."""

    @property
    def base_url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"


@asynccontextmanager
async def raw_server(handler: Handler, certificate: str = "") -> AsyncIterator[RawServer]:
    """Serve until the test is over."""
    tls = None
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(CERTIFICATES / certificate)
    open_ones: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_ones.add(task)
        try:
            while (request := await _read_request(reader)) is not None:
                server.requests.append(request)
                await handler(request, writer)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            server.hung_up.set()
            open_ones.discard(task)
            writer.close()

    listening = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls, limit=1 << 20)
    server = RawServer(listening.sockets[0].getsockname()[1], "https" if tls else "http")
    try:
        yield server
    finally:
        listening.close()
        for task in list(open_ones):
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)


async def _read_request(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request = Request(head, b"")
        if length := request.header("content-length"):
            request.body = await reader.readexactly(int(length))
        elif request.header("transfer-encoding"):
            while size := int(await reader.readline(), 16):
                request.body += (await reader.readexactly(size + 2))[:-2]
            await reader.readline()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    return request


def reset(writer: asyncio.StreamWriter) -> None:
    """Break the connection with RST."""
    transport = writer.transport
    transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
    )
    transport.abort()


def answer(
    body: bytes, status: str = "200 OK", content_type: str = "application/json", **headers: str
) -> Handler:
    """A handler that always gives this answer."""
    fields = {"Content-Type": content_type, "Content-Length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)

    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body)

    return handle


def in_turn(*handlers: Handler) -> Handler:
    """A handler that gives each answer once, and then the last one again and again."""
    waiting = list(handlers)

    async def handle(request: Request, writer: asyncio.StreamWriter) -> None:
        await (waiting.pop(0) if len(waiting) > 1 else waiting[0])(request, writer)

    return handle


@dataclass
class Loopback:
    """What a wire test needs: raw servers, clients, and a clock-less sleep. All is closed after the test."""

    stack: AsyncExitStack
    slept: list[float] = field(default_factory=list)

    answer = staticmethod(answer)
    in_turn = staticmethod(in_turn)
    reset = staticmethod(reset)
    dead_port = staticmethod(dead_port)
    token = TOKEN

    async def serve(self, handler: Handler, certificate: str = "") -> RawServer:
        return await self.stack.enter_async_context(raw_server(handler, certificate))

    async def client(
        self,
        base_url: str,
        token: Callable[[], str] = lambda: TOKEN,
        *,
        idle_timeout: float = 5.0,
        reply_timeout: float = 5.0,
        ca_file: str | None = None,
        proxy: str | None = None,
    ) -> CozeClient:
        client = CozeClient(
            base_url,
            token,
            connect_timeout=5.0,
            idle_timeout=idle_timeout,
            reply_timeout=reply_timeout,
            ca_file=ca_file,
            proxy=proxy,
            sleep=self.sleep,
        )
        self.stack.push_async_callback(client.aclose)
        return client

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
