"""Reads the keys of vi as commands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from coze_tui.text.i18n import N_
from coze_tui.values import valueclass

_OPERATORS = frozenset("dcy")
_MOTIONS = frozenset("hjkl0^$wWbBeE;,G{}%+-_")
_FINDS = frozenset("fFtT")
_AFTER_G = frozenset("ge_")
_PLAIN = frozenset("iaIAoOxXsSDCYJpPu~.vV")
_NAMED = {"left": "h", "right": "l", "home": "0", "end": "$", "backspace": "h", "delete": "x", " ": "l"}
"""Keys that mean the same as a letter."""
_VISUAL_NAMED = {**_NAMED, "up": "k", "down": "j"}
_VISUAL_PLAIN = frozenset("dxXcsySYDCR~uUJpPovV")
OBJECTS = "wW\"'`()b[]{}B<>p（）“”‘’「」『』《》【】"
"""Text objects, by the key after `i` or `a`."""

VI_KEYS: Sequence[tuple[str, str]] = (
    ("Esc", N_("normal mode; Esc then works as elsewhere")),
    ("i I a A o O", N_("insert: before, after, at the ends of the line, in a new line")),
    ("h j k l", N_("left, down, up, right; from the first and last line to earlier prompts")),
    ("w b e ge W B E", N_("by words")),
    ("0 ^ $ gg G { } %", N_("to the ends of line and text, paragraphs, the other bracket")),
    ("f F t T ; ,", N_("to a character in the line, again, and back")),
    ("d c y", N_("delete, change, copy: with a motion or object; twice for the line")),
    ('iw aw i" a( ip', N_("objects: word, quotes, brackets, paragraph; inside or around")),
    ("x X D C s S Y r ~ J", N_("short forms, replace, swap case, join lines")),
    ("p P", N_("insert what was deleted or copied")),
    ("v V", N_("select characters or lines; o goes to the other end")),
    ("u Ctrl+R .", N_("undo, redo, repeat the last change")),
    ("2 … 9", N_("counts, before commands and motions")),
)
"""Keys, and what they do in English; `_` translates it when it is shown."""
MORE: Literal["more"] = "more"
"""The keys are the beginning of a command."""
NONE: Literal["none"] = "none"
"""The keys are not the start of any command."""


@valueclass
class Command:
    """One command."""

    name: str
    """The key of a plain command, `move`, or the operator: `d`, `c`, `y`."""
    count: int = 0
    """0 if none was typed."""
    motion: str = ""
    """The motion as typed; the operator again for whole lines; `i` or `a` for an object."""
    argument: str = ""
    """The character that `f`, `t` or `r` is looking for, or the key of the object."""


class _Reader:
    def __init__(self, keys: Sequence[str], names: dict[str, str]) -> None:
        self._keys = [names.get(key, key) for key in keys]
        self._raw = keys
        self._at = 0

    def next(self, *, raw: bool = False) -> str:
        """Return the next key, empty if there is none."""
        if self._at == len(self._keys):
            return ""
        self._at += 1
        return (self._raw if raw else self._keys)[self._at - 1]

    def count(self) -> int:
        """Return a count, 0 for none."""
        start = self._at
        while self._at < len(self._keys) and self._keys[self._at] in "0123456789":
            if self._at == start and (self._keys[start] == "0" or self._raw[start] == "home"):
                break
            self._at += 1
        return int("".join(self._keys[start : self._at])[:5] or 0)


def read(keys: Sequence[str], *, visual: bool = False) -> Command | Literal["more", "none"]:
    """Return the command of some keys, or whether more keys make one.

    Args:
        keys: Characters, and names of keys that have none.
        visual: A selection exists, to which operators apply.
    """
    reader = _Reader(keys, _VISUAL_NAMED if visual else _NAMED)
    count = reader.count()
    key = reader.next()
    if not key:
        return MORE
    if visual and key in _VISUAL_PLAIN:
        return Command(key, count)
    if visual and key in ("i", "a"):
        return _object(reader, "object", count, key)
    if key == "r":
        argument = reader.next(raw=True)
        return _with_argument("r", count, "", argument)
    if not visual and key in _PLAIN:
        return Command(key, count)
    if not visual and key in _OPERATORS:
        return _operated(reader, key, count)
    return _moved(reader, "move", count, key)


def _operated(reader: _Reader, operator: str, count: int) -> Command | Literal["more", "none"]:
    """Return an operator with its motion; counts before both are multiplied."""
    second = reader.count()
    if count or second:
        count = min(99_999, max(1, count) * max(1, second))
    key = reader.next()
    if not key:
        return MORE
    if key == operator:
        return Command(operator, count, key)
    if key in ("i", "a"):
        return _object(reader, operator, count, key)
    return _moved(reader, operator, count, key)


def _moved(reader: _Reader, name: str, count: int, key: str) -> Command | Literal["more", "none"]:
    if key in _FINDS:
        return _with_argument(name, count, key, reader.next(raw=True))
    if key == "g":
        after = reader.next()
        if not after:
            return MORE
        return Command(name, count, f"g{after}") if after in _AFTER_G else NONE
    return Command(name, count, key) if key in _MOTIONS else NONE


def _with_argument(name: str, count: int, motion: str, argument: str) -> Command | Literal["more", "none"]:
    if not argument:
        return MORE
    if len(argument) > 1:
        if argument != "enter" or motion:
            return NONE
        argument = "\n"
    return Command(name, count, motion, argument)


def _object(reader: _Reader, name: str, count: int, key: str) -> Command | Literal["more", "none"]:
    which = reader.next(raw=True)
    if not which:
        return MORE
    return Command(name, count, key, which) if which in OBJECTS else NONE
