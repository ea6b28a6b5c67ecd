"""In a real pty: whatever widget shows a hostile text, the terminal gets none of it as a control."""

from __future__ import annotations

import re
import sys

import pytest

from tests.support.samples import ROOT
from tests.support.terminal import Terminal

OURS = re.compile(
    rb"\x1b\[[0-9;?<>]*[A-Za-z]|\x1b\[\?[0-9;]*\$p|\x1b\(B|\x1bM|\x0f|\x1b\]22;[a-z-]*(?:\x07|\x1b\\)"
)


@pytest.mark.parametrize("mode", ["", "--plain"])
def test_no_widget_lets_a_control_through(mode: str) -> None:
    command = [sys.executable, "-m", "tests.support.every_widget"]
    env = {"PYTHONPATH": str(ROOT), "EVERY_WIDGET": mode}
    with Terminal(command, size=(100, 40), env=env) as terminal:
        terminal.wait_for("all were drawn")
        # Over the first widget, for its tooltip.
        terminal.send(b"\x1b[<35;10;4M")
        terminal.settle(0.6)
        terminal.send(b"\x11")
        assert terminal.wait() == 0
        raw = terminal.raw
    assert b"evil" in raw  # it is shown, as text
    assert b"\x1b[2J" not in raw
    # The last of OURS is the pointer's shape.
    text = OURS.sub(b"", raw).decode()
    assert not re.findall(
        "[\x00-\x07\x0b-\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]", text
    )
    assert "\u0301" * 9 not in text
    assert not [title for title in terminal.screen.title_seen if "evil" in title]
