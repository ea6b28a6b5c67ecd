"""From the words of the command line to a command and its options. A question may begin with `-`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from coze_tui.cli.commands import CHAT, COMMANDS, Command, Option
from coze_tui.i18n import _

TYPE_CHECKING = False  # see i18n
if TYPE_CHECKING:
    from typing import NoReturn

    from coze_tui.errors import SettingsError

_LOOKS_LIKE_OPTION = re.compile(r"--[A-Za-z][\w-]*(=.*)?|-[A-Za-z]", re.DOTALL)


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


def read_arguments(command: Command, tokens: Sequence[str]) -> argparse.Namespace:
    """The options by their attribute, and `words`.

    Raises:
        SettingsError: an option is not known, lacks its value, or has a wrong one.
    """
    options, words = _split(command, tokens)
    if words and not command.words:
        raise _wrong(_("nothing is expected here"), source=words[0])
    arguments = _parser(command).parse_args(options)
    arguments.words = words
    return arguments


def help_text(command: Command) -> str:
    """What `--help` prints."""
    parser = _parser(command)
    listed = commands_of(command.name)
    if command is CHAT:
        listed = tuple(each for name, each in COMMANDS.items() if " " not in name)
    if not listed:
        return parser.format_help()
    lines = [_("commands:")]
    width = max(len(each.name) for each in listed)
    lines += [f"  {each.name:<{width}}  {_(each.summary)}" for each in listed]
    lines += ["", _("coze-tui COMMAND --help tells more of each."), ""]
    return f"{parser.format_help()}\n" + "\n".join(lines)


class _Formatter(argparse.HelpFormatter):
    def add_usage(
        self, usage: str | None, actions: object, groups: object, prefix: str | None = None
    ) -> None:
        super().add_usage(usage, actions, groups, _("usage: "))  # type: ignore[arg-type]  # passed on as they are


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _wrong(message, source=self.prog)


def _parser(command: Command) -> argparse.ArgumentParser:
    shown = "" if command is CHAT else f" {command.name}"
    words = f" [{_(command.words)} …]" if command.words else ""
    parser = _Parser(
        prog=f"coze-tui{shown}",
        usage="coze-tui" + (shown or " [" + _("COMMAND") + "]") + " [" + _("options") + "]" + words,
        description=_(command.summary),
        epilog=_(command.note) or None,
        formatter_class=_Formatter,
        add_help=False,
        allow_abbrev=False,
    )
    group = parser.add_argument_group(_("options"))
    for option in command.options:
        text = _(option.help).replace("%", "%%")
        if not option.value:
            group.add_argument(*option.names, action="store_true", help=text)
        else:
            group.add_argument(
                *option.names,
                metavar=option.value,
                help=text,
                action="append" if option.repeats else "store",
                default=[] if option.repeats else None,
            )
    group.add_argument("-h", "--help", action="store_true", help=_("show this and end"))
    if command is CHAT:
        group.add_argument("--version", action="store_true", help=_("show the version and end"))
    return parser


_SWITCHES = frozenset({"-h", "--help", "--version"})


def _split(command: Command, tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options, each with its value in one token, and words."""
    known = {name: option for option in command.options for name in option.names}
    options: list[str] = []
    words: list[str] = []
    left = iter(tokens)
    for token in left:
        name, equals, value = token.partition("=")
        option = known.get(name)
        if token == "--":
            words += left
        elif token in _SWITCHES:
            options.append(token)
        elif option is None or (equals and not name.startswith("--")):
            if _LOOKS_LIKE_OPTION.fullmatch(token):
                raise _unknown(name, command)
            words.append(token)
        elif not option.value:
            if equals:
                raise _wrong(_("takes no value"), source=name)
            options.append(option.name)
        else:
            given = value if equals else next(left, None)
            if given is None:
                raise _wrong(_("needs a value: {value}").format(value=option.value), source=name)
            _check_choice(option, given)
            options.append(f"{option.name}={given}")
    return options, words


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
