"""The options of a command line, and `--help`, both made by argparse from the table of commands.

argparse cannot tell a question that begins with a dash from an option, so the tokens are sorted first.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import deque
from collections.abc import Iterable, Sequence
from functools import partial

from coze_tui.cli.command_lookup import commands_of
from coze_tui.cli.commands import CHAT, COMMANDS, PROGRAM
from coze_tui.cli.exits import MEANINGS
from coze_tui.cli.options import HELP, VERSION, Arguments, Command, Option, wrong
from coze_tui.text.i18n import _

TYPE_CHECKING = False  # see i18n
if TYPE_CHECKING:
    from coze_tui.errors import SettingsError


def read_arguments(command: Command, tokens: Sequence[str]) -> Arguments:
    """Return the values of the options, or their defaults, and the words; only `help` if it is asked for.

    Raises:
        SettingsError: an option is unknown, excluded by another one, or its value is missing or wrong, or the
            command takes no words.
    """
    arguments = Arguments(command)
    given, arguments.words = _sorted_tokens(command, tokens)
    if not set(HELP.names).isdisjoint(given):
        arguments.help = True  # whatever else is wrong, and without a parser that would never parse
        return arguments
    try:
        unknown = _parser(command).parse_known_args(given, arguments)[1]
    except argparse.ArgumentError as error:
        name = str(error.argument_name).rpartition("/")[2]
        value = next(option.value for option in command.options if option.name == name)
        problem = _("requires a value: {value}").format(value=value) if value else _("does not take a value")
        raise wrong(problem, source=name) from None
    if unknown:
        raise _unknown(unknown[0].partition("=")[0], command)
    for option in command.options:
        if getattr(arguments, option.dest):
            _check_excluded(option, given)
    if arguments.words and not command.words:
        raise wrong(_("is an unexpected argument"), source=arguments.words[0])
    return arguments


def _check_excluded(option: Option, given: Sequence[str]) -> None:
    names = {token.partition("=")[0] for token in given}
    for other in option.excludes:
        if other in names:
            raise wrong(_("cannot be combined with {option}").format(option=other), source=option.name)


def _sorted_tokens(command: Command, tokens: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the options, each in one token with its value, and the words."""
    known = {name: option for option in command.options for name in option.names}
    options: list[str] = []
    words: list[str] = []
    rest = deque(tokens)
    while rest:
        token = rest.popleft()
        name, equals, _value = token.partition("=")
        option = known.get(name)
        if token == "--":
            words += rest
            break
        if option is None or (equals and not name.startswith("--")):
            (options if _looks_like_option(token) else words).append(token)
        elif option.is_optional and not equals:
            has_value = bool(rest) and not rest[0].startswith("-")
            options.append(f"{option.name}={rest.popleft() if has_value else ''}")
        elif option.value and not equals and rest:
            options.append(f"{option.name}={rest.popleft()}")
        else:
            options.append(token)
    return options, words


def _looks_like_option(token: str) -> bool:
    """Return True for `-x` and `--some-name`, also with `=value`, but not for a sum or a sentence."""
    return bool(re.fullmatch(r"-[A-Za-z]|--[A-Za-z][\w-]*(=.*)?", token, re.DOTALL))


def _unknown(name: str, command: Command) -> SettingsError:
    known = [name for option in command.options for name in option.names]
    problem = _("is not an option of this command")
    if command.words:
        problem = _("is not an option of this command; put -- before a question that starts with a dash")
    return wrong(problem, source=name, known=known)


def _parser(command: Command, **more: object) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        formatter_class=_Formatter,
        add_help=False,
        allow_abbrev=False,
        exit_on_error=False,
        **more,  # type: ignore[arg-type]
    )
    parser.color = False  # type: ignore[attr-defined]  # Python 3.14 would color what others read
    group = parser.add_argument_group(_("options"))
    for option in command.options:
        _add(group, option, is_shown=option is not VERSION or command is CHAT)
    return parser


def _add(group: argparse._ArgumentGroup, option: Option, *, is_shown: bool) -> None:
    help = _escaped(_(option.help).format(default=option.default)) if is_shown else argparse.SUPPRESS
    if not option.value:
        group.add_argument(*option.names, dest=option.dest, action="store_true", help=help)
        return
    group.add_argument(
        *option.names,
        dest=option.dest,
        action="append" if option.repeats else "store",
        default=option.default,
        type=partial(option.read, option.name) if option.read else str,
        metavar=option.value,
        help=help,
    )


# --- help ---

_LEFT = 24
"""Cells of the column of the names."""
_WIDEST = 100


def help_text(command: Command) -> str:
    """Return how a command is used: its options, and the commands that begin with its name.

    The lines are as wide as COLUMNS or the terminal, from 40 to 100 cells.
    """
    name = "[COMMAND]" if command is CHAT else command.name
    words = f" [{command.words} …]" if command.words else ""
    parser = _parser(
        command,
        usage=_escaped(f"{PROGRAM} {name} [options]{words}"),
        description=_(command.summary),
        epilog=_(command.note),
    )
    listed = commands_of(command.name)
    if command is CHAT:
        listed = tuple(each for name, each in COMMANDS.items() if " " not in name)
    if listed:
        _add_rows(parser, _("commands"), ((each.name, each.summary) for each in listed))
        parser.epilog = "\n\n".join(
            filter(None, (_(command.note), _("Run coze-tui COMMAND --help for details.")))
        )
    if command is CHAT:
        _add_rows(
            parser, _("exit status"), ((str(int(status)), meaning) for status, meaning in MEANINGS.items())
        )
    return parser.format_help()


def _add_rows(parser: argparse.ArgumentParser, title: str, rows: Iterable[tuple[str, str]]) -> None:
    group = parser.add_argument_group(title)
    for name, text in rows:
        group.add_argument(name, help=_escaped(_(text)))


def _escaped(text: str) -> str:
    """Return the text of a usage or an option for argparse, which fills in `%(name)s` there."""
    return text.replace("%", "%%")


class _Formatter(argparse.HelpFormatter):
    """argparse's layout for text in which a Chinese character takes two cells."""

    def __init__(self, prog: str, **more: object) -> None:
        super().__init__(prog, max_help_position=_LEFT, width=_width(), **more)  # type: ignore[arg-type]

    def add_usage(
        self, usage: str | None, actions: object, groups: object, prefix: str | None = None
    ) -> None:
        super().add_usage(usage, actions, groups, _("usage: "))  # type: ignore[arg-type]

    def format_help(self) -> str:
        lines = super().format_help().split("\n")
        for number, line in enumerate(lines):
            if line.endswith(":") and not line.startswith(" "):
                lines[number] = _("{heading}:").format(heading=line[:-1])  # Chinese has a colon of its own
        return "\n".join(lines)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = (wrapped(paragraph, width) for paragraph in text.split("\n\n"))
        return "\n\n".join("\n".join(indent + line for line in lines) for lines in paragraphs)


def cells(text: str) -> int:
    """Return the cells that the text takes; the tables of Unicode are loaded for Chinese only."""
    if text.isascii():
        return len(text)
    from coze_tui.text.cells import cell_len

    return cell_len(text)


def wrapped(text: str, width: int) -> list[str]:
    """Return the text in lines of at most `width` cells, broken at blanks and between wide characters.

    A longer word is a line of its own.
    """
    lines, line = [], ""
    for piece in _pieces(text):
        if line and cells(line) + cells(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """Split the text where a line may end: after words and Chinese characters with their punctuation."""
    if text.isascii():
        return [f"{word} " for word in text.split(" ")]
    return re.findall(
        r"[（《「“]*(?:[\u3400-\u9fff]|[^\s\u3400-\u9fff（《「“]+)[，。：；、！？）》」”…]*\s*|\S\s*", text
    )


def _width() -> int:
    """Return the cells of a line: COLUMNS, those of the terminal, or 80."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return min(_WIDEST, max(40, int(given)))
    try:  # not by shutil, which is slow to import
        return min(_WIDEST, max(40, os.get_terminal_size(sys.stdout.fileno()).columns))
    except (OSError, ValueError, AttributeError):
        return 80
