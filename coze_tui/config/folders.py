"""The folders of config, data and state as text, without slow imports: the first frame needs them."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # see i18n
if TYPE_CHECKING:
    from collections.abc import Mapping

APP = "coze-tui"
HOME_VARIABLE = "COZE_TUI_HOME"
SETTINGS = "settings.toml"
REMEMBERED = "remembered.json"


def find_folders(environment: Mapping[str, str]) -> tuple[str, str, str, bool]:
    """Return the folders of config, data and state, and True if they are temporary without a home folder."""
    home = environment.get(HOME_VARIABLE, "").strip()
    if home:
        return *_under(os.path.abspath(os.path.expanduser(home))), False
    if not _has_home(environment):
        import tempfile

        owner = "" if sys.platform == "win32" else f"-{os.geteuid()}"
        return *_under(os.path.join(tempfile.gettempdir(), f"{APP}{owner}")), True
    import platformdirs

    return (
        platformdirs.user_config_dir(APP, appauthor=False),
        platformdirs.user_data_dir(APP, appauthor=False),
        platformdirs.user_state_dir(APP, appauthor=False),
        False,
    )


def _under(folder: str) -> tuple[str, str, str]:
    """Return the folders of config, data and state inside one folder."""
    return os.path.join(folder, "config"), os.path.join(folder, "data"), os.path.join(folder, "state")


def _has_home(environment: Mapping[str, str]) -> bool:
    if sys.platform == "win32":
        return True  # platformdirs asks the system there
    home = environment.get("HOME")
    if home is None:
        import pwd

        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:
            return False
    return os.path.isabs(home)
