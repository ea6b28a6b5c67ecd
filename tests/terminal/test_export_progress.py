"""An export whose output goes elsewhere shows on the terminal how far it is."""

from __future__ import annotations

from pathlib import Path

from tests.support.program import Program
from tests.support.stores import talk, written


def test_the_line_is_below_the_names_on_the_same_terminal(tmp_path: Path) -> None:
    home, out = tmp_path / "home", tmp_path / "out"
    for number in range(3):
        written(home, talk(f"第{number}个"))
    with Program(home, None, "history", "export", "--all", "-o", str(out), size=(200, 24)) as program:
        assert program.wait() == 0
        program.wait_for_raw(b"3 of 3 conversations")
        shown = program.screen.text().split()
    assert "conversations" not in shown
    assert sum(word.startswith(str(out)) for word in shown) == 3


def test_one_text_of_all_shows_how_far_it_is(tmp_path: Path) -> None:
    home, text = tmp_path / "home", tmp_path / "all.md"
    for number in range(3):
        written(home, talk(f"第{number}个"))
    with text.open("wb") as file:
        arguments = ("history", "export", "--all", "-o", "-")
        with Program(home, None, *arguments, stdout=file) as program:
            assert program.wait() == 0
            program.wait_for_raw(b"1 of 3 conversations")
            assert not program.screen.text().strip()


def test_an_export_shows_how_far_it_is_and_leaves_nothing_behind(tmp_path: Path) -> None:
    home, names = tmp_path / "home", tmp_path / "names"
    for number in range(3):
        written(home, talk(f"第{number}个"))
    with names.open("wb") as file:
        arguments = ("history", "export", "--all", "-o", str(tmp_path / "out"))
        with Program(home, None, *arguments, stdout=file) as program:
            assert program.wait() == 0
            program.wait_for_raw(b"1 of 3 conversations")
            assert not program.screen.text().strip()
    assert len(names.read_text().splitlines()) == 3 == len(list((tmp_path / "out").iterdir()))
