"""Distinguishes typed from pasted Enters, recognizes double presses, and delivers keys in order.

Enter arrives as CR; Ctrl+J as LF everywhere; Alt+Enter as ESC CR; Shift+Enter only under kitty's protocol or
xterm's modifyOtherKeys. `KeyParser` gives each its own name. Widgets decide by `SEND` and `NEW_LINE`.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, NamedTuple, Protocol, runtime_checkable

from textual import events
from textual.app import App
from textual.keys import Keys
from textual.message import Message
from textual.message_pump import MessagePump
from textual.widget import Widget
from textual.widgets import TextArea

from coze_tui.terminal.scanner import PASTE_END, PASTE_START

SEND = frozenset({"enter"})
"""Keys that send; if the user has swapped the keys, they make a new line."""
NEW_LINE = frozenset({"ctrl+j", "alt+enter", "shift+enter", "ctrl+enter"})
"""Keys that make a new line; if the user has swapped the keys, all but ctrl+j send."""

PASTE_WINDOW = 0.05
"""Seconds around other input in which an Enter counts as pasted."""
_PATIENCE = 0.5
"""Seconds after which the next key is delivered although the one before may not have passed."""
_LINE_END = re.compile("[\r\n]")
_MOST_KEYS = 256
"""Characters read at once that count as keys for a widget without text; more count as a paste."""


class KeyRun(events.Event, bubble=False):
    """Characters and line ends that were read at once: typed ahead, or a paste without brackets.

    Args:
        text: At least one character; no control character but CR, LF and pasted tabs.
        keys_of: Returns the keys of a text, one after the other.
    """

    def __init__(self, text: str, keys_of: Callable[[str], Iterable[events.Key]]) -> None:
        super().__init__()
        self.text = text
        self._keys_of = keys_of

    def each_key(self) -> list[events.Key]:
        """Return a key event for each character, as if each had been read alone."""
        keys = list(self._keys_of(self.text))
        for key in keys:
            key.time = self.time
        return keys

    def distinct_keys(self) -> list[events.Key]:
        """Return a key event for each different character, without line ends and tabs."""
        return list(self._keys_of("".join(set(self.text) - {"\r", "\n", "\t"})))

    def part(self, start: int, end: int | None = None) -> KeyRun:
        """Return a part of the run, with the same time."""
        run = KeyRun(self.text[start:end], self._keys_of)
        run.time = self.time
        return run

    def joined(self, later: KeyRun) -> KeyRun:
        """Return this run followed by a later one."""
        run = KeyRun(self.text + later.text, self._keys_of)
        run.time = later.time
        return run


TypedInput = events.Key | events.Paste | KeyRun
"""Keyboard input of the user."""


@runtime_checkable
class TakesRuns(Protocol):
    """A widget that accepts many characters at once."""

    takes_line_ends: bool
    """Whether line ends inside a run are text; otherwise each is an Enter."""

    def on_key_run(self, run: KeyRun) -> None:
        """Insert the text of a run."""


class _Chunk(NamedTuple):
    at: float
    quick: bool
    """Whether it arrived right after the one before it."""
    alone: bool
    """Whether it contains one key and nothing else."""
    burst: bool
    """Whether it follows a piece that was quick itself or contained several keys."""
    line_ends: int
    """Enters and line feeds in this piece and the quick ones before it."""
    pasted: bool
    """Whether this piece, or a quick one before it, is marked as a paste or contains an escape."""
    ends_line: bool
    """Whether its last byte is an Enter."""


class EnterGuard:
    """Distinguishes a typed Enter from one inside a paste without brackets, by the input around it.

    The input thread records each piece of input; the prompt asks about an Enter. One quick neighbor is
    allowed, because fingers roll. A piece with more than the Enter is a paste.
    """

    def __init__(self, window: float = PASTE_WINDOW) -> None:
        self._window = window
        self._chunks: deque[_Chunk] = deque(maxlen=128)
        self._last = float("-inf")

    def note(self, data: str, at: float) -> None:
        """Record a piece of input as it was read, without reports of the terminal."""
        if not data:
            return
        quick = at - self._last < self._window
        before = self._chunks[-1] if self._chunks else None
        alone = _is_one_key(data)
        burst = quick and before is not None and (before.quick or not before.alone)
        line_ends, pasted = data.count("\r") + data.count("\n"), "\x1b" in data and not alone
        if quick and before is not None:
            line_ends, pasted = line_ends + before.line_ends, pasted or before.pasted
        self._chunks.append(_Chunk(at, quick, alone, burst, line_ends, pasted, data.endswith("\r")))
        self._last = at

    @property
    def is_in_burst(self) -> bool:
        """Return whether the latest piece follows another quickly that was no single key of a user."""
        return bool(self._chunks) and self._chunks[-1].burst

    def is_typed(self, key: events.Key) -> bool:
        """Return whether the user typed this key; True without records (Textual's own driver)."""
        chunk = self._chunk_of(key)
        return chunk is None or (chunk.alone and not chunk.burst)

    def may_end_a_line(self, key: events.Key) -> bool:
        """Return whether this Enter ends a single line that arrived at once (`tmux send-keys`).

        It counts as typed if no input follows within the window: see `is_quiet_since`.
        """
        chunk = self._chunk_of(key)
        return chunk is not None and chunk.ends_line and chunk.line_ends == 1 and not chunk.pasted

    def is_quiet_since(self, key: events.Key) -> bool:
        """Return whether no input has arrived after the piece with this key."""
        chunk = self._chunk_of(key)
        return chunk is None or chunk is self._chunks[-1]

    def _chunk_of(self, key: events.Key) -> _Chunk | None:
        return next((chunk for chunk in reversed(self._chunks) if chunk.at <= key.time), None)


def _is_one_key(data: str) -> bool:
    if len(data) == 1:
        return True
    if data in (PASTE_START, PASTE_END):
        return False
    # One escape sequence, or Alt with a key.
    return data.startswith("\x1b") and "\x1b" not in data[1:] and (len(data) == 2 or data[1] in "[O")


class KeyPassed(Message):
    """A message that follows a key from the focused widget to the app. When it arrives, the key was handled.

    The key's action may by then have posted messages to the widget, and these may move the focus. So a
    second message follows those.
    """

    def __init__(self, target: MessagePump, *, is_second: bool = False) -> None:
        super().__init__()
        self.target = target
        self.is_second = is_second


class KeyOrder:
    """Delivers the keys of an app one after the other.

    Textual sends a key to the focused widget, and looks up its bindings only when it has bubbled up
    again. If several keys arrive in one packet (a slow line, typing ahead), the letters would overtake the
    cursor keys, new lines and focus changes between them. So a key waits until the keys before it, and
    the messages that their actions posted, have been handled.

    Args:
        app: The app whose keys are ordered. It calls `passed` for each `KeyPassed`.
        deliver: Textual's own `on_event`.
        before: Called with each input before the focused widget gets it. It may close the screen on top.
    """

    def __init__(
        self,
        app: App[Any],
        deliver: Callable[[events.Event], Awaitable[None]],
        before: Callable[[TypedInput], None],
    ) -> None:
        self._app = app
        self._deliver = deliver
        self._before = before
        self._held: deque[TypedInput] | None = None
        """The waiting keys; None while no key is being handled."""
        self._follower: KeyPassed | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._typed_into: MessagePump | None = None
        """A text box that got letters. It handles letters at once, so only other keys wait for them."""

    async def on_event(self, event: events.Event) -> None:
        """Deliver an event; hold it if it is a key and another key is being handled."""
        app = self._app
        if not isinstance(event, TypedInput) or event.is_forwarded:
            if isinstance(event, events.Key) and app._screen_stack and not app.screen.is_mounted:
                self._hold_for_new_screen(event)
            else:
                await self._deliver(event)
        elif self._held is not None:
            self._held.append(event)
        else:
            await self._hand_on(event)

    def _hold_for_new_screen(self, event: events.Key) -> None:
        """Hold a key if the key before it has opened a screen, whose bindings would otherwise apply."""
        again = event.copy()
        # A copy has a new time, but `EnterGuard` finds the input of a key by its time.
        again.time = event.time
        if self._held is None:
            self._follow(self._app.screen)
        if self._held is not None:
            self._held.appendleft(again)

    async def _hand_on(self, event: TypedInput) -> None:
        rest: TypedInput | None = event
        while rest is not None and self._held is None:
            rest = await self._hand_on_first(rest)
        if rest is not None and self._held is not None:
            self._held.append(rest)

    async def _hand_on_first(self, event: TypedInput) -> KeyRun | None:
        """Deliver an event, or as much of a run as possible at once. Return the rest of the run."""
        app = self._app
        if not app._screen_stack:
            return None  # the program is about to exit
        if not app.screen.is_mounted:  # the key before opened it, and it has no widgets yet
            self._follow(app.screen)
            if self._held is not None:
                self._held.append(event)
            return None
        self._before(event)
        target = app.focused or app.screen
        rest = None
        if isinstance(event, KeyRun):
            event, rest = self._divided(event, target)
        if isinstance(event, KeyRun):
            # As Textual does for keys: a terminal in which the user types has the focus.
            app.app_focus = True
            target.post_message(event)
            self._typed_into = target
            return rest
        if isinstance(event, events.Key) and event.is_printable and isinstance(target, TextArea):
            await self._deliver(event)
            self._typed_into = target
            return rest
        if self._typed_into is not None:
            self._follow(self._typed_into)
            self._typed_into = None
            if self._held is not None:
                self._held.append(event)
                return rest
        await self._deliver(event)
        if event.is_forwarded:
            self._follow(target)
        return rest

    def _divided(self, run: KeyRun, target: MessagePump) -> tuple[TypedInput, KeyRun | None]:
        """Return the part of a run that the target accepts at once, and the rest."""
        end = len(run.text)
        if isinstance(target, TakesRuns):
            if not target.takes_line_ends and (line_end := _LINE_END.search(run.text)):
                end = line_end.start()
            if end > 1 and not self._has_priority(run.part(0, end)):
                return run.part(0, end), run.part(end) if end < len(run.text) else None
        elif len(run.text) > _MOST_KEYS:
            return events.Paste(run.text), None
        (key,) = run.part(0, 1).each_key() or [events.Key(Keys.Ignore, None)]
        return key, run.part(1) if len(run.text) > 1 else None

    def _has_priority(self, run: KeyRun) -> bool:
        """Return whether a priority binding exists for one of the keys."""
        bound = {key for key, bound in self._app.screen.active_bindings.items() if bound.binding.priority}
        return any(key.key in bound for key in run.distinct_keys())

    def _follow(self, target: MessagePump) -> None:
        if self._send(KeyPassed(target)):
            self._held = deque()

    def _send(self, follower: KeyPassed) -> bool:
        """Send a follower after all pending messages of its target; return False if the target is gone."""
        if not follower.target.post_message(follower):
            return False
        if self._patience is not None:
            self._patience.cancel()
        # A widget that is removed meanwhile, or that hangs, never passes the follower on.
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(_PATIENCE, self._app.call_later, self._continue, follower)
        self._follower = follower
        return True

    def passed(self, follower: KeyPassed) -> None:
        """Continue after the key, or send a second follower after the messages that its action has posted.

        A change of focus that they caused is then in the queue of the app.
        """
        target = follower.target
        is_first = follower is self._follower and not follower.is_second and self._is_in_sight(target)
        if not (is_first and self._send(KeyPassed(target, is_second=True))):
            self._app.call_later(self._continue, follower)

    def _is_in_sight(self, target: MessagePump) -> bool:
        """Return whether a widget is on the current screen. Messages to others may never be handled."""
        return isinstance(target, Widget) and target.is_attached and target.screen is self._app.screen

    async def _continue(self, follower: KeyPassed) -> None:
        # A follower may arrive after the keys have stopped waiting for it.
        if follower is not self._follower or self._held is None or self._patience is None:
            return
        self._patience.cancel()
        waiting, self._held, self._follower = self._held, None, None
        while waiting and self._held is None:
            await self._hand_on(waiting.popleft())
        if self._held is not None:
            self._held.extend(waiting)


class DoublePress:
    """Recognizes a key that is pressed twice in a row.

    Args:
        count: Returns how many keys and pastes have come so far.
        seconds: The most that may pass between the two.
    """

    def __init__(self, count: Callable[[], int], seconds: float) -> None:
        self._count = count
        self._seconds = seconds
        self._first: tuple[int, float] | None = None

    def is_second(self) -> bool:
        """Return whether the key, which is pressed now, completes a pair. The next press begins another."""
        now, count = time.monotonic(), self._count()
        if self._first is not None and self._first[0] == count - 1 and now - self._first[1] < self._seconds:
            self._first = None
            return True
        self._first = (count, now)
        return False
