"""The reports that terminals send by themselves: answers to queries of this program or of one before it."""

from __future__ import annotations

import re

STRING_TEXT = r"[^\x00-\x1f\x7f\x9c]"
"""Matches one character of a control string."""
STRING = STRING_TEXT + r"{0,262144}"
STRING_END = r"(?:\x07|\x9c|\x1b\\)"
_NUMBERS = r"[\d;:]*"
_COLOR = r"(?:rgba?:|#)[\da-fA-F/]{1,80}"
REPORT = (
    r"\x1b(?:"
    rf"\[(?:\?{_NUMBERS}(?:[cnRSuW]|\$y|\"p)|>{_NUMBERS}(?:[cfmqt]| q)|=[\d;]+[cu]|[0-4]n|\d+;\d+(?:;\d+)?R"
    r"|\d+;\d\$y|[12]t|3;-?\d+;-?\d+t|[4-9](?:;\d+){2}t|48(?:;[\d:]+){2,4}t|[23](?:;\d+){6}x|[IO]"
    r"|<[\d;-]+[mM]|\d+(?:;\d+){2}M|(?:\d+;){3,5}\d*&w|\d+\*\{|\d+(?:;\d+){4}\"w)"
    rf"|\](?:[45];\d+;{_COLOR}(?:;\d+;{_COLOR})*|1\d;{_COLOR}|52;\w*;[A-Za-z\d+/=]*|[lL]{STRING}"
    rf"|(?:2[12]|50|6[01]|99|1337|5522);{STRING}){STRING_END}"
    rf"|P(?:>\||!\||[01]\+[rR]|[01]\$r|[12]\$[us]|\d*!~){STRING}{STRING_END}"
    rf"|_G{STRING}{STRING_END}"
    r")"
)
"""Matches the known reports exactly; pasted text is unlikely to contain them.

Device attributes, status, cursor position, modes, kitty's keyboard flags, versions, sizes, focus, mouse,
locator, colors, clipboard, titles, fonts, permissions, notifications, iTerm2's variables, terminfo,
resources, settings, macros, graphics.
"""


def without_reports(line: str) -> str:
    """Return a line that was read from a terminal without the reports in it."""
    return re.sub(REPORT, "", line) if "\x1b" in line else line
