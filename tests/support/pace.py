"""The pace of the apps that run in the process of the tests: shorter frames, and shorter waits for them."""

from __future__ import annotations

from asyncio import sleep
from time import monotonic, process_time

import pytest
from textual import app, pilot, screen

FRAME_S = 1 / 250
"""Seconds between two frames of a screen; Textual's own are 1/60."""

IDLE_S = 0.006
"""Seconds without work after which `wait_for_idle` returns: more than a frame. Textual waits for 20 ms."""

ROUNDS = 5
"""Rounds of the event loop in which a timer reaches its widget."""

WORK_S = IDLE_S / 15
"""Processor seconds that count as work; the rounds alone are less."""


async def wait_for_idle(min_sleep: float = IDLE_S, max_sleep: float = 1) -> None:
    """Wait until this process, with all its threads, has hardly worked for `IDLE_S`.

    Replaces the function of this name with which Textual waits in `Pilot.pause` and twice for each key that
    is pressed. Also waits for timers that were due meanwhile, which Textual's function need not.

    Args:
        min_sleep: Seconds to wait at least.
        max_sleep: Seconds after which it returns, even if the process works.
    """
    start = monotonic()
    while True:
        used = process_time()
        await sleep(IDLE_S)
        for _round in range(ROUNDS):
            await sleep(0)
        waited = monotonic() - start
        if waited >= max_sleep or (waited > min_sleep and process_time() - used < WORK_S):
            return


def shorten_waits(patch: pytest.MonkeyPatch) -> None:
    """Let apps draw often, and let pilots notice soon that an app is idle.

    Raises:
        AttributeError: This Textual has other names for them.
    """
    patch.setattr(screen, "UPDATE_PERIOD", FRAME_S)
    patch.setattr(app, "wait_for_idle", wait_for_idle)
    patch.setattr(pilot, "wait_for_idle", wait_for_idle)
