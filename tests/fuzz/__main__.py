"""`python -m tests.fuzz`: feeds broken input to the reader, the events, Markdown, the keys and the whole app.

What fails is made as small as it can be, written to a file, and told with the command that plays it again. A
file that is moved to `tests/fuzz/cases` is run by the tests from then on.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from types import FrameType

from tests.fuzz.mutations import smaller
from tests.fuzz.targets import CASES, TARGETS, Target

_SHRINKING_S = 20.0


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
        return asyncio.run(_replay(TARGETS[names[0]], arguments.replay.read_bytes()))
    seed = random.randrange(1 << 32) if arguments.seed is None else arguments.seed
    print(f"seed {seed}, {arguments.minutes:g} minutes", flush=True)
    has_failed = False
    for name in names:
        seconds = arguments.minutes * 60 / len(names)
        dice = random.Random(f"{seed} {name}")
        tally = asyncio.run(_feed(TARGETS[name], dice, seconds, arguments.output))
        print(
            f"{name}: {tally.cases} cases, the slowest took {tally.slowest_s * 1000:.0f} ms, "
            f"{len(tally.failures)} failures",
            flush=True,
        )
        has_failed |= bool(tally.failures)
    return int(has_failed)


async def _replay(target: Target, case: bytes) -> int:
    error = await _failure(target, case)
    if error is None:
        print("nothing fails")
        return 0
    traceback.print_exception(error)
    return 1


async def _feed(target: Target, dice: random.Random, seconds: float, output: Path) -> Tally:
    tally = Tally()
    seeds = [*target.seeds(), *(path.read_bytes() for path in sorted((CASES / target.name).glob("*")))]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        case = target.make(seeds, dice)
        started = time.perf_counter()
        error = await _failure(target, case)
        tally.cases += 1
        tally.slowest_s = max(tally.slowest_s, time.perf_counter() - started)
        if error is not None and (place := _place(error)) not in tally.failures:
            case = await _smallest(target, case, place)
            tally.failures[place] = _saved(target, case, error, output)
    return tally


async def _failure(target: Target, case: bytes) -> BaseException | None:
    try:
        with _time_limit(target.longest_s):
            await target.check(case)
    except Exception as error:  # noqa: BLE001 whatever it is, it is what is sought
        return error
    return None


async def _smallest(target: Target, case: bytes, place: str) -> bytes:
    """As little of the case as still fails in the same place."""
    end = time.monotonic() + _SHRINKING_S

    async def fails(shorter: bytes) -> bool:
        error = await _failure(target, shorter)
        return error is not None and _place(error) == place

    found = True
    while found and time.monotonic() < end:
        found = False
        for shorter in smaller(case):
            if time.monotonic() > end:
                break
            if await fails(shorter):
                case, found = shorter, True
                break
    return case


def _saved(target: Target, case: bytes, error: BaseException, output: Path) -> Path:
    folder = output / target.name
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / sha256(case).hexdigest()[:16]
    file.write_bytes(case)
    last = "".join(traceback.format_exception_only(error)).strip()[-2500:]
    print(f"\n{target.name}: {last}\n  {_place(error)}\n  {case[:200]!r}")
    print(f"  python -m tests.fuzz {target.name} --replay {file}", flush=True)
    return file


def _place(error: BaseException) -> str:
    """Kind of the error and where in the code it was raised: equal ones are one failure."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "coze_tui" in frame.filename or "tests" in frame.filename]
    last = (ours or frames)[-1:]
    return f"{type(error).__name__} at {', '.join(f'{Path(one.filename).name}:{one.lineno}' for one in last)}"


class Hung(Exception):
    """A case took too long."""


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    def ring(_number: int, _frame: FrameType | None) -> None:
        raise Hung(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main())
