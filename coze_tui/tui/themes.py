"""The themes: two of our own, one that leaves the terminal its colors, and our roles within Textual's.

A role is a variable of the style sheets: `$bot $user $good $attention $failure $muted $line $code $selected`
and, since a terminal of sixteen colors has none to spare, `$muted-text-style` and `$selected-text-style`.
"""

from __future__ import annotations

from dataclasses import replace

from textual.color import Color
from textual.theme import Theme

from coze_tui.render.palette import DARK, LIGHT, Colors, Palette

AUTO_THEME = "auto"
"""Chooses the dark or the light theme by the background of the terminal."""
DARK_THEME = "coze-dark"
LIGHT_THEME = "coze-light"
ANSI_THEME = "ansi"

_LEGIBLE = 4.5


def themes() -> tuple[Theme, ...]:
    """Return our own themes, which the app registers."""
    return (_exact(DARK_THEME, DARK, dark=True), _exact(LIGHT_THEME, LIGHT, dark=False), _ansi())


def theme_variable_defaults(theme: Theme) -> dict[str, str]:
    """Return our variables for a theme that lacks them, made from its colors; none for our own themes."""
    if theme.ansi:
        return _ansi_roles()
    if theme.name in (DARK_THEME, LIGHT_THEME):
        return {}
    colors = theme.to_color_system().generate()
    background, surface = Color.parse(colors["background"]), Color.parse(colors["surface"])
    text = Color.parse(colors["foreground"])
    primary = Color.parse(colors["primary"])

    selected = background.blend(primary, 0.16, alpha=1)
    code = background.blend(text, 0.06, alpha=1)

    def readable(color: Color) -> str:
        return _readable(color, text, (background, surface, code, selected)).hex

    return {
        "bot": readable(Color.parse(colors["primary"])),
        "user": readable(Color.parse(colors["secondary"])),
        "good": readable(Color.parse(colors["success"])),
        "attention": readable(Color.parse(colors["warning"])),
        "failure": readable(Color.parse(colors["error"])),
        "muted": readable(background.blend(text, 0.55, alpha=1)),
        "line": background.blend(text, 0.16, alpha=1).hex,
        "code": code.hex,
        "selected": selected.hex,
        "muted-text-style": "none",
        "selected-text-style": "none",
    }


def palette_of(theme: Theme) -> Palette:
    """Return the colors of rendered text in a theme."""
    if theme.name == DARK_THEME:
        return Palette.dark()
    if theme.name == LIGHT_THEME:
        return Palette.light()
    if theme.ansi:
        return Palette.ansi()
    known = theme.to_color_system().generate()
    roles = theme_variable_defaults(theme) | theme.variables
    base = DARK if theme.dark else LIGHT
    return Palette.from_colors(
        replace(
            base,
            background=Color.parse(known["background"]).hex,
            surface=Color.parse(known["surface"]).hex,
            text=Color.parse(known["foreground"]).hex,
            code=roles["code"],
            selected=roles["selected"],
            muted=roles["muted"],
            line=roles["line"],
            bot=roles["bot"],
            user=roles["user"],
            good=roles["good"],
            attention=roles["attention"],
            error=roles["failure"],
        )
    )


def contrast(one: Color, other: Color) -> float:
    """Return the contrast ratio of two colors, from 1 to 21 (WCAG 2)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _readable(color: Color, text: Color, grounds: tuple[Color, ...]) -> Color:
    """Return the color, moved towards the text color until it is readable on every background.

    Moves towards white or black if not even the text is: mixed with it, all colors would become one gray.
    """
    end = text if _is_legible(text, grounds) else _extreme(grounds)
    mixes = (color.blend(end, step / 10, alpha=1) for step in range(10))
    return next((mixed for mixed in mixes if _is_legible(mixed, grounds)), end)


def _is_legible(color: Color, grounds: tuple[Color, ...]) -> bool:
    return all(contrast(color, ground) >= _LEGIBLE for ground in grounds)


def _extreme(grounds: tuple[Color, ...]) -> Color:
    """Return white or black, whichever differs more from the first background."""
    return max(Color(255, 255, 255), Color(0, 0, 0), key=lambda color: contrast(color, grounds[0]))


def _exact(name: str, colors: Colors, *, dark: bool) -> Theme:
    return Theme(
        name=name,
        primary=colors.bot,
        secondary=colors.user,
        warning=colors.attention,
        error=colors.error,
        success=colors.good,
        accent=colors.bot,
        foreground=colors.text,
        background=colors.background,
        surface=colors.surface,
        panel=colors.code,
        dark=dark,
        variables={
            "bot": colors.bot,
            "user": colors.user,
            "good": colors.good,
            "attention": colors.attention,
            "failure": colors.error,
            "muted": colors.muted,
            "line": colors.line,
            "code": colors.code,
            "selected": colors.selected,
            "muted-text-style": "none",
            "selected-text-style": "none",
            "text": colors.text,
            "text-muted": colors.muted,
            "border": colors.bot,
            "border-blurred": colors.line,
            "block-cursor-foreground": colors.text,
            "block-cursor-background": colors.selected,
            "block-cursor-text-style": "none",
            "block-cursor-blurred-foreground": colors.text,
            "block-cursor-blurred-background": colors.selected,
            "block-hover-background": colors.code,
            "input-cursor-background": colors.text,
            "input-cursor-foreground": colors.background,
            "input-selection-background": colors.selected,
            "input-selection-foreground": colors.text,
            "screen-selection-background": colors.selected,
            "screen-selection-foreground": colors.text,
            "scrollbar": colors.line,
            "scrollbar-hover": colors.muted,
            "scrollbar-active": colors.muted,
            "scrollbar-background": colors.background,
            "scrollbar-background-hover": colors.background,
            "scrollbar-background-active": colors.background,
            "scrollbar-corner-color": colors.background,
            "footer-key-foreground": colors.bot,
            "link-color": colors.bot,
        },
    )


def _ansi_roles() -> dict[str, str]:
    return {
        "bot": "ansi_blue",
        "user": "ansi_cyan",
        "good": "ansi_green",
        "attention": "ansi_yellow",
        "failure": "ansi_red",
        # No gray of the sixteen is sure to differ from the background, which only lines can bear.
        "muted": "ansi_default",
        "line": "ansi_bright_black",
        "code": "ansi_default",
        "selected": "ansi_default",
        "muted-text-style": "dim",
        "selected-text-style": "reverse",
    }


def _ansi() -> Theme:
    default, roles = "ansi_default", _ansi_roles()
    return Theme(
        name=ANSI_THEME,
        ansi=True,
        primary="ansi_blue",
        secondary="ansi_cyan",
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        accent="ansi_blue",
        foreground=default,
        background=default,
        surface=default,
        panel=default,
        boost=default,
        variables={
            **roles,
            "border": "ansi_blue",
            "border-blurred": default,
            "ansi-background": default,
            "ansi-foreground": default,
            "scrollbar-corner-color": default,
            "block-hover-background": default,
            "screen-selection-background": "ansi_cyan",
            "screen-selection-foreground": "ansi_black",
            "block-cursor-foreground": default,
            "block-cursor-background": default,
            "block-cursor-text-style": "reverse",
            "input-cursor-background": default,
            "input-cursor-foreground": default,
            "input-selection-background": default,
            "input-selection-foreground": default,
            "scrollbar": roles["line"],
            "scrollbar-hover": roles["user"],
            "scrollbar-active": roles["user"],
            "scrollbar-background": default,
            "scrollbar-background-hover": default,
            "scrollbar-background-active": default,
        },
    )
