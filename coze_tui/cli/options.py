"""From the words of the command line to a command and its options. A question may begin with `-`."""

from __future__ import annotations

from collections.abc import Sequence

from coze_tui.cli.commands import CHAT, COMMANDS, Command, Option
from coze_tui.text.i18n import _

TYPE_CHECKING = False  # see i18n
if TYPE_CHECKING:
    from typing import Any

    from coze_tui.errors import SettingsError


class Arguments:
    """The options of a command by their attribute, and its `words`."""

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...


def find_command(tokens: Sequence[str]) -> tuple[Command, list[str]]:
    """The command, and its own arguments: options before its name count for it, too.

    Raises:
        SettingsError: there is no such command.
    """
    leading, rest = _leading_options(tokens)
    if not rest or rest[0] == "--":
        return CHAT, [*leading, *rest]
    name, rest = _name_of(rest)
    command = COMMANDS.get(name)
    if command is None:
        raise _wrong(_("there is no such command"), source=name, suggestion=_nearest(name, tuple(COMMANDS)))
    return command, [*leading, *rest]


def _name_of(words: list[str]) -> tuple[str, list[str]]:
    """The name of a command, which may have two words, and what follows it."""
    both = " ".join(words[:2])
    has_more = len(words) > 1 and not words[1].startswith("-")
    if both in COMMANDS or (has_more and commands_of(words[0])):
        return both, words[2:]
    return words[0], words[1:]


def commands_of(name: str) -> tuple[Command, ...]:
    """The commands whose first word this is."""
    return tuple(command for each, command in COMMANDS.items() if each.startswith(f"{name} "))


def read_arguments(command: Command, tokens: Sequence[str]) -> Arguments:
    """The options by their attribute: text, None, a list, or whether a switch is set; and `words`.

    Raises:
        SettingsError: an option is not known, lacks its value, or has a wrong one.
    """
    values: dict[str, object] = {"help": False, "version": False}
    for option in command.options:
        values[option.attribute] = [] if option.repeats else None if option.value else False
    words = _split(command, tokens, values)
    if words and not command.words:
        raise _wrong(_("nothing is expected here"), source=words[0])
    return Arguments(**values, words=words)


_SWITCHES = {"-h": "help", "--help": "help", "--version": "version"}


def _split(command: Command, tokens: Sequence[str], values: dict[str, object]) -> list[str]:
    """Put the options into `values`; what is left are words."""
    known = {name: option for option in command.options for name in option.names}
    words: list[str] = []
    left = iter(tokens)
    for token in left:
        name, equals, value = token.partition("=")
        option = known.get(name)
        if token == "--":
            words += left
        elif token in _SWITCHES:
            values[_SWITCHES[token]] = True
        elif option is None or (equals and not name.startswith("--")):
            if _looks_like_option(token):
                raise _unknown(name, command)
            words.append(token)
        elif not option.value:
            if equals:
                raise _wrong(_("takes no value"), source=name)
            values[option.attribute] = True
        else:
            given = value if equals else next(left, None)
            if given is None:
                raise _wrong(_("needs a value: {value}").format(value=option.value), source=name)
            _check_choice(option, given)
            if option.repeats:
                given_before = values[option.attribute]
                assert isinstance(given_before, list)
                given_before.append(given)
            else:
                values[option.attribute] = given
    return words


def _looks_like_option(token: str) -> bool:
    """`-x` or `--some-name`, also with `=value`; a sum or a sentence that begins with `-` does not."""
    if not token.startswith("-"):
        return False
    name = token.partition("=")[0] if token.startswith("--") else token
    letters = name.removeprefix("--") if name.startswith("--") else name.removeprefix("-")
    is_long = name.startswith("--") and letters.replace("-", "").replace("_", "").isalnum()
    return letters[:1].isascii() and letters[:1].isalpha() and (is_long or len(name) == 2)


def _leading_options(tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """What stands before the first word, values of options included."""
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


def _check_choice(option: Option, value: str) -> None:
    if option.choices and value not in option.choices:
        raise _wrong(
            _("must be one of: {words}").format(words=", ".join(option.choices)),
            source=option.name,
            suggestion=_nearest(value, option.choices),
        )


def _unknown(name: str, command: Command) -> SettingsError:
    known = ("--help", *(name for option in command.options for name in option.names))
    problem = _("there is no such option")
    if command.words:
        problem = _("there is no such option; a question that looks like one goes after --")
    return _wrong(problem, source=name, suggestion=_nearest(name, known))


def _wrong(problem: str, *, source: str, suggestion: str = "") -> SettingsError:
    from coze_tui.errors import SettingsError

    return SettingsError(problem, source=source, suggestion=suggestion)


def _nearest(word: str, known: tuple[str, ...]) -> str:
    import difflib

    return next(iter(difflib.get_close_matches(word, known, n=1)), "")
