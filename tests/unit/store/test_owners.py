"""Whether the program that runs a chat still lives."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from coze_tui.store.owners import LEASE_MS, is_dead, this_program


def test_this_program_lives_however_silent_it_is() -> None:
    assert this_program() == this_program()
    if sys.platform == "linux":
        assert not is_dead(this_program(), 0, LEASE_MS * 1_000)


def test_an_ended_process_is_dead_at_once() -> None:
    child = subprocess.run(
        [sys.executable, "-c", "from coze_tui.store.owners import this_program; print(this_program())"],
        capture_output=True,
        text=True,
        check=True,
    )
    owner = child.stdout.strip()
    assert owner != this_program()
    assert is_dead(owner, 5_000, 5_000)


def test_a_running_process_is_not_dead() -> None:
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from coze_tui.store.owners import this_program; print(this_program(), flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        owner = child.stdout.readline().strip()
        assert not is_dead(owner, 5_000, 5_000)
        child.kill()
        child.wait()
        assert is_dead(owner, 5_000, 5_000)


def test_a_killed_process_that_nobody_has_waited_for_is_dead() -> None:
    child = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "from coze_tui.store.owners import this_program; print(this_program(), flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdin is not None
    owner = child.stdout.readline().strip()
    child.kill()
    child.stdout.read()  # its end of the pipe is closed when it is gone
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # but not reaped
    assert is_dead(owner, 5_000, 5_000)
    child.wait()
    child.stdout.close()
    child.stdin.close()


def test_another_process_under_the_same_number_is_not_the_owner() -> None:
    place, pid, start = json.loads(this_program())
    if start:
        assert is_dead(json.dumps([place, pid, "1"]), 5_000, 5_000)


def test_elsewhere_silence_decides() -> None:
    _, pid, start = json.loads(this_program())
    owner = json.dumps(["another machine", pid, start])
    assert not is_dead(owner, 5_000, 5_000 + LEASE_MS)
    assert is_dead(owner, 5_000, 5_001 + LEASE_MS)


def test_where_the_system_does_not_tell_when_a_process_began_both_decide() -> None:
    place = json.loads(this_program())[0]
    living, gone = json.dumps([place, os.getpid(), ""]), json.dumps([place, 2**22 + 1, ""])
    assert not is_dead(living, 5_000, 5_000)
    assert is_dead(living, 5_000, 5_001 + LEASE_MS)
    assert is_dead(gone, 5_000, 5_000)


def test_the_process_of_somebody_else_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_ours(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", not_ours)
    owner = json.dumps([json.loads(this_program())[0], 1, ""])
    assert not is_dead(owner, 5_000, 5_000)


@pytest.mark.parametrize("owner", ["", "rubbish", "[1", "[]", "5"])
def test_what_nobody_owns_is_dead(owner: str) -> None:
    assert is_dead(owner, 5_000, 5_000)


def test_without_proc_the_name_of_the_host_is_the_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_there(*_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "readlink", none_there)
    monkeypatch.setattr(Path, "read_text", none_there)
    assert json.loads(this_program()) == [platform.node(), os.getpid(), ""]
    assert not is_dead(this_program(), 5_000, 5_000)
