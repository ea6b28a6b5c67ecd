from __future__ import annotations

import socket
import ssl
from asyncio import CancelledError

import httpx
import pytest

from coze_tui.api.failures import LOWER_FAILURES, origin_of, stream_cut, transport_error
from coze_tui.errors import StreamCut, TransportError

URL = httpx.URL("https://user:pw@api.example:8443/v3/chat?token=1")


def caused(outer: BaseException, *inner: BaseException) -> BaseException:
    """An exception with a chain of causes, outermost first."""
    error = outer
    for cause in inner:
        error.__cause__ = cause
        error = cause
    return outer


def certificate_error() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_message = "self-signed certificate"
    return error


@pytest.mark.parametrize(
    ("error", "kind", "detail", "sent"),
    [
        (
            caused(httpx.ConnectError("all failed"), ConnectionRefusedError(111, "Connection refused")),
            "refused",
            "Connection refused",
            False,
        ),
        (
            caused(
                httpx.ConnectError("all failed"),
                OSError("several"),
                ExceptionGroup("several", [ConnectionRefusedError(111, "Connection refused")]),
            ),
            "refused",
            "Connection refused",
            False,
        ),
        (
            caused(httpx.ConnectError("x"), socket.gaierror(-2, "Name or service not known")),
            "dns",
            "Name or service not known",
            False,
        ),
        (UnicodeError("label empty or too long"), "dns", "label empty or too long", False),
        (caused(httpx.ConnectError("x"), certificate_error()), "tls", "self-signed certificate", False),
        (caused(httpx.ConnectError("x"), ssl.SSLError(1, "wrong version")), "tls", "wrong version", False),
        (httpx.ConnectError("no route"), "other", "no route", False),
        (httpx.ConnectTimeout("slow"), "timeout", "slow", False),
        (httpx.PoolTimeout("full"), "timeout", "full", False),
        (httpx.ReadTimeout("slow"), "timeout", "slow", True),
        (httpx.WriteTimeout("slow"), "timeout", "slow", True),
        (caused(TimeoutError(), CancelledError("Cancelled via cancel scope 7f28")), "timeout", "", True),
        (TimeoutError(), "timeout", "", True),
        (httpx.ProxyError("407 wanted"), "proxy", "407 wanted", False),
        (httpx.RemoteProtocolError("gone"), "closed", "gone", True),
        (
            httpx.RemoteProtocolError("illegal status line: bytearray(b'\\x00\\xff')"),
            "not http",
            "illegal status line",
            True,
        ),
        (httpx.ReadError(""), "closed", "", True),
        (httpx.WriteError("gone"), "closed", "gone", True),
        (httpx.CloseError("gone"), "closed", "gone", True),
        (httpx.LocalProtocolError("ours"), "other", "ours", True),
        (httpx.DecodingError("gzip"), "other", "gzip", True),
        (httpx.UnsupportedProtocol("ftp"), "other", "ftp", False),
        (httpx.InvalidURL("http://u:SECRET@x"), "other", "", False),
        (httpx.TooManyRedirects("many"), "other", "many", True),
        (OSError(101, "Network is unreachable"), "other", "Network is unreachable", True),
        (httpx.ReadError("a\x1b[31m\n" + "b" * 1000), "closed", "a[31m " + "b" * 194, True),
    ],
)
def test_each_failure_has_its_kind(error: BaseException, kind: str, detail: str, sent: bool) -> None:
    assert isinstance(error, LOWER_FAILURES)
    ours = transport_error(error, URL)
    assert type(ours) is TransportError
    assert (ours.kind, ours.detail, ours.request_sent) == (kind, detail, sent)
    cut = stream_cut(error, URL)
    assert type(cut) is StreamCut
    assert (cut.kind, cut.detail, cut.request_sent) == (kind, detail, True)


def test_every_exception_of_httpx_is_caught() -> None:
    names = [name for name in httpx.__all__ if isinstance(getattr(httpx, name), type)]
    errors = [getattr(httpx, name) for name in names if issubclass(getattr(httpx, name), Exception)]
    assert len(errors) > 20
    uncaught = {error.__name__ for error in errors if not issubclass(error, LOWER_FAILURES)}
    assert uncaught == {"CookieConflict"}  # only for whoever asks for a cookie by name


def test_a_circle_of_causes_ends() -> None:
    first, second = httpx.ConnectError("a"), httpx.ConnectError("b")
    first.__cause__, second.__cause__ = second, first
    assert transport_error(first, URL).kind == "other"


def test_an_address_is_shown_without_its_secrets() -> None:
    assert origin_of(URL) == "https://api.example:8443"
    assert origin_of(httpx.URL("http://[::1]:8888/x")) == "http://[::1]:8888"
    assert origin_of(httpx.URL("https://api.coze.cn/v3")) == "https://api.coze.cn"
