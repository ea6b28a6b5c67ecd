"""Loads the settings. Precedence, highest first: options, environment variables, project file, choices made
in the program, settings file, last site and bot of the profile, defaults.

Errors are collected and not raised, so that the program always starts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from coze_tui.config import coercion as read
from coze_tui.config.addresses import site_name
from coze_tui.config.app_state import AppState, bot_key
from coze_tui.config.child_environment import TOKEN_VARIABLE
from coze_tui.config.project import Project
from coze_tui.config.settings import Settings, Source, definitions, variable_of
from coze_tui.config.toml_text import line_of, parse_toml
from coze_tui.errors import SettingsError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _
from coze_tui.text.matching import nearest
from coze_tui.values import valueclass

FILE_LIMIT = 1 << 20
_Tables = Mapping[str, Mapping[str, object]]


@valueclass
class Loaded:
    """Usable settings, and the errors in their sources."""

    settings: Settings
    problems: tuple[SettingsError, ...]
    no_site: SettingsError | None = None
    """The problem that leaves no site to connect to."""


def load_settings(
    *,
    file: Path,
    environment: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    remembered: AppState | None = None,
    other_profiles: Collection[str] = (),
    project: Project | None = None,
) -> Loaded:
    """Read the settings from all their sources.

    Args:
        flags: the values of the given options, by field.
        remembered: choices made in the program, and the last site and bot of each profile.
        other_profiles: profiles that exist although the file has no table for them.
        project: the project file, if the user trusts it.
    """
    collector = _Collector(file, environment, flags or {}, remembered or AppState(), project)
    return collector.load(other_profiles)


class _Collector:
    """Collects values from all sources, lowest precedence first, and their errors."""

    def __init__(
        self,
        file: Path,
        environment: Mapping[str, str],
        flags: Mapping[str, object],
        remembered: AppState,
        project: Project | None,
    ) -> None:
        self._file = file
        self._environment = environment
        self._flags = flags
        self._remembered = remembered
        self._project = project
        self._definitions = definitions()
        self._values: dict[str, object] = {}
        self._sources: dict[str, Source] = {}
        self._problems: list[SettingsError] = []
        self._no_site: SettingsError | None = None
        self._text = ""

    def load(self, other_profiles: Collection[str]) -> Loaded:
        content = self._parse()
        tables = self._profile_tables(content)
        names = tuple(dict.fromkeys((*tables, *other_profiles)))
        self._take_table(content, (), Source("file", str(self._file)))
        own = self._profile(names)
        own_site = self._site_of(own, tables)
        profile = self._profile_of_project(own, names, tables)
        if profile != own and self._project is not None:
            self._values["profile"] = profile
            self._sources["profile"] = Source("project", str(self._project.path))
        self._take_remembered("user_id", self._remembered.user_id)
        self._take_remembered("base_url", self._remembered.sites.get(profile, ""))
        for name, table in tables.items():
            if name == profile:
                self._take_table(table, ("profiles", name), Source("profile", name))
            else:
                self._check_keys(table, ("profiles", name))
        for name, choice in self._remembered.chosen.items():
            if name in self._definitions:
                self._take(name, choice, Source("chosen"), report=False)
        self._take_project()
        for name in self._definitions:
            variable = variable_of(name)
            if name != "profile" and self._environment.get(variable, "").strip():
                self._take(name, self._environment[variable], Source("environment", variable))
        for name, value in self._flags.items():
            if name != "profile":
                self._take(name, value, Source("flag", self._definitions[name].flag or name))
        base_url = str(self._values.get("base_url", Settings().base_url))
        self._take_remembered("bot_id", self._remembered.last_bots.get(bot_key(profile, base_url), ""))
        settings = Settings(
            **self._values,  # type: ignore[arg-type]  # each value went through its field's reader
            token_sites=self._token_sites(own_site, profile, tables),
            profiles=tuple(dict.fromkeys((*names, profile))),
            sources=self._sources,
        )
        return Loaded(settings, tuple(self._problems), self._no_site)

    def _parse(self) -> Mapping[str, object]:
        try:
            if self._file.is_fifo():  # reading would block, and Ctrl+C could not stop it yet
                raise OSError(_("not a regular file but a pipe"))
            with self._file.open("rb") as file:
                data = file.read(FILE_LIMIT + 1)
            if len(data) > FILE_LIMIT:
                raise OSError(_("the file is too large"))
            self._text = data.decode("utf-8-sig")
            return parse_toml(self._text, str(self._file))
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._report(_("cannot be read: {reason}").format(reason=error.strerror or error))
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self._report(_("is not valid UTF-8"), line=line)
        except SettingsError as error:
            self._problems.append(error)
        return {}

    def _profile_tables(self, content: Mapping[str, object]) -> Mapping[str, Mapping[str, object]]:
        profiles = content.get("profiles", {})
        if not isinstance(profiles, dict):
            self._report(_("must be a table"), key="profiles", line=self._line(("profiles",)))
            return {}
        tables = {}
        for name, table in profiles.items():
            if isinstance(table, dict):
                tables[name] = table
            else:
                line = self._line(("profiles", name))
                self._report(_("must be a table"), key=f"profiles.{name}", line=line)
        return tables

    def _profile(self, names: tuple[str, ...]) -> str:
        """Return the user's profile."""
        variable = variable_of("profile")
        if self._environment.get(variable, "").strip():
            self._take("profile", self._environment[variable], Source("environment", variable))
        if "profile" in self._flags:
            self._take("profile", self._flags["profile"], Source("flag", "--profile"))
        profile = str(self._values.get("profile", "default"))
        if profile != "default" and profile not in names:
            source = self._sources["profile"]
            self._problems.append(
                SettingsError(
                    _("names a profile that does not exist: {name}").format(name=profile),
                    source=str(source),
                    key="profile" if source.kind == "file" else "",
                    line=self._line(("profile",)) if source.kind == "file" else 0,
                    suggestion=nearest(profile, names),
                )
            )
        return profile

    def _profile_of_project(self, profile: str, names: Sequence[str], tables: _Tables) -> str:
        """Return the profile for the site of the project: the given one, else the first, else a new one.

        So a login in a project of another site does not replace the user's token.
        """
        wanted = self._project.base_url if self._project is not None else ""
        is_overridden = "base_url" in self._flags or bool(
            self._environment.get(variable_of("base_url"), "").strip()
        )
        is_chosen = self._sources.get("profile", Source("default")).kind not in ("default", "file")
        if not wanted or is_overridden or is_chosen or self._site_of(profile, tables) == wanted:
            return profile
        for name in names:
            if wanted in (self._site_in_table(name, tables), self._remembered.sites.get(name)):
                return name
        return site_name(wanted)

    def _site_in_table(self, profile: str, tables: _Tables) -> str:
        try:
            return read.base_url(tables.get(profile, {}).get("base_url", ""), self._file.parent)
        except read.WrongValueError:
            return ""

    def _site_of(self, profile: str, tables: _Tables) -> str:
        """Return the site of a profile without options, variables and project.

        Call it before the table of the profile is read.
        """
        site = self._site_in_table(profile, tables) or self._values.get("base_url")
        return str(site or self._remembered.sites.get(profile) or Settings().base_url)

    def _take_project(self) -> None:
        if self._project is not None:
            source = Source("project", str(self._project.path))
            self._values |= self._project.values
            self._sources |= dict.fromkeys(self._project.values, source)
            if self._project.base_url:
                self._no_site = None

    def _token_sites(self, own_site: str, profile: str, tables: _Tables) -> Mapping[str, str]:
        """Return `Settings.token_sites`.

        Args:
            own_site: the site of the user's own profile.
            profile: the profile in use.
        """
        if not self._is_project("base_url") or self._values["base_url"] == own_site:
            return {}
        sites = {TOKEN_VARIABLE: own_site}
        for name in ("token_file", "token_command"):
            is_of_profile = name in self._sources and self._sources[name].kind == "profile"
            sites[name] = (self._site_in_table(profile, tables) if is_of_profile else "") or own_site
        return sites

    def _is_project(self, name: str) -> bool:
        return name in self._sources and self._sources[name].kind == "project"

    def _take_remembered(self, name: str, value: str) -> None:
        if value and name not in self._sources:
            self._take(name, value, Source("remembered"), report=False)

    def _take_table(self, table: Mapping[str, object], place: tuple[str, ...], source: Source) -> None:
        known = self._check_keys(table, place)
        for name, value in table.items():
            if name in known and name in self._definitions:
                self._take(name, value, source, place)

    def _check_keys(self, table: Mapping[str, object], place: tuple[str, ...]) -> tuple[str, ...]:
        """Report unknown keys; return those that are allowed here."""
        known = tuple(name for name in self._definitions if name != "profile")
        known = known if place else (*known, "profile", "profiles")
        for name in table:
            if name not in known:
                self._report(
                    _("is not a setting"),
                    key=".".join((*place, name)),
                    line=self._line((*place, name)),
                    suggestion=nearest(name, known),
                )
        return known

    def _take(
        self, name: str, value: object, source: Source, place: tuple[str, ...] = (), *, report: bool = True
    ) -> None:
        try:
            self._values[name] = self._definitions[name].reader(value, self._file.parent)
        except read.WrongValueError as error:
            if not report:
                return
            in_file = source.kind in ("file", "profile")
            problem = SettingsError(
                error.problem,
                source=str(self._file) if in_file else source.name,
                key=".".join((*place, name)) if in_file else "",
                line=self._line((*place, name)) if in_file else 0,
                suggestion=error.suggestion,
            )
            self._problems.append(problem)
            if name == "base_url":
                # Not replaced by the default site, which would receive the token and the question.
                self._values[name], self._sources[name] = clean_line(str(value)).strip(), source
                self._no_site = problem
        else:
            self._sources[name] = source
            if name == "base_url":
                self._no_site = None

    def _report(self, problem: str, *, key: str = "", line: int = 0, suggestion: str = "") -> None:
        self._problems.append(
            SettingsError(problem, source=str(self._file), key=key, line=line, suggestion=suggestion)
        )

    def _line(self, place: tuple[str, ...]) -> int:
        """Return the first line that sets this key or a part of it, or 0 if it was not found."""
        return line_of(self._text, place)
