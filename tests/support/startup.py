"""What a run of the program starts with, made without reading any file."""

from __future__ import annotations

from pathlib import Path

from coze_tui.config.app_state import AppStateFile
from coze_tui.config.credentials import CredentialsFile
from coze_tui.config.locations import find_paths
from coze_tui.config.settings import Settings
from coze_tui.config.startup import Startup


def startup_under(folder: Path, settings: Settings | None = None) -> Startup:
    """Return what a run of the program in a folder starts with; neither reads nor makes any file."""
    paths = find_paths({"COZE_TUI_HOME": str(folder)})
    return Startup(
        paths,
        {},
        settings or Settings(),
        (),
        AppStateFile(paths.remembered_file),
        CredentialsFile(paths.credentials_file),
    )
