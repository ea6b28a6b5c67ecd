"""The context of every command (folders, settings, language, token) and what a command says to the user."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TextIO

from coze_tui.cli.options import Arguments
from coze_tui.config.app_state import AppStateFile
from coze_tui.config.credentials import CredentialsFile, Token, find_token
from coze_tui.config.loader import load_settings
from coze_tui.config.locations import Paths, ensure, find_paths
from coze_tui.config.settings import Settings
from coze_tui.errors import CozeTuiError, CredentialsError, SettingsError, StoreError
from coze_tui.text.i18n import _, language_of, use_language


@dataclass(frozen=True, slots=True)
class Start:
    """The settings of this run, and the files they come from."""

    paths: Paths
    environment: Mapping[str, str]
    settings: Settings
    problems: tuple[CozeTuiError, ...]
    """Problems with files and folders; the program works in spite of them."""
    memory: AppStateFile
    credentials: CredentialsFile
    notices: tuple[str, ...] = ()
    """Messages about what was repaired."""
    no_site: SettingsError | None = None
    """The one of the problems that leaves no site to connect to."""

    def with_settings(self, settings: Settings) -> Start:
        """Return this start with other settings, perhaps of another site."""
        is_same_site = settings.base_url == self.settings.base_url
        return replace(self, settings=settings, no_site=self.no_site if is_same_site else None)

    def token(self) -> Token:
        """Return the token of the profile in use.

        Raises:
            CredentialsError: there is no usable token.
        """
        return find_token(
            environment=self.environment,
            profile=self.settings.profile,
            credentials=self.credentials,
            token_file=self.settings.token_file,
            token_command=self.settings.token_command,
        )


def begin(arguments: Arguments, environment: Mapping[str, str]) -> Start:
    """Create the folders, read the settings and choose the language.

    Raises:
        SettingsError: an option is wrong. Errors in files and variables are in `problems`.
    """
    places = find_paths(environment)
    problems: list[CozeTuiError] = [
        StoreError("readonly", str(folder), error.strerror or "") for folder, error in ensure(places)
    ]
    memory, credentials = AppStateFile(places.remembered_file), CredentialsFile(places.credentials_file)
    try:
        logged_in = credentials.profiles()
    except CredentialsError:  # reported when a token is needed
        logged_in = ()
    loaded = load_settings(
        file=places.settings_file,
        environment=environment,
        flags=arguments.settings(),
        remembered=memory.with_user_id(),
        other_profiles=logged_in,
    )
    for problem in loaded.problems:
        if problem.source.startswith("--"):
            raise problem
    settings = loaded.settings
    use_language(language_of(environment) if settings.language == "auto" else settings.language)
    if settings.debug_log:
        from coze_tui.diagnostics.debug_log import keep_debug_log

        try:
            keep_debug_log(places.log_file, environment)
        except OSError as error:
            problems.append(StoreError("readonly", str(places.log_file), error.strerror or ""))
    notices = []
    if credentials.was_open:
        notices.append(_("others could read {path}; now only you can").format(path=credentials.path))
    problems += loaded.problems
    return Start(
        places, environment, settings, tuple(problems), memory, credentials, tuple(notices), loaded.no_site
    )


def show_problems(start: Start, *, needs_site: bool = False) -> None:
    """Print the notices and problems to stderr, one per line.

    Raises:
        SettingsError: a site is needed and there is none; this problem is not printed.
    """
    for notice in start.notices:
        notify(notice)
    for problem in start.problems:
        if not (needs_site and problem is start.no_site):
            show_error(problem)
    if needs_site and start.no_site is not None:
        raise start.no_site


def show_error(error: CozeTuiError, *, base_url: str = "") -> None:
    """Print the explanation of an error to stderr."""
    from coze_tui.diagnostics.explain import advice

    notify(advice(error, base_url=base_url).text)


def notify(text: str) -> None:
    """Print a line for the user to stderr."""
    print(f"coze-tui: {text}", file=sys.stderr)


def confirm(question: str) -> bool:
    """Ask on the terminal before something that cannot be undone; return True for yes.

    Raises:
        SettingsError: stdin or stderr is no terminal.
    """
    if sys.stdin is None or not sys.stdin.isatty() or not sys.stderr.isatty():
        raise SettingsError(
            _("is required when coze-tui cannot ask: {question}").format(question=question), source="--yes"
        )
    print(question, _("[y/N]"), end=" ", file=sys.stderr, flush=True)
    answer = sys.stdin.readline().strip().casefold()
    return answer in ("y", "yes", _("y"), _("yes"))


def require_bot(settings: Settings) -> str:
    """Return the ID of the bot.

    Raises:
        SettingsError: none is set.
    """
    if not settings.bot_id:
        raise SettingsError(_("no bot is given; set one with --bot or COZE_BOT_ID"), source="--bot")
    return settings.bot_id


_LONGEST_QUESTION = 4 << 20
"""Bytes read from stdin; no model accepts more."""


def read_question(words: Sequence[str], stdin: TextIO | None, *, command: str) -> str:
    """Return the question: the words, stdin if it is no terminal, or both joined.

    Raises:
        SettingsError: there is no question, or it is too long.
    """
    parts = [" ".join(words)]
    if stdin is not None and not stdin.isatty():
        try:
            data = stdin.buffer.read(_LONGEST_QUESTION + 1)
        except OSError as error:
            raise SettingsError(str(error.strerror), source="stdin") from error
        if len(data) > _LONGEST_QUESTION:
            raise SettingsError(_("is longer than any model takes"), source="stdin")
        parts.append(data.decode("utf-8-sig", "replace").strip("\r\n"))
    question = "\n\n".join(part for part in parts if part.strip())
    if not question:
        raise SettingsError(_("there is no question"), source=command)
    return question
