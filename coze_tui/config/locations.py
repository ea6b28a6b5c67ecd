"""The paths of the program's files. Only `ensure` creates anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from coze_tui.config.folders import REMEMBERED, SETTINGS, find_folders
from coze_tui.config.secure_files import make_private_folder
from coze_tui.text.system_text import path_from
from coze_tui.values import valueclass


@valueclass
class Paths:
    """The program's three folders and the files in them."""

    config: Path
    data: Path
    state: Path
    is_temporary: bool = False
    """There is no home folder, so that everything is in the system's folder for temporary files."""

    @property
    def settings_file(self) -> Path:
        return self.config / SETTINGS

    @property
    def credentials_file(self) -> Path:
        return self.config / "credentials.json"

    @property
    def database_file(self) -> Path:
        return self.data / "history.db"

    @property
    def copies(self) -> Path:
        """Copied texts, for terminals that refuse the clipboard."""
        return self.data / "copies"

    @property
    def remembered_file(self) -> Path:
        return self.state / REMEMBERED

    @property
    def log_file(self) -> Path:
        return self.state / "coze-tui.log"

    @property
    def crashes(self) -> Path:
        """Crash reports."""
        return self.state / "crashes"


def find_paths(environment: Mapping[str, str]) -> Paths:
    """Return the paths for this environment; creates nothing."""
    config, data, state, is_temporary = find_folders(environment)
    return Paths(Path(config), Path(data), Path(state), is_temporary)


def ensure(paths: Paths) -> list[tuple[Path, OSError]]:
    """Create the folders, for their owner only; return those that could not be created, with the errors."""
    failures = []
    for folder in (paths.config, paths.data, paths.state):
        try:
            make_private_folder(folder)
        except OSError as error:
            failures.append((folder, error))
    return failures


def typed_path(text: str) -> Path:
    """Return the path that a user typed in the program, where no shell has expanded `~`.

    White space around it is removed. A `~` that cannot be resolved stays, so that an error names it.
    """
    path = path_from(text.strip())
    try:
        return path.expanduser()
    except RuntimeError:
        return path
