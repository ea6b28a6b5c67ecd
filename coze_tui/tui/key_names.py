"""Keys as people read them: `^P` in the footer, `Ctrl+P` in a sentence. Pure."""

from __future__ import annotations

from coze_tui.text.i18n import N_, _

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
    """In as few cells as can be: `^P`, `F1`, `Esc`, `⇧Tab`."""
    *modifiers, name = key.split("+")
    shown = _base(name, upper="ctrl" in modifiers)
    marks = {"ctrl": "^", "shift": "⇧"}
    return "".join(marks.get(modifier, f"{modifier.title()}+") for modifier in modifiers) + shown


def long_key(key: str) -> str:
    """As it stands on the keyboard: `Ctrl+P`."""
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
