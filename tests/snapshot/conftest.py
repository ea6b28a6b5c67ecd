"""Snapshots: pictures of the whole app in fixed sizes, languages and themes, with fixed times and ids.

After a change that is meant: `pytest tests/snapshot --snapshot-update`, look at every changed SVG, and say in
the commit why it changed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot

from coze_tui.standin.server import StandIn
from coze_tui.text.i18n import use_language
from tests.support.snapshot_stage import BOTS, Looks, Stage, app_of, zone_in_which_it_is_noon

UPDATED_ON = (3, 11)
"""The Python whose pictures are kept."""


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to take new pictures where they might come out otherwise."""
    if config.getoption("update_snapshots", False) and sys.version_info[:2] != UPDATED_ON:
        raise pytest.UsageError("snapshots are updated on Python {}.{} only".format(*UPDATED_ON))


@pytest.fixture(scope="session")
def stand_in() -> Iterator[StandIn]:
    """A server that knows the bots; nothing is asked of it that would change it."""
    with StandIn(bots=BOTS, pace=0, clock=lambda: 1738116129.0) as server:
        yield server


@pytest.fixture
def looks_the_same(
    snap_compare: Callable[..., bool], stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Looks]:
    """Compares with the picture that is kept for the test."""
    if not hasattr(time, "tzset"):
        pytest.skip("the time of day cannot be fixed here")
    for name, value in zone_in_which_it_is_noon().items():
        monkeypatch.setenv(name, value)
    time.tzset()

    def compare(
        before: Callable[[Stage], Awaitable[None]],
        size: tuple[int, int] = (120, 40),
        *,
        bot: str = "Ferry desk",
        language: str = "en",
        theme: str = "coze-dark",
        has_token: bool = True,
    ) -> bool:
        app = app_of(
            stand_in, tmp_path / "home", bot=bot, language=language, theme=theme, has_token=has_token
        )

        async def run_before(pilot: Pilot[None]) -> None:
            stage = Stage(pilot)
            await before(stage)
            await stage.settled()

        return snap_compare(app, terminal_size=size, run_before=run_before)

    yield compare
    use_language("en")
    monkeypatch.undo()
    time.tzset()
