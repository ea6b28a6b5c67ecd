"""Determines whether the terminal can show screens, before anything is drawn. Fast to import."""

from __future__ import annotations

import os
from collections.abc import Mapping

_DUMB = frozenset({"dumb", "unknown"})
_KNOWN = ("xterm", "screen", "tmux", "linux", "rxvt", "alacritty", "foot", "konsole", "vte", "wezterm")
"""Families known to move the cursor. A look-up would cost a millisecond at each start."""


def can_move_cursor(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal that TERM names can move its cursor.

    False for `dumb` (shells of editors, some CI consoles) and for terminfo entries without `cup`. A
    terminal without a name or an entry counts as capable: it is more often new than a printer.
    """
    term = environment.get("TERM", "")
    if term in _DUMB or term.startswith("dumb-"):
        return False
    if os.name != "posix" or not term or term.startswith(_KNOWN):
        return True
    try:
        import curses
    except ImportError:  # Python was built without it
        return True
    try:
        curses.setupterm(term, 2)
    # No such entry; any other error means a printer (errret 1 of curs_terminfo(3X)).
    except curses.error as error:
        return "could not find" in str(error)
    return curses.tigetstr("cup") is not None
