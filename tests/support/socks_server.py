"""A SOCKS5 proxy on loopback, as far as a client that connects needs one (RFC 1928, 1929)."""

from __future__ import annotations

import socket
import socketserver
import threading
from contextlib import suppress

_NO_NAME, _NAME, _NONE = 0x00, 0x02, 0xFF


class SocksServer(socketserver.ThreadingTCPServer):
    """Serves while it is entered. Whatever it is asked to connect to, it connects to one server.

    Args:
        server: Where that is: an address on loopback.
        name: With a password, who may use it; empty for everybody.
    """

    daemon_threads = True

    def __init__(self, server: str, name: str = "", password: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Connection)
        self.port = int(server.rpartition(":")[2])
        self.account = (name, password) if name else None
        self.targets: list[str] = []
        """Whom it was asked to connect to, as `host:port`."""

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> SocksServer:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()
        self.server_close()


class _Connection(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, SocksServer)
        _version, count = self.rfile.read(2)
        offered = self.rfile.read(count)
        wanted = _NAME if server.account else _NO_NAME
        if wanted not in offered:
            self.wfile.write(bytes((5, _NONE)))
            return
        self.wfile.write(bytes((5, wanted)))
        if server.account:
            self.rfile.read(1)
            account = (self._text(), self._text())
            self.wfile.write(bytes((1, account != server.account)))
            if account != server.account:
                return
        *_head, kind = self.rfile.read(4)
        host = self._text() if kind == 3 else socket.inet_ntoa(self.rfile.read(4))
        port = int.from_bytes(self.rfile.read(2), "big")
        server.targets.append(f"{host}:{port}")
        with socket.create_connection(("127.0.0.1", server.port)) as target:
            self.wfile.write(bytes((5, 0, 0, 1)) + bytes(6))
            threading.Thread(target=_pass_on, args=(target, self.connection), daemon=True).start()
            _pass_on(self.connection, target)

    def _text(self) -> str:
        return self.rfile.read(self.rfile.read(1)[0]).decode()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
