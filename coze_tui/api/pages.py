"""Excerpts of bodies that Coze did not write: the text of an error page, or the start of a text."""

from __future__ import annotations

import re

from coze_tui.text.cleaning import clean_line

_READ = 4_000
_LONGEST_EXCERPT = 200
# Compiled at the first use: few replies are pages, and compiling takes half a millisecond.
_FLAGS = re.DOTALL | re.IGNORECASE
_NOT_SHOWN = (
    r"<(script|style)\b.*?(?:</\1[^>]*>|\Z)|<!--.*?(?:-->|\Z)"
    r"|</?(?:a|abbr|b|code|em|font|i|small|span|strong|tt|u)\b[^>]*>?"
)
"""Parts of a page without text, and tags inside a line."""
_TAG = r"<[^>]*>?"
_STATUS = r"(?<![\d.])[45]\d\d(?![\d.])"
_HEADING = 60
"""Number of characters at the start of a page in which its status is searched for."""


def excerpt_of(body: bytes) -> str:
    """Return the start of a body as one line of at most 200 characters, without tags.

    Empty if the body is not text.
    """
    if b"\0" in body[:_READ]:
        return ""
    text = body[:_READ].decode("utf-8", "ignore" if len(body) > _READ else "replace")
    if text.count("\ufffd") * 10 > len(text):
        return ""
    return words_of(text)


def words_of(text: str) -> str:
    """Return the words of a text, on one line of at most 200 characters.

    In a page, a line that only repeats another one, such as the heading after the title, is omitted.
    """
    if "<" not in text:
        return " ".join(clean_line(text).split())[:_LONGEST_EXCERPT]
    import html  # slow to import, and only pages of proxies need it

    lines: list[str] = []
    for part in re.split(_TAG, re.sub(_NOT_SHOWN, " ", text[:_READ], flags=_FLAGS)):
        line = " ".join(clean_line(html.unescape(part)).split())
        if not line or any(_repeats(line, shown) for shown in lines):
            continue
        lines = [*(shown for shown in lines if not _repeats(shown, line)), line]
    return " ".join(lines)[:_LONGEST_EXCERPT]


def _repeats(line: str, other: str) -> bool:
    """Return whether all words of a line are in another one, next to each other."""
    return f" {line.casefold()} " in f" {other.casefold()} "


def is_page(text: str) -> bool:
    """Return whether a text is markup."""
    return text.lstrip("\ufeff \t\r\n")[:1] == "<"


def status_in(words: str) -> int:
    """Return the HTTP status in the heading of an error page; 0 if there is none."""
    found = re.search(_STATUS, words[:_HEADING])
    return int(found[0]) if found else 0
