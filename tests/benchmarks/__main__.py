"""`python -m tests.benchmarks`: measures the program on this machine and prints one table.

Times on a machine that does other things as well are worth little; what stands beside each figure (a floor, a
neighbor, the same at a tenth of the size) was measured in the same run.
"""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tests.benchmarks import growing, opening, plot, sizes, starting, streaming
from tests.benchmarks.figures import Figure, table
from tests.benchmarks.programs import Server, serving
from tests.support.samples import ROOT

STORES = Path(tempfile.gettempdir()) / "coze-tui-benchmark-stores"
PICTURE = ROOT / "screenshots" / "cost-by-length.svg"
LENGTHS = (1_000, 3_000, 10_000, 30_000, 100_000)


@dataclass(frozen=True, slots=True)
class LaunchTarget:
    """How much is to be measured."""

    is_quick: bool
    folder: Path
    """For captures."""
    stores: Path

    @property
    def runs(self) -> int:
        """Of which the middle is told."""
        return 1 if self.is_quick else 5

    @property
    def seconds(self) -> float:
        """Of a stream or of rest."""
        return 4 if self.is_quick else 15

    @property
    def keys(self) -> int:
        """Typed for the echo."""
        return 40 if self.is_quick else 150


Measure = Callable[[Server, LaunchTarget], Iterable[Figure]]


def _history(server: Server, wish: LaunchTarget) -> Iterable[Figure]:
    large = opening.home_with_years(wish.stores, 5_000, 100_000)
    small = opening.home_with_years(wish.stores, 500, 10_000)
    return opening.history(server, large, small, wish.runs)


def _conversation(server: Server, wish: LaunchTarget) -> Iterable[Figure]:
    home = opening.home_with_years(wish.stores, 5_000, 100_000)
    return opening.conversation(server, home, wish.runs)


def _size(wish: LaunchTarget) -> tuple[Path, Path, int]:
    """Return a home with a million messages, one with a tenth, and the number; less of both if quick."""
    messages = 100_000 if wish.is_quick else 1_000_000
    large, small = (
        opening.home_with_years(wish.stores, count // 20, count) for count in (messages, messages // 10)
    )
    return large, small, messages


def _stats(_server: Server, wish: LaunchTarget) -> Iterable[Figure]:
    home, _smaller, messages = _size(wish)
    return sizes.added_up(home, messages, wish.runs)


def _search(_server: Server, wish: LaunchTarget) -> Iterable[Figure]:
    yield from sizes.searched(opening.home_with_years(wish.stores, 5_000, 100_000), 100_000, wish.runs)
    home, _smaller, messages = _size(wish)
    if messages > 100_000:
        yield from sizes.searched(home, messages, 1)


def _export(_server: Server, wish: LaunchTarget) -> Iterable[Figure]:
    home, _smaller, messages = _size(wish)
    return sizes.exported(home, messages)


def _cold(server: Server, wish: LaunchTarget) -> Iterable[Figure]:
    home, smaller, _messages = _size(wish)
    return sizes.cold_start(server, home, smaller, wish.runs)


MEASURES: Mapping[str, Measure] = {
    "first-frame": lambda server, wish: starting.first_frame(server, wish.runs),
    "early-keys": lambda server, wish: starting.early_keys(server, wish.runs),
    "idle": lambda server, wish: streaming.idle(server, wish.seconds),
    "echo": lambda server, wish: streaming.echo(server, wish.keys),
    "latency": lambda server, wish: streaming.latency(server, wish.seconds),
    "rate": lambda server, wish: streaming.rate(server, 20_000 if wish.is_quick else 100_000, wish.runs),
    "cost": lambda server, wish: streaming.cost(server, wish.seconds, min(3, wish.runs)),
    "long": lambda server, wish: growing.long_answers(wish.folder, min(3, wish.runs)),
    "conversation": _conversation,
    "history": _history,
    "stats": _stats,
    "search": _search,
    "export": _export,
    "cold": _cold,
    "memory": lambda server, wish: streaming.memory(server),
    "slow-reader": lambda server, wish: streaming.slow_reader(server, 20),
    "ask": lambda server, wish: starting.asking(server, wish.runs),
    "words": lambda server, wish: starting.words_only(wish.runs),
}


def main() -> None:
    """Measure what is asked for."""
    names = [*MEASURES, "imports", "plot"]
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"all of: {', '.join(names)}")
    parser.add_argument("--quick", action="store_true", help="one run of each, and no picture")
    parser.add_argument(
        "--stores", type=Path, default=STORES, help=f"where filled histories are kept ({STORES})"
    )
    arguments = parser.parse_args()
    if unknown := sorted({*arguments.names} - {*names}):
        parser.error(f"there is no {', '.join(unknown)}")
    wanted = arguments.names or (names[:-1] if arguments.quick else names)
    signal.signal(signal.SIGTERM, _leave)
    with tempfile.TemporaryDirectory(prefix="coze-tui-benchmark-") as folder:
        _measure(wanted, LaunchTarget(arguments.quick, Path(folder), arguments.stores))


def _leave(number: int, _frame: object) -> NoReturn:
    """End as after an error, so that servers are ended and folders removed."""
    raise SystemExit(128 + number)


def _measure(wanted: Iterable[str], wish: LaunchTarget) -> None:
    figures: list[Figure] = []
    with serving() as server:
        for name in wanted:
            if name not in MEASURES:
                continue
            for figure in MEASURES[name](server, wish):
                figures.append(figure)
                print(f"{name}: {figure.what}: {figure.cells()[1]}", file=sys.stderr, flush=True)
        print(
            f"\n{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, "
            f"Python {platform.python_version()}, {wish.runs} runs, pty of 120×40\n"
        )
        print(table(figures))
        if "imports" in wanted:
            print(f"\n{starting.imported(server)}")
    if "plot" in wanted:
        PICTURE.write_text(plot.svg(growing.by_length(wish.folder, LENGTHS)), encoding="utf-8")
        print(f"\n{PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
