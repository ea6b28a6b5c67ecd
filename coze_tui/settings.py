"""The settings: flags, then environment, then what was chosen live, then the file, then what is remembered
of the profile, then defaults.

One frozen value that knows where each part of it comes from. What is wrong is collected, not raised: the
program starts all the same.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from coze_tui import setting_values as read
from coze_tui.addresses import site_name
from coze_tui.errors import SettingsError
from coze_tui.i18n import N_, _
from coze_tui.remembered import Remembered, bot_key

PREFIX = "COZE_TUI_"
FILE_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from."""

    kind: Literal["default", "remembered", "file", "profile", "chosen", "environment", "flag"]
    name: str = ""
    """The file, profile, variable or flag."""

    def __str__(self) -> str:
        match self.kind:
            case "default":
                return _("default")
            case "remembered":
                return _("remembered")
            case "file":
                return self.name
            case "profile":
                return _("profile {name}").format(name=self.name)
            case "chosen":
                return _("chosen in the program")
            case "environment" | "flag":
                return self.name


@dataclass(frozen=True, slots=True)
class Definition:
    """What is known of one setting beside its value."""

    reader: read.Reader
    doc: str
    """One English sentence; shown through `_`."""
    variable: str = ""
    """Its environment variable where that is not COZE_TUI_ and the name."""
    flag: str = ""


_KEY = "definition"


def _setting(reader: read.Reader, doc: str, *, variable: str = "", flag: str = "") -> Mapping[str, object]:
    return {_KEY: Definition(reader, doc, variable, flag)}


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set."""

    profile: str = field(
        default="default",
        metadata=_setting(
            read.text,
            N_("The profile in use: a table [profiles.NAME] in the file, with any of these settings in it."),
            flag="--profile",
        ),
    )
    base_url: str = field(
        default="https://api.coze.cn",
        metadata=_setting(
            read.base_url,
            N_("The site: https://api.coze.cn, https://api.coze.com, or a coze-studio of your own."),
            variable="COZE_API_BASE",
            flag="--base-url",
        ),
    )
    bot_id: str = field(
        default="",
        metadata=_setting(
            read.bot,
            N_("The bot to talk to: its id, or the address of its editor."),
            variable="COZE_BOT_ID",
            flag="--bot",
        ),
    )
    user_id: str = field(
        default="",
        metadata=_setting(
            read.text,
            N_("Who you are to the bot: it keeps memory and variables apart by it. Made up if you set none."),
            variable="COZE_USER_ID",
            flag="--user",
        ),
    )
    token_file: Path | None = field(
        default=None,
        metadata=_setting(
            read.path, N_("A file that holds the token, for instance one that a secret store mounts.")
        ),
    )
    token_command: str = field(
        default="",
        metadata=_setting(
            read.text,
            N_("A command that prints the token, for instance one of a password store. No shell is used."),
        ),
    )
    oauth_client_id: str = field(
        default="",
        metadata=_setting(read.text, N_("The client id of your OAuth app, for login --device.")),
    )
    language: str = field(
        default="auto",
        metadata=_setting(
            read.one_of("auto", "en", "zh_CN"),
            N_("auto (from LC_ALL, LC_MESSAGES, LANG), en or zh_CN."),
            flag="--lang",
        ),
    )
    theme: str = field(
        default="coze-dark",
        metadata=_setting(
            read.text,
            N_("coze-dark, coze-light, ansi (the terminal's own colours), or a theme of Textual."),
            flag="--theme",
        ),
    )
    send_key: str = field(
        default="enter",
        metadata=_setting(
            read.one_of("enter", "ctrl+j"),
            N_("The key that sends, enter or ctrl+j; the other makes a new line."),
        ),
    )
    mouse: bool = field(
        default=True,
        metadata=_setting(
            read.flag, N_("Use the mouse; without it the terminal selects text by itself."), flag="--no-mouse"
        ),
    )
    sidebar: str = field(
        default="auto",
        metadata=_setting(
            read.one_of("auto", "shown", "hidden"),
            N_("The event sidebar: auto shows it from 100 columns up; else shown or hidden."),
        ),
    )
    simple_emoji: str = field(
        default="auto",
        metadata=_setting(
            read.one_of("auto", "on", "off"),
            N_("Draw emoji without variants that terminals measure differently; auto does so in tmux."),
        ),
    )
    differences: bool = field(
        default=True,
        metadata=_setting(
            read.flag,
            N_("Send only the cells that changed to the terminal; turn off if the screen looks wrong."),
        ),
    )
    frames_per_second: int = field(
        default=0,
        metadata=_setting(
            read.whole(0, 120), N_("How often the screen is drawn at most; 0 means 30, and 15 over SSH.")
        ),
    )
    connect_timeout: float = field(
        default=10.0,
        metadata=_setting(read.seconds(0.1, 600), N_("Seconds to wait for a connection.")),
    )
    idle_timeout: float = field(
        default=300.0,
        metadata=_setting(
            read.seconds(1, 86400), N_("Seconds of silence after which an answer counts as cut off.")
        ),
    )
    proxy: str = field(
        default="",
        repr=False,  # may hold a password
        metadata=_setting(
            read.text, N_("The proxy's address; empty takes HTTPS_PROXY and the like from the environment.")
        ),
    )
    ca_file: Path | None = field(
        default=None,
        metadata=_setting(
            read.path,
            N_("A file with the certificates to trust, for a studio with a certificate of its own."),
        ),
    )
    publish_status: str = field(
        default="published_online",
        metadata=_setting(
            read.one_of("published_online", "unpublished_draft"),
            N_("published_online, or unpublished_draft to talk to the draft of the bot."),
        ),
    )
    connector_id: str = field(
        default="",
        metadata=_setting(
            read.text,
            N_("The channel under which conversations are kept; empty means 1024, the API channel."),
        ),
    )
    custom_variables: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_setting(read.texts, N_("A table of values for the variables in the bot's prompt.")),
    )
    parameters: Mapping[str, object] = field(
        default_factory=dict,
        metadata=_setting(read.table, N_("A table of the inputs of a bot in chatflow mode.")),
    )
    record_captures: Path | None = field(
        default=None,
        metadata=_setting(read.path, N_("A folder in which each chat is also saved as an .sse file.")),
    )
    retention_days: int = field(
        default=0,
        metadata=_setting(
            read.whole(0, 36500),
            N_("Days after which the recorded events of old chats may be pruned; 0 keeps them for ever."),
        ),
    )
    keys: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_setting(
            read.texts, N_("A table of keys by the id of the action, as the help screen shows it.")
        ),
    )
    profiles: tuple[str, ...] = ()
    """The profiles that can be chosen."""
    sources: Mapping[str, Source] = field(default_factory=dict, repr=False, compare=False)

    def source_of(self, name: str) -> Source:
        """Where the value of this field comes from."""
        return self.sources.get(name, Source("default"))

    @property
    def site(self) -> str:
        """`coze.cn`, `coze.com`, or the host of a studio."""
        return site_name(self.base_url)

    def frame_rate(self, *, over_ssh: bool) -> int:
        """Redraws a second at most."""
        return self.frames_per_second or (15 if over_ssh else 30)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings that can be used, and what was wrong on the way to them."""

    settings: Settings
    problems: tuple[SettingsError, ...]


def definitions() -> Mapping[str, Definition]:
    """What can be set, by field name, in the order of the documentation."""
    found = {}
    for each in fields(Settings):
        definition = each.metadata.get(_KEY)
        if isinstance(definition, Definition):
            found[each.name] = definition
    return found


def variable_of(name: str) -> str:
    """The environment variable of a setting."""
    return definitions()[name].variable or PREFIX + name.upper()


def load_settings(
    *,
    file: Path,
    environment: Mapping[str, str],
    flags: Mapping[str, object] | None = None,
    remembered: Remembered | None = None,
    other_profiles: Collection[str] = (),
) -> Loaded:
    """Read every place where something can be set.

    Args:
        flags: field → value, for the flags that were given.
        remembered: what was chosen while the program ran, and the last site and bot of each profile.
        other_profiles: profiles that exist although the file has no table for them.
    """
    collector = _Collector(file, environment, flags or {}, remembered or Remembered())
    return collector.load(other_profiles)


class _Collector:
    """Gathers values from all places, the weakest first, and what is wrong with them."""

    def __init__(
        self,
        file: Path,
        environment: Mapping[str, str],
        flags: Mapping[str, object],
        remembered: Remembered,
    ) -> None:
        self._file = file
        self._environment = environment
        self._flags = flags
        self._remembered = remembered
        self._definitions = definitions()
        self._values: dict[str, object] = {}
        self._sources: dict[str, Source] = {}
        self._problems: list[SettingsError] = []
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
        return Loaded(settings, tuple(self._problems))

    def _parse(self) -> Mapping[str, object]:
        try:
            with self._file.open("rb") as file:
                data = file.read(FILE_LIMIT + 1)
            if len(data) > FILE_LIMIT:
                raise OSError(_("it is too large"))
            self._text = data.decode("utf-8-sig")
            return tomllib.loads(self._text)
        except FileNotFoundError:
            return {}
        except OSError as error:
            self._report(_("cannot be read: {reason}").format(reason=error.strerror or error))
        except UnicodeDecodeError as error:
            line = error.object[: error.start].count(b"\n") + 1
            self._report(_("is not UTF-8"), line=line)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            place = re.search(r"line (\d+)", str(error))
            line = int(place[1]) if place else self._text.count("\n") + 1
            reason = re.sub(r" *\(at [^()]*\)$", "", str(error))
            self._report(_("is not TOML: {reason}").format(reason=reason), line=line)
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
        """The name of the profile in use, which decides what the rest of the file means."""
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
                    _("there is no profile {name}").format(name=profile),
                    source=str(source),
                    key="profile",
                    line=self._line(("profile",)) if source.kind == "file" else 0,
                    suggestion=read.nearest(profile, names),
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
        """Report the keys that mean nothing; those that could stand here."""
        known = tuple(name for name in self._definitions if name != "profile")
        known = known if place else (*known, "profile", "profiles")
        for name in table:
            if name not in known:
                self._report(
                    _("there is no such setting"),
                    key=".".join((*place, name)),
                    line=self._line((*place, name)),
                    suggestion=read.nearest(name, known),
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
            self._problems.append(
                SettingsError(
                    error.problem,
                    source=str(self._file) if in_file else source.name,
                    key=".".join((*place, name)) if in_file else "",
                    line=self._line((*place, name)) if in_file else 0,
                    suggestion=error.suggestion,
                )
            )
        else:
            self._sources[name] = source

    def _report(self, problem: str, *, key: str = "", line: int = 0, suggestion: str = "") -> None:
        self._problems.append(
            SettingsError(problem, source=str(self._file), key=key, line=line, suggestion=suggestion)
        )

    def _line(self, place: tuple[str, ...]) -> int:
        """The first line that sets this key, or something in it; 0 if it cannot be told."""
        for number, found in _keys_by_line(self._text):
            if found[: len(place)] == place:
                return number
        return 0


_TABLE = re.compile(r"\s*\[(?P<name>[^\[\]]+)\]")
_ENTRY = re.compile(r"""\s*(?P<name>(?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")


def _keys_by_line(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """tomllib tells no positions: good enough for files as people write them."""
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
