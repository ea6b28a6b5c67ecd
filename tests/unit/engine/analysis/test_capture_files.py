"""Captures on disk, the good and the bad."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.captures import Capture, Problem, capture_text, read_capture
from coze_tui.api.objects import Frame, Limits
from coze_tui.engine.analysis.capture_files import capture_name, problem_text, read_capture_file, save_capture
from coze_tui.engine.model.records import ChatRecord
from coze_tui.errors import FileError

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30)
FRAMES = st.lists(st.builds(Frame, ANY_TEXT, ANY_TEXT, st.integers(0, 2**50), ANY_TEXT), max_size=8)


@given(FRAMES)
def test_what_is_saved_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, frames: list[Frame]
) -> None:
    path = tmp_path_factory.mktemp("captures") / "a.sse"
    save_capture(path, Capture(tuple(frames), {"question": "海水？"}))
    found = read_capture_file(path)
    assert found.frames == tuple(frames)
    assert found.facts == {"question": "海水？"}


@given(st.text(max_size=200), st.sampled_from(["\n", "\r\n", "\r"]))
def test_a_file_reads_like_its_text(
    tmp_path_factory: pytest.TempPathFactory, text: str, line_end: str
) -> None:
    path = tmp_path_factory.mktemp("captures") / "a.sse"
    written = text.replace("\n", line_end)
    path.write_bytes(written.encode("utf-8", "replace"))
    assert read_capture_file(path).frames == read_capture(written).frames


def test_a_saved_capture_is_for_its_owner_only_and_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.sse"
    save_capture(path, Capture(()))
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with pytest.raises(FileError) as refused:
        save_capture(path, Capture((Frame("done", ""),)))
    assert refused.value.reason == "unwritable"
    path.chmod(0o644)
    save_capture(path, Capture((Frame("done", ""),)), may_replace=True)
    if sys.platform != "win32":
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert len(read_capture_file(path).frames) == 1


def test_a_file_that_cannot_be_had_is_an_error_with_its_path(tmp_path: Path) -> None:
    for path in (tmp_path / "none.sse", tmp_path):
        with pytest.raises(FileError) as refused:
            read_capture_file(path)
        assert refused.value.path == str(path)
    with pytest.raises(FileError):
        save_capture(tmp_path / "no" / "folder.sse", Capture(()))


def test_of_a_huge_line_no_more_is_read_than_it_takes_to_see_that(tmp_path: Path) -> None:
    path = tmp_path / "a.sse"
    with open(path, "wb") as file:
        file.write(capture_text(Capture((Frame("done", ""),))).encode() + b"\ndata:")
        file.truncate(1 << 33)  # a hole of 8 GB
    found = read_capture_file(path)
    assert len(found.frames) == 1
    assert [problem.reason for problem in found.problems] == ["line too long"]


def test_a_huge_file_is_read_as_far_as_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.sse"
    path.write_text(capture_text(Capture((Frame("x", "y" * 100),) * 100)), encoding="utf-8")
    found = read_capture_file(path, Limits(reply=2_000))
    assert 10 < len(found.frames) < 100
    assert found.problems[-1].reason == "too large"


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\x00\xff", b"{}", b"<html>", b"\xef\xbb\xbf\n"])
def test_a_foreign_file_is_told_where_it_is_foreign(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.sse"
    path.write_bytes(content)
    found = read_capture_file(path)
    assert found.frames == ()
    assert found.problems
    assert all(problem_text(problem).startswith("line ") for problem in found.problems)


def test_every_reason_has_words_of_its_own() -> None:
    from typing import get_args

    from coze_tui.api.captures import ProblemReason

    words = {problem_text(Problem(7, reason)) for reason in get_args(ProblemReason)}
    assert len(words) == len(get_args(ProblemReason))


def test_a_file_is_called_by_day_question_and_chat() -> None:
    facts = ChatRecord(question="春节？", sent_at=1_738_000_000_000, chat_id="7511000000000097402")
    assert capture_name(facts).endswith(" 春节？ 097402.sse")
    assert capture_name(ChatRecord()).endswith("chat.sse")
