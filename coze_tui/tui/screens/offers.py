"""The only way in which the program opens a panel by itself: never while the user types."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple, TypeVar

from textual import events
from textual.widgets import Input, TextArea

from coze_tui.terminal.keys import TypedInput
from coze_tui.text.i18n import _
from coze_tui.tui.key_names import key_for
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.widgets.note_line import NoteLine

QUIET_SECONDS = 1.0
"""Seconds without a key after which a panel may open; for the same time it then gives way to keys."""
_LOOK_SECONDS = 0.2
"""Seconds between two checks whether a panel may open."""
_OF_THE_PANEL = frozenset(
    {
        "escape",
        "ctrl+c",
        "tab",
        "shift+tab",
        "up",
        "down",
        "left",
        "right",
        "home",
        "end",
        "pageup",
        "pagedown",
    }
)
"""Keys that a panel gets from the start, because they only move or close it."""
_T = TypeVar("_T")


class _Offer(NamedTuple):
    title: str
    make: Callable[[], CozeScreen[Any]]
    take: Callable[[Any], Coroutine[object, object, object]]


class Offers:
    """Panels that the program wants to open: each waits until the user stops typing; a line announces it.

    The user types if `is_typing` returns True, or if a key came within `quiet_seconds`. A panel opens only
    over the screen that offers it. A key that comes right after it has opened was meant for that screen:
    the panel closes, the screen gets the key, and the panel waits again. A panel that the user opens by its
    key gets every key from the start.

    Args:
        screen: The screen that offers the panels.
        line: Shows the title of a waiting panel.
        is_typing: Returns whether a text is being typed.
    """

    def __init__(self, screen: CozeScreen[None], line: NoteLine, is_typing: Callable[[], bool]) -> None:
        self.quiet_seconds = QUIET_SECONDS
        self._screen = screen
        self._line = line
        self._is_typing = is_typing
        self._waiting: dict[str, _Offer] = {}
        self._is_at_work = False
        self._asked = asyncio.Event()
        """The user has pressed the key that opens the panel."""
        self._last_key_at = float("-inf")
        self._unasked: CozeScreen[Any] | None = None
        """The panel that has opened by itself, as long as it is open."""
        self._opened_at = float("inf")
        self._gave_way = False
        screen.context.app.before_input = self._input_comes

    @property
    def waits(self) -> bool:
        """Return whether a panel waits for the user to stop typing."""
        return bool(self._waiting)

    def add(
        self,
        kind: str,
        title: str,
        make: Callable[[], CozeScreen[_T]],
        take: Callable[[_T | None], Coroutine[object, object, object]],
    ) -> None:
        """Open a panel when the user stops typing. It replaces a waiting one of the same kind.

        Args:
            title: The subject of the panel, translated.
            make: Creates the panel; called again after it has given way.
            take: Called in a worker with its result, which is None if the user has closed it.
        """
        self._waiting[kind] = _Offer(title, make, take)
        if self._screen.app.screen is not self._screen:
            self._screen.notify(
                _("{title}. Return to the chat to open it.").format(title=title), markup=False
            )
        if not self._is_at_work:
            self._is_at_work = True
            self._screen.run_in_worker("offers", self._run)

    def withdraw(self, *kinds: str) -> None:
        """Remove waiting panels of these kinds."""
        for kind in kinds:
            self._waiting.pop(kind, None)
        self._show_line()

    def open_now(self) -> bool:
        """Open the waiting panel, because the user has asked for it; return False if none waits."""
        if self._waiting:
            self._asked.set()
        return bool(self._waiting)

    async def _run(self) -> None:
        try:
            while self._waiting:
                if self._asked.is_set() or self._may_open:
                    await self._open(next(iter(self._waiting)))
                else:
                    self._show_line()
                    await self._pause()
        finally:
            self._is_at_work = False
            self._asked.clear()
            self._show_line()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_LOOK_SECONDS):
                await self._asked.wait()
        except TimeoutError:
            pass

    @property
    def _may_open(self) -> bool:
        is_quiet = time.monotonic() - self._last_key_at >= self.quiet_seconds
        return is_quiet and self._screen.app.screen is self._screen and not self._is_typing()

    async def _open(self, kind: str) -> None:
        offer, app = self._waiting.pop(kind), self._screen.app
        panel = offer.make()
        self._unasked = None if self._asked.is_set() else panel
        self._opened_at, self._gave_way = float("inf"), False
        self._asked.clear()
        closed: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        mounted = app.push_screen(panel, closed.set_result)
        self._show_line()
        await mounted
        self._opened_at = time.monotonic()
        result = await closed
        self._unasked = None
        if self._gave_way:
            self._waiting = {kind: offer, **self._waiting}
        else:
            self._screen.run_in_worker("offer taken", offer.take, result)

    def _input_comes(self, event: TypedInput) -> None:
        """Let a panel that has just opened by itself give way to what the user types."""
        now = time.monotonic()
        self._last_key_at = now
        panel = self._unasked
        if (
            panel is not None
            and panel is self._screen.app.screen
            and now - self._opened_at < self.quiet_seconds
            and not _is_for(panel, event)
        ):
            self._unasked, self._gave_way = None, True
            panel.dismiss()

    def _show_line(self) -> None:
        offer = next(iter(self._waiting.values()), None)
        if offer is None:
            changed = self._line.hide()
        else:
            hint = _("{key} opens it").format(key=key_for("chat.offer", self._screen, self._screen))
            changed = self._line.show("▲", offer.title, hint)
        if changed:
            self._screen.refresh_bindings()


def _is_for(panel: CozeScreen[Any], event: TypedInput) -> bool:
    """Return whether an input is meant for the panel and not for the screen below, or is harmless."""
    if isinstance(event, events.Paste):
        return isinstance(panel.focused, Input | TextArea)
    if not isinstance(event, events.Key):
        return False
    active = panel.active_bindings.get(event.key)
    return event.key in _OF_THE_PANEL or (active is not None and active.node is panel.app)
