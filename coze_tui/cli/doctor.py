"""`coze-tui doctor`: check settings, token, folders, terminal and network."""

from __future__ import annotations

import asyncio
import locale
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from coze_tui import __version__
from coze_tui.api import resources
from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.options import Arguments
from coze_tui.cli.settings import setting_facts, show_facts
from coze_tui.cli.startup import begin
from coze_tui.config.child_environment import child_environment
from coze_tui.config.project import trust_text
from coze_tui.config.startup import Startup
from coze_tui.config.tokens import MASK, hint_for
from coze_tui.diagnostics.crash import system_name, without_secrets
from coze_tui.diagnostics.explain import explain
from coze_tui.diagnostics.help_pages import help_page
from coze_tui.diagnostics.notices import copied_text, explain_library
from coze_tui.engine.model.dialects import Dialect, dialect_of, limits, name_of
from coze_tui.engine.session.site import Connection
from coze_tui.errors import CozeTuiError, CredentialsError, NotServedError
from coze_tui.report.console import Console
from coze_tui.terminal.clipboard import copy
from coze_tui.terminal.textual_overrides import changed_library
from coze_tui.text.i18n import _

_LIBRARIES = ("textual", "rich", "httpx", "httpx-sse", "platformdirs")
_TERMINAL = ("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "STY", "SSH_CONNECTION", "SSH_TTY", "NO_COLOR")
_LOCALE = ("LC_ALL", "LC_MESSAGES", "LC_CTYPE", "LANG", "LANGUAGE", "PYTHONUTF8", "PYTHONIOENCODING")
_NETWORK = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR")

_Facts = Iterator[tuple[str, str]]


def run_doctor(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print all facts and problems; return the exit status for the first problem, or 0."""
    startup = begin(arguments, environment)
    console = Console(sys.stdout, environment)
    problems: list[CozeTuiError] = list(startup.problems)

    def show(title: str, facts: _Facts | Sequence[tuple[str, str]], **layout: int) -> None:
        console.text(title)
        show_facts(console, facts, **layout)
        console.text()

    show(_("program"), _program())
    show(_("settings"), setting_facts(startup.settings))
    show(_("token"), _token(startup, problems))
    show(_("folders and files"), _folders(startup))
    show(_("terminal"), _terminal(environment))
    if arguments.copy:
        show(_("clipboard"), ((_("copied"), asyncio.run(_copied(startup, environment))),))
    show(_("network"), _variables((*_NETWORK, *map(str.lower, _NETWORK)), environment))
    dialect = dialect_of(base_url=startup.settings.base_url)
    if arguments.online:
        answer, found = asyncio.run(_online(startup, problems))
        show(_("the site"), ((startup.settings.base_url, answer),))
        dialect = dialect if dialect is not Dialect.UNKNOWN else found
    show(_("server"), _server(dialect))
    if arguments.bot is not None and startup.no_site is None:
        show(_("bot"), asyncio.run(_bot(startup, problems)), name_cells=_CHECK_CELLS)
    if not problems:
        console.text(_("No problem found."))
        return Exit.OK
    console.text(_("problems"))
    for problem in problems:
        console.text(f"  {explain(problem, base_url=startup.settings.base_url).text}")
        if page := help_page(problem):
            console.text("  " + _("More help: {url}").format(url=page))
    return exit_for(problems[0])


def _program() -> _Facts:
    yield "coze-tui", f"{__version__} ({Path(__file__).parent.parent})"
    yield "Python", f"{platform.python_version()} ({sys.executable})"
    yield _("system"), system_name()
    for library in _LIBRARIES:
        try:
            yield library, version(library)
        except PackageNotFoundError:
            yield library, _("not installed")


def _token(startup: Startup, problems: list[CozeTuiError]) -> _Facts:
    try:
        token = startup.token()
    except CredentialsError as error:
        problems.append(error)
        yield _("token"), "–"
        return
    yield _("token"), token.secret.mask
    yield _("source"), token.source
    for notice in startup.notices:
        yield _("fixed"), notice
    if token.pair is not None:
        left = round(token.pair.expires_at - time.time())
        yield _("valid for"), _("{seconds} s, then renewed automatically").format(seconds=max(left, 0))
    elif hint := hint_for(token.secret):
        yield _("note"), hint


def _folders(startup: Startup) -> _Facts:
    places = startup.paths
    for path in (places.config, places.data, places.state):
        yield _("folder"), f"{path}  {_state_of(path)}"
    for path in (
        places.settings_file,
        places.credentials_file,
        places.database_file,
        places.remembered_file,
        places.log_file,
    ):
        yield _("file"), f"{path}  {_state_of(path)}"
    if startup.project is not None:
        yield _("project file"), trust_text(startup.project, startup.trust)
    if places.is_temporary:
        yield _("note"), _("no home folder: the system may delete everything here")


def _state_of(path: Path) -> str:
    try:
        facts = path.lstat()
    except OSError:
        return _("(does not exist)")
    writable = "" if os.access(path, os.W_OK) else _(", not writable")
    size = "" if path.is_dir() else f", {facts.st_size} B"
    return f"({facts.st_mode & 0o777:04o}{size}{writable})"


def _terminal(environment: Mapping[str, str]) -> _Facts:
    columns, lines = shutil.get_terminal_size()
    yield _("size"), f"{columns}×{lines}"
    for name, stream in (("stdin", sys.stdin), ("stdout", sys.stdout), ("stderr", sys.stderr)):
        if stream is None:
            yield name, _("closed")
        else:
            is_tty = _("terminal") if stream.isatty() else _("not a terminal")
            yield name, f"{is_tty}, {stream.encoding}"
    yield _("encoding"), locale.getpreferredencoding(False)
    yield from _variables((*_TERMINAL, *_LOCALE), environment)
    if (library := changed_library()) is not None:
        yield _("note"), explain_library(*library)


async def _copied(startup: Startup, environment: Mapping[str, str]) -> str:
    """Copy a line with the time; return how far the copy is known to have worked."""

    def write(sequence: str) -> None:
        print(sequence, end="", flush=True)

    text = _("copied by coze-tui at {time}").format(time=time.strftime("%H:%M:%S"))
    terminal = write if sys.stdout is not None and sys.stdout.isatty() else None
    copied = await copy(text, write=terminal, folder=startup.paths.copies, env=child_environment(environment))
    return copied_text(copied, _("a line"))


def _variables(names: Sequence[str], environment: Mapping[str, str]) -> _Facts:
    for name in names:
        if environment.get(name):
            yield name, without_secrets(environment[name], environment)


def _server(dialect: Dialect) -> _Facts:
    """Yield the kind of the server, and what such servers cannot do."""
    if dialect is Dialect.UNKNOWN:
        yield _("type"), _("self-hosted, probably Coze Studio; use --online to check")
        return
    yield _("type"), name_of(dialect)
    for limit in limits(dialect):
        yield _("not supported") if limit.is_whole else _("partly supported"), limit.text


_CHECK_CELLS = 28
"""For the longest name of a permission."""
_SIGNS = {"good": "✓", "note": "!", "wrong": "✗"}


async def _bot(startup: Startup, problems: list[CozeTuiError]) -> list[tuple[str, str]]:
    """Check the token and the bot on the server; return a fact for each check."""
    from coze_tui.engine.library.bot_checks import check_bot

    settings = startup.settings
    facts = []
    try:
        connection = Connection(startup)
    except CozeTuiError as error:  # is in the problems already
        return [(_("token"), f"{_SIGNS['wrong']} {explain(error, base_url=settings.base_url).title}")]
    try:
        await connection.renew()
        async for check in check_bot(connection.client, settings):
            text = check.text
            if check.error is not None:
                problems.append(check.error)
                text = explain(check.error, base_url=settings.base_url).title
            facts.append((check.subject, f"{_SIGNS[check.verdict]} {text}".rstrip()))
    except CozeTuiError as error:
        problems.append(error)
        facts.append((_("site"), f"{_SIGNS['wrong']} {explain(error, base_url=settings.base_url).title}"))
    finally:
        await connection.aclose()
    return facts


async def _online(startup: Startup, problems: list[CozeTuiError]) -> tuple[str, Dialect]:
    """Make one call; return whether the site responds and accepts the token, and the kind of the server."""
    began = time.perf_counter()
    connection = None
    dialect = Dialect.UNKNOWN
    try:
        connection = Connection(startup)
        await connection.renew()
        user = await resources.current_user(connection.client)
        answer = _("the token is valid and belongs to {name}").format(
            name=user.nick_name or user.user_name or user.user_id or MASK
        )
        dialect = Dialect.CLOUD
    except NotServedError:
        dialect = Dialect.STUDIO  # docs/wire.md 4.9
        answer = _("the site is reachable, but does not say who owns the token")
    except CozeTuiError as error:
        problems.append(error)
        answer = explain(error, base_url=startup.settings.base_url).title
    finally:
        if connection is not None:
            await connection.aclose()
    took = round((time.perf_counter() - began) * 1000)
    return f"{answer} ({took} ms)", dialect
