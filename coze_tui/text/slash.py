"""Finds slash commands in texts that a user has typed."""

from __future__ import annotations

import re
from collections.abc import Collection

from coze_tui.text.i18n import _

_WORD = re.compile(r"\s*(/[^\W\d_]+(?:-[^\W\d_]+)*)(?!\S)")
"""Does not match `/usr/bin`, `//x`, `/3` and `/etc/hosts`."""
_LIKENESS = 0.65
"""Least similarity of a mistyped name and a command, from 0 to 1."""


def command_word(text: str) -> str:
    """Return the first word of a text if it has the form of a command (a slash and letters), else nothing."""
    found = _WORD.match(text)
    return found.group(1) if found else ""


def unknown_command_text(word: str, names: Collection[str], elsewhere: Collection[str] = ()) -> str:
    """Return the sentence about a command that does not exist, with the most similar one.

    Args:
        names: the commands that exist.
        elsewhere: commands of the screens, if the program runs without screens.
    """
    if word in elsewhere:
        return _("{name} works only in full-screen mode, that is `coze-tui` without --linear.").format(
            name=word
        )
    if meant := nearest(word, names):
        return _("Unknown command {name}. Did you mean {meant}?").format(name=word, meant=meant)
    return _("Unknown command {name}.").format(name=word)


def nearest(word: str, names: Collection[str]) -> str:
    """Return the command that is most similar to a mistyped one; empty if none is."""
    from difflib import get_close_matches  # only after a mistake

    typed, known = word.casefold(), list(names)
    begun = [name for name in known if name.startswith(typed)]
    found = get_close_matches(typed, begun or known, 1, 0.0 if begun else _LIKENESS)
    return found[0] if found else ""
