"""The files of a question: on this machine, or on the web (docs/wire.md 2.2, 4.8)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import urlsplit

from coze_tui.config.locations import typed_paths
from coze_tui.errors import AttachmentError
from coze_tui.values import valueclass

_IMAGES = frozenset({".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".heif", ".bmp", ".pcd", ".tiff"})
_SOUNDS = frozenset({".wav", ".mp3", ".flac", ".m4a", ".aac", ".ogg", ".wma", ".midi"})


@valueclass
class WebFile:
    """A file that Coze downloads by its URL; coze-tui does not open it."""

    url: str

    @property
    def name(self) -> str:
        """Return the URL, because no shorter name identifies the file."""
        return self.url

    @property
    def suffix(self) -> str:
        """Return the suffix of the file in the URL, with its dot; may be empty."""
        return PurePosixPath(urlsplit(self.url).path).suffix


SentFile = Path | WebFile
"""A file that is sent with a question."""


def sent_files(text: str) -> Sequence[SentFile]:
    """Return the files that a user typed: http or https URLs, or paths (`typed_paths`). Reads the disk.

    Raises:
        AttachmentError: a text starts like a URL but is not valid.
    """
    # Several URLs are files of their own; paths may contain blanks, so they are left to `typed_paths`.
    words = text.split()
    if len(words) > 1 and all(web_address(word) is not None for word in words):
        return [file for word in words for file in sent_files(word)]
    url = web_address(text)
    return typed_paths(text) if url is None else [web_file(url)]


def web_address(text: str) -> str | None:
    """Return the http or https URL in a text, without quotes or angle brackets; None for a path."""
    found = re.fullmatch(r"""\s*["'<]?((?i:https?):/.*?)[>"']?\s*""", text, re.DOTALL)
    return found[1] if found is not None else None


def web_file(url: str) -> WebFile:
    """Return a file on the web.

    Raises:
        AttachmentError: the text is not an http or https URL.
    """
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host or not url.isprintable() or " " in url:
        raise AttachmentError("no url", url)
    return WebFile(url)


def kind_of(path: SentFile) -> Literal["file", "image", "audio"]:
    """Return the type of a file in a question."""
    suffix = path.suffix.lower()
    return "image" if suffix in _IMAGES else "audio" if suffix in _SOUNDS else "file"
