"""The terminal window: its title, and whether its background is light.

The title is pushed on the terminal's stack when the screens start and popped when they exit (XTWINOPS 22 and
23), which restores the shell's title. In tmux both affect the title of the pane. OSC 11 queries the
background; `driver` reads the answer whenever it arrives.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from coze_tui.terminal.guard import guarded

PUSH_TITLE, POP_TITLE = "\x1b[22;2t", "\x1b[23;2t"
ASK_BACKGROUND = "\x1b]11;?\x1b\\"
_LONGEST_TITLE = 200
_REPORT = re.compile(
    r"\x1b\]11;(?:rgba?:([\da-fA-F]{1,4})/([\da-fA-F]{1,4})/([\da-fA-F]{1,4})(?:/[\da-fA-F]{1,4})?"
    r"|#([\da-fA-F]{3,12}))(?:\x07|\x9c|\x1b\\)"
)
_PLAIN_TERMS = ("", "dumb", "unknown", "linux", "vt100", "vt220", "cons25", "ansi")
"""Terminals that print unknown strings, or have no window."""


def has_window(env: Mapping[str, str]) -> bool:
    """Return whether the terminal has a window title and a background that can be queried.

    GNU screen has its own titles, no stack for them, and answers no queries.
    """
    return env.get("TERM", "") not in _PLAIN_TERMS and not env.get("STY")


def is_light(report: str) -> bool | None:
    """Return whether an answer to `ASK_BACKGROUND` names a light color; None for any other report."""
    found = _REPORT.fullmatch(report)
    if found is None:
        return None
    if digits := found[4]:
        size = len(digits) // 3
        parts = [digits[start : start + size] for start in range(0, 3 * size, size)]
    else:
        parts = [found[1], found[2], found[3]]
    red, green, blue = (int(part, 16) / ((1 << 4 * len(part)) - 1) for part in parts)
    # The luma of ITU-R BT.601: green looks brightest to the eye.
    return 0.299 * red + 0.587 * green + 0.114 * blue > 0.5


class Window:
    """The window's title while the screens use the terminal. Returns sequences but writes nothing."""

    def __init__(self) -> None:
        self.has_title = False
        """Whether to show titles at all. Set this before the driver starts."""
        self.asks_background = False
        """Whether to query the background when the screens start or resume."""
        self._title = ""
        self._is_pushed = False

    @property
    def is_pushed(self) -> bool:
        """Return whether the shell's title is on the terminal's stack."""
        return self._is_pushed

    def start(self) -> str:
        """Return the sequence for the start of the screens."""
        title = ""
        if self.has_title:
            self._is_pushed = True
            title = PUSH_TITLE + (_sequence(self._title) if self._title else "")
        return title

    def show(self, title: str) -> str:
        """Return the sequence that sets a title; empty if it is unchanged, or if titles are off.

        Args:
            title: Untrusted text, which is cleaned and cut.
        """
        title = guarded(" ".join(title.split()))[:_LONGEST_TITLE]
        if title == self._title:
            return ""
        self._title = title
        return _sequence(title) if self._is_pushed else ""

    def stop(self) -> str:
        """Return the sequence for the end of the screens."""
        was_pushed, self._is_pushed = self._is_pushed, False
        return POP_TITLE if was_pushed else ""


def _sequence(title: str) -> str:
    return f"\x1b]2;{title}\x1b\\"
