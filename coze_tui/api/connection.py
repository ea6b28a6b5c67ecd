"""Opens connections with the right certificates and proxies, and reports bad environment variables."""

from __future__ import annotations

import importlib.util
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.request import getproxies, proxy_bypass

import httpx

from coze_tui.config.addresses import is_loopback
from coze_tui.errors import TransportError
from coze_tui.text.i18n import _, clause

_PROXY_VARIABLES = ("all_proxy", "https_proxy", "http_proxy")
_CERTIFICATE_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def open_client(
    base_url: str,
    *,
    timeout: httpx.Timeout,
    headers: Mapping[str, str],
    ca_file: str | None = None,
    proxy: str | None = None,
) -> httpx.AsyncClient:
    """Return an httpx client for one site. Loopback addresses never use a proxy.

    Raises:
        TransportError: of kind `environment`, `proxy` or `tls`; `detail` starts with the name of the
            variable or setting, and never contains its value, which may be a secret.
    """
    url = httpx.URL(base_url)
    is_local = is_loopback(url.host)
    if proxy and (fault := _proxy_fault(proxy)):
        raise TransportError("proxy", clause("proxy", fault), request_sent=False)
    if not is_local:
        _check_environment(ignore_proxies=bool(proxy))
    # httpcore creates a context if it needs one; here none does, and the first one takes a millisecond.
    no_context = cast(ssl.SSLContext, None)
    verify = _trusted(ca_file) if url.scheme == "https" else no_context
    try:
        return httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout,
            headers=headers,
            verify=verify,
            proxy=_with_scheme(proxy) if proxy and not is_local else None,
            trust_env=not is_local,
        )
    except (ValueError, ImportError, httpx.InvalidURL):
        # httpx reads nothing else from the environment.
        raise TransportError(
            "environment",
            clause("NO_PROXY", _("is not a list of hosts")),
            request_sent=False,
        ) from None


def goes_by_proxy(url: httpx.URL, proxy: str | None) -> bool:
    """Return whether requests to this URL go through a proxy."""
    if is_loopback(url.host):
        return False
    proxies = getproxies()
    return bool(proxy) or ((url.scheme in proxies or "all" in proxies) and not proxy_bypass(url.host))


def _check_environment(*, ignore_proxies: bool) -> None:
    """Check the environment variables on which httpx and OpenSSL would fail without a clear message."""
    for name in _CERTIFICATE_VARIABLES:
        path = os.environ.get(name)
        if path and not os.path.exists(path):
            raise TransportError(
                "environment",
                clause(name, _("names a file or folder that does not exist")),
                request_sent=False,
            )
    for name, value in os.environ.items():
        if (
            name.lower() in _PROXY_VARIABLES
            and value
            and not ignore_proxies
            and (fault := _proxy_fault(value))
        ):
            raise TransportError("environment", clause(name, fault), request_sent=False)


def _with_scheme(address: str) -> str:
    return address if "://" in address else f"http://{address}"


def _proxy_fault(address: str) -> str:
    try:
        scheme = httpx.Proxy(_with_scheme(address)).url.scheme
    except (ValueError, httpx.InvalidURL):
        return _("is not the URL of a proxy")
    if scheme.startswith("socks") and importlib.util.find_spec("socksio") is None:
        return _("names a SOCKS proxy, which requires the extra coze-tui[socks]")
    return ""


def _trusted(ca_file: str | None) -> ssl.SSLContext:
    """Return a context with the certificates of the system (or else certifi) and of `ca_file`."""
    try:
        context = ssl.create_default_context()
    except OSError as error:  # it opens SSLKEYLOGFILE, the file with TLS keys for Wireshark
        fault = _("cannot be written: {reason}").format(reason=error.strerror)
        raise TransportError("environment", clause("SSLKEYLOGFILE", fault), request_sent=False) from None
    if not _has_certificates(context):
        context = httpx.create_ssl_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except OSError as error:  # ssl.SSLError is a subclass
            fault = _("cannot be read: {reason}").format(reason=error.strerror)
            if isinstance(error, ssl.SSLError):
                fault = _("contains no certificate")
            raise TransportError("tls", clause("ca_file", fault), request_sent=False) from None
    return context


def _has_certificates(context: ssl.SSLContext) -> bool:
    if context.cert_store_stats()["x509_ca"]:
        return True
    folder = ssl.get_default_verify_paths().capath  # OpenSSL reads its files when it needs them
    return folder is not None and any(Path(folder).iterdir())
