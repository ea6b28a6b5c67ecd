"""Keys take effect in the order they were typed, however many arrive at once.

Textual hands a key to the focused widget, and looks for what is bound to it only when it has bubbled up
again. Of several keys in one packet (a slow line, typing ahead) the letters would come before the cursor
keys, new lines and focus changes between them. So a key waits until those before it have been all the way.
"""

from __future__ import annotations

import asyncio
from collections import deque

from textual import events
from textual.app import App, ReturnType
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widgets import TextArea

_PATIENCE = 0.5
"""Seconds after which the next key goes on although the one before is not known to have passed."""


class KeyPassed(Message):
    """Follows a key on its way from the focused widget up to the app: when it arrives, the key has."""


class KeyOrderApp(App[ReturnType]):
    """An app that hands on one key after the other."""

    _held: deque[events.Key | events.Paste] | None = None
    """What waits; None while nothing is on its way."""
    _follower: KeyPassed | None = None
    _patience: asyncio.TimerHandle | None = None
    _typed_into: MessagePump | None = None
    """A text box that was given letters, which it takes at once: only other keys wait for them."""

    async def on_event(self, event: events.Event) -> None:
        """Pass on what is typed, or let it wait."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            if isinstance(event, events.Key) and self._screen_stack and not self.screen.is_mounted:
                self._keep_for_new_screen(event)
            else:
                await super().on_event(event)
        elif self._held is not None:
            self._held.append(event)
        else:
            await self._hand_on(event)

    def _keep_for_new_screen(self, event: events.Key) -> None:
        """While this key was on its way a screen was opened, whose keys would now be looked for."""
        again = event.copy()
        again.time = event.time
        if self._held is None:
            self._follow(self.screen)
        if self._held is not None:
            self._held.appendleft(again)

    async def _hand_on(self, event: events.Key | events.Paste) -> None:
        if not self._screen_stack:
            return  # the program is being left
        if not self.screen.is_mounted:  # it was opened by the key before, and has no parts yet
            self._follow(self.screen)
            if self._held is not None:
                self._held.append(event)
            return
        target = self.focused or self.screen
        if isinstance(event, events.Key) and event.is_printable and isinstance(target, TextArea):
            await super().on_event(event)
            self._typed_into = target
            return
        if self._typed_into is not None:
            self._follow(self._typed_into)
            self._typed_into = None
            if self._held is not None:
                self._held.append(event)
                return
        await super().on_event(event)
        if event.is_forwarded:
            self._follow(target)

    def _follow(self, target: MessagePump) -> None:
        follower = KeyPassed()
        if target.post_message(follower):
            self._held, self._follower = deque(), follower
            # A widget that is removed meanwhile, or that is stuck, keeps the follower.
            self._patience = asyncio.get_running_loop().call_later(_PATIENCE, self.post_message, follower)

    def on_key_passed(self, follower: KeyPassed) -> None:
        """The key has been all the way; a change of focus that it asked for stands before us in the queue."""
        self.call_later(self._go_on, follower)

    async def _go_on(self, follower: KeyPassed) -> None:
        """Pass on what waits."""
        if follower is not self._follower or self._held is None or self._patience is None:
            return
        self._patience.cancel()
        waiting, self._held, self._follower = self._held, None, None
        while waiting and self._held is None:
            await self._hand_on(waiting.popleft())
        if self._held is not None:
            self._held.extend(waiting)
