"""`coze-tui replay` before there is a screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import Command


@pytest.mark.parametrize("pace", ["0", "0.05", "101", "fast", "nan"])
def test_a_pace_that_is_not_offered_is_named(command: Command, pace: str) -> None:
    ran = command("replay", "--pace", pace, "chat.sse")
    assert ran.status == 2
    assert "--pace" in ran.err
    assert "0.1" in ran.err


def test_without_a_terminal_the_other_way_is_named(command: Command, tmp_path: Path) -> None:
    ran = command("replay", str(tmp_path / "chat.sse"))
    assert ran.status == 2
    assert "coze-tui show" in ran.err
    assert ran.out == ""
