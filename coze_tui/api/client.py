"""CozeClient: sends, retries and reads requests to one site with one token. It knows no endpoint."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import IO, Literal, cast

import httpx

from coze_tui import __version__
from coze_tui.api.chunks import join_chunks
from coze_tui.api.connection import goes_by_proxy, open_client
from coze_tui.api.failures import LOWER_FAILURES, origin_of, transport_error
from coze_tui.api.json_values import Json
from coze_tui.api.replies import (
    ERROR_BODY,
    Envelope,
    Reply,
    envelope_of_reply,
    error_of_reply,
    protocol_error,
)
from coze_tui.api.unpacking import BrokenEncodingError, Unpacker
from coze_tui.config import coercion
from coze_tui.config.coercion import WrongValueError
from coze_tui.config.secret_cleaner import LEAST_SECRET, SecretCleaner
from coze_tui.config.tokens import MASK
from coze_tui.errors import CredentialsError, SettingsError, TransportError
from coze_tui.values import valueclass

_LARGEST_JSON = 16_000_000
_POOL_SECONDS = 10.0
_RETRY_DELAYS = (0.3, 1.0)
_LONGEST_RETRY_AFTER = 10.0
_PASSING_KINDS = frozenset({"refused", "closed", "other"})

_log = logging.getLogger(__name__)

Files = Mapping[str, tuple[str, IO[bytes] | bytes, str]]
"""Parts of a multipart body: field → file name, content, media type."""


@valueclass
class OpenStream:
    """A response to a chat whose head has arrived and reports success."""

    response: httpx.Response
    started: float
    """`time.perf_counter()` when the request was sent."""
    logid: str
    without_token: Callable[[str], str]
    """Masks the token, in case the server repeats it."""


class CozeClient:
    """A client for one Coze site with one token. Belongs to one event loop.

    The token is requested for each call and not stored. Redirects are not followed. No exception of httpx
    escapes: a failure below HTTP becomes a TransportError, a reply that is not Coze's a ProtocolError.
    """

    def __init__(
        self,
        base_url: str,
        token: Callable[[], str],
        *,
        connect_timeout: float = 5.0,
        idle_timeout: float = 300.0,
        reply_timeout: float = 60.0,
        ca_file: str | None = None,
        proxy: str | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Read the certificates and the proxy variables, without connecting.

        Args:
            idle_timeout: seconds between two pieces of a stream; the whole stream has no limit.
            reply_timeout: seconds for a whole call other than a stream or an upload.

        Raises:
            SettingsError: the URL is not valid, or would send the token unencrypted.
            TransportError: an environment variable, the proxy or the CA file cannot be used; `detail` starts
                with its name.
        """
        try:
            self.base_url = coercion.base_url(base_url.strip(), Path())
        except WrongValueError as error:
            raise SettingsError(error.problem, source="base_url", suggestion=error.suggestion) from None
        self._auth = _Bearer(token)
        self._proxy = proxy
        self._reply_timeout = reply_timeout
        self._sleep = sleep
        self._http = open_client(
            self.base_url,
            timeout=httpx.Timeout(idle_timeout, connect=connect_timeout, pool=_POOL_SECONDS),
            headers={"User-Agent": f"coze-tui/{__version__}", "Accept-Encoding": "identity"},
            ca_file=ca_file,
            proxy=proxy,
        )

    def without_token(self, text: str) -> str:
        """Return the text with the current token masked."""
        return self._auth.masked_in(text)

    def new_cleaner(self) -> SecretCleaner:
        """Return a cleaner for text that arrives in deltas, which may split the token."""
        return SecretCleaner(lambda: self._auth.secret)

    async def aclose(self) -> None:
        """Close all connections."""
        with suppress(*LOWER_FAILURES):
            await self._http.aclose()

    # --- calls with a complete response ---

    async def get_json(self, path: str, params: Mapping[str, str] | None = None) -> Envelope:
        """Send a GET request. It may be repeated after a lost connection, a 429 or a 5xx."""
        return envelope_of_reply(await self._call("GET", path, params, repeatable=True))

    async def post_json(
        self, path: str, body: Json, params: Mapping[str, str] | None = None, *, repeatable: bool = False
    ) -> Envelope:
        """Send a POST request. It is repeated only if no connection was made, or if `repeatable`."""
        return envelope_of_reply(await self._call("POST", path, params, body=body, repeatable=repeatable))

    async def put_json(self, path: str, body: Json) -> Envelope:
        """Send a PUT request."""
        return envelope_of_reply(await self._call("PUT", path, body=body))

    async def delete(self, path: str) -> Envelope:
        """Send a DELETE request."""
        return envelope_of_reply(await self._call("DELETE", path))

    async def upload(self, path: str, files: Files) -> Envelope:
        """Upload files. The timeout applies between two pieces, not to the whole."""
        return envelope_of_reply(await self._call("POST", path, files=files))

    async def post_without_token(self, path: str, body: Callable[[], Json]) -> Reply:
        """Send JSON without a token, once; return the reply even if it is an error.

        See docs/wire.md 1.4.

        Args:
            body: returns the JSON, which may contain secrets and is not stored.
        """
        request = self._request("POST", path, None, body=body())
        return await self._try(request, self._reply_timeout, with_token=False)

    # --- streams ---

    @asynccontextmanager
    async def open_stream(
        self, path: str, body: Json, params: Mapping[str, str] | None = None
    ) -> AsyncIterator[OpenStream]:
        """Send a request whose response is an event stream. The response is closed at the end.

        The Content-Type may be wrong, so `read_frames` decides what the body is.

        Raises:
            ApiError: the status means a refusal (docs/wire.md 3.7).
            ProtocolError: the status means a failure, and the response is not Coze's.
            TransportError: no response has arrived.
        """
        request = self._request("POST", path, params, body=body, accept="text/event-stream, application/json")
        started = time.perf_counter()
        try:
            response = await self._send(request)
        except TransportError as error:
            if not _may_repeat(error, repeatable=False):
                raise
            await self._sleep(_RETRY_DELAYS[0])
            response = await self._send(request)
        try:
            if not response.is_success:
                raise error_of_reply(await self._read_refusal(response))
            logid = Reply.of(response, b"").logid
            yield OpenStream(response, started, logid, self.without_token)
        finally:
            await _close(response)

    # --- one request ---

    def _request(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None,
        *,
        body: Json | None = None,
        files: Files | None = None,
        accept: str = "application/json",
    ) -> httpx.Request:
        headers = {"Accept": accept}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._http.build_request(
            method,
            path,
            params={key: value for key, value in (params or {}).items() if value},
            content=None if body is None else _encoded(body),
            files=files,
            headers=headers,
            extensions={"trace": join_chunks},
        )

    async def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        body: Json | None = None,
        files: Files | None = None,
        repeatable: bool = False,
    ) -> Reply:
        """Return the whole reply, whatever it contains, after as many attempts as are safe."""
        seconds = None if files else self._reply_timeout
        for delay in _RETRY_DELAYS:
            request = self._request(method, path, params, body=body, files=files)
            try:
                reply = await self._try(request, seconds)
            except TransportError as error:
                if not _may_repeat(error, repeatable):
                    raise
            else:
                wanted = reply.retry_after or 0.0
                if not (repeatable and _is_overloaded(reply)) or wanted > _LONGEST_RETRY_AFTER:
                    return reply
                delay = max(delay, wanted)
            await self._sleep(delay)
        return await self._try(self._request(method, path, params, body=body, files=files), seconds)

    async def _try(self, request: httpx.Request, seconds: float | None, *, with_token: bool = True) -> Reply:
        try:
            async with asyncio.timeout(seconds):
                response = await self._send(request, with_token=with_token)
                try:
                    reply = await _read_reply(response)
                finally:
                    await _close(response)
        except TimeoutError:
            raise TransportError("timeout", url=origin_of(request.url)) from None
        return reply

    async def _send(self, request: httpx.Request, *, with_token: bool = True) -> httpx.Response:
        """Send a request; return once the head of the response has arrived."""
        started = time.perf_counter()
        try:
            response = await self._http.send(request, stream=True, auth=self._auth if with_token else None)
        except LOWER_FAILURES as error:
            # Not chained to its cause: the cause's traceback frames contain the Authorization header.
            by_proxy = goes_by_proxy(request.url, self._proxy)
            failure = transport_error(error, request.url, by_proxy=by_proxy)
            self._log_reply(request, started, str(failure))
            raise failure from None
        reply = Reply.of(response, b"")
        self._log_reply(request, started, f"{reply.http_status}, logid {reply.logid}")
        return response

    def _log_reply(self, request: httpx.Request, started: float, outcome: str) -> None:
        """Write the result of a request to the debug log."""
        if _log.isEnabledFor(logging.DEBUG):
            headers = {
                name: MASK if name == "authorization" else value for name, value in request.headers.items()
            }
            took = round((time.perf_counter() - started) * 1000)
            text = f"{request.method} {request.url} {headers}: {outcome}, {took} ms"
            _log.debug("%s", self.without_token(text))

    async def _read_refusal(self, response: httpx.Response) -> Reply:
        """Read the error body that was sent instead of a stream, up to the size limit."""
        body = bytearray()
        is_encoded = False
        with suppress(TimeoutError, *LOWER_FAILURES):
            async with asyncio.timeout(self._reply_timeout):
                is_encoded = not await _read_into(body, response, ERROR_BODY)
        return Reply.of(response, bytes(body[:ERROR_BODY]), is_encoded=is_encoded)


class _Bearer(httpx.Auth):
    """Adds the token to the headers of each request."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        # Never in a local variable here: a traceback may show local variables.
        request.headers["Authorization"], fault = _authorization(self._token())
        if fault is not None:
            raise CredentialsError(fault)
        yield request

    @property
    def secret(self) -> str:
        """Return the current token."""
        return self._token().strip()

    def masked_in(self, text: str) -> str:
        """Return the text with the token masked, unless it is so short that it would match ordinary text."""
        if self._token().strip() not in text:  # nearly all frames of a stream contain no token
            return text
        is_secret = len(self._token().strip()) >= LEAST_SECRET
        return text.replace(self._token().strip(), MASK) if is_secret else text


def _authorization(token: str) -> tuple[str, Literal["missing", "malformed"] | None]:
    """Return the header's value, or the problem of the token."""
    token = token.strip()
    if not token:
        return "", "missing"
    if not token.isascii() or not token.isprintable() or " " in token:
        return "", "malformed"
    return f"Bearer {token}", None


def _encoded(body: Json) -> bytes:
    """Return JSON in UTF-8. Halves of surrogate pairs are joined, or replaced if they are single."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _may_repeat(error: TransportError, repeatable: bool) -> bool:
    return error.kind in _PASSING_KINDS and (repeatable or not error.request_sent)


def _is_overloaded(reply: Reply) -> bool:
    return reply.http_status == 429 or reply.http_status >= 500


async def _read_reply(response: httpx.Response) -> Reply:
    """Return a whole reply; a failed one is cut after the largest size of an error."""
    body = bytearray()
    is_encoded = False
    if not response.is_success:
        with suppress(*LOWER_FAILURES):
            is_encoded = not await _read_into(body, response, ERROR_BODY)
        return Reply.of(response, bytes(body[:ERROR_BODY]), is_encoded=is_encoded)
    try:
        is_encoded = not await _read_into(body, response, _LARGEST_JSON)
    except LOWER_FAILURES as error:
        raise transport_error(error, response.url) from None
    if len(body) > _LARGEST_JSON:
        raise protocol_error("too large", Reply.of(response, b""))
    return Reply.of(response, bytes(body), is_encoded=is_encoded)


async def _read_into(body: bytearray, response: httpx.Response, limit: int) -> bool:
    """Read until `body`, unpacked, is longer than `limit`; return False if it cannot be unpacked."""
    unpacker = Unpacker(response)
    async with aclosing(cast(AsyncGenerator[bytes, None], response.aiter_raw())) as chunks:
        async for chunk in chunks:
            try:
                for piece in unpacker.feed(chunk):
                    body += piece
                    if len(body) > limit:
                        return True
            except BrokenEncodingError:
                return bool(body)
    return True


async def _close(response: httpx.Response) -> None:
    with suppress(*LOWER_FAILURES):
        await response.aclose()
