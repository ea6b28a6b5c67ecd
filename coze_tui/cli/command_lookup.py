"""Finds the command that a command line names."""

from __future__ import annotations

from collections.abc import Sequence

from coze_tui.cli.commands import CHAT, COMMANDS
from coze_tui.cli.options import Command, wrong
from coze_tui.text.i18n import _


def find_command(tokens: Sequence[str]) -> tuple[Command, list[str]]:
    """Return the command that the tokens name, and its own tokens: also those before its name.

    Raises:
        SettingsError: no command has this name.
    """
    leading, rest = _leading_options(tokens)
    if not rest or rest[0] == "--":
        return CHAT, [*leading, *rest]
    name, rest = _name_of(rest)
    command = COMMANDS.get(name)
    if command is None:
        raise wrong(_("is not a command"), source=name, known=tuple(COMMANDS))
    return command, [*leading, *rest]


def commands_of(name: str) -> tuple[Command, ...]:
    """Return the commands whose first word this is, without the command of this name."""
    return tuple(command for each, command in COMMANDS.items() if each.startswith(f"{name} "))


def _name_of(words: list[str]) -> tuple[str, list[str]]:
    """Return the name of a command, which may have two words, and what follows it."""
    both = " ".join(words[:2])
    has_more = len(words) > 1 and not words[1].startswith("-")
    if both in COMMANDS or (has_more and commands_of(words[0])):
        return both, words[2:]
    return words[0], words[1:]


def _leading_options(tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options before the first word, with their values, and the rest."""
    takes_value = {
        name
        for command in COMMANDS.values()
        for option in command.options
        if option.value
        for name in option.names
    }
    position = 0
    while position < len(tokens) and tokens[position].startswith("-") and tokens[position] != "--":
        position += 2 if tokens[position] in takes_value else 1
    return list(tokens[:position]), list(tokens[position:])
