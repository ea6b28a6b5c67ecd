"""The fuzz run goes on after a case that hangs or kills its process, and saves it."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import hanging_targets
from tests.fuzz.__main__ import feed
from tests.fuzz.hanging_targets import DYING, FAILING, GOOD, HANGING
from tests.fuzz.worker import Worker

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="ends processes by POSIX signals")
TARGET = hanging_targets.TARGETS["hanging"]


@pytest.fixture
def worker() -> Iterator[Worker]:
    with Worker(hanging_targets.__name__, "hanging", TARGET.longest_s) as worker:
        yield worker


def test_a_case_that_hangs_is_given_up_where_it_hangs(worker: Worker) -> None:
    for case in HANGING:
        assert worker.run(case).place.startswith("Hung at "), case
        assert worker.run(GOOD).place == "", case
    assert "hanging_targets.py" in worker.run(b"in C").place


def test_a_case_that_ends_its_process_does_not_end_the_run(worker: Worker) -> None:
    for case, status in zip(DYING, (-9, -11), strict=True):
        assert worker.run(case).place.startswith(f"Died with {status} at "), case
        assert worker.run(GOOD).place == "", case


def test_a_failure_has_its_place_and_its_stack(worker: Worker) -> None:
    outcome = worker.run(FAILING)
    assert outcome.place.startswith("ValueError at hanging_targets.py:")
    assert "ValueError: failed" in outcome.text


def test_every_failure_is_saved_and_the_run_goes_on(worker: Worker, tmp_path: Path) -> None:
    with pytest.raises(_AllChosen):
        feed(worker, TARGET, _InTurn([*HANGING, *DYING, FAILING, GOOD]), 600, tmp_path)
    saved = {file.read_bytes() for file in (tmp_path / "hanging").iterdir()}
    assert saved >= {*HANGING, *DYING}
    assert GOOD not in saved


class _AllChosen(Exception):
    """Nothing is left to choose."""


class _InTurn(random.Random):
    """Dice that choose one thing after the other."""

    def __init__(self, things: list[bytes]) -> None:
        super().__init__(0)
        self._things = things

    def choice(self, seq: object) -> bytes:  # type: ignore[override]
        if not self._things:
            raise _AllChosen
        return self._things.pop(0)
