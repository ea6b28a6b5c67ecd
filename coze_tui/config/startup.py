"""Common start of every run: folders, settings, and the files of tokens and state."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from coze_tui.config.app_state import AppState, AppStateFile
from coze_tui.config.credentials import CredentialsFile, OAuthPair, Secret, Token, find_token
from coze_tui.config.keyring_store import SystemKeyring, is_over_ssh
from coze_tui.config.loader import Loaded, load_settings
from coze_tui.config.locations import Paths, ensure, find_paths
from coze_tui.config.settings import Settings, variable_of
from coze_tui.errors import CozeTuiError, CredentialsError, SettingsError, StoreError, kind_from_errno
from coze_tui.text.i18n import _, current_language, language_of, use_language
from coze_tui.values import valueclass


@valueclass
class Startup:
    """The settings of this run, and the files they come from."""

    paths: Paths
    environment: Mapping[str, str]
    settings: Settings
    problems: tuple[CozeTuiError, ...]
    """Problems with files and folders that do not stop the program."""
    app_state: AppStateFile
    credentials: CredentialsFile
    notices: tuple[str, ...] = ()
    """Messages about repairs."""
    no_site: SettingsError | None = None
    """The problem that leaves no site to connect to."""
    remembered: AppState = AppState()
    """The saved state of earlier runs, at the start of this one."""

    def with_settings(self, settings: Settings) -> Startup:
        """Return a copy with other settings, perhaps of another site."""
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

    def has_token(self, settings: Settings) -> bool:
        """Return True if the profile of these settings has a usable token. May run a command for it."""
        try:
            self.with_settings(settings).token()
        except CozeTuiError:
            return False
        return True

    def keep_token(self, settings: Settings, token: Secret | OAuthPair) -> None:
        """Save a token that was checked, and its site.

        Raises:
            CredentialsError, StoreError: a file cannot be written.
        """
        self.credentials.keep(settings.profile, token)
        self.app_state.use_site(settings.profile, settings.base_url)

    def settings_of(self, profile: str) -> Settings:
        """Return the settings of another profile, with its own site and bot.

        Raises:
            SettingsError: the profile does not exist.
        """
        own = {variable_of(name) for name in ("profile", "base_url", "bot_id")}
        environment = {name: value for name, value in self.environment.items() if name not in own}
        return load_startup(environment, {"profile": profile}).settings


def load_and_speak(
    file: Path,
    environment: Mapping[str, str],
    flags: Mapping[str, object],
    remembered: AppState,
    other_profiles: Collection[str] = (),
) -> Loaded:
    """Load the settings as `load_settings` does, and switch to their language, also for their problems."""

    def load() -> Loaded:
        return load_settings(
            file=file,
            environment=environment,
            flags=flags,
            remembered=remembered,
            other_profiles=other_profiles,
        )

    loaded, before = load(), current_language()
    language = loaded.settings.language
    use_language(language_of(environment) if language == "auto" else language)
    return load() if loaded.problems and current_language() != before else loaded


def load_startup(environment: Mapping[str, str], flags: Mapping[str, object]) -> Startup:
    """Create the folders, read the settings and choose the language.

    Args:
        flags: the values of the settings that the command line changes, by field.

    Raises:
        SettingsError: a flag is wrong. Errors in files and variables are in `problems`.
    """
    places = find_paths(environment)
    problems: list[CozeTuiError] = [
        StoreError(kind_from_errno(error.errno), str(folder), error.strerror or "")
        for folder, error in ensure(places)
    ]
    app_state, credentials = AppStateFile(places.remembered_file), CredentialsFile(places.credentials_file)
    try:
        logged_in = credentials.profiles()
    except CredentialsError:  # reported when a token is needed
        logged_in = ()
    remembered = app_state.with_user_id()
    loaded = load_and_speak(places.settings_file, environment, flags, remembered, logged_in)
    for problem in loaded.problems:
        if problem.source.startswith("--"):
            raise problem
    settings = loaded.settings
    credentials.use_keyring(SystemKeyring(settings.token_store, over_ssh=is_over_ssh(environment)))
    notices = []
    if credentials.was_open:
        notices.append(
            _("{path} was readable by others; now only you can read it").format(path=credentials.path)
        )
    problems += loaded.problems
    return Startup(
        places,
        environment,
        settings,
        tuple(problems),
        app_state,
        credentials,
        tuple(notices),
        loaded.no_site,
        remembered,
    )
