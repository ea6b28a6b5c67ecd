"""Converts text from and to the system in any locale: arguments, stdin and file names.

Python decodes them with the encoding of the locale, which may lack characters of a question or a title. This
module uses UTF-8 for such text, so that none is lost.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path


def arguments(words: Sequence[str]) -> list[str]:
    """Return the last arguments of this process as text, given Python's decoding of them.

    An argument that names a file is not changed.
    """
    raw: list[bytes] = []
    with suppress(OSError):  # Linux has the bytes; Python decodes them by the C library, whose tables differ
        raw = Path("/proc/self/cmdline").read_bytes().split(b"\0")[:-1][-len(words) :]
    if len(raw) != len(words):
        return [word if os.path.lexists(word) else readable(word) for word in words]
    return [
        word if word.isascii() or os.path.lexists(word) else _word(data, word)
        for word, data in zip(words, raw, strict=True)
    ]


def readable(text: str) -> str:
    """Return an argument, a line of stdin or a path as the text that its bytes encode.

    Bytes that the locale cannot decode are UTF-8. So are bytes that are valid UTF-8 in a locale with one byte
    for each character, since no words of such a locale look like it.
    """
    encoding = sys.getfilesystemencoding()
    if text.isascii() or encoding == "utf-8":
        return text
    try:
        return _word(text.encode(encoding, "surrogateescape"), text)
    except UnicodeError:
        return text


def _word(data: bytes, otherwise: str) -> str:
    encoding = sys.getfilesystemencoding()
    encodings = ["utf-8"] if _has_single_bytes(encoding) else [encoding, "utf-8"]
    for each in encodings:
        try:
            return data.decode(each)
        except UnicodeError:
            pass
    return otherwise


def decode(data: bytes) -> str:
    """Return the text of stdin: UTF-8, or else the locale's encoding; invalid bytes become U+FFFD."""
    for encoding in ("utf-8-sig", sys.getfilesystemencoding()):
        try:
            return data.decode(encoding)
        except UnicodeError:
            pass
    return data.decode("utf-8-sig", "replace")


def path_from(text: str) -> Path:
    """Return the path that a user named; its bytes are UTF-8 if the locale lacks one of the characters."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        text = os.fsdecode(text.encode("utf-8", "replace"))
    return Path(text)


def spelled(name: str) -> str:
    """Return the name for a new file, with `_` for each character that the locale cannot encode."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return re.sub("_+", "_", "".join(letter if _has(letter) else "_" for letter in name))
    return name


def _has(letter: str) -> bool:
    try:
        os.fsencode(letter)
    except UnicodeEncodeError:
        return False
    return True


@cache
def _has_single_bytes(encoding: str) -> bool:
    """Return whether each byte of the encoding is one character."""
    return len(bytes(range(128, 256)).decode(encoding, "replace")) == 128
