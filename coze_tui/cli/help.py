"""What `--help` prints. Widths are cells, so that the columns stand in Chinese, too."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

from coze_tui.cli.commands import CHAT, COMMANDS, Command, Option
from coze_tui.cli.exits import MEANINGS
from coze_tui.cli.options import commands_of
from coze_tui.text.i18n import N_, _

_LEFT = 24
"""Cells of the column of the options' names."""
_WIDEST = 100
_HELP = Option("--help", N_("show this and end"), short="-h")
_VERSION = Option("--version", N_("show the version and end"))


def help_text(command: Command, width: int = 0) -> str:
    """How a command is used, what it does, its options, and the commands that begin with its name.

    Args:
        width: of the lines in cells; 0 takes the terminal's.
    """
    width = width or _width()
    shown = "" if command is CHAT else f" {command.name}"
    usage = _("usage: ") + "coze-tui" + (shown or " [" + _("COMMAND") + "]") + " [" + _("options") + "]"
    if command.words:
        usage += " [" + _(command.words) + " …]"
    options = [*command.options, _HELP, *([_VERSION] if command is CHAT else [])]
    listed = commands_of(command.name)
    if command is CHAT:
        listed = tuple(each for name, each in COMMANDS.items() if " " not in name)
    lines = [usage, "", *wrapped(_(command.summary), width), "", _("options:")]
    lines += _columns([(_names_of(option), _(option.help)) for option in options], _LEFT, width)
    if command.note:
        lines += ["", *wrapped(_(command.note), width)]
    if listed:
        column = max(len(each.name) for each in listed) + 4
        lines += ["", _("commands:")]
        lines += _columns([(each.name, _(each.summary)) for each in listed], column, width)
        lines += ["", *wrapped(_("coze-tui COMMAND --help tells more of each."), width)]
    if command is CHAT:
        lines += ["", _("exit status:")]
        lines += _columns([(str(int(status)), _(words)) for status, words in MEANINGS.items()], 7, width)
    return "\n".join(lines) + "\n"


def wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most so many cells, broken at blanks and between wide characters."""
    lines, line = [], ""
    for piece in _pieces(text):
        if line and cells(line) + cells(piece.rstrip()) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
    return [*lines, line.rstrip()]


def _pieces(text: str) -> list[str]:
    """What is not broken: a word or a Chinese character, and the punctuation and blanks that go with it."""
    if text.isascii():
        return [f"{word} " for word in text.split(" ")]
    import re

    return re.findall(
        r"[（《「“]*(?:[\u3400-\u9fff]|[^\s\u3400-\u9fff（《「“]+)[，。：；、！？）》」”…]*\s*|\S\s*", text
    )


def cells(text: str) -> int:
    """How wide a text is on a terminal."""
    if text.isascii():
        return len(text)
    from unicodedata import east_asian_width

    return len(text) + sum(east_asian_width(character) in "WF" for character in text)


def _names_of(option: Option) -> str:
    value = f" {option.value}" if option.value else ""
    return ", ".join(f"{name}{value}" for name in option.names)


def _columns(rows: Sequence[tuple[str, str]], column: int, width: int) -> Iterator[str]:
    for name, text in rows:
        first, *more = wrapped(text, max(20, width - column))
        left = f"  {name}"
        if cells(left) + 2 > column:
            yield left
            left = ""
        yield f"{left}{' ' * (column - cells(left))}{first}"
        yield from (" " * column + line for line in more)


def _width() -> int:
    """Of the terminal; 80 where there is none."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return min(_WIDEST, max(40, int(given)))
    try:
        return min(_WIDEST, max(40, os.get_terminal_size(sys.stdout.fileno()).columns))
    except (OSError, ValueError, AttributeError):
        return 80
