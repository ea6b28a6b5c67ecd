"""Files that only their owner may read."""

from __future__ import annotations

import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_tui.config.secure_files import (
    LIMIT,
    locked,
    make_private_folder,
    read_private,
    write_new,
    write_private,
)

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX's")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@posix
def test_every_new_folder_on_the_way_is_closed_to_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert make_private_folder(tmp_path / "a" / "b") is False
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "a") == 0o700
    assert mode_of(tmp_path / "a" / "b") == 0o700


@posix
def test_a_lax_folder_is_repaired_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "lax"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    assert make_private_folder(folder) is True
    assert mode_of(folder) == 0o700


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        make_private_folder(tmp_path / "file")


@posix
def test_a_written_file_is_private_even_under_a_lax_umask(tmp_path: Path) -> None:
    path = tmp_path / "own" / "secret"
    before = os.umask(0)
    try:
        write_private(path, b"text")
    finally:
        os.umask(before)
    assert mode_of(path) == 0o600
    assert read_private(path) == (b"text", False)
    assert [item.name for item in path.parent.iterdir()] == ["secret"]


@posix
def test_a_lax_file_is_repaired_and_told(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_bytes(b"text")
    path.chmod(0o644)
    assert read_private(path) == (b"text", True)
    assert mode_of(path) == 0o600


@posix
def test_a_link_is_not_followed_for_reading(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"text")
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(OSError, match="link"):
        read_private(tmp_path / "link")


@posix
def test_writing_replaces_a_link_and_leaves_its_target_alone(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir(mode=0o700)
    (tmp_path / "target").write_bytes(b"theirs")
    (own / "link").symlink_to(tmp_path / "target")
    write_private(own / "link", b"ours")
    assert not (own / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"theirs"


@posix
def test_a_pipe_in_the_place_of_the_file_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(OSError, match="pipe"):
        read_private(tmp_path / "pipe")


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    write_private(path, b"x" * (LIMIT + 1))
    with pytest.raises(OSError, match="huge"):
        read_private(path)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "own" / "file"
    write_private(path, b"old")

    def full(source: object, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert [item.name for item in path.parent.iterdir()] == ["file"]


@pytest.mark.parametrize("has_links", [True, False])
def test_a_new_file_never_takes_the_place_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    def cannot(source: object, target: object, **options: object) -> None:
        raise OSError(1, "Operation not permitted")

    if not has_links:
        monkeypatch.setattr(os, "link", cannot)
    path = tmp_path / "春节.md"
    assert write_new(path, [b"a", b"b"]) == path
    assert write_new(path, [b"c"]) == tmp_path / "春节 (2).md"
    assert write_new(path, [b"d"]) == tmp_path / "春节 (3).md"
    assert write_new(path, [b"e"], replace=True) == path
    assert [file.read_bytes() for file in sorted(tmp_path.iterdir())] == [b"c", b"d", b"e"]


def test_a_new_file_that_cannot_be_finished_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ValueError("no more")

    with pytest.raises(ValueError, match="no more"):
        write_new(tmp_path / "x", broken())

    def cannot(source: object, target: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", cannot)
    monkeypatch.setattr(os, "replace", cannot)
    for replace in (True, False):
        with pytest.raises(OSError, match="No space"):
            write_new(tmp_path / "x", [b"x"], replace=replace)
    assert list(tmp_path.iterdir()) == []


@posix
def test_a_new_file_is_private_in_a_folder_that_stays_as_it_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert mode_of(write_new(tmp_path / "x", [b"x"])) == 0o600
    assert mode_of(tmp_path) == 0o755
    write_new(tmp_path / "a" / "b" / "x", [b"x"])
    assert mode_of(tmp_path / "a" / "b") == 0o700


@posix
def test_a_link_is_a_name_that_is_taken(tmp_path: Path) -> None:
    (tmp_path / "x").symlink_to("elsewhere")
    assert write_new(tmp_path / "x", [b"x"]) == tmp_path / "x (2)"
    assert not (tmp_path / "elsewhere").exists()


def test_the_lock_admits_one_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "own" / "file"
    inside = threading.Event()
    leave = threading.Event()

    def hold() -> None:
        with locked(path):
            inside.set()
            leave.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    assert inside.wait(10)
    with pytest.raises(TimeoutError), locked(path, patience=0):
        pass
    leave.set()
    with locked(path, patience=10):
        holder.join(10)
    assert not holder.is_alive()
