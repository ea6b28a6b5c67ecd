"""The man page `coze-tui.1`, made from the tables of commands, settings and exit statuses.

`hatch_build.py` puts it into the wheel. `python man_page.py` prints it, for example to look at it:
`python man_page.py | man -l -`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence

from coze_tui import __version__
from coze_tui.cli.commands import CHAT, COMMANDS
from coze_tui.cli.exits import MEANINGS
from coze_tui.cli.options import HELP, VERSION, Command, Option
from coze_tui.config.settings import definitions, variable_of

_EVERYWHERE = ("--profile", "--lang", HELP.name, VERSION.name)
"""The options of (nearly) all commands, which the page describes once."""

FILES = (
    ("~/.config/coze-tui/settings.toml", "the settings"),
    ("~/.config/coze-tui/credentials.json", "the saved tokens, readable by their owner only"),
    ("~/.config/coze-tui/prompts/", "the saved prompts"),
    ("~/.local/share/coze-tui/history.db", "the history, an SQLite database"),
    ("~/.local/share/coze-tui/copies/", "copied texts, for terminals that refuse the clipboard"),
    (
        "~/.local/state/coze-tui/remembered.json",
        "choices made in the program, the last site and bot, and the user ID",
    ),
    ("~/.local/state/coze-tui/coze-tui.log", "the debug log, if `debug_log` is set"),
    ("~/.local/state/coze-tui/crashes/", "crash reports, without secrets"),
)
"""The files by their paths on Linux."""

VARIABLES = (
    ("COZE_API_TOKEN", "the token; goes before `token_file`, `token_command` and the saved token"),
    ("COZE_TUI_HOME", "one folder for `config`, `data` and `state`"),
    ("NO_COLOR", "if set, no colors"),
    ("LANGUAGE, LC_ALL, LC_MESSAGES, LANG", "the language, if `language` is `auto`"),
    ("HTTPS_PROXY, ALL_PROXY, NO_PROXY", "the proxy, if `proxy` is empty"),
    ("SSL_CERT_FILE, SSL_CERT_DIR", "trusted CA certificates"),
    ("VISUAL, EDITOR", "the editor for messages"),
)
"""The variables besides those of the settings."""

EXAMPLES = (
    ("try the program without an account", "coze-tui demo"),
    ("save a token", "coze-tui login"),
    ("chat with a bot", "coze-tui --bot 7511000000000000101"),
    ("ask from a script", 'git diff | coze-tui ask "Review this:"'),
    ("ask again in the same conversation", 'coze-tui ask -c "and in one sentence?"'),
    ("record a chat and look into it", 'coze-tui ask --record chat.sse "1 + 1"; coze-tui show chat.sse'),
    ("export the last conversation as a web page", "coze-tui history export last --format html"),
    ("find out what is wrong", "coze-tui doctor --online"),
)


def man_page() -> str:
    """Return the page as input of roff, in English and in ASCII."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield f'.TH COZE-TUI 1 "" "coze-tui {__version__}" "User Commands"'
    yield from (".nh", ".ad l")  # options are neither hyphenated nor spread
    yield ".SH NAME"
    yield rf"coze-tui \- {_text(CHAT.summary)}"
    yield ".SH SYNOPSIS"
    for command in (CHAT, *(each for each in COMMANDS.values() if each is not CHAT)):
        yield from _synopsis(command)
    yield ".SH DESCRIPTION"
    yield from _paragraphs(
        "`coze-tui` is a terminal client for Coze bots, on coze.cn, on coze.com and on a self-hosted Coze "
        "Studio. Answers stream in as Markdown, and beside them the program shows the events of the chat. "
        "Without a command it opens the chat screen.",
        "Options may be placed before and after the command. `--` ends them.",
    )
    yield ".SH COMMANDS"
    for command in COMMANDS.values():
        yield from _command(command)
    yield ".SH COMMON OPTIONS"
    options = {option.name: option for option in CHAT.options}
    yield from _entries((_usage(options[name]), _help(options[name])) for name in _EVERYWHERE)
    yield ".SH EXIT STATUS"
    yield from _entries((_bold(str(int(status))), _text(meaning)) for status, meaning in MEANINGS.items())
    yield ".SH SETTINGS"
    yield from _paragraphs(
        "The settings file is TOML. Options go before environment variables, these before choices made in "
        "the program, these before the settings file. `coze-tui settings` shows each value with its source."
    )
    yield from _entries((_bold(name), _text(each.doc)) for name, each in definitions().items())
    yield ".SH ENVIRONMENT"
    yield from _entries((_bold(variable_of(name)), f"sets {_bold(name)}") for name in definitions())
    yield from _entries((_bold(names), _text(text)) for names, text in VARIABLES)
    yield ".SH FILES"
    yield from _entries((_italic(path), _text(text)) for path, text in FILES)
    yield ".SH EXAMPLES"
    for text, example in EXAMPLES:
        yield from (".PP", f"To {_text(text)}:", ".PP", ".RS 4", ".EX", _literal(example), ".EE", ".RE")


def _synopsis(command: Command) -> Iterator[str]:
    name = "" if command is CHAT else f" {command.name}"
    words = rf" [{_italic(command.words)} .\|.\|.]" if command.words else ""
    if name:
        yield ".br"
    yield rf"{_bold(f'coze-tui{name}')} [{_italic('options')}]{words}"


def _command(command: Command) -> Iterator[str]:
    words = rf" [{_italic(command.words)} .\|.\|.]" if command.words else ""
    yield f".SS {_bold(command.name)}{words}"
    yield from _paragraphs(f"{command.summary[:1].upper()}{command.summary[1:]}.")
    if command.note:
        yield from _paragraphs(command.note)
    own = [option for option in command.options if option.name not in _EVERYWHERE]
    yield from _entries((_usage(option), _help(option)) for option in own)


def _usage(option: Option) -> str:
    """Return the names of an option and the placeholder of its value."""
    names = ", ".join(_bold(name) for name in option.names)
    return f"{names} {_italic(option.value)}" if option.value else names


def _help(option: Option) -> str:
    return _text(option.help.format(default=option.default))


def _entries(entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a list of terms with their descriptions."""
    for term, text in entries:
        yield from (".TP", term, text)


def _paragraphs(*texts: str) -> Iterator[str]:
    for text in texts:
        yield from (".PP", _text(text))


# --- characters ---

_ESCAPES = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", '"': r"\(dq"}


def _literal(text: str) -> str:
    """Return a text that is shown character by character, in ASCII."""
    shown = "".join(_ESCAPES.get(each, each if each.isascii() else rf"\[u{ord(each):04X}]") for each in text)
    return rf"\&{shown}" if shown.startswith(".") else shown


def _text(text: str) -> str:
    """Return a sentence, in which what is between backticks is bold."""
    parts: Sequence[str] = re.split(r"`([^`]+)`", text)
    return "".join(_bold(part) if number % 2 else _literal(part) for number, part in enumerate(parts))


def _bold(text: str) -> str:
    return rf"\fB{_literal(text)}\fR"


def _italic(text: str) -> str:
    return rf"\fI{_literal(text)}\fR"


if __name__ == "__main__":
    sys.stdout.write(man_page())
