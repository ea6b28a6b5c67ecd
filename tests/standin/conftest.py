"""Stand-ins for the tests: started with any bots, stopped at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import pytest

from coze_tui.standin.scenarios import Bot, Scenario
from coze_tui.standin.server import StandIn
from tests.support.standin_calls import BOT, Caller, Run


@pytest.fixture
def run() -> Iterator[Run]:
    """Start a stand-in whose one bot plays the given scenario; without pauses."""
    with ExitStack() as stack:

        def start(
            scenario: Scenario = (),
            *,
            profile: str = "official",
            clock: Callable[[], float] = lambda: 1760001000.0,
            bots: Sequence[Bot] | None = None,
            pace: float = 0,
        ) -> Caller:
            every = [Bot(BOT, "bot", scenario)] if bots is None else bots
            stand_in = StandIn(dialect=profile, pace=pace, clock=clock, bots=every)
            return Caller(stack.enter_context(stand_in))

        yield start


@pytest.fixture
def tour() -> Iterator[Caller]:
    """The demo's bots, without pauses."""
    with StandIn(pace=0) as stand_in:
        yield Caller(stand_in)
