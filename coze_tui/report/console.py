"""Prints lines of a command to a stream: as wide as the terminal, colored only on one, and cleaned."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from typing import Literal, TextIO

from coze_tui.text.cells import cell_len, fit
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import json_line

Role = Literal["plain", "dim", "thinking", "tool", "answering", "attention", "error"]
Piece = tuple[str, Role]
Line = tuple[Piece, ...]

_CODES: Mapping[Role, str] = {
    "plain": "",
    "dim": "2",
    "thinking": "35",
    "tool": "36",
    "answering": "32",
    "attention": "33",
    "error": "31",
}
"""Colors of the terminal's own palette, which match its background."""
_WIDEST = 160
_LEAST = 40
_ASCII = str.maketrans("█▇▆▅▄▃▂▁▉▊▋▌▍▎▏▓▒░╌◆×·…⚠→", "#%*+=-_.#######%=.~*x..!>")
"""Replacements for terminals whose encoding has no block characters."""


class Console:
    """A stream that a command prints lines to."""

    def __init__(self, out: TextIO, environment: Mapping[str, str]) -> None:
        self._out = out
        is_terminal = out.isatty()
        self._is_colored = (
            is_terminal and environment.get("TERM") != "dumb" and not environment.get("NO_COLOR")
        )
        columns = shutil.get_terminal_size((80, 24)).columns
        self.width = max(_LEAST, min(_WIDEST, columns))
        """Cells of a line."""
        self._has_blocks = _can_write("█╌◆", out.encoding)

    def line(self, *pieces: tuple[str, Role]) -> None:
        """Print one line made of pieces."""
        text = "".join(self._painted(clean_line(text), role) for text, role in pieces).rstrip()
        print(text if self._has_blocks else text.translate(_ASCII), file=self._out)

    def lines(self, lines: Sequence[Line]) -> None:
        """Print several lines."""
        for line in lines:
            self.line(*line)

    def text(self, text: str = "", role: Role = "plain") -> None:
        """Print one line in one role."""
        self.line((text, role))

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Print names and values in two columns."""
        width = max((cell_len(clean_line(name)) for name, _value in facts), default=0)
        for name, value in facts:
            self.line((fit(clean_line(name), width) + "  ", "dim"), (value, "plain"))

    def json(self, value: object, *, end: str = "\n") -> None:
        """Print a value as JSON, on a line of its own unless `end` is another text."""
        print(json_line(value, self._out.encoding), end=end, file=self._out)

    def part(self, text: str) -> None:
        """Print a part of a line without cleaning it."""
        self._out.write(text)

    def flush(self) -> None:
        """Flush the buffer; raise OSError if the reader has closed the stream or the disk is full."""
        self._out.flush()

    def _painted(self, text: str, role: Role) -> str:
        code = _CODES[role]
        if not (self._is_colored and code and text.strip()):
            return text
        return f"\x1b[{code}m{text}\x1b[m"


def _can_write(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
