"""The words that a shell can complete, read from the table of commands.

What completes a value is a text of words, separated by blanks. A word that begins with `@` is a kind: files,
folders, or one that the program lists (`candidates.py`).
"""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.cli.command_lookup import commands_of
from coze_tui.cli.commands import CHAT, COMMANDS
from coze_tui.cli.options import VERSION, Command, OneOf, Option
from coze_tui.text.i18n import _, languages

THEMES = (
    *(
        "auto",
        "coze-dark",
        "coze-light",
        "ansi",
        "ansi-dark",
        "ansi-light",
        "atom-one-dark",
        "atom-one-light",
    ),
    *("catppuccin-frappe", "catppuccin-latte", "catppuccin-macchiato", "catppuccin-mocha", "dracula"),
    *("flexoki", "gruvbox", "monokai", "nord", "rose-pine", "rose-pine-dawn", "rose-pine-moon"),
    *("solarized-dark", "solarized-light", "textual-dark", "textual-light", "tokyo-night"),
)
"""Copied from the app, since asking Textual takes half a second."""
_BY_OPTION = {
    "--conversation": "@conversations",
    "--bot": "@bots",
    "--profile": "@profiles",
    "--prompt": "@prompts",
    "--base-url": "cn com",
    "--host": "localhost",
    "--lang": " ".join(("auto", *languages())),
    "--theme": " ".join(THEMES),
}
_BY_PLACEHOLDER = {"FILE": "@files", "FOLDER": "@folders", "DIR": "@folders", "CHAT": "@chats"}
_BY_WORD = {"FILE": "@files", "CHAT": "last @chats", "ID": "last @conversations"}
_BY_SWITCH = {"history delete --undo": "@deleted"}
"""The completions after a switch that changes the meaning of the words."""
_BY_OPTION_OF_DEMO = {"--bot": "@demo-bots", "--conversation": ""}


class Row:
    """The possible continuations of a command line.

    Args:
        key: the name of the command, perhaps with a switch after it; empty if the line has no command yet.
        command: the command to which the line belongs.
        commands: the words that continue the name of the command, with their summaries.
    """

    def __init__(self, key: str, command: Command, commands: Mapping[str, str]) -> None:
        self.key = key
        self.commands = commands
        self.options = {
            name: help_of(option)
            for option in command.options
            if option is not VERSION or command is CHAT
            for name in option.names
        }
        self.words = _BY_SWITCH.get(key) or _words_of(command.words)
        self.takes_one_word = bool(set(command.words) & set("| "))
        """Whether only the first word is completed, as for `ID TITLE`."""
        self.values = {
            name: _value_of(command, option)
            for option in command.options
            if option.value
            for name in option.names
        }
        """The completions of the value of each option."""


def rows() -> list[Row]:
    """Return the rows of all commands, first the one of a line without a command."""
    top = {name: _(command.summary) for name, command in COMMANDS.items() if " " not in name}
    found = [Row("", CHAT, top)]
    for name, command in COMMANDS.items():
        below = {each.name.partition(" ")[2]: _(each.summary) for each in commands_of(name)}
        found.append(Row(name, command, below))
    for key in _BY_SWITCH:
        found.append(Row(key, COMMANDS[key.rpartition(" ")[0]], {}))
    return found


def help_of(option: Option) -> str:
    """Return the help of an option in the language in use."""
    return _(option.help).format(default=option.default)


def _words_of(placeholder: str) -> str:
    """Return the completions for words with this placeholder, such as `FILE|CHAT`."""
    first = placeholder.partition(" ")[0]
    words = (_BY_WORD.get(part, part if part.islower() else "") for part in first.split("|"))
    return " ".join(filter(None, words))


def _value_of(command: Command, option: Option) -> str:
    """Return the completions of the value of an option; an empty text if there are none."""
    if isinstance(option.read, OneOf):
        return " ".join(option.read.words)
    if command.name in ("demo", "web demo") and option.name in _BY_OPTION_OF_DEMO:
        return _BY_OPTION_OF_DEMO[option.name]
    return _BY_OPTION.get(option.name, _BY_PLACEHOLDER.get(option.value, ""))
