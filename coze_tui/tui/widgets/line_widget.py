"""Widgets that draw their own lines: styles by role, and lines made of parts. No text is ever markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.strip import Strip
from textual.widget import Widget

from coze_tui.engine.model.outcomes import Level
from coze_tui.render.cells import cell_len, shorten

_BOLD = Style(bold=True)
_VARIABLES = {"text": "foreground"}
"""Roles whose variable has another name."""
_TEXT_STYLES = {"muted": "muted-text-style", "line": "muted-text-style", "selected": "selected-text-style"}
Part = tuple[str, str]
"""Clean text without line ends, and its role; `bold` and `selected` may follow: `("sent", "text bold")`.

A color, such as `#11131a` or `ansi_blue`, may take the place of the role.
"""


def role_of(level: Level) -> str:
    """Return the color role of a level."""
    return {"info": "muted", "tool": "attention", "error": "failure"}.get(level, level)


class RoleStyles:
    """The styles of roles in the current theme, each created once.

    They come from the theme's variables and not from component classes: Textual would style each of those
    again, for each widget, whenever the focus moves.
    """

    def __init__(self) -> None:
        self._variables: Mapping[str, str] | None = None
        self._styles: dict[str, Style] = {}

    def style(self, variables: Mapping[str, str], role: str) -> Style:
        """Return the style of a role and its modifiers (`text bold`); only `selected` has a background.

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
    """Return the style of one role in a theme with these variables."""
    color = Color.parse(variables.get(_VARIABLES.get(role, role), role)).rich_color
    style = Style(bgcolor=color) if role == "selected" else Style(color=color)
    return style + Style.parse(variables.get(_TEXT_STYLES.get(role, ""), "none"))


def plain(style: Style) -> Style:
    """Return a style for reversed text without its colors, which would give each part another background."""
    return style.without_color + Style(dim=False)


class LineWidget(Widget):
    """A widget that draws its own lines and has no children."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._roles = RoleStyles()
        self._base_style: Style | None = None
        """The widget's own style; Textual computes it from all ancestors each time."""

    def notify_style_update(self) -> None:
        """Compute the style again when it is next needed."""
        super().notify_style_update()
        self._base_style = None

    @property
    def line_width(self) -> int:
        """Return the cells of a line."""
        return self.content_size.width

    def style_of(self, role: str) -> Style:
        """Return the style of a role and its modifiers; only `selected` has a background of its own."""
        return self._roles.style(self.app.theme_variables, role)

    def line(self, left: Sequence[Part], right: Sequence[Part] = (), ground: str = "") -> Strip:
        """Return a line as wide as the widget, `right` at its end; `left` is cut if there is no room.

        Args:
            left: Parts from the left edge.
            right: Parts that end at the right edge; they take precedence over `left`.
            ground: Role of the background of the whole line.
        """
        width = self.line_width
        taken = width_of(right)
        parts = cut(left, max(0, width - taken - bool(taken)))
        gap = width - width_of(parts) - taken
        under = self.style_of(ground) if ground else Style.null()
        segments = [Segment(text, self._style_on(under, role)) for text, role in parts]
        if gap > 0:
            segments.append(Segment(" " * gap))
        segments += [Segment(text, self._style_on(under, role)) for text, role in right]
        strip = Strip(segments)
        if strip.cell_length > width:
            strip = strip.crop(strip.cell_length - width)
        if self._base_style is None:
            self._base_style = self.rich_style
        return strip.apply_style(self._base_style + under)

    def _style_on(self, under: Style, role: str) -> Style:
        style = self.style_of(role)
        return plain(style) if under.reverse else style


def width_of(parts: Sequence[Part]) -> int:
    """Return the cells of all parts together."""
    return sum(cell_len(text) for text, _ in parts)


def cut(parts: Sequence[Part], width: int) -> list[Part]:
    """Return the parts that fit into a width, the last one cut with `…` if needed."""
    kept: list[Part] = []
    for text, role in parts:
        cells = cell_len(text)
        if cells > width:
            if short := shorten(text, width):
                kept.append((short, role))
            break
        kept.append((text, role))
        width -= cells
    return kept
