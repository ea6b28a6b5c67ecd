"""Paths that are typed, and completing them."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from coze_tui.config.locations import path_divisions, path_readings, typed_path, typed_paths
from coze_tui.tui.widgets.prompt.completion import dropped_candidates, path_candidates


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


def test_what_is_typed_whole_comes_first(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("x")
    (tmp_path / "notes.d").mkdir()
    assert shown(f"{tmp_path}/note") == ["notes.d/", "notes"]
    assert shown(f"{tmp_path}/notes") == ["notes", "notes.d/"]


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


@pytest.mark.parametrize(
    "spelling",
    [
        "{folder}/d d/it's a pic.txt",
        """'{folder}/d d/it'\\''s a pic.txt' """,
        '"{folder}/d d/it\'s a pic.txt"',
        r"{folder}/d\ d/it\'s\ a\ pic.txt",
        "file://{folder}/d%20d/it's%20a%20pic.txt",
        "file://localhost{folder}/d%20d/it%27s%20a%20pic.txt\n",
        "'FILE:{folder}/d%20d/it%27s%20a%20pic.txt'",
        '"~/d d/it\'s a pic.txt"',
        "“{folder}/d d/it's a pic.txt”",
        r"~/d\ d/it's\ a\ pic.txt",
    ],
)
def test_a_path_is_found_as_terminals_and_file_managers_write_it(
    folder: str, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    monkeypatch.setenv("HOME", folder)
    file = Path(folder, "d d", "it's a pic.txt")
    file.parent.mkdir()
    file.write_text("x")
    assert typed_path(spelling.replace("{folder}", folder)) == file
    assert [one.text for one in dropped_candidates(spelling.replace("{folder}", folder))] == [str(file)]


@pytest.mark.parametrize(
    "spelling",
    [
        "'{folder}/d d/it'\\''s.txt' {folder}/b.txt ",
        r"{folder}/d\ d/it\'s.txt {folder}/b.txt",
        "{folder}/d d/it's.txt {folder}/b.txt",
        "{folder}/d d/it's.txt\n{folder}/b.txt\n",
        "file://{folder}/d%20d/it%27s.txt\r\nfile://{folder}/b.txt",
        "\"{folder}/d d/it's.txt\" '{folder}/b.txt'",
        "'~/d d'/it\\'s.txt ~/b.txt",
    ],
)
def test_several_dropped_paths_are_several_files(
    folder: str, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    monkeypatch.setenv("HOME", folder)
    first, second = Path(folder, "d d", "it's.txt"), Path(folder, "b.txt")
    first.parent.mkdir()
    first.write_text("x")
    text = spelling.replace("{folder}", folder)
    assert typed_paths(text) == [first, second]
    [offered] = dropped_candidates(text)
    assert typed_paths(offered.text) == [first, second]
    assert offered.shown == "attach it's.txt, b.txt"
    assert typed_paths(f"{folder}/nowhere {second}") == [Path(f"{folder}/nowhere {second}")]


def test_a_path_that_is_there_as_written_is_that_one(folder: str) -> None:
    for name in ("'b.txt'", r"b\ c.txt", "100%25.txt"):
        Path(folder, name).write_text("x")
        assert typed_path(f"{folder}/{name}") == Path(folder, name)


def test_only_a_file_is_offered(folder: str) -> None:
    assert dropped_candidates(f"'{folder}'") == dropped_candidates("/help") == []


@pytest.mark.parametrize(
    ("typed", "path"),
    [
        (r"C:\Users\Lin\a.txt", r"C:\Users\Lin\a.txt"),
        (r'"C:\my files\a.txt"', r"C:\my files\a.txt"),
        (r"\\server\share\a.txt", r"\\server\share\a.txt"),
        (r"C:\it's\a.txt", r"C:\it's\a.txt"),
        ("file:///C:/my%20files/a.txt", r"C:\my files\a.txt"),
        ("file:///c|/a.txt", r"c:\a.txt"),
        ("file://localhost/C:/a.txt", r"C:\a.txt"),
        ("file://server/share/%E5%9B%BE.png", r"\\server\share\图.png"),
        ('"file:///C:/a.txt"', r"C:\a.txt"),
    ],
)
def test_a_path_of_windows_is_read_without_a_shell(typed: str, path: str) -> None:
    assert PureWindowsPath(path_readings(typed, is_windows=True)[-1]) == PureWindowsPath(path)


def test_dropped_paths_of_windows_are_divided_at_blanks_outside_of_quotes() -> None:
    typed = r'"C:\my files\a.txt" D:\b.txt "\\server\share\c d.txt"'
    *_lines, parts = path_divisions(typed, is_windows=True)
    assert parts == [r"C:\my files\a.txt", r"D:\b.txt", r"\\server\share\c d.txt"]
