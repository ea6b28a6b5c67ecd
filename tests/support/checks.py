"""What must be true of whatever the program wrote and left."""

from __future__ import annotations

import re
from pathlib import Path

_OURS = re.compile(
    rb"""
    \x1b\[ (?:
        (?:[0-57-9]|2[1-9]|3[0-9]|4[0-9]|9[0-7]|10[0-7]|[345]8;2;\d+;\d+;\d+|[345]8;5;\d+|;)*m  # colors
      | [\d;]*[ABCDGHKXPLMST@r]                     # the cursor, erasing, shifting, the scroll region
      | 4l | \?(?:6|7|25|1000|1003|1004|1006|1015|1016|1049|2004|2026|2048)[hl]
      | \?(?:2026|2048)\$p | [<>]\d*u | 5n | 22;2t | 23;2t
    )
    | \x1b\(B\x0f                                  # letters for letters
    | \x1bM                                         # the cursor, up
    | \x1b\]22;[a-z-]*(?:\x07|\x1b\\)               # the pointer's shape
    | \x1b\]2;[^\x00-\x1f\x7f]*\x1b\\               # the title of the window
    | \x1b\]11;\?\x1b\\                             # the question for the background
    """,
    re.VERBOSE,
)
_FOREIGN = re.compile(
    "[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]"
    "|[\U000e0000-\U000e007f]|[\u0300-\u036f]{9}"
)
"""Anything but what moves the cursor (BS, TAB, LF, CR)."""


def must(holds: object, else_what: str) -> None:
    """Raise AssertionError with this text if `holds` is false."""
    if not holds:
        raise AssertionError(else_what)


def foreign_controls(raw: bytes) -> list[str]:
    """What in a program's output is a control that it does not write of itself, with some text around."""
    text = _OURS.sub(b"", raw).decode("utf-8", "replace")
    return [text[max(0, found.start() - 20) : found.end() + 20] for found in _FOREIGN.finditer(text)]


def holders_of(secret: str, folder: Path) -> list[Path]:
    """The files under a folder in which a text is found, whatever they are."""
    wanted = secret.encode()
    return [path for path in folder.rglob("*") if path.is_file() and wanted in path.read_bytes()]
