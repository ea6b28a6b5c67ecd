"""What exported files are called: names that people recognise and that every system can keep. Pure."""

from __future__ import annotations

import re
import unicodedata

from coze_tui.text import clean_line

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\s]+')
"""What Windows does not take, and white space."""
_MOST_BYTES = 96
"""Of the title in UTF-8: with date, key, number and ending a name stays below 143, which is the least that a
file system in use can keep."""


def file_name(day: str, title: str, key: str, ending: str, *, number: int = 0, of: int = 0) -> str:
    """`2025-01-28 春节是哪一天 hfsr2eh39.md`; with a number, `… hfsr2eh39 07.sse`.

    Args:
        number: of one file among several of the same conversation, from 1; 0 for the only one.
        of: how many there are, so that names sort as numbers do.
    """
    count = f"{number:0{max(2, len(str(of)))}}" if number else ""
    parts = [day, _safe(title), key, count]
    return " ".join(part for part in parts if part) + f".{ending}"


def _safe(title: str) -> str:
    text = _FORBIDDEN.sub(" ", unicodedata.normalize("NFC", clean_line(title)))
    text = text.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
    while text and unicodedata.category(text[-1]) in ("Cf", "Zs"):  # a cut emoji, a space
        text = text[:-1]
    return text.strip(" .")
