"""What one more delta costs when the answer is long already, in ours and in Textual's own Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import documents
from tests.benchmarks.documents import BEGIN, DELTAS, END, PIECE
from tests.benchmarks.figures import Figure
from tests.benchmarks.programs import Server, a_home, ask, chatting, neighbor, serving
from tests.benchmarks.sessions import Session

SHORT, LONG = 1_000, 100_000
_PATIENCE = 240.0


@dataclass(frozen=True, slots=True)
class Growth:
    """The cost of a delta at one length of the answer."""

    length: int
    """Characters that the answer already has."""
    cpu: float
    """Milliseconds a delta."""
    bytes: float
    """To the terminal, for each character."""


Way = Mapping[str, Sequence[Growth]]
"""Name of a way to show an answer → its costs, by length."""


def long_answers(folder: Path, runs: int) -> Iterator[Figure]:
    """The cost at 100,000 characters over that at 1,000, for each shape."""
    files = [
        documents.written(folder, shape, length) for shape in documents.SHAPES for length in (SHORT, LONG)
    ]
    with serving(files) as server:
        for shape in documents.SHAPES:
            costs = {length: [_ours(server, shape, length) for _ in range(runs)] for length in (SHORT, LONG)}
            short, long = (statistics.median(one.cpu for one in costs[length]) for length in (SHORT, LONG))
            yield Figure(
                f"CPU per delta with {LONG:,} characters: {shape}",
                long,
                "ms",
                beside=f"with {SHORT:,}",
                other=short,
                goal_ratio=1.2,
            )


def by_length(folder: Path, lengths: Sequence[int]) -> Way:
    """Prose, in ours, in `MarkdownStream`, and in `Markdown.update` as far as it can."""
    waits = {length: 3 + length / 4000 for length in lengths}
    files = [documents.written(folder, "prose", length, wait=waits[length]) for length in lengths]
    with serving(files) as server:
        return {
            "coze-tui": [_ours(server, "prose", length) for length in lengths],
            "MarkdownStream": [_theirs(server, "stream", length) for length in lengths],
            "Markdown.update": [_theirs(server, "update", length) for length in lengths if length <= 10_000],
        }


def _ours(server: Server, shape: str, length: int) -> Growth:
    with chatting(server, f"{shape}-{length}", ready="ype a message") as session:
        ask(session, "go")
        return _between_marks(session, length)


def _theirs(server: Server, name: str, length: int) -> Growth:
    with a_home() as home:
        environment = server.with_bot(f"prose-{length}", home)
        running: AbstractContextManager[Session] = neighbor(name, "go", environment=environment)
        with running as session:
            return _between_marks(session, length)


def _between_marks(session: Session, length: int) -> Growth:
    session.wait_for(BEGIN, timeout=_PATIENCE)
    cpu, size = session.cpu, session.size
    session.wait_for(END, timeout=_PATIENCE)
    return Growth(
        length,
        (session.cpu - cpu) / DELTAS * 1000,
        (session.size - size) / DELTAS / PIECE,
    )
