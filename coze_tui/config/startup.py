"""Common start of every run: folders, settings, and the files of tokens and state."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field, replace
from pathlib import Path

from coze_tui.config.app_state import AppState, AppStateFile
from coze_tui.config.credentials import CredentialsFile, Kept, find_token
from coze_tui.config.keyring_store import SystemKeyring, is_over_ssh
from coze_tui.config.loader import Loaded, load_settings
from coze_tui.config.locations import Paths, ensure, find_paths
from coze_tui.config.project import (
    IGNORE_VARIABLE,
    Project,
    Trust,
    decision_of,
    find_project,
    read_project,
    trust_of,
)
from coze_tui.config.settings import Settings, variable_of
from coze_tui.config.tokens import OAuthPair, Secret, Token
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
    flags: Mapping[str, object] = field(default_factory=dict)
    """The values of the settings that the command line changes, by field."""
    project: Project | None = None
    """The project file, or None if there is none without problems. It is in use if `trust` is `trusted`."""
    trust: Trust = "none"

    @property
    def has_new_project(self) -> bool:
        """Return whether the user must decide if the project file is used."""
        return self.project is not None and self.trust in ("new", "changed")

    def with_settings(self, settings: Settings) -> Startup:
        """Return a copy with other settings, perhaps of another site."""
        is_same_site = settings.base_url == self.settings.base_url
        return replace(self, settings=settings, no_site=self.no_site if is_same_site else None)

    def token(self) -> Token:
        """Return the token of the profile in use.

        A site that only a project file names gets no other token than one of this site.

        Raises:
            CredentialsError: there is no usable token.
        """
        settings = self.settings
        return find_token(
            environment=self.environment,
            profile=settings.profile,
            credentials=self.credentials,
            token_file=settings.token_file,
            token_command=settings.token_command,
            base_url=settings.base_url,
            sites=settings.token_sites,
        )

    def known_token(self) -> Secret | None:
        """Return the token, or None if there is none; does not run token_command, which may ask the user."""
        try:
            return replace(self, settings=replace(self.settings, token_command="")).token().secret
        except CredentialsError:
            return None

    def token_problem(self, settings: Settings) -> CozeTuiError | None:
        """Return why the profile of these settings has no usable token, or None. May run a command for it."""
        try:
            self.with_settings(settings).token()
        except CozeTuiError as error:
            return error
        return None

    def keep_token(self, settings: Settings, token: Secret | OAuthPair) -> Kept:
        """Save a token that was checked, and its site; return where the token is.

        Raises:
            CredentialsError, StoreError: a file cannot be written.
        """
        kept = self.credentials.keep(settings.profile, token, settings.base_url)
        self.app_state.use_site(settings.profile, settings.base_url)
        return kept

    def decide_on_project(self, *, is_trusted: bool) -> Startup:
        """Save whether the project file may be used, and return the start of this run with or without it.

        Raises:
            StoreError: the decision cannot be saved. `with_trust` has the same start for this run.
        """
        if self.project is not None:
            decision = decision_of(self.project, is_trusted=is_trusted)
            self.app_state.decide_on_project(str(self.project.path), decision)
        return self.with_trust(is_trusted=is_trusted)

    def with_trust(self, *, is_trusted: bool) -> Startup:
        """Return the start of this run with the project file that was read, or without it."""
        loaded = load_settings(
            file=self.paths.settings_file,
            environment=self.environment,
            flags=self.flags,
            remembered=self.remembered,
            other_profiles=_logged_in(self.credentials),
            project=self.project if is_trusted else None,
        )
        others = (problem for problem in self.problems if not isinstance(problem, SettingsError))
        return replace(
            self,
            settings=loaded.settings,
            problems=(*others, *loaded.problems),
            no_site=loaded.no_site,
            trust="trusted" if is_trusted else "refused",
        )

    def settings_of(self, profile: str) -> Settings:
        """Return the settings of another profile, with its own site and bot, and without a project file.

        Raises:
            SettingsError: the profile does not exist.
        """
        own = {variable_of(name) for name in ("profile", "base_url", "bot_id")}
        environment = {name: value for name, value in self.environment.items() if name not in own}
        return load_startup(environment, {"profile": profile}, with_project=False).settings


def load_and_speak(
    file: Path,
    environment: Mapping[str, str],
    flags: Mapping[str, object],
    remembered: AppState,
    other_profiles: Collection[str] = (),
    project: Project | None = None,
) -> Loaded:
    """Load the settings as `load_settings` does, and switch to their language, also for their problems."""

    def load() -> Loaded:
        return load_settings(
            file=file,
            environment=environment,
            flags=flags,
            remembered=remembered,
            other_profiles=other_profiles,
            project=project,
        )

    loaded, before = load(), current_language()
    language = loaded.settings.language
    use_language(language_of(environment) if language == "auto" else language)
    return load() if loaded.problems and current_language() != before else loaded


def _logged_in(credentials: CredentialsFile) -> tuple[str, ...]:
    try:
        return credentials.profiles()
    except CredentialsError:  # reported when a token is needed
        return ()


def load_startup(
    environment: Mapping[str, str], flags: Mapping[str, object], *, with_project: bool = True
) -> Startup:
    """Create the folders, read the settings and choose the language.

    Args:
        flags: the values of the settings that the command line changes, by field.
        with_project: whether to look for a project file.

    Raises:
        SettingsError: a flag is wrong. Errors in files and variables are in `problems`.
    """
    places = find_paths(environment)
    problems: list[CozeTuiError] = [
        StoreError(kind_from_errno(error.errno), str(folder), error.strerror or "")
        for folder, error in ensure(places)
    ]
    app_state, credentials = AppStateFile(places.remembered_file), CredentialsFile(places.credentials_file)
    logged_in, remembered = _logged_in(credentials), app_state.with_user_id()
    with_project = with_project and not environment.get(IGNORE_VARIABLE, "").strip()
    project, trust, project_problem = _project(environment, remembered) if with_project else _NO_PROJECT
    used = project if trust == "trusted" else None
    loaded = load_and_speak(places.settings_file, environment, flags, remembered, logged_in, used)
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
    if project_problem is not None:
        problems.append(project_problem)
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
        flags,
        project,
        trust,
    )


_NO_PROJECT: tuple[Project | None, Trust, SettingsError | None] = (None, "none", None)


def _project(
    environment: Mapping[str, str], remembered: AppState
) -> tuple[Project | None, Trust, SettingsError | None]:
    """Return the project file, what the user has decided about it, and its problem."""
    path = find_project(environment)
    if path is None:
        return _NO_PROJECT
    try:
        project = read_project(path)
    except SettingsError as error:
        error.problem = _("{problem}; nothing of this file is used").format(problem=error.problem)
        return None, "unusable", error
    return project, trust_of(project, remembered.projects), None
