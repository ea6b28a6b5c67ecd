"""A stage for single widgets: a small app with our themes and all our styles."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from textual.message import Message
from textual.pilot import Pilot
from textual.widget import Widget

from tests.support.host_app import Stage, WidgetHost


@pytest.fixture
def stage() -> Stage:
    """`async with stage(widget, size=(80, 24), heard=Widget.Told) as (app, pilot):`"""

    @asynccontextmanager
    async def staged(
        *widgets: Widget,
        size: tuple[int, int] = (80, 24),
        heard: type[Message] | tuple[type[Message], ...] = (),
    ) -> AsyncIterator[tuple[WidgetHost, Pilot[None]]]:
        app = WidgetHost(widgets, heard)
        async with app.run_test(size=size, tooltips=True, notifications=True) as pilot:
            await pilot.pause()
            yield app, pilot

    return staged
