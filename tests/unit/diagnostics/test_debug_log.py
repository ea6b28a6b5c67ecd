"""The debug log: private, short, and no danger to the program."""

from __future__ import annotations

import contextlib
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_tui.diagnostics.debug_log import keep_debug_log

LOG = logging.getLogger("coze_tui")


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "coze-tui.log"
    for handler in LOG.handlers[:]:
        LOG.removeHandler(handler)
        with contextlib.suppress(OSError):  # as logging does at the end
            handler.close()
    LOG.setLevel(logging.NOTSET)
    LOG.propagate = True


def test_a_record_is_one_line_without_controls_and_secrets(file: Path) -> None:
    keep_debug_log(file, {"COZE_API_TOKEN": "a-token-of-mine"})
    logging.getLogger("coze_tui.api.client").debug("%s", "a-token-of-mine\n\x1b[2J Bearer x pat_0123456789")
    [line] = file.read_text("utf-8").splitlines()
    assert line.endswith("coze_tui.api.client *** [2J *** pat_***")


def test_it_is_for_its_owner_only_and_a_laxer_one_is_repaired(file: Path) -> None:
    file.write_text("before\n", "utf-8")
    file.chmod(0o644)
    keep_debug_log(file, {})
    LOG.debug("after")
    assert file.read_text("utf-8").startswith("before\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_it_stays_small(file: Path) -> None:
    keep_debug_log(file, {})
    for _ in range(30):
        LOG.debug("%s", "x" * 100_000)
    sizes = {each.name: each.stat().st_size for each in file.parent.iterdir()}
    assert set(sizes) == {"coze-tui.log", "coze-tui.log.1"}
    assert max(sizes.values()) <= 1_000_000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is full")
def test_a_full_disk_ends_the_log_and_nothing_else(file: Path, capfd: pytest.CaptureFixture[str]) -> None:
    keep_debug_log(file, {})
    handler = LOG.handlers[0]
    assert isinstance(handler, logging.FileHandler)
    full = os.open("/dev/full", os.O_WRONLY)
    assert handler.stream is not None
    os.dup2(full, handler.stream.fileno())
    LOG.debug("lost")
    os.close(full)
    assert capfd.readouterr() == ("", "")


def test_one_that_cannot_be_begun_says_so(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="directory"):
        keep_debug_log(tmp_path, {})
    assert not LOG.handlers
