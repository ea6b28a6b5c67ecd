"""Files that get their names when they are complete, and what killed programs leave."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from coze_tui.config.new_files import NewFile, remove_leftovers, temporary_folder

posix = pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
_KILLED = """
import os, signal, sys
from pathlib import Path
from coze_tui.config import secure_files
def pieces():
    yield b"the beginning"
    os.kill(os.getpid(), signal.SIGKILL)
path = Path(sys.argv[1])
if sys.argv[2] == "named":
    del os.O_TMPFILE  # as on systems without it
secure_files.write_new(path, pieces(), replace=sys.argv[2] == "replacing")
"""


def kill_while_writing(path: Path, how: str) -> None:
    ran = subprocess.run([sys.executable, "-c", _KILLED, path, how], check=False)
    assert ran.returncode < 0


@posix
@pytest.mark.parametrize("how", ["nameless", "named", "replacing"])
def test_what_a_killed_program_was_writing_is_removed_and_nothing_else(tmp_path: Path, how: str) -> None:
    others = {".coze-tui-settings", ".coze-tui-0123456789abcdef", "x.part", ".coze-tui-0123456789abcdeX.part"}
    for name in others:
        (tmp_path / name).write_text("mine")
    kill_while_writing(tmp_path / "x.md", how)
    left = {path.name for path in tmp_path.iterdir()} - others
    assert len(left) == (0 if how == "nameless" and hasattr(os, "O_TMPFILE") else 1)
    with NewFile(tmp_path, replaces=True) as new:  # one that is being written is left alone
        new.write([b"whole"])
        remove_leftovers(tmp_path)
        assert len(list(tmp_path.iterdir())) == len(others) + 1
        new.replace(tmp_path / "y.md")
    assert {path.name for path in tmp_path.iterdir()} == others | {"y.md"}
    assert (tmp_path / "y.md").read_bytes() == b"whole"


@posix
def test_no_link_and_no_folder_is_taken_for_a_leftover(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("mine")
    (tmp_path / ".coze-tui-0123456789abcdef.part").symlink_to(tmp_path / "target")
    (tmp_path / ".coze-tui-0123456789abcdee.part").mkdir()
    remove_leftovers(tmp_path)
    remove_leftovers(tmp_path / "missing")
    assert len(list(tmp_path.iterdir())) == 3


def test_without_links_the_name_is_taken_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cannot(*names: object, **options: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", cannot)
    (tmp_path / "taken").write_text("mine")
    with NewFile(tmp_path) as new:
        new.write([b"a", b"b"])
        assert not new.take_name(tmp_path / "taken")
        assert new.take_name(tmp_path / "x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["taken", "x"]
    assert (tmp_path / "x").read_bytes() == b"ab"


@posix
def test_a_folder_of_a_killed_program_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with temporary_folder("ours-") as running:
        left, new = tmp_path / "ours-left", tmp_path / "ours-new"
        for folder in (left, new):
            folder.mkdir()
            (folder / "file").write_text("x")
        now = left.stat().st_ctime
        monkeypatch.setattr("time.time", lambda: now + 30)
        with temporary_folder("ours-") as other:
            assert left.exists()
            assert other != running
        monkeypatch.setattr("time.time", lambda: now + 3600)
        with temporary_folder("ours-"):
            assert not left.exists()
            assert Path(running).exists()
    assert not Path(running).exists()
