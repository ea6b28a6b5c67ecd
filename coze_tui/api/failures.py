"""Converts exceptions of httpx and sockets to ours, without secrets in their texts."""

from __future__ import annotations

import re
import socket
import ssl
from asyncio import CancelledError
from collections.abc import Iterator
from typing import Literal

import httpx

from coze_tui.errors import StreamCut, TransportError
from coze_tui.text.cleaning import clean_line

# ssl.SSLError and the like escape httpcore as OSError; a host name may fail to encode as IDNA.
LOWER_FAILURES = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, UnicodeError)
"""All exceptions that sending a request or reading a reply can raise."""

_Kind = Literal["refused", "dns", "timeout", "tls", "proxy", "closed", "not http", "other"]
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    socket.gaierror,
    UnicodeError,
)
_LONGEST_DETAIL = 200
_ILLEGAL = r"illegal (?:status|header) line"
"""Matches h11's message about bytes that are not HTTP; the bytes themselves follow it."""


def transport_error(error: BaseException, url: httpx.URL, *, by_proxy: bool = False) -> TransportError:
    """Return the error for a request that failed before a reply arrived.

    Args:
        by_proxy: whether it went to a proxy; if so, the proxy is what could not be reached.
    """
    kind, detail = _kind_of(error)
    if by_proxy and isinstance(error, httpx.ConnectError | httpx.ConnectTimeout) and kind != "tls":
        kind = "proxy"
    return TransportError(kind, detail, url=origin_of(url), request_sent=not isinstance(error, _NEVER_SENT))


def stream_cut(error: BaseException, url: httpx.URL) -> StreamCut:
    """Return the error for a reply that was cut off."""
    kind, detail = _kind_of(error)
    return StreamCut(kind, detail, url=origin_of(url))


def origin_of(url: httpx.URL) -> str:
    """Return scheme, host and port: the parts of a URL that may be shown."""
    port = "" if url.port is None else f":{url.port}"
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{url.scheme}://{host}{port}"


def _kind_of(error: BaseException) -> tuple[_Kind, str]:
    causes = list(_causes(error))
    detail = next((text for cause in reversed(causes) if (text := _detail_of(cause))), "")
    for cause in causes:
        match cause:
            case ssl.SSLCertVerificationError():
                return "tls", clean_line(cause.verify_message)[:_LONGEST_DETAIL]
            case ssl.SSLError():
                return "tls", detail
            case socket.gaierror() | UnicodeError():
                return "dns", detail
            case ConnectionRefusedError():
                return "refused", detail
    match error:
        case httpx.RemoteProtocolError() if found := re.match(_ILLEGAL, str(error)):
            return "not http", found[0]
        case httpx.TimeoutException() | TimeoutError():
            return "timeout", detail
        case httpx.ProxyError():
            return "proxy", detail
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError() | httpx.CloseError():
            return "closed", detail
        case _:
            return "other", detail


def _causes(error: BaseException | None, depth: int = 0) -> Iterator[BaseException]:
    """Yield `error` and its causes; anyio groups the failures of several addresses."""
    if error is None or depth > 16:
        return
    yield error
    if isinstance(error, BaseExceptionGroup):
        for member in error.exceptions:
            yield from _causes(member, depth + 1)
    yield from _causes(error.__cause__ or error.__context__, depth + 1)


def _detail_of(error: BaseException) -> str:
    if isinstance(error, httpx.InvalidURL | BaseExceptionGroup | CancelledError):
        return ""  # the first may contain a URL with a password; the others mean nothing to a user
    if isinstance(error, OSError) and error.strerror:
        return clean_line(error.strerror)[:_LONGEST_DETAIL]
    return clean_line(str(error))[:_LONGEST_DETAIL]
