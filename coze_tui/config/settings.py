"""What can be set: one frozen value that knows where each part of it comes from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from coze_tui.config import coercion as read
from coze_tui.config.addresses import site_name
from coze_tui.text.i18n import N_, _

PREFIX = "COZE_TUI_"


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
    tools: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict,
        repr=False,  # may hold a password
        metadata=_setting(
            read.commands,
            N_("A table of commands by the name of a tool: the form for local tools offers to run them."),
        ),
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
    debug_log: bool = field(
        default=False,
        metadata=_setting(
            read.flag,
            N_("Write each call and how it was answered into coze-tui.log in the state folder; no token."),
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
