"""A server that answers with any bytes and breaks in any way, in threads of its own."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress

from tests.support.samples import CERTIFICATES

Talk = Callable[["Line"], None]


class Line:
    """One connection, after its request was read."""

    def __init__(self, connection: socket.socket, request: bytes, over: threading.Event) -> None:
        self._connection = connection
        self.request = request
        self.over = over
        """Set when the test is over: whoever waits may stop."""

    def send(self, data: bytes | str) -> bool:
        """Send; False when the client has hung up."""
        try:
            self._connection.sendall(data.encode() if isinstance(data, str) else data)
        except OSError:
            return False
        return True

    def reset(self) -> None:
        """Break the line hard."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()

    def stream(self, head: str = "") -> bool:
        """Begin an event stream."""
        return self.send(f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n{head}\r\n")


class RawServer:
    """Listens on loopback while it is entered; each request is handed to `talk`."""

    def __init__(self, talk: Talk, certificate: str = "") -> None:
        self._talk = talk
        self._over = threading.Event()
        self.requests: list[bytes] = []
        """What was asked, heads and bodies, oldest first."""
        self._tls: ssl.SSLContext | None = None
        if certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(CERTIFICATES / certificate)
        self._listening = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if certificate else "http"
        self.base_url = f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> RawServer:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._listening.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError), ExitStack() as stack:
            stack.enter_context(connection)
            if self._tls is not None:
                connection = stack.enter_context(self._tls.wrap_socket(connection, server_side=True))
            if request := _read_request(connection):
                self.requests.append(request)
                self._talk(Line(connection, request, self._over))


def _read_request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return b""
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0]):
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body


def dead_port() -> int:
    """Return a port of 127.0.0.1 at which no server listens."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
        return port


def dead_address() -> str:
    """Return a base URL at which no server listens."""
    return f"http://127.0.0.1:{dead_port()}"
