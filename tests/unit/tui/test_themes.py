"""The themes: complete, legible, and in every style sheet only roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from textual.app import App
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from coze_tui.tui.themes import ANSI_THEME, contrast, palette_of, theme_variable_defaults, themes
from tests.support.samples import STYLES

ROLES = ("bot", "user", "good", "attention", "failure", "muted")
ALL = {theme.name: theme for theme in (*themes(), *BUILTIN_THEMES.values())}
EXACT = [name for name, theme in ALL.items() if not theme.ansi]


def variables_of(theme: Theme) -> Mapping[str, str]:
    return {**theme_variable_defaults(theme), **theme.to_color_system().generate(), **theme.variables}


@pytest.mark.parametrize("name", EXACT)
def test_every_role_can_be_read_on_every_ground(name: str) -> None:
    variables = variables_of(ALL[name])
    grounds = {
        ground: Color.parse(variables[ground]) for ground in ("background", "surface", "code", "selected")
    }
    for role in ROLES:
        for ground, color in grounds.items():
            assert contrast(Color.parse(variables[role]), color) >= 4.45, (role, ground)
    colors = {variables[role] for role in ROLES}
    assert len(colors) >= len(ROLES) - 1, "monokai has one color for two roles, others one for each"


@pytest.mark.parametrize("name", ["coze-dark", "coze-light"])
def test_ours_keep_muted_text_at_four_and_a_half_where_it_is_read(name: str) -> None:
    variables = variables_of(ALL[name])
    for ground in ("background", "surface", "code"):
        assert contrast(Color.parse(variables["muted"]), Color.parse(variables[ground])) >= 4.5


def test_contrast_is_that_of_wcag() -> None:
    assert contrast(Color.parse("#000000"), Color.parse("#ffffff")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("name", list(ALL))
def test_the_current_match_differs_from_the_others(name: str) -> None:
    palette = palette_of(ALL[name])
    hit, match = palette.search_hit, palette.search_match
    assert (match.bold, match.underline) == (True, True)
    assert (hit.bold, hit.underline) == (None, None)
    if name in EXACT:
        grounds = [style.bgcolor.get_truecolor() for style in (hit, match) if style.bgcolor is not None]
        assert sum(abs(one - other) for one, other in zip(*grounds, strict=True)) >= 60
        lit = [Color.parse(color.name) for color in (match.color, match.bgcolor) if color is not None]
        known = variables_of(ALL[name])
        text, ground = Color.parse(known["foreground"]), Color.parse(known["selected"])
        assert contrast(*lit) >= min(4.4, contrast(text, ground) - 0.05)
    else:
        assert match.color != hit.color


@pytest.mark.parametrize("name", list(ALL))
def test_scrollbars_are_quieter_than_text(name: str) -> None:
    known = variables_of(ALL[name])
    if name in EXACT:
        ground, bar, text = (Color.parse(known[role]) for role in ("background", "scrollbar", "foreground"))
        assert contrast(bar, ground) < contrast(text, ground) / 2
    else:
        assert known["scrollbar"] not in {
            known["foreground"],
            "ansi_default",
            "ansi_white",
            "ansi_bright_white",
        }


def test_ansi_names_no_exact_color() -> None:
    for name, value in variables_of(ALL[ANSI_THEME]).items():
        assert "#" not in value, (name, value)


@pytest.mark.parametrize("name", list(ALL))
async def test_app_starts_in_every_theme(name: str) -> None:
    class ThemedApp(App[None]):
        CSS_PATH = sorted(STYLES.glob("*.tcss"))

        def get_theme_variable_defaults(self) -> dict[str, str]:
            return theme_variable_defaults(self.current_theme)

    app = ThemedApp()
    for theme in themes():
        app.register_theme(theme)
    app.theme = name
    async with app.run_test():
        assert app.theme_variables["selected-text-style"] in ("none", "reverse")


@pytest.mark.parametrize("path", sorted(STYLES.glob("*.tcss")), ids=lambda path: path.name)
def test_style_sheets_name_no_color(path: Path) -> None:
    for declaration in re.findall(r":\s*([^;{}]+);", path.read_text(encoding="utf-8")):
        assert not re.search(r"#[0-9a-fA-F]{3}|\brgb|\bansi_|\b(white|black|red|green|blue)\b", declaration)
