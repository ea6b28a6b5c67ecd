"""Hyperlinks of the terminal (OSC 8): support by terminals, safe targets, the sequences.

The sequences follow https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from zlib import crc32

LONGEST_TARGET = 2000
"""Characters of a target; terminals limit it to about 2,083."""
CLOSE = "\x1b]8;;\x1b\\"
_SAFE_TARGET = re.compile(r"(?:https?://|mailto:)[!-~]+", re.IGNORECASE)
_PROGRAMS = {"WezTerm": (0,), "ghostty": (0,), "iTerm.app": (3, 1), "vscode": (1, 72), "tmux": (3, 4)}
"""TERM_PROGRAM → the first version that supports hyperlinks."""
_FIRST_VTE = 5001
"""0.50.0 crashes on hyperlinks."""
_NUMBERS = re.compile(r"\d+")


def supports_hyperlinks(env: Mapping[str, str]) -> bool:
    """Return whether the terminal is known to support OSC 8; usually False over SSH.

    Inside a multiplexer the variables of the outer terminal are not reliable. tmux passes links on only
    to terminals that support them.
    """
    term = env.get("TERM", "")
    if term in ("", "dumb", "unknown", "linux") or env.get("STY") or env.get("ZELLIJ"):
        return False
    program = env.get("TERM_PROGRAM", "")
    if env.get("TMUX") or term.startswith(("tmux", "screen")):
        return bool(env.get("TMUX")) and program == "tmux" and _is_new_enough(env)
    if env.get("WT_SESSION") or env.get("KITTY_WINDOW_ID"):
        return True
    vte = env.get("VTE_VERSION", "")
    if vte.isascii() and vte.isdecimal() and len(vte) < 9:
        return int(vte) >= _FIRST_VTE
    return program in _PROGRAMS and _is_new_enough(env)


def _is_new_enough(env: Mapping[str, str]) -> bool:
    first = _PROGRAMS[env["TERM_PROGRAM"]]
    version = tuple(int(number[:6]) for number in _NUMBERS.findall(env.get("TERM_PROGRAM_VERSION", "")[:40]))
    return first == (0,) or version >= first


def safe_target(url: str) -> str:
    """Return a target that is safe to send to the terminal, or an empty string.

    Accepts http, https and mailto in printable ASCII without blanks, so that no target ends its sequence.
    """
    return url if len(url) <= LONGEST_TARGET and _SAFE_TARGET.fullmatch(url) else ""


def start_of(target: str) -> str:
    """Return the sequence that starts a link to a `safe_target`.

    The `id` makes the parts of a wrapped link one link, because it is the same for the same target.
    """
    return f"\x1b]8;id={crc32(target.encode()):x};{target}\x1b\\"
