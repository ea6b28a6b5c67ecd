"""Saved prompts as files."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from coze_tui.config.saved_prompts import SavedPrompts
from coze_tui.errors import FileError, SettingsError


@pytest.fixture
def saved(tmp_path: Path) -> SavedPrompts:
    return SavedPrompts(tmp_path / "prompts")


def test_a_prompt_is_saved_listed_renamed_and_deleted(saved: SavedPrompts) -> None:
    assert saved.all() == []
    path = saved.save("翻译", "Translate {{text}}")
    assert path.read_text("utf-8") == "Translate {{text}}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    saved.save("Review", "a\nb")
    assert [(prompt.name, prompt.text) for prompt in saved.all()] == [
        ("Review", "a\nb"),
        ("翻译", "Translate {{text}}"),
    ]
    with pytest.raises(SettingsError):
        saved.save("Review", "other")
    saved.save("Review", "other", replaces=True)
    with pytest.raises(SettingsError):
        saved.rename("Review", "翻译")
    saved.rename("Review", "review-2")
    assert saved.get("review-2").text == "other"
    saved.delete("翻译")
    assert [prompt.name for prompt in saved.all()] == ["review-2"]


def test_files_that_the_user_wrote_are_read_and_keep_their_kind(saved: SavedPrompts) -> None:
    saved.folder.mkdir()
    (saved.folder / "one.txt").write_bytes(b"\xef\xbb\xbfone\x1b[31m\r\n")
    (saved.folder / "two.md").write_text("two", "utf-8")
    (saved.folder / "two.txt").write_text("hidden by two.md", "utf-8")
    for ignored in (".hidden.md", "not a name.md", "save.md", "notes.rst"):
        (saved.folder / ignored).write_text("x", "utf-8")
    assert [(prompt.name, prompt.text) for prompt in saved.all()] == [("one", "one[31m"), ("two", "two")]
    assert saved.save("one", "new", replaces=True).name == "one.txt"
    saved.rename("one", "three")
    assert (saved.folder / "three.txt").read_text("utf-8") == "new\n"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "a b",
        "../x",
        "a/b",
        ".x",
        "-x",
        "save",
        "delete",
        "a\tb",
        "x" * 65,
        "a\x1bb",
        "a*",
        "con",
        "NUL",
        "lpt1",
    ],
)
def test_impossible_names_are_refused(saved: SavedPrompts, name: str) -> None:
    with pytest.raises(SettingsError):
        saved.save(name, "x")
    assert not saved.folder.exists()


def test_a_missing_name_suggests_the_nearest(saved: SavedPrompts) -> None:
    saved.save("translate", "x")
    for method in (saved.get, saved.delete):
        with pytest.raises(SettingsError) as caught:
            method("tranlsate")
        assert caught.value.suggestion == "translate"


def test_what_cannot_be_read_or_written_says_why(saved: SavedPrompts) -> None:
    saved.folder.mkdir()
    (saved.folder / "large.md").write_bytes(b"x" * ((1 << 20) + 1))
    (large,) = saved.all()
    assert large.problem is not None
    assert large.problem.reason == "too large"
    saved.folder.joinpath("file").write_text("x", "utf-8")
    with pytest.raises(FileError):
        SavedPrompts(saved.folder / "file").save("x", "x")
