"""Waiting for a state of an app in the test's own event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

LIMIT_S = 45
"""A state that a busy machine does not reach in this time never comes."""


async def until(
    pilot: Pilot[Any], is_so: Callable[[], object], what: str = "", *, seen: Callable[[], str]
) -> None:
    """Let the app run until `is_so` returns something true.

    Args:
        what: The state in words, for the failure.
        seen: Called for the failure: what is on the screen.

    Raises:
        AssertionError: It did not come within `LIMIT_S` seconds.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + LIMIT_S
    while not is_so():
        if loop.time() > end:
            raise AssertionError(f"never: {what or is_so}\n{seen()}")
        await pilot.pause(0.01)


async def resize(pilot: Pilot[Any], width: int, height: int) -> None:
    """Give the terminal another size; return when the screen has it and has been laid out.

    `Pilot.resize_terminal` alone may return before: Textual waits 8 ms for more sizes.
    """
    await pilot.resize_terminal(width, height)
    app = pilot.app
    await until(
        pilot, lambda: app.screen.size == (width, height), "the screen has its size", seen=lambda: repr(app)
    )
    await pilot.pause()
