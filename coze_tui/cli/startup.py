"""The context of every command (folders, settings, language, token) and what a command says to the user."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_tui.cli.options import NO_PROJECT, Arguments
from coze_tui.config.settings import Settings
from coze_tui.config.startup import Startup, load_startup
from coze_tui.errors import CozeTuiError, SettingsError, StoreError, kind_from_errno
from coze_tui.terminal.reports import without_reports
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext

if TYPE_CHECKING:
    from coze_tui.engine.session.outbox import Unsaved


def begin(arguments: Arguments, environment: Mapping[str, str]) -> Startup:
    """Create the folders, read the settings, choose the language, and open the debug log if it is asked for.

    Raises:
        SettingsError: an option is wrong. Errors in files and variables are in `problems`.
    """
    with_project = not getattr(arguments, NO_PROJECT.dest, False)
    startup = load_startup(environment, arguments.settings(), with_project=with_project)
    if startup.settings.debug_log:
        from coze_tui.diagnostics.debug_log import keep_debug_log

        file = startup.paths.log_file
        try:
            keep_debug_log(file, environment)
        except OSError as error:
            problem = StoreError(kind_from_errno(error.errno), str(file), error.strerror or "")
            return replace(startup, problems=(*startup.problems, problem))
    return startup


def show_problems(startup: Startup, *, needs_site: bool = False) -> None:
    """Print the notices and problems to stderr, one per line.

    Raises:
        SettingsError: a site is needed and there is none; this problem is not printed.
    """
    for notice in startup.notices:
        notify(notice)
    for problem in startup.problems:
        if not (needs_site and problem is startup.no_site):
            show_error(problem)
    if needs_site and startup.no_site is not None:
        raise startup.no_site


def show_error(error: CozeTuiError, *, base_url: str = "") -> None:
    """Print the explanation of an error to stderr, and the page of the documentation that helps."""
    from coze_tui.diagnostics.explain import explain
    from coze_tui.diagnostics.help_pages import help_page

    notify(explain(error, base_url=base_url).text)
    if page := help_page(error):
        notify(_("More help: {url}").format(url=page))


_MOST_UNSAVED = 5
_UNSAVED_LENGTH = 100


def show_unsaved(unsaved: Unsaved | None) -> None:
    """Print to stderr what was not saved before the program ended, and why; nothing if all was saved."""
    if unsaved is None:
        return
    from coze_tui.text.cleaning import clean_line

    with suppress(OSError):  # the terminal may be gone
        show_error(unsaved.error)
        for text in unsaved.texts[:_MOST_UNSAVED]:
            line = clean_line(text).strip()
            shown = line if len(line) <= _UNSAVED_LENGTH else line[: _UNSAVED_LENGTH - 1] + "…"
            notify(_("not saved: {text}").format(text=shown))
        if more := unsaved.texts[_MOST_UNSAVED:]:
            notify(
                ngettext("not saved: {n} more", "not saved: {n} more", len(more)).format(
                    n=thousands(len(more))
                )
            )


def notify(text: str) -> None:
    """Print a line for the user to stderr."""
    print(f"coze-tui: {text}", file=sys.stderr)


def cursor_problem(environment: Mapping[str, str]) -> str:
    """Return why the terminal cannot show screens, if its cursor cannot move, else an empty text."""
    from coze_tui.terminal.kind import can_move_cursor

    if can_move_cursor(environment):
        return ""
    term = environment.get("TERM", "")
    return _("This terminal (TERM={term}) cannot move its cursor, which the screens need.").format(term=term)


def measure_as_the_terminal(environment: Mapping[str, str]) -> None:
    """Let the screens measure text as the terminal does; called before their first line is laid out."""
    from coze_tui.terminal.spacing_marks import count_spacing_marks, counts_spacing_marks

    if counts_spacing_marks(environment):
        count_spacing_marks()


def confirm(question: str) -> bool:
    """Ask on the terminal before something that cannot be undone; return True for yes.

    Raises:
        SettingsError: stdin or stderr is not a terminal.
        KeyboardInterrupt: the user pressed Ctrl+C.
    """
    if not sys.stdin.isatty() or not sys.stderr.isatty():
        raise SettingsError(
            _("is required when coze-tui cannot ask: {question}").format(question=question), source="--yes"
        )
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:
        # The handler of a running loop would only cancel its task, while the read goes on.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        print(question, _("[y/N]"), end=" ", file=sys.stderr, flush=True)
        answer = without_reports(sys.stdin.readline()).strip().casefold()
    finally:
        signal.signal(signal.SIGINT, before)
    return answer in ("y", "yes", _("y"), _("yes"))


def require_bot(settings: Settings) -> str:
    """Return the ID of the bot.

    Raises:
        SettingsError: none is set.
    """
    if not settings.bot_id:
        raise SettingsError(_("is required if COZE_BOT_ID is not set and no bot is selected"), source="--bot")
    return settings.bot_id
