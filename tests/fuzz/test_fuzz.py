"""A little of the fuzz run with every run of the tests, and all that it has ever found."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.fuzz.targets import CASES, TARGETS

KEPT = sorted(path for path in CASES.glob("*/*") if path.is_file())
QUICK = {"reader": 30, "events": 40, "markdown": 15, "keys": 40, "display": 12}
"""Cases of the targets that need no whole program."""


@pytest.mark.parametrize("name", QUICK)
async def test_broken_input_is_survived(name: str) -> None:
    target, dice = TARGETS[name], random.Random(f"20250129 {name}")
    seeds = target.seeds()
    for _ in range(QUICK[name]):
        await target.check(target.make(seeds, dice))


@pytest.mark.parametrize("case", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
async def test_what_was_found_stays_mended(case: Path) -> None:
    await TARGETS[case.parent.name].check(case.read_bytes())
