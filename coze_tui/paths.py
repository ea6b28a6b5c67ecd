"""Where config, data and state live. Only `ensure` makes anything."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from coze_tui.private_files import make_private_folder

APP = "coze-tui"
HOME_VARIABLE = "COZE_TUI_HOME"


@dataclass(frozen=True, slots=True)
class Paths:
    """The program's three folders and the files in them."""

    config: Path
    data: Path
    state: Path
    is_temporary: bool = False
    """There is no home folder: everything lives in the system's folder for temporary files."""

    @property
    def settings_file(self) -> Path:
        return self.config / "settings.toml"

    @property
    def credentials_file(self) -> Path:
        return self.config / "credentials.json"

    @property
    def database_file(self) -> Path:
        return self.data / "history.db"

    @property
    def copies(self) -> Path:
        """Texts that were copied, for terminals that refuse the clipboard."""
        return self.data / "copies"

    @property
    def remembered_file(self) -> Path:
        return self.state / "remembered.json"

    @property
    def log_file(self) -> Path:
        return self.state / "coze-tui.log"

    @property
    def crashes(self) -> Path:
        """Reports of crashes of our own."""
        return self.state / "crashes"


def find_paths(environment: Mapping[str, str]) -> Paths:
    """The folders for this environment; nothing is touched."""
    home = environment.get(HOME_VARIABLE, "").strip()
    if home:
        return paths_under(Path(os.path.abspath(os.path.expanduser(home))))
    if not _has_home(environment):
        import tempfile

        owner = "" if sys.platform == "win32" else f"-{os.geteuid()}"
        return _under(Path(tempfile.gettempdir()) / f"{APP}{owner}", is_temporary=True)
    return Paths(
        config=platformdirs.user_config_path(APP, appauthor=False),
        data=platformdirs.user_data_path(APP, appauthor=False),
        state=platformdirs.user_state_path(APP, appauthor=False),
    )


def paths_under(folder: Path) -> Paths:
    """Everything under one folder, as `COZE_TUI_HOME` asks."""
    return _under(folder)


def ensure(paths: Paths) -> list[tuple[Path, OSError]]:
    """Make the folders, open to their owner only; those that could not be made, with the reason."""
    failures = []
    for folder in (paths.config, paths.data, paths.state):
        try:
            make_private_folder(folder)
        except OSError as error:
            failures.append((folder, error))
    return failures


def _under(folder: Path, *, is_temporary: bool = False) -> Paths:
    return Paths(folder / "config", folder / "data", folder / "state", is_temporary)


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
