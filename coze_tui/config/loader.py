"""Loads the settings. Precedence, highest first: options, environment variables, choices made in the program,
settings file, last site and bot of the profile, defaults.

Errors are collected and not raised, so that the program always starts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from coze_tui.config import coercion as read
from coze_tui.config.app_state import AppState, bot_key
from coze_tui.config.settings import Settings, Source, definitions, variable_of
from coze_tui.errors import SettingsError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _
from coze_tui.text.matching import nearest
from coze_tui.values import valueclass

FILE_LIMIT = 1 << 20


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
) -> Loaded:
    """Read the settings from all their sources.

    Args:
        flags: the values of the given options, by field.
        remembered: choices made in the program, and the last site and bot of each profile.
        other_profiles: profiles that exist although the file has no table for them.
    """
    collector = _Collector(file, environment, flags or {}, remembered or AppState())
    return collector.load(other_profiles)


class _Collector:
    """Collects values from all sources, lowest precedence first, and their errors."""

    def __init__(
        self,
        file: Path,
        environment: Mapping[str, str],
        flags: Mapping[str, object],
        remembered: AppState,
    ) -> None:
        self._file = file
        self._environment = environment
        self._flags = flags
        self._remembered = remembered
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
        profile = self._profile(names)
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
        for name in self._definitions:
            variable = variable_of(name)
            if name != "profile" and self._environment.get(variable, "").strip():
                self._take(name, self._environment[variable], Source("environment", variable))
        for name, value in self._flags.items():
            if name != "profile":
                self._take(name, value, Source("flag", self._definitions[name].flag or name))
        base_url = str(self._values.get("base_url", Settings.base_url))
        self._take_remembered("bot_id", self._remembered.last_bots.get(bot_key(profile, base_url), ""))
        settings = Settings(
            **self._values,  # type: ignore[arg-type]  # each value went through its field's reader
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
        """Return the profile in use, which selects the table of the file."""
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
        for number, found in _keys_by_line(self._text):
            if found[: len(place)] == place:
                return number
        return 0


def parse_toml(text: str, source: str) -> dict[str, object]:
    """Return the tables and values of a TOML text.

    Raises:
        SettingsError: the text is not valid TOML; the error has `source` and the line.
    """
    import tomllib  # only needed if the file exists

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        line = int(place[1]) if place else text.count("\n") + 1
        reason = re.sub(r" *\(at [^()]*\)$", "", str(error))
        problem = _("is not valid TOML: {reason}").format(reason=reason)
        raise SettingsError(problem, source=source, line=line) from error


_TABLE = re.compile(r"\s*\[(?P<name>[^\[\]]+)\]")
_ENTRY = re.compile(r"""\s*(?P<name>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def _keys_by_line(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the keys with their lines in the usual spellings, because tomllib reports no positions."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), 1):
        opened, entry = _TABLE.match(line), _ENTRY.match(line)
        if opened:
            table = _parts(opened["name"])
            yield number, table
        elif entry:
            yield number, table + _parts(entry["name"])


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(name))
