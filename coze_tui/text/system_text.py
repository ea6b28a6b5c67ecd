"""Text that comes from the system or goes to it, in any locale: arguments, stdin and names of files.

Python decodes them by the encoding of the locale, which may lack the characters of a question or a title.
UTF-8 takes over where the locale fails, so that nothing is lost.
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
    """Return the last arguments of this process as text, given as Python decoded them.

    One that names a file stays as it is.
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
    """Return an argument, a line of stdin or a path as the text that its bytes mean.

    Bytes that the locale cannot decode are UTF-8. So are those that are valid UTF-8 in a locale with one byte
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
    """Return the text of stdin: UTF-8, or else in the encoding of the locale; U+FFFD is what is neither."""
    for encoding in ("utf-8-sig", sys.getfilesystemencoding()):
        try:
            return data.decode(encoding)
        except UnicodeError:
            pass
    return data.decode("utf-8-sig", "replace")


def path_from(text: str) -> Path:
    """Return the path that a person named; its bytes are UTF-8 if the locale lacks one of the characters."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        text = os.fsdecode(text.encode("utf-8", "replace"))
    return Path(text)


def spelled(name: str) -> str:
    """Return the name for a new file, with `_` for whatever the locale cannot spell."""
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
    """Return whether each byte of the encoding is a character."""
    return len(bytes(range(128, 256)).decode(encoding, "replace")) == 128
