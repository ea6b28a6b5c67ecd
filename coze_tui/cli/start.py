"""What every command begins with: folders, settings, language, and where the token is."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from coze_tui.cli.commands import Command
from coze_tui.cli.options import Arguments
from coze_tui.config import locations as paths
from coze_tui.config.app_state import AppStateFile
from coze_tui.config.credentials import CredentialsFile, Token, find_token
from coze_tui.config.loader import load_settings
from coze_tui.config.settings import Settings
from coze_tui.errors import CozeTuiError, CredentialsError, SettingsError, StoreError
from coze_tui.text.i18n import _, language_of, use_language


@dataclass(frozen=True, slots=True)
class Start:
    """The settings of this run, and the places they come from."""

    paths: paths.Paths
    environment: Mapping[str, str]
    settings: Settings
    problems: tuple[CozeTuiError, ...]
    """What was wrong with files and folders; the program works all the same."""
    memory: AppStateFile
    credentials: CredentialsFile
    notices: tuple[str, ...] = ()
    """What was put right by itself, and should be known."""
    no_site: SettingsError | None = None
    """The one of the problems that leaves no site to talk to."""

    def with_settings(self, settings: Settings) -> Start:
        """The same with other settings, perhaps of another site."""
        is_same_site = settings.base_url == self.settings.base_url
        return replace(self, settings=settings, no_site=self.no_site if is_same_site else None)

    def token(self) -> Token:
        """The token of the profile in use.

        Raises:
            CredentialsError: there is none that can be used.
        """
        return find_token(
            environment=self.environment,
            profile=self.settings.profile,
            credentials=self.credentials,
            token_file=self.settings.token_file,
            token_command=self.settings.token_command,
        )


def begin(command: Command, arguments: Arguments, environment: Mapping[str, str]) -> Start:
    """Make the folders, read the settings and speak the person's language.

    Raises:
        SettingsError: a flag is wrong. What is wrong in files and variables is in `problems`.
    """
    places = paths.find_paths(environment)
    problems: list[CozeTuiError] = [
        StoreError("readonly", str(folder), error.strerror or "") for folder, error in paths.ensure(places)
    ]
    memory, credentials = AppStateFile(places.remembered_file), CredentialsFile(places.credentials_file)
    try:
        logged_in = credentials.profiles()
    except CredentialsError:  # told when a token is looked for
        logged_in = ()
    loaded = load_settings(
        file=places.settings_file,
        environment=environment,
        flags=_flags(command, arguments),
        remembered=memory.with_user_id(),
        other_profiles=logged_in,
    )
    for problem in loaded.problems:
        if problem.source.startswith("--"):
            raise problem
    settings = loaded.settings
    use_language(language_of(environment) if settings.language == "auto" else settings.language)
    if settings.debug_log:
        from coze_tui.cli.debug_log import keep_debug_log

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
    """One line on stderr for each, and for each notice.

    Raises:
        SettingsError: a site is needed, and there is none; it is left to be told.
    """
    for notice in start.notices:
        notify(notice)
    for problem in start.problems:
        if not (needs_site and problem is start.no_site):
            show_error(problem)
    if needs_site and start.no_site is not None:
        raise start.no_site


def show_error(error: CozeTuiError, *, base_url: str = "") -> None:
    """What to tell about an error, on stderr."""
    from coze_tui.diagnostics.explain import advice

    notify(advice(error, base_url=base_url).text)


def notify(text: str) -> None:
    """A line on stderr, which is for people."""
    print(f"coze-tui: {text}", file=sys.stderr)


def require_bot(settings: Settings) -> str:
    """The bot's id.

    Raises:
        SettingsError: none is set.
    """
    if not settings.bot_id:
        raise SettingsError(_("no bot is given; set one with --bot or COZE_BOT_ID"), source="--bot")
    return settings.bot_id


def _flags(command: Command, arguments: Arguments) -> Mapping[str, object]:
    flags: dict[str, object] = {}
    for option in command.options:
        given = getattr(arguments, option.attribute)
        if option.setting and given not in (None, False):
            flags[option.setting] = given if option.value else False  # switches turn something off
    return flags
