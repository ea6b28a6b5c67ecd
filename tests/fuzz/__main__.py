"""`python -m tests.fuzz`: feeds broken input to the reader, the events, Markdown, the keys, the display and
the whole app.

What fails is made as small as it can be, written to a file, and reported with the command that runs it again.
A file that is moved to `tests/fuzz/cases` is run by the tests from then on. Cases run in a process of their
own: one that hangs or kills it is saved like any other failure, and the run continues.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from tests.fuzz.mutations import smaller
from tests.fuzz.targets import CASES, TARGETS, Target
from tests.fuzz.worker import Outcome, Worker

_SHRINKING_S = 20.0
_LONGEST_SHRUNK_S = 1.0


@dataclass
class Tally:
    """What was done with one target."""

    cases: int = 0
    slowest_s: float = 0.0
    failures: dict[str, Path] = field(default_factory=dict)
    """A file for each place in the code that failed."""


def main() -> int:
    """Feed what is asked for; 1 if something failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="TARGET", help=f"all of: {', '.join(TARGETS)}")
    parser.add_argument("--minutes", type=float, default=10.0, help="for all targets together (10)")
    parser.add_argument("--seed", type=int, help="the dice; without it another one each time")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run this one case of one TARGET")
    parser.add_argument(
        "--output", type=Path, default=Path(tempfile.gettempdir()) / "coze-tui-fuzz", help="where failures go"
    )
    arguments = parser.parse_args()
    if unknown := sorted({*arguments.names} - {*TARGETS}):
        parser.error(f"there is no {', '.join(unknown)}")
    names: Sequence[str] = arguments.names or list(TARGETS)
    if arguments.replay is not None:
        if len(names) != 1:
            parser.error("--replay goes with one TARGET")
        return _replay(names[0], arguments.replay.read_bytes())
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}, {arguments.minutes:g} minutes", flush=True)
    has_failed = False
    for name in names:
        seconds = arguments.minutes * 60 / len(names)
        dice = random.Random(f"{seed} {name}")
        with _worker(name) as worker:
            tally = feed(worker, TARGETS[name], dice, seconds, arguments.output)
        print(
            f"{name}: {tally.cases} cases, the slowest took {tally.slowest_s * 1000:.0f} ms, "
            f"{len(tally.failures)} failures",
            flush=True,
        )
        has_failed |= bool(tally.failures)
    return int(has_failed)


def _replay(name: str, case: bytes) -> int:
    with _worker(name) as worker:
        outcome = worker.run(case)
    if not outcome.place:
        print("nothing fails")
        return 0
    print(f"{outcome.text}\n{outcome.place}")
    return 1


def _worker(name: str) -> Worker:
    return Worker("tests.fuzz.targets", name, TARGETS[name].longest_s)


def feed(worker: Worker, target: Target, dice: random.Random, seconds: float, output: Path) -> Tally:
    """Run cases of a target until the time is over; save each failure once."""
    tally = Tally()
    seeds = [*target.seeds(), *(path.read_bytes() for path in sorted((CASES / target.name).glob("*")))]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        case = target.make(seeds, dice)
        outcome = worker.run(case)
        tally.cases += 1
        tally.slowest_s = max(tally.slowest_s, outcome.seconds)
        if outcome.place and outcome.place not in tally.failures:
            case = _smallest(worker, case, outcome)
            tally.failures[outcome.place] = _saved(target, case, outcome, output)
    return tally


def _smallest(worker: Worker, case: bytes, outcome: Outcome) -> bytes:
    """As little of the case as still fails in the same place; all of one that takes long to fail."""
    end = time.monotonic() + _SHRINKING_S
    found = outcome.seconds < _LONGEST_SHRUNK_S
    while found and time.monotonic() < end:
        found = False
        for shorter in smaller(case):
            if time.monotonic() > end:
                break
            if worker.run(shorter).place == outcome.place:
                case, found = shorter, True
                break
    return case


def _saved(target: Target, case: bytes, outcome: Outcome, output: Path) -> Path:
    folder = output / target.name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / sha256(case).hexdigest()[:16]
    file.write_bytes(case)
    print(f"\n{target.name}: {outcome.text}\n  {outcome.place}\n  {case[:200]!r}")
    print(f"  python -m tests.fuzz {target.name} --replay {file}", flush=True)
    return file


if __name__ == "__main__":
    sys.exit(main())
