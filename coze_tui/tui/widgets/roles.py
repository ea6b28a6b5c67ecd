"""The styles of the themes' roles, for widgets that draw their own lines.

They come from the theme's variables and not from component classes: Textual would style each of those, for
each widget, anew whenever the focus moves.
"""

from __future__ import annotations

from collections.abc import Mapping

from rich.style import Style
from textual.color import Color

ROLES = ("text", "bot", "user", "good", "attention", "failure", "muted", "line", "selected")
"""The roles of the themes."""

_BOLD = Style(bold=True)
_VARIABLES = {"text": "foreground"}
"""Where a role's variable has another name."""
_TEXT_STYLES = {"muted": "muted-text-style", "line": "muted-text-style", "selected": "selected-text-style"}


class RoleStyles:
    """The styles of roles in the theme in use, each made once."""

    def __init__(self) -> None:
        self._variables: Mapping[str, str] | None = None
        self._styles: dict[str, Style] = {}

    def style(self, variables: Mapping[str, str], role: str) -> Style:
        """The style of a role and what follows it (`text bold`); only `selected` has a background.

        Args:
            variables: `App.theme_variables`, of which each theme has its own.
        """
        if variables is not self._variables:
            self._variables = variables
            self._styles.clear()
        style = self._styles.get(role)
        if style is None:
            style = Style()
            for word in role.split():
                style += _BOLD if word == "bold" else style_from(variables, word)
            self._styles[role] = style
        return style


def style_from(variables: Mapping[str, str], role: str) -> Style:
    """The style of one role in a theme with these variables."""
    color = Color.parse(variables[_VARIABLES.get(role, role)]).rich_color
    style = Style(bgcolor=color) if role == "selected" else Style(color=color)
    return style + Style.parse(variables.get(_TEXT_STYLES.get(role, ""), "none"))
