"""`coze-tui web`: serve the screens to a browser through textual-serve, until Ctrl+C.

Each page is a process of this program, like a terminal. Anyone who reaches the server acts as the user, so it
answers only a browser that opened the printed URL: it checks a key, and the Host and Origin of each request,
so that no other web page can reach it by a host name that it has pointed at this machine (DNS rebinding).
"""

from __future__ import annotations

import asyncio
import hmac
import importlib.util
import ipaddress
import logging
import os
import secrets
import shlex
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING

from coze_tui.cli.commands import PROGRAM
from coze_tui.cli.exits import Exit
from coze_tui.cli.options import Arguments, wrong
from coze_tui.cli.startup import begin, notify, show_problems
from coze_tui.errors import SettingsError
from coze_tui.report.console import Console
from coze_tui.text.i18n import _

if TYPE_CHECKING:
    from aiohttp import web

    _Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_OF_THE_SERVER = ("host", "port", "allow_remote", "help", "version")
_OF_THE_TERMINAL = ("TMUX", "STY", "SSH_TTY", "SSH_CONNECTION", "SSH_CLIENT", "TERM_PROGRAM", "VTE_VERSION")
"""Variables about the terminal in which the server runs, which is not where the screens are shown."""
_SHUTDOWN_SECONDS = 5.0
_FOCUS = """<script>
  new MutationObserver((changes, observer) => {
    const keys = document.querySelector(".xterm-helper-textarea");
    if (keys && document.body.classList.contains("-first-byte")) { observer.disconnect(); keys.focus(); }
  }).observe(document.body, { attributes: true, childList: true, subtree: true });
</script>"""
"""Focuses the terminal of the page once the app shows something; without it the user would have to click."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' "
    "'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""The page of textual-serve has scripts of its own, and would load a font from another site."""


def run_web(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Serve the screens, print the URL, and wait for Ctrl+C.

    Raises:
        SettingsError: textual-serve is not installed, or the address cannot be used.
    """
    if importlib.util.find_spec("textual_serve") is None:
        raise wrong(
            _("requires the extra coze-tui[web]. Install it: pip install 'coze-tui[web]'"),
            source=f"{PROGRAM} web",
        )
    is_demo = arguments.command.name == "web demo"
    if not is_demo:
        show_problems(begin(arguments, environment))
    host, is_remote = _address(arguments.host, may_be_remote=arguments.allow_remote)
    listener = _listen(host, arguments.port, is_given=bool(arguments.port))
    with listener:
        port = listener.getsockname()[1]
        site = f"{f'[{host}]' if ':' in host else host}:{port}"
        guard = _Guard(site, port)
        console = Console(sys.stdout, environment)
        console.text(guard.url)
        console.text(
            _("Open this URL in a browser. It contains a key: share it with nobody. Ctrl+C ends it.")
        )
        console.flush()
        if is_remote:
            notify(
                _(
                    "Other machines can reach this server. The connection is not encrypted: anyone who can "
                    "read it can see your chats and use your token for chats."
                )
            )
        _serve(_command(["demo"] if is_demo else [], arguments), listener, guard)
    return Exit.OK


def _address(host: str, *, may_be_remote: bool) -> tuple[str, bool]:
    """Return the address to listen on, and whether other machines can reach it.

    Raises:
        SettingsError: it names no single address, or one that others can reach although they must not.
    """
    text = host.strip().strip("[]")
    try:
        found = socket.getaddrinfo(text, None, type=socket.SOCK_STREAM)
        address = ipaddress.ip_address(found[0][4][0])
    except (OSError, UnicodeError, ValueError):
        raise wrong(_("is not an address of this machine"), source="--host") from None
    if address.is_unspecified:
        problem = _("must be one address of this machine, which browsers use, such as 192.168.1.5")
        raise wrong(problem, source="--host")
    if address.is_loopback:
        return str(address), False
    if not may_be_remote:
        problem = _(
            "requires --allow-remote, because it lets other machines reach the server. "
            "Safer: ssh -L 8000:127.0.0.1:8000"
        )
        raise wrong(problem, source="--host")
    return str(address), True


def _listen(host: str, port: int, *, is_given: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise SettingsError(
            _("cannot be used: {reason}").format(reason=error.strerror),
            source=f"--port {port}" if is_given else f"--host {host}",
        ) from error


def _command(words: list[str], arguments: Arguments) -> str:
    """Return the command line of one session: textual-serve passes it to a shell."""
    tokens = [sys.executable, "-m", "coze_tui", *words]
    for option in arguments.command.options:
        given = getattr(arguments, option.dest)
        if option.dest not in _OF_THE_SERVER and given not in (None, False):
            tokens.append(f"{option.name}={given}" if option.value else option.name)
    return subprocess.list2cmdline(tokens) if sys.platform == "win32" else shlex.join(tokens)


def _serve(command: str, listener: socket.socket, guard: _Guard) -> None:
    """Serve until a signal arrives."""
    import aiohttp_jinja2
    import jinja2
    from aiohttp import web
    from textual_serve.server import Server

    logging.basicConfig(level=logging.ERROR, format=f"{PROGRAM}: %(message)s")
    for name in _OF_THE_TERMINAL:  # textual-serve gives each session the environment of this process
        os.environ.pop(name, None)
    os.environ["TERM"] = "xterm-256color"
    server = Server(command, title=PROGRAM, public_url=f"http://{guard.site}")

    async def index(request: web.Request) -> web.StreamResponse:
        page: web.StreamResponse = await server.handle_index(request)
        if isinstance(page, web.Response) and page.text is not None:
            page.text = page.text.replace("</body>", f"{_FOCUS}</body>")
        return page

    async def check(request: web.Request, handler: _Handler) -> web.StreamResponse:
        return await guard.check(request, handler)

    app = web.Application(middlewares=[web.middleware(check)])
    aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(server.templates_path))
    app.add_routes(
        [
            web.get("/", index, name="index"),
            web.get("/ws", server.handle_websocket, name="websocket"),
            web.static("/static", server.statics_path, name="static"),
        ]
    )
    app.on_response_prepare.append(_add_headers)
    app.on_shutdown.append(guard.end_sessions)
    web.run_app(app, sock=listener, print=None, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(_HEADERS)


class _Guard:
    """Decides which requests are answered, and ends the sessions when the server ends.

    Args:
        site: the host and port that a browser must use, as in the Host header.
    """

    def __init__(self, site: str, port: int) -> None:
        self.site = site
        self._key = secrets.token_urlsafe(24)
        self._cookie = f"coze-tui-{port}"  # browsers do not keep the cookies of two ports apart
        self._sessions: set[asyncio.Task[object]] = set()

    @property
    def url(self) -> str:
        """Return the URL that lets a browser in."""
        return f"http://{self.site}/?key={self._key}"

    async def check(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Handle a request with the cookie, exchange the key in a URL for the cookie, refuse all others.

        Raises:
            HTTPSeeOther: the URL contained the key; the reply sets the cookie.
            HTTPForbidden: key and cookie are missing or wrong, or another site sent the request.
        """
        from aiohttp import web

        origin = request.headers.get("Origin")
        needs_origin = request.path == "/ws"
        is_own = origin == f"http://{self.site}" or (origin is None and not needs_origin)
        if request.host != self.site or not is_own:
            raise web.HTTPForbidden(text=_("Open the URL that `coze-tui web` has printed.") + "\n")
        if request.path == "/" and self._is_key(request.query.get("key", "")):
            response = web.HTTPSeeOther("/")
            response.set_cookie(self._cookie, self._key, httponly=True, samesite="Strict")
            raise response
        if not self._is_key(request.cookies.get(self._cookie, "")):
            raise web.HTTPForbidden(text=_("Open the URL that `coze-tui web` has printed.") + "\n")
        task = asyncio.current_task()
        if not needs_origin or task is None:
            return await handler(request)
        self._sessions.add(task)
        try:
            return await handler(request)
        finally:
            self._sessions.discard(task)

    def _is_key(self, text: str) -> bool:
        return hmac.compare_digest(text.encode("utf-8", "replace"), self._key.encode())

    async def end_sessions(self, app: web.Application) -> None:
        """Ask each session to quit, and wait for it: it saves its drafts."""
        sessions = list(self._sessions)
        for task in sessions:
            task.cancel()
        if sessions:
            await asyncio.wait(sessions, timeout=_SHUTDOWN_SECONDS)
