"""The command-line options of settings: their names and help texts.

`Settings` and the command line both read this table. It is separate from `Settings`, because `--help` must
not load dataclasses, pathlib and json.
"""

from __future__ import annotations

from coze_tui.text.i18n import N_


class SettingOption:
    """The command-line option of a setting.

    Args:
        name: the option with its dashes.
        doc: describes the setting, in English; shown through `_`.
        value: the placeholder of its value; empty for a switch, which sets the setting to false.
        help: describes the option if `doc` does not, as for a switch.
    """

    __slots__ = ("doc", "help", "name", "value")

    def __init__(self, name: str, doc: str, value: str = "", *, help: str = "") -> None:
        self.name = name
        self.doc = doc
        self.value = value
        self.help = help or doc


SETTING_OPTIONS = {
    "profile": SettingOption(
        "--profile",
        N_("profile: a table [profiles.NAME] in the settings file, which may contain any of these settings"),
        "NAME",
    ),
    "base_url": SettingOption(
        "--base-url", N_("site: cn, com, or the URL of a self-hosted Coze Studio"), "URL"
    ),
    "bot_id": SettingOption("--bot", N_("bot: its ID, or the URL of its editor page"), "ID"),
    "user_id": SettingOption(
        "--user",
        N_("user ID sent to the bot, which keeps memory and variables apart by user; generated if not set"),
        "ID",
    ),
    "oauth_client_id": SettingOption(
        "--client-id", N_("client ID of your OAuth app, for login --device"), "ID"
    ),
    "language": SettingOption(
        "--lang", N_("language: en, zh_CN, or auto (from LC_ALL, LC_MESSAGES, LANG)"), "CODE"
    ),
    "theme": SettingOption(
        "--theme",
        N_(
            "theme: auto (dark or light like the terminal), coze-dark, coze-light, ansi (the terminal's own "
            "colors), or any Textual theme"
        ),
        "NAME",
    ),
    "mouse": SettingOption(
        "--no-mouse",
        N_("capture the mouse; if false, the terminal selects text itself"),
        help=N_("do not capture the mouse"),
    ),
}
"""By the field of `Settings`."""
