"""The app reads every style sheet."""

from __future__ import annotations

from coze_tui.tui.app import FIRST_STYLES, OTHER_STYLES
from tests.support.samples import STYLES


def test_every_style_sheet_is_read_once() -> None:
    assert sorted((*FIRST_STYLES, *OTHER_STYLES)) == sorted(path.stem for path in STYLES.glob("*.tcss"))
