"""CozeClient: one site, one token, and how a request is made, repeated and answered. Knows no endpoint."""

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
from coze_tui.config.credentials import MASK
from coze_tui.config.secret_cleaner import LEAST_SECRET, SecretCleaner
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
    """The reply to a chat, of which the head has arrived and reports success."""

    response: httpx.Response
    started: float
    """`time.perf_counter()` when the request was sent."""
    logid: str
    without_token: Callable[[str], str]
    """Masks the token, should the server repeat it."""


class CozeClient:
    """A connection to one Coze site with one token. Belongs to one event loop.

    The token is asked for at every request and kept nowhere. Redirects are not followed. No exception of
    httpx leaves: what fails below HTTP is a TransportError, what is no Coze answer a ProtocolError.
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
        user_agent: str = f"coze-tui/{__version__}",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Connect to nothing yet, but read the certificates and the proxy variables.

        Args:
            idle_timeout: seconds between two pieces of a stream; a stream has no total limit.
            reply_timeout: seconds for a whole call that is no stream and no upload.

        Raises:
            SettingsError: the address is none, or would send the token in the clear.
            TransportError: a variable of the environment, the proxy or the CA file cannot be used;
                `detail` begins with its name.
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
            headers={"User-Agent": user_agent, "Accept-Encoding": "identity"},
            ca_file=ca_file,
            proxy=proxy,
        )

    def without_token(self, text: str) -> str:
        """The text with the token of now masked, should it stand there."""
        return self._auth.masked_in(text)

    def new_cleaner(self) -> SecretCleaner:
        """Return a cleaner for text that comes in deltas, over which the server may split the token."""
        return SecretCleaner(lambda: self._auth.secret)

    async def aclose(self) -> None:
        """Close every connection."""
        with suppress(*LOWER_FAILURES):
            await self._http.aclose()

    # --- calls, answered as a whole ---

    async def get_json(self, path: str, params: Mapping[str, str] | None = None) -> Envelope:
        """Ask for something. May be sent again after a lost connection, a 429 or a 5xx."""
        return envelope_of_reply(await self._call("GET", path, params, repeatable=True))

    async def post_json(
        self, path: str, body: Json, params: Mapping[str, str] | None = None, *, repeatable: bool = False
    ) -> Envelope:
        """Send something. Sent again only if no connection was made, or if `repeatable`: it only asks."""
        return envelope_of_reply(await self._call("POST", path, params, body=body, repeatable=repeatable))

    async def put_json(self, path: str, body: Json) -> Envelope:
        """Replace something."""
        return envelope_of_reply(await self._call("PUT", path, body=body))

    async def delete(self, path: str) -> Envelope:
        """Delete something."""
        return envelope_of_reply(await self._call("DELETE", path))

    async def upload(self, path: str, files: Files) -> Envelope:
        """Send files. Time is limited between two pieces, not for the whole."""
        return envelope_of_reply(await self._call("POST", path, files=files))

    async def post_without_token(self, path: str, body: Callable[[], Json]) -> Reply:
        """Send JSON without a token, once, and return the reply even if it is an error.

        See docs/wire.md 1.4.

        Args:
            body: gives what is sent, which may hold secrets and is not kept.
        """
        request = self._request("POST", path, None, body=body())
        return await self._try(request, self._reply_timeout, with_token=False)

    # --- streams ---

    @asynccontextmanager
    async def open_stream(
        self, path: str, body: Json, params: Mapping[str, str] | None = None
    ) -> AsyncIterator[OpenStream]:
        """Send something that is answered by an event stream. The response is closed at the end.

        What the body is, its reader decides (`read_frames`): the Content-Type may be wrong.

        Raises:
            ApiError: the status is that of a refusal (docs/wire.md 3.7).
            ProtocolError: the status is a failure, and the answer is something else than Coze's.
            TransportError: there is no answer.
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
        """The whole reply, whatever it says, after as many tries as are safe."""
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
        """The head of the reply."""
        started = time.perf_counter()
        try:
            response = await self._http.send(request, stream=True, auth=self._auth if with_token else None)
        except LOWER_FAILURES as error:
            # Without its cause, in whose frames the Authorization header stands.
            by_proxy = goes_by_proxy(request.url, self._proxy)
            failure = transport_error(error, request.url, by_proxy=by_proxy)
            self._log_reply(request, started, str(failure))
            raise failure from None
        reply = Reply.of(response, b"")
        self._log_reply(request, started, f"{reply.http_status}, logid {reply.logid}")
        return response

    def _log_reply(self, request: httpx.Request, started: float, outcome: str) -> None:
        """For the debug log."""
        if _log.isEnabledFor(logging.DEBUG):
            headers = {
                name: MASK if name == "authorization" else value for name, value in request.headers.items()
            }
            took = round((time.perf_counter() - started) * 1000)
            text = f"{request.method} {request.url} {headers}: {outcome}, {took} ms"
            _log.debug("%s", self.without_token(text))

    async def _read_refusal(self, response: httpx.Response) -> Reply:
        """What came in place of a stream, as far as it comes."""
        body = bytearray()
        is_encoded = False
        with suppress(TimeoutError, *LOWER_FAILURES):
            async with asyncio.timeout(self._reply_timeout):
                is_encoded = not await _read_into(body, response, ERROR_BODY)
        return Reply.of(response, bytes(body[:ERROR_BODY]), is_encoded=is_encoded)


class _Bearer(httpx.Auth):
    """Puts the token into the head of each request."""

    def __init__(self, token: Callable[[], str]) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        # Never in a local variable here: a traceback may show them.
        request.headers["Authorization"], fault = _authorization(self._token())
        if fault is not None:
            raise CredentialsError(fault)
        yield request

    @property
    def secret(self) -> str:
        """The token of now."""
        return self._token().strip()

    def masked_in(self, text: str) -> str:
        """The text without the token. One of a few letters is no secret, and stands everywhere."""
        if self._token().strip() not in text:  # as of nearly all frames of a stream
            return text
        is_secret = len(self._token().strip()) >= LEAST_SECRET
        return text.replace(self._token().strip(), MASK) if is_secret else text


def _authorization(token: str) -> tuple[str, Literal["missing", "malformed"] | None]:
    """The header, or what is wrong with the token."""
    token = token.strip()
    if not token:
        return "", "missing"
    if not token.isascii() or not token.isprintable() or " " in token:
        return "", "malformed"
    return f"Bearer {token}", None


def _encoded(body: Json) -> bytes:
    """JSON in UTF-8. Halves of surrogate pairs are joined, or replaced where the other half is missing."""
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
    """A whole reply; of a failed one only what an error can be long, and what comes of it."""
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
