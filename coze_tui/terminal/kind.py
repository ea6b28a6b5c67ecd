"""Finds out whether the terminal can show screens at all, before anything is drawn. Cheap to import."""

from __future__ import annotations

import os
from collections.abc import Mapping

_DUMB = frozenset({"dumb", "unknown"})
_KNOWN = ("xterm", "screen", "tmux", "linux", "rxvt", "alacritty", "foot", "konsole", "vte", "wezterm")
"""Families that can move the cursor: not looked up, since that takes a millisecond of each start."""


def can_move_cursor(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal that TERM names can move its cursor.

    False for `dumb` (shells of editors, some consoles of CI) and for entries of terminfo without `cup`. A
    terminal without a name or an entry can: it is more often a new one than one that prints on paper.
    """
    term = environment.get("TERM", "")
    if term in _DUMB or term.startswith("dumb-"):
        return False
    if os.name != "posix" or not term or term.startswith(_KNOWN):
        return True
    try:
        import curses
    except ImportError:  # a Python that was built without it
        return True
    try:
        curses.setupterm(term, 2)
    except curses.error as error:  # no such entry; anything else is a printer (errret 1 of curs_terminfo(3X))
        return "could not find" in str(error)
    return curses.tigetstr("cup") is not None
