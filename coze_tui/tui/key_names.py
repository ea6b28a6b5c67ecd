"""Key names as people read them: `^P` in the footer, `Ctrl+P` in a sentence; and the keys of a widget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.binding import BindingsMap

from coze_tui.terminal.textual_overrides import is_known_textual
from coze_tui.text.i18n import N_, _

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen

_SIGNS = {
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
    "enter": N_("Enter"),
    "escape": N_("Esc"),
    "tab": N_("Tab"),
    "space": N_("Space"),
    "backspace": N_("Backspace"),
    "delete": N_("Del"),
    "home": N_("Home"),
    "end": N_("End"),
    "pageup": N_("PgUp"),
    "pagedown": N_("PgDn"),
    "question_mark": "?",
    "slash": "/",
    "backslash": "\\",
    "asterisk": "*",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "underscore": "_",
    "minus": "-",
    "plus": "+",
    "full_stop": ".",
    "comma": ",",
    "at": "@",
}
_MODIFIERS = {"ctrl": "Ctrl", "alt": "Alt", "shift": "Shift", "super": "Super"}


def short_key(key: str) -> str:
    """Return the shortest name of a key: `^P`, `F1`, `Esc`, `⇧Tab`."""
    *modifiers, name = key.split("+")
    shown = _base(name, upper="ctrl" in modifiers)
    marks = {"ctrl": "^", "shift": "⇧"}
    return "".join(marks.get(modifier, f"{modifier.title()}+") for modifier in modifiers) + shown


def long_key(key: str) -> str:
    """Return the name of a key as on a keyboard: `Ctrl+P`."""
    *modifiers, name = key.split("+")
    words = [_MODIFIERS.get(modifier, modifier.title()) for modifier in modifiers]
    return "+".join([*words, _base(name, upper=bool(modifiers))])


def _base(name: str, *, upper: bool) -> str:
    if name in _SIGNS:
        return _(_SIGNS[name])
    if len(name) == 1:
        return name.upper() if upper else name
    if name.startswith("f") and name[1:].isdigit():
        return name.upper()
    return name.replace("_", " ").title()


def bindings_of(node: DOMNode, screen: Screen[Any]) -> BindingsMap:
    """Return the bindings of a part of this screen, or of the app, in order, with the keys of the settings.

    With an unknown Textual, returns only those that are active.
    """
    if not is_known_textual():
        active = screen.active_bindings.items()
        return BindingsMap.from_keys({key: [each.binding] for key, each in active if each.node is node})
    bindings = node._bindings.copy()  # the only place where all of them are
    bindings.apply_keymap(node.app._keymap)
    return bindings


def key_for(binding: str, node: DOMNode, screen: Screen[Any]) -> str:
    """Return the name of the first key of a binding of a part of this screen, by its ID; empty for none."""
    found = bindings_of(node, screen).key_to_bindings.items()
    return next((long_key(key) for key, each in found if any(one.id == binding for one in each)), "")
