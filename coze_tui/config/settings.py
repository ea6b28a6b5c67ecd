"""All settings: one frozen value, with the source of each field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from pathlib import Path
from typing import Literal

from coze_tui.config import coercion as read
from coze_tui.config.addresses import site_name
from coze_tui.config.setting_options import SETTING_OPTIONS, SettingOption
from coze_tui.text.i18n import N_, _, languages
from coze_tui.values import valueclass

PREFIX = "COZE_TUI_"


@valueclass
class Source:
    """The source of a value."""

    kind: Literal["default", "remembered", "file", "profile", "chosen", "project", "environment", "flag"]
    name: str = ""
    """The file, profile, variable or flag."""

    def __str__(self) -> str:
        match self.kind:
            case "default":
                return _("default")
            case "remembered":
                return _("last used")
            case "file" | "project":
                return self.name
            case "profile":
                return _("profile {name}").format(name=self.name)
            case "chosen":
                return _("chosen in the program")
            case "environment" | "flag":
                return self.name


@valueclass
class Definition:
    """The definition of a setting: its reader, its documentation and its names outside the code."""

    reader: read.SettingReader[object]
    doc: str
    """In English, as a fragment; shown through `_`."""
    variable: str = ""
    """Its environment variable, if that is not COZE_TUI_ and the field name."""
    flag: str = ""
    """Its command-line option, or empty."""
    may_hold_secret: bool = False
    """Whether its value may contain a password: it is neither printed nor passed to other programs."""


_KEY = "definition"


def _setting(
    reader: read.SettingReader[object],
    doc: str | SettingOption,
    *,
    variable: str = "",
    may_hold_secret: bool = False,
) -> Mapping[str, object]:
    """Return the metadata of a field; the text of a setting with an option comes from that option."""
    if isinstance(doc, SettingOption):
        return {_KEY: Definition(reader, doc.doc, variable, doc.name, may_hold_secret)}
    return {_KEY: Definition(reader, doc, variable, may_hold_secret=may_hold_secret)}


@valueclass
class Settings:
    """All settings that the user can change."""

    profile: str = field(
        default="default",
        metadata=_setting(read.text, SETTING_OPTIONS["profile"]),
    )
    base_url: str = field(
        default="https://api.coze.cn",
        metadata=_setting(read.base_url, SETTING_OPTIONS["base_url"], variable="COZE_API_BASE"),
    )
    bot_id: str = field(
        default="",
        metadata=_setting(read.bot, SETTING_OPTIONS["bot_id"], variable="COZE_BOT_ID"),
    )
    user_id: str = field(
        default="",
        metadata=_setting(read.text, SETTING_OPTIONS["user_id"], variable="COZE_USER_ID"),
    )
    token_file: Path | None = field(
        default=None,
        metadata=_setting(
            read.path, N_("file that contains the token, such as one mounted by a secret manager")
        ),
    )
    token_command: str = field(
        default="",
        repr=False,
        metadata=_setting(
            read.text,
            N_("command that prints the token, such as a password manager; runs without a shell"),
            may_hold_secret=True,
        ),
    )
    token_store: str = field(
        default="auto",
        metadata=_setting(
            read.one_of("auto", "keyring", "file"),
            N_(
                "where login saves the token: the system's keyring or a file that only you can read; auto "
                "uses the keyring if the extra coze-tui[keyring] is installed, but not over SSH"
            ),
        ),
    )
    oauth_client_id: str = field(
        default="",
        metadata=_setting(read.text, SETTING_OPTIONS["oauth_client_id"]),
    )
    language: str = field(
        default="auto",
        metadata=_setting(read.one_of("auto", *languages()), SETTING_OPTIONS["language"]),
    )
    theme: str = field(
        default="auto",
        metadata=_setting(read.text, SETTING_OPTIONS["theme"]),
    )
    send_key: str = field(
        default="enter",
        metadata=_setting(
            read.one_of("enter", "ctrl+j"),
            N_("key that sends: enter or ctrl+j; the other one inserts a new line"),
        ),
    )
    edit_mode: str = field(
        default="emacs",
        metadata=_setting(
            read.one_of("emacs", "vi"),
            N_("keys of the prompt: emacs (the usual ones), or vi, with its modes"),
        ),
    )
    mouse: bool = field(
        default=True,
        metadata=_setting(read.boolean, SETTING_OPTIONS["mouse"]),
    )
    sidebar: str = field(
        default="auto",
        metadata=_setting(
            read.one_of("auto", "shown", "hidden"),
            N_("event sidebar: auto (shown from 100 columns), shown or hidden"),
        ),
    )
    simple_emoji: str = field(
        default="auto",
        metadata=_setting(
            read.one_of("auto", "on", "off"),
            N_("simplify emoji whose width terminals disagree on; auto does so in tmux"),
        ),
    )
    hyperlinks: str = field(
        default="auto",
        metadata=_setting(
            read.one_of("auto", "always", "never"),
            N_("hyperlinks (OSC 8): auto (in terminals known to support them), always or never"),
        ),
    )
    window_title: bool = field(
        default=True,
        metadata=_setting(
            read.boolean, N_("show conversation and state in the title of the window, or of the tmux pane")
        ),
    )
    notifications: str = field(
        default="auto",
        metadata=_setting(
            read.one_of("auto", "bell", "osc9", "osc777", "never"),
            N_(
                "signal at the end of an answer, if the terminal has no focus or it took over 10 seconds: "
                "auto (bell, and a desktop notification where the terminal is known to have them), bell, "
                "osc9 or osc777 (bell and this kind of notification), or never"
            ),
        ),
    )
    partial_redraw: bool = field(
        default=True,
        metadata=_setting(
            read.boolean,
            N_("redraw only the cells that changed; set to false if the screen looks wrong"),
        ),
    )
    max_fps: int = field(
        default=0,
        metadata=_setting(read.whole(0, 120), N_("maximum redraws per second; 0 means 30, or 15 over SSH")),
    )
    connect_timeout: float = field(
        default=10.0,
        metadata=_setting(read.seconds(0.1, 600), N_("connection timeout in seconds")),
    )
    idle_timeout: float = field(
        default=300.0,
        metadata=_setting(
            read.seconds(1, 86400),
            N_(
                "seconds without data after which an answer counts as cut off; also the longest wait for its "
                "rest"
            ),
        ),
    )
    proxy: str = field(
        default="",
        repr=False,
        metadata=_setting(
            read.text,
            N_("proxy URL; if empty, HTTPS_PROXY and similar variables are used"),
            may_hold_secret=True,
        ),
    )
    ca_file: Path | None = field(
        default=None,
        metadata=_setting(
            read.path,
            N_("file with trusted CA certificates, for a Coze Studio with its own certificate"),
        ),
    )
    publish_status: str = field(
        default="published_online",
        metadata=_setting(
            read.one_of("published_online", "unpublished_draft"),
            N_("bot version to use: published_online, or unpublished_draft for the draft"),
        ),
    )
    connector_id: str = field(
        default="",
        metadata=_setting(
            read.text,
            N_("channel that conversations belong to; if empty, 1024, the API channel"),
        ),
    )
    custom_variables: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_setting(read.texts, N_("values for the variables in the bot's prompt")),
    )
    parameters: Mapping[str, object] = field(
        default_factory=dict,
        metadata=_setting(read.table, N_("inputs for a bot in chatflow mode")),
    )
    tools: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict,
        repr=False,
        metadata=_setting(
            read.commands,
            N_("commands for local tools, by tool name; the tool form offers to run them"),
            may_hold_secret=True,
        ),
    )
    record_captures: Path | None = field(
        default=None,
        metadata=_setting(read.path, N_("folder in which to save each chat as an .sse capture, too")),
    )
    retention_days: int = field(
        default=0,
        metadata=_setting(
            read.whole(0, 36500),
            N_("days to keep the recorded events of chats; 0 keeps them forever"),
        ),
    )
    debug_log: bool = field(
        default=False,
        metadata=_setting(
            read.boolean,
            N_("log each API call and its result to coze-tui.log in the state folder; never the token"),
        ),
    )
    keys: Mapping[str, str] = field(
        default_factory=dict,
        metadata=_setting(read.texts, N_("custom keys, by action ID as shown on the help screen")),
    )
    profiles: tuple[str, ...] = ()
    """The profiles that the user can choose."""
    site_names: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Base URL → display name, for a site such as the demo that has a better name than its host."""
    token_sites: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """Source of a token (COZE_API_TOKEN, `token_file`, `token_command`) → the only site that may get it.

    Empty unless a project file names another site than the user's profile.
    """
    sources: Mapping[str, Source] = field(default_factory=dict, repr=False, compare=False)

    def source_of(self, name: str) -> Source:
        """Return the source of the value of this field."""
        return self.sources.get(name, Source("default"))

    @property
    def site(self) -> str:
        """Return `coze.cn`, `coze.com`, `demo`, or the host of a Coze Studio."""
        return self.site_names.get(self.base_url) or site_name(self.base_url)

    def frame_rate(self, *, over_ssh: bool) -> int:
        """Return the highest number of redraws per second."""
        return self.max_fps or (15 if over_ssh else 30)


def definitions() -> Mapping[str, Definition]:
    """Return the definitions by field name, in the order of the documentation."""
    found = {}
    for each in fields(Settings):
        definition = each.metadata.get(_KEY)
        if isinstance(definition, Definition):
            found[each.name] = definition
    return found


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return definitions()[name].variable or PREFIX + name.upper()
