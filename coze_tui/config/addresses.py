"""Converts pasted texts to the API base of a site and the ID of a bot."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Literal
from urllib.parse import SplitResult, urlsplit

from coze_tui.values import valueclass

COZE_CN = "https://api.coze.cn"
COZE_COM = "https://api.coze.com"

AddressFault = Literal["empty", "not an address", "scheme", "plain http", "secret inside", "no bot"]

_NOT_BASE = r"/(?:v[123]|open_api|api|space|store|home)(?:/.*)?$"
"""Matches the start of the API's endpoints and of the web site's pages."""
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_BOT_IN_PATH = r"/(?:bot|agent)/(?P<bot>\w[\w-]*)"
_BOT_ID = r"(?a:[\w-]{1,64})"


class AddressError(ValueError):
    """The text is not a valid URL; `fault` contains the reason."""

    def __init__(self, fault: AddressFault) -> None:
        super().__init__(fault)
        self.fault: AddressFault = fault


@valueclass
class BotAddress:
    """A bot, as named by its ID or the URL of its editor."""

    bot_id: str
    base_url: str = ""
    """The API base of the site in the URL; empty if only an ID was given."""


def base_url_from_text(text: str) -> str:
    """Return the API base for a pasted URL.

    The web host, `/v3`, a final slash and the like are corrected (docs/wire.md 1.1); `cn` and `com` are
    accepted for the two sites.

    Raises:
        AddressError: it is not an HTTP URL, or plain HTTP to another machine, which would expose the token.
    """
    text = text.strip().strip("\"'<>").strip()
    if not text:
        raise AddressError("empty")
    if text.casefold() in ("cn", "com"):
        text = f"coze.{text}"
    url = _split(text)
    host = _host(url)
    site = re.fullmatch(r"(?:(?:www|api)\.)?coze\.(cn|com)", host)
    if site:
        return f"https://api.coze.{site[1]}"
    scheme = url.scheme or ("http" if is_loopback(host) else "https")
    if scheme not in ("http", "https"):
        raise AddressError("scheme")
    if scheme == "http" and not is_loopback(host):
        raise AddressError("plain http")
    place = f"[{host}]" if ":" in host else host
    port = f":{url.port}" if url.port is not None else ""
    return f"{scheme}://{place}{port}{re.sub(_NOT_BASE, '', url.path.rstrip('/')).rstrip('/')}"


def bot_from_text(text: str) -> BotAddress:
    """Return the bot of a pasted ID or editor URL (docs/wire.md 2.1: the digits after `/bot/`).

    Raises:
        AddressError: the text contains neither.
    """
    text = text.strip()
    if not text:
        raise AddressError("empty")
    if re.fullmatch(_BOT_ID, text):
        return BotAddress(text)
    if "/" not in text:
        raise AddressError("no bot")
    url = _split(text)
    bot = re.search(_BOT_IN_PATH, url.path)
    if bot is None or not re.fullmatch(_BOT_ID, bot["bot"]):
        raise AddressError("no bot")
    site = f"{url.scheme}://{url.netloc}" if url.scheme else url.netloc
    return BotAddress(bot["bot"], base_url_from_text(site))


def site_name(base_url: str) -> str:
    """Return `coze.cn`, `coze.com`, or the host and port of a self-hosted server; an invalid URL as it is."""
    if base_url in (COZE_CN, COZE_COM):
        return base_url.removeprefix("https://api.")
    try:
        return urlsplit(base_url).netloc or base_url
    except ValueError:
        return base_url


def base_url_of_site(site: str) -> str:
    """Return the API base for a result of `site_name`, or an empty text for any other text."""
    try:
        return base_url_from_text(site)
    except AddressError:
        return ""


def other_site(base_url: str) -> str:
    """Return the API base of the other of Coze's two sites, or an empty text for a self-hosted server."""
    return {COZE_CN: COZE_COM, COZE_COM: COZE_CN}.get(base_url, "")


def is_loopback(host: str) -> bool:
    """Return True if the host is this machine by its name or address, without asking a resolver."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _split(text: str) -> SplitResult:
    if not text.isprintable() or " " in text or "\\" in text:
        raise AddressError("not an address")
    try:
        url = urlsplit(text if "://" in text else f"//{text}")
        port = url.port  # raises ValueError only when it is read
    except ValueError:
        raise AddressError("not an address") from None
    if port == 0:
        raise AddressError("not an address")
    if "@" in url.netloc:
        raise AddressError("secret inside")
    return url


def _host(url: SplitResult) -> str:
    """Return the host in lower case and in ASCII."""
    host = (url.hostname or "").rstrip(".")
    if host == "0.0.0.0":  # the address that a server prints if it listens everywhere
        return "127.0.0.1"
    try:
        if ":" in host:
            return str(IPv6Address(host))
        host = host if host.isascii() else host.encode("idna").decode("ascii").lower()
    except ValueError:
        raise AddressError("not an address") from None
    if len(host) > 253 or not re.fullmatch(_HOST, host):
        raise AddressError("not an address")
    return host
