"""Paths that are typed, and completing them."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.config.locations import typed_path
from coze_tui.tui.widgets.prompt.completion import path_candidates


def shown(typed: str) -> list[str]:
    return [candidate.shown for candidate in path_candidates(typed)]


@pytest.fixture
def folder(tmp_path: Path) -> str:
    for name in ("b.txt", "A.txt", "图片.png", ".hidden", "bad\x1b[31m\nname"):
        (tmp_path / name).write_text("x")
    (tmp_path / "zfolder").mkdir()
    return str(tmp_path)


def test_folders_come_first_and_hidden_ones_only_when_asked_for(folder: str) -> None:
    assert shown(f"{folder}/") == ["zfolder/", "A.txt", "b.txt", "图片.png"]
    assert shown(f"{folder}/.") == [".hidden"]


def test_case_does_not_matter(folder: str) -> None:
    assert shown(f"{folder}/a") == ["A.txt"]
    assert path_candidates(f"{folder}/a")[0].text == f"{folder}/A.txt"


def test_only_files_are_complete(folder: str) -> None:
    assert [one.is_complete for one in path_candidates(f"{folder}/")] == [False, True, True, True]


def test_home_is_understood(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", folder)
    assert path_candidates("~/b")[0].text == "~/b.txt"


def test_what_cannot_be_read_gives_nothing(folder: str) -> None:
    assert path_candidates(f"{folder}/nowhere/x") == []
    assert path_candidates("nul\x00/x") == []
    assert path_candidates(f"{folder}/b.txt/") == []


def test_a_typed_home_is_resolved_and_one_of_nobody_stays(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", folder)
    assert typed_path(" ~/b.txt ") == Path(folder, "b.txt")
    assert typed_path("~nobody-at-all/b.txt") == Path("~nobody-at-all/b.txt")
