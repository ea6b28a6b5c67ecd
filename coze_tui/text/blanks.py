"""Blanks in a text, `{{name}}`, which the user fills before the text is sent. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_BLANK = re.compile(r"\{\{[ \t]*(\w(?:[\w .-]{0,62}\w)?)[ \t]*\}\}")


def blanks_of(text: str) -> tuple[str, ...]:
    """Return the names of the blanks, each once, in the order of the text."""
    return tuple(dict.fromkeys(match.group(1) for match in _BLANK.finditer(text)))


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return the text with values in its blanks. Other blanks remain, and blanks in values count as text."""
    return "".join(values.get(name, piece) if name else piece for piece, name in pieces(text))


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text in pieces: each is a blank with its name, or the text between blanks with no name."""
    at = 0
    for match in _BLANK.finditer(text):
        if match.start() > at:
            yield text[at : match.start()], ""
        yield match.group(), match.group(1)
        at = match.end()
    if at < len(text):
        yield text[at:], ""
