from __future__ import annotations

import base64
import os
import stat
from pathlib import Path

import pytest

from coze_tui.terminal.clipboard import OSC_LIMIT, Way, copy

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX programs and modes")


def program(folder: Path, script: str) -> str:
    path = folder / "tmux"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o700)
    return str(path)


async def test_outside_tmux_the_terminal_is_asked_and_a_private_file_kept(tmp_path: Path) -> None:
    sent: list[str] = []
    copied = await copy("答案 42", write=sent.append, folder=tmp_path / "data", env={})
    assert copied.ways == (Way.TERMINAL, Way.FILE)
    (sequence,) = sent
    assert sequence.startswith("\x1b]52;c;")
    assert base64.b64decode(sequence[7:-2]).decode() == "答案 42"
    assert copied.path is not None
    assert copied.path.read_text(encoding="utf-8") == "答案 42"
    assert stat.S_IMODE(copied.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(copied.path.parent.stat().st_mode) == 0o700
    assert not copied.too_long


async def test_inside_tmux_its_buffer_takes_the_text(tmp_path: Path) -> None:
    tmux = program(tmp_path, f'echo "$@" > {tmp_path}/args; cat > {tmp_path}/buffer')
    env = {"TMUX": "/tmp/x,1,0", "PATH": os.environ["PATH"]}
    sent: list[str] = []
    copied = await copy("line one\nline two", write=sent.append, folder=tmp_path / "d", env=env, tmux=tmux)
    assert copied.ways == (Way.TMUX,)
    assert (tmp_path / "args").read_text().split() == ["load-buffer", "-w", "-"]
    assert (tmp_path / "buffer").read_text() == "line one\nline two"
    assert not sent
    assert not (tmp_path / "d").exists()


async def test_a_tmux_that_refuses_leaves_the_other_ways(tmp_path: Path) -> None:
    tmux = program(tmp_path, "echo unknown flag -w >&2; exit 1")
    sent: list[str] = []
    copied = await copy("x", write=sent.append, folder=tmp_path, env={"TMUX": "x"}, tmux=tmux)
    assert copied.ways == (Way.TERMINAL, Way.FILE)


async def test_a_tmux_that_hangs_is_given_up(tmp_path: Path) -> None:
    tmux = program(tmp_path, "exec sleep 60")
    env = {"TMUX": "x", "PATH": os.environ["PATH"]}
    copied = await copy("x", write=None, folder=tmp_path, env=env, tmux=tmux, tmux_limit=0.05)
    assert copied.ways == (Way.FILE,)


async def test_a_tmux_that_is_not_there_is_said(tmp_path: Path) -> None:
    copied = await copy("x", write=None, folder=tmp_path, env={"TMUX": "x"}, tmux=str(tmp_path / "none"))
    assert copied.ways == (Way.FILE,)


async def test_a_long_text_goes_to_the_file_only(tmp_path: Path) -> None:
    sent: list[str] = []
    text = "x" * OSC_LIMIT
    copied = await copy(text, write=sent.append, folder=tmp_path, env={})
    assert copied.ways == (Way.FILE,)
    assert copied.too_long
    assert not sent
    assert copied.characters == OSC_LIMIT


async def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    copied = await copy("x", write=None, folder=blocked, env={})
    assert copied.ways == ()
    assert copied.file_failed


async def test_a_failed_file_leaves_no_rest(tmp_path: Path) -> None:
    (tmp_path / "copied.txt").mkdir()
    (tmp_path / "copied.txt" / "x").write_text("")
    copied = await copy("x", write=None, folder=tmp_path, env={})
    assert copied.path is None
    assert [path.name for path in tmp_path.iterdir()] == ["copied.txt"]
