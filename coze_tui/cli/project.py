"""The project file on the command line: asking about it before its first use, and `coze-tui project`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import begin, confirm, notify, show_error, show_problems
from coze_tui.config.project import IGNORE_VARIABLE, PROJECT_FILE, Project, find_project, trust_text
from coze_tui.config.startup import Startup
from coze_tui.diagnostics.sentences import joined
from coze_tui.errors import SettingsError, StoreError
from coze_tui.report.console import Console
from coze_tui.text.cells import cell_len, pad
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _

_MOST_NAME_CELLS = 32


def with_project(startup: Startup) -> Startup:
    """Return the start with the project file if the user trusts it; ask on the terminal if it is new.

    Without a terminal a new file is not used, and a line on stderr says so.
    """
    project = startup.project
    if project is None or not startup.has_new_project:
        return startup
    problem = trust_text(project, startup.trust)
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        hint = _("It is not used. To use it, run `coze-tui project trust`; to ignore it, use --no-project.")
        notify(joined(problem, hint))
        return startup
    notify(problem)
    for line in _lines(project):
        print(line, file=sys.stderr)
    is_trusted = confirm(_("Use this bot, site and variables in this folder?"))
    try:
        return startup.decide_on_project(is_trusted=is_trusted)
    except StoreError as error:
        show_error(error)
        return startup.with_trust(is_trusted=is_trusted)


def _lines(project: Project) -> Iterator[str]:
    """Yield the content of a project file and what to be careful about, a line for each."""
    facts = list(project.facts())
    width = min(_MOST_NAME_CELLS, max((cell_len(name) for name, _value in facts), default=0))
    for name, value in facts:
        yield f"  {pad(name, width)}  {value}"
    for warning in project.warnings:
        yield f"  {warning}"


def run_project(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the project file of this folder, its content, and whether it is used."""
    startup = begin(arguments, environment)
    show_problems(startup)
    console, project = Console(sys.stdout, environment), startup.project
    if project is not None:
        console.text(trust_text(project, startup.trust))
        for line in _lines(project):
            console.text(line)
    elif startup.trust == "unusable":
        return exit_for(startup.problems[-1])
    elif (path := find_project(environment)) is not None:
        text = _("{path} is ignored, because {variable} is set.")
        console.text(text.format(path=clean_line(str(path)), variable=IGNORE_VARIABLE))
    else:
        console.text(_("no {file} in this folder or above it").format(file=PROJECT_FILE))
    return Exit.OK


def run_trust(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Use the project file of this folder from now on.

    Raises:
        SettingsError: there is none, or it has a problem.
        StoreError: the decision cannot be saved.
    """

    def trust(startup: Startup, console: Console) -> None:
        if startup.project is None:
            raise next(error for error in reversed(startup.problems) if isinstance(error, SettingsError))
        for line in _lines(startup.project):
            console.text(line)
        startup.decide_on_project(is_trusted=True)
        console.text(trust_text(startup.project, "trusted"))

    return _change(arguments, environment, trust)


def run_forget(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Forget what was decided about the project file of this folder.

    Raises:
        SettingsError: there is none.
        StoreError: the decision cannot be saved.
    """

    def forget(startup: Startup, console: Console) -> None:
        path = str(find_project(environment))
        startup.app_state.decide_on_project(path, "")
        console.text(_("{path} is not used until you are asked again.").format(path=clean_line(path)))

    return _change(arguments, environment, forget)


def _change(
    arguments: Arguments, environment: Mapping[str, str], how: Callable[[Startup, Console], None]
) -> int:
    """Change the decision about the file of this folder, also where a variable says to ignore it."""
    environment = {name: value for name, value in environment.items() if name != IGNORE_VARIABLE}
    startup = begin(arguments, environment)
    if find_project(environment) is None:
        raise SettingsError(_("is neither in this folder nor above it"), source=PROJECT_FILE)
    how(startup, Console(sys.stdout, environment))
    return Exit.OK
