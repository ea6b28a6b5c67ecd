"""Real servers on loopback: the stand-in, and raw ones that send any bytes and break in any way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import pytest

from coze_tui.standin.server import StandIn
from tests.support.loopback import Loopback


@pytest.fixture
async def loopback() -> AsyncIterator[Loopback]:
    async with AsyncExitStack() as stack:
        yield Loopback(stack)


@pytest.fixture
def official() -> Iterator[StandIn]:
    with StandIn(pace=0) as stand_in:
        yield stand_in


@pytest.fixture
def studio() -> Iterator[StandIn]:
    with StandIn(dialect="studio", pace=0) as stand_in:
        yield stand_in
