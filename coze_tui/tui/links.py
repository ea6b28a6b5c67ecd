"""Opening a link that a stranger may have written: which ones, and how, without passing options."""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import quote, urlsplit

from coze_tui.text.cleaning import clean_line

_SCHEMES = frozenset({"http", "https", "mailto"})
_SAFE = ":/?#[]@!$&'()*+,;=%-._~"
_SECONDS = 5.0


def openable(url: str) -> str:
    """The address as it may be given to a program; empty where it may not be opened.

    Only http, https and mailto; encoded anew, so it begins with its scheme and holds no space or control.
    Of a mailto only the address is left, since some mail programs attach the files that the rest names.
    """
    text = clean_line(url).strip()
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    scheme = parts.scheme.lower()
    if scheme not in _SCHEMES or not (parts.netloc or scheme == "mailto"):
        return ""
    return quote(text.partition("?")[0] if scheme == "mailto" else text, safe=_SAFE)


async def open_link(url: str) -> bool:
    """Open an `openable` address with the system's own opener; whether one was found and took it."""
    opener = {"darwin": "open", "win32": "explorer"}.get(sys.platform, "xdg-open")
    try:
        process = await asyncio.create_subprocess_exec(
            opener,
            url,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    try:
        return await asyncio.wait_for(process.wait(), _SECONDS) == 0 or sys.platform == "win32"
    except TimeoutError:
        return True  # a browser that stays in the foreground
