"""`coze-tui settings`: print the settings with their sources, or the schema of the settings file."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping

from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import begin, show_problems
from coze_tui.cli.stdout import print_exactly
from coze_tui.config.project import trust_text
from coze_tui.config.settings import Settings, definitions
from coze_tui.diagnostics.crash import without_secrets
from coze_tui.report.console import Console
from coze_tui.text.cells import pad
from coze_tui.text.i18n import _

_NAME_CELLS = 18


def run_settings(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the file and the settings, and return the status of the first problem; or print the schema."""
    startup = begin(arguments, environment)
    if arguments.schema:
        from coze_tui.config.settings_schema import settings_schema

        print_exactly(json.dumps(settings_schema(), indent=2, ensure_ascii=False) + "\n")
        return Exit.OK
    console = Console(sys.stdout, environment)
    file = startup.paths.settings_file
    is_there = "" if file.exists() else "  " + _("(does not exist)")
    console.text(_("settings file: {path}").format(path=file) + is_there)
    if startup.project is not None:
        console.text(trust_text(startup.project, startup.trust))
    show_facts(console, setting_facts(startup.settings))
    show_problems(startup)
    return exit_for(startup.problems[0]) if startup.problems else Exit.OK


def show_facts(console: Console, facts: Iterable[tuple[str, str]], *, name_cells: int = _NAME_CELLS) -> None:
    """Print one line per fact: its name and its value, in columns."""
    for name, value in facts:
        console.text(f"  {pad(name, name_cells)} {value}")


def setting_facts(settings: Settings) -> Iterator[tuple[str, str]]:
    """Yield the name of each setting, and its value with its source, without secrets."""
    for name in definitions():
        yield name, f"{_shown(name, getattr(settings, name)) or '–'}  ({settings.source_of(name)})"


def _shown(name: str, value: object) -> str:
    """Return a value as text, or an empty text if it is not set."""
    if isinstance(value, Mapping):
        if name == "tools":  # their arguments may be private
            value = {tool: f"{words[0]} …" for tool, words in value.items()}
        return ", ".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, bool):
        return str(value).lower()
    if name == "proxy":
        return without_secrets(str(value), {})
    if name == "token_command" and value:
        return f"{str(value).split()[0]} …"  # its arguments may be private
    return "" if value is None else str(value)
