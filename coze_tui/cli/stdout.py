"""Output that another program reads."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def print_exactly(text: str) -> None:
    """Print text for another program, in UTF-8 if the encoding of stdout lacks one of its characters."""
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)
