"""The store's files are private, and a damaged one is set aside whole."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from coze_tui.errors import StoreError
from coze_tui.store import files
from coze_tui.store.files import (
    beside,
    file_system_of,
    is_on_network,
    only_one,
    prepare,
    set_aside,
)

MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:25 / /home rw,relatime shared:2 - nfs4 server:/home rw
31 30 0:26 / /home/anna/local rw shared:3 - xfs /dev/vdb rw
32 22 0:27 / /mnt/my\040disk rw - fuse.sshfs host: rw
broken line
"""


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_file_are_private_from_the_first_moment(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        assert prepare(tmp_path / "deep" / "data" / "store.db") == []
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "deep" / "data") == 0o700
    assert mode_of(tmp_path / "deep" / "data" / "store.db") == 0o600


def test_what_others_may_read_is_taken_from_them_and_told(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    path = folder / "store.db"
    for name in (path, beside(path, "-wal")):
        name.write_bytes(b"")
        name.chmod(0o644)
    troubles = prepare(path)
    assert {(trouble.kind, trouble.path, trouble.detail) for trouble in troubles} == {
        ("permissions", str(folder), "0755"),
        ("permissions", str(path), "0644"),
        ("permissions", str(path) + "-wal", "0644"),
    }
    assert [mode_of(each) for each in (folder, path, beside(path, "-wal"))] == [0o700, 0o600, 0o600]
    assert prepare(path) == []


def test_a_common_folder_is_left_as_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "common"
    folder.mkdir()
    folder.chmod(0o1777)
    assert prepare(folder / "store.db") == []
    assert mode_of(folder) == 0o1777


def test_no_link_is_followed_when_the_file_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "store.db").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        prepare(folder / "store.db")
    assert not (tmp_path / "elsewhere").exists()


def test_a_log_without_its_store_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "data" / "store.db"
    prepare(path)
    path.unlink()
    beside(path, "-wal").write_bytes(b"log")
    (trouble,) = prepare(path)
    assert trouble.kind == "damaged"
    assert Path(trouble.path + "-wal").read_bytes() == b"log"
    assert not beside(path, "-wal").exists()
    assert path.read_bytes() == b""


def test_a_folder_that_cannot_be_made_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        prepare(tmp_path / "file" / "data" / "store.db")
    assert caught.value.kind == "unreadable"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/etc/x", "ext4"),
        ("/home/anna/x", "nfs4"),
        ("/home/anna/local/x", "xfs"),
        ("/home/anna/localx", "nfs4"),
        ("/mnt/my disk/x", "fuse.sshfs"),
        ("/homely", "ext4"),
    ],
)
def test_the_nearest_mount_says_which_file_system_it_is(path: str, kind: str) -> None:
    assert file_system_of(path, MOUNTS) == kind


def test_a_temporary_folder_is_on_no_network(tmp_path: Path) -> None:
    assert not is_on_network(tmp_path / "store.db")


def test_where_the_mounts_are_not_told_nothing_is_on_a_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_there(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", none_there)
    assert not is_on_network(tmp_path / "store.db")


def test_where_nothing_can_be_locked_the_file_is_made_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "fcntl", None)
    assert prepare(tmp_path / "data" / "store.db") == []
    assert (tmp_path / "data" / "store.db").exists()


def test_two_programs_make_one_file(tmp_path: Path) -> None:
    path = tmp_path / "data" / "store.db"
    path.parent.mkdir(mode=0o700)
    with only_one(path):
        second = threading.Thread(target=prepare, args=(path,))
        second.start()
        second.join(0.05)
        path.write_bytes(b"made by the first")
    second.join()
    assert path.read_bytes() == b"made by the first"


def test_a_file_is_set_aside_with_all_that_belongs_to_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    asides = []
    for round_ in (b"1", b"2", b"3"):
        path.write_bytes(round_)
        beside(path, "-wal").write_bytes(round_ * 2)
        asides.append(set_aside(path))
        assert not path.exists()
        assert not beside(path, "-wal").exists()
    assert [aside.read_bytes() for aside in asides] == [b"1", b"2", b"3"]
    assert [beside(aside, "-wal").read_bytes() for aside in asides] == [b"11", b"22", b"33"]


def test_one_program_waits_for_another(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from coze_tui.store.files import only_one\n"
            "with only_one(Path(sys.argv[1])):\n"
            "    print('held', flush=True); sys.stdin.readline(); print('letting go', flush=True)",
            str(path),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    entered = threading.Event()

    def enter() -> None:
        with only_one(path):
            entered.set()

    thread = threading.Thread(target=enter)
    thread.start()
    assert not entered.wait(0.1)
    with child:
        child.communicate("go\n")
    assert entered.wait(10)
    thread.join()
