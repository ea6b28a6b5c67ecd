"""Colors that can be read."""

from dataclasses import asdict

import pytest

from coze_tui.render.palette import DARK, LIGHT, Colors, Palette


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [DARK, LIGHT])
def test_all_that_is_read_stands_out_from_each_ground(colors: Colors) -> None:
    grounds = ("background", "surface", "code", "selected")
    for role, color in asdict(colors).items():
        if role not in (*grounds, "line"):
            for ground in grounds:
                assert contrast(color, getattr(colors, ground)) >= 4.5, (role, ground)


def test_the_ansi_palette_assumes_nothing_about_the_terminal() -> None:
    palette = Palette.ansi()
    for style in [palette.text, palette.muted, palette.accent, palette.inline_code, *palette.code.values()]:
        assert style.bgcolor is None
        assert style.color is None or style.color.triplet is None


@pytest.mark.parametrize("palette", [Palette.dark(), Palette.light(), Palette.ansi()])
def test_every_palette_knows_plain_code(palette: Palette) -> None:
    assert "Token" in palette.code
