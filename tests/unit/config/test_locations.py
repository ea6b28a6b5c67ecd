"""Where config, data and state live."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from coze_tui.config.locations import ensure, find_paths

posix = pytest.mark.skipif(sys.platform == "win32", reason="HOME and modes are POSIX's")


def test_one_variable_puts_everything_under_one_folder(tmp_path: Path) -> None:
    paths = find_paths({"COZE_TUI_HOME": str(tmp_path)})
    folders = [paths.config, paths.data, paths.state]
    assert folders == [tmp_path / "config", tmp_path / "data", tmp_path / "state"]
    files = (paths.settings_file, paths.credentials_file, paths.database_file, paths.remembered_file)
    assert all(tmp_path in file.parents for file in (*files, paths.log_file, paths.copies, paths.crashes))


def test_a_relative_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_paths({"COZE_TUI_HOME": "here"}).config == tmp_path / "here" / "config"


def test_finding_touches_nothing(tmp_path: Path) -> None:
    find_paths({"COZE_TUI_HOME": str(tmp_path / "new")})
    assert not (tmp_path / "new").exists()


@posix
@pytest.mark.parametrize("home", ["", "relative", "."])
def test_a_home_that_is_none_leads_to_the_temporary_folder(home: str) -> None:
    paths = find_paths({"HOME": home})
    assert paths.is_temporary
    assert str(os.geteuid()) in str(paths.config)


@posix
def test_without_the_variable_the_home_of_the_account_counts() -> None:
    paths = find_paths({})
    assert paths.config.is_absolute()
    assert not paths.is_temporary


@posix
def test_made_folders_are_private(tmp_path: Path) -> None:
    paths = find_paths({"COZE_TUI_HOME": str(tmp_path / "new")})
    assert ensure(paths) == []
    for folder in (paths.config, paths.data, paths.state):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_folders_that_cannot_be_made_are_told_and_the_others_made(tmp_path: Path) -> None:
    paths = find_paths({"COZE_TUI_HOME": str(tmp_path)})
    paths.data.write_text("in the way")
    [(folder, error)] = ensure(paths)
    assert folder == paths.data
    assert isinstance(error, NotADirectoryError)
    assert paths.state.is_dir()
