"""The table of slash commands."""

from __future__ import annotations

from itertools import groupby

from coze_tui.tui.commands import slash_commands
from coze_tui.tui.screens.slash_actions import SLASH_ACTIONS


def test_every_slash_command_has_an_action() -> None:
    assert list(SLASH_ACTIONS) == [command.name for command in slash_commands()]


def test_the_commands_of_a_group_follow_each_other() -> None:
    groups = [group for group, _commands in groupby(slash_commands(), lambda command: command.group)]
    assert len(groups) == len(set(groups))
