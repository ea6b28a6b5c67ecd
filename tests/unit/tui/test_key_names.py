"""Keys as people read them."""

from __future__ import annotations

import pytest

from coze_tui.tui.key_names import long_key, short_key


@pytest.mark.parametrize(
    ("key", "short", "long"),
    [
        ("ctrl+p", "^P", "Ctrl+P"),
        ("f1", "F1", "F1"),
        ("escape", "Esc", "Esc"),
        ("enter", "Enter", "Enter"),
        ("ctrl+j", "^J", "Ctrl+J"),
        ("shift+tab", "⇧Tab", "Shift+Tab"),
        ("alt+enter", "Alt+Enter", "Alt+Enter"),
        ("question_mark", "?", "?"),
        ("slash", "/", "/"),
        ("R", "R", "R"),
        ("r", "r", "r"),
        ("up", "↑", "↑"),
        ("ctrl+underscore", "^_", "Ctrl+_"),
        ("pagedown", "PgDn", "PgDn"),
    ],
)
def test_names(key: str, short: str, long: str) -> None:
    assert (short_key(key), long_key(key)) == (short, long)
