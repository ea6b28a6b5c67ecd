"""Finding in the open conversation: where the text stands, and going from one place to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.log.window import LogWindow
from coze_tui.tui.widgets.field import FindBar

if TYPE_CHECKING:
    from coze_tui.engine.library.history import Occurrence
    from coze_tui.engine.thread import EngineThread


class Finder:
    """Joins the bar, the log and the store. What is not loaded yet is loaded when it is its turn."""

    def __init__(self, engine_thread: EngineThread, log: MessageLog, window: LogWindow, bar: FindBar) -> None:
        self._engine_thread = engine_thread
        self._log = log
        self._window = window
        self._bar = bar
        self._text = ""
        self._at = 0
        """Key of the message in sight; 0 before the first."""
        self._found: list[Occurrence] = []
        """What was found at the last look into the store."""

    async def type(self, text: str) -> None:
        """Light a text, and go to where it stands next to the view."""
        self._text, self._at = text.strip(), 0
        self._log.viewport.set_query(self._text)
        await self.step(0)

    async def take(self, text: str, message: int) -> None:
        """Begin at a message that was found elsewhere, loading what is around it."""
        self._text, self._at = text.strip(), message
        self._log.viewport.set_query(self._text)
        self._bar.take(self._text)
        key = self._window.key
        position = await self._window.load_around(key, message)
        entry = self._window.entry_at(position)
        if entry is not None:
            self._log.show_match(entry, self._text)
        await self._update_place(key)

    async def _update_place(self, key: str) -> None:
        text, message = self._text, self._at
        if text:
            self._found = _stops(
                await self._engine_thread.call(lambda engine: engine.browsing.find(key, text))
            )
            # It is perhaps not the first one of its entry: the stop is the last that begins before it.
            place = max(0, sum(each.message <= message for each in self._found) - 1) if self._found else None
            if place is not None:
                self._at = self._found[place].message
            self._show_place(place)

    def _show_place(self, place: int | None) -> None:
        """Tell which occurrence is in sight; None for none.

        What is drawn counts for the entry in sight: its source may hold the text more often, in an address or
        in what is left out of a tool's call.
        """
        if place is None:
            self._bar.show_place(0, 0)
            return
        if self._log.matches:
            self._found[place] = replace(self._found[place], count=self._log.matches)
        before = sum(each.count for each in self._found[:place])
        self._bar.show_place(before + self._log.match, sum(each.count for each in self._found))

    async def step(self, step: int) -> None:
        """Go to the next match for 1, to the previous one for -1; after the last comes the first.

        In one message one goes from occurrence to occurrence before the next message has its turn.
        """
        text, key = self._text, self._window.key
        if step and self._at and self._log.next_match(text, step):
            self._show_place(
                next((n for n, each in enumerate(self._found) if each.message == self._at), None)
            )
            return
        found: list[Occurrence] = []
        if key and text:
            found = _stops(await self._engine_thread.call(lambda engine: engine.browsing.find(key, text)))
        if self._text != text or self._window.key != key:
            return  # it is another search by now
        self._found = found
        if not found:
            self._show_place(None)
            return
        keys = [occurrence.message for occurrence in found]
        place = keys.index(self._at) + step if self._at in keys else self._nearest(found)
        place %= len(found)
        before = self._log.chosen
        for _try in range(len(found)):
            target = await self._window.entry_of(found[place])
            if target is None or target is not before or not step:
                break
            # Imported messages of one answer: all their lines were gone through.
            place = (place + step) % len(found)
        self._at = keys[place]
        if target is not None:
            self._log.show_match(target, text, last=step < 0)
        self._show_place(place)

    def stop(self) -> None:
        """Light nothing; the view stays."""
        self._text, self._at = "", 0
        self._log.viewport.set_query("")

    def _nearest(self, found: Sequence[Occurrence]) -> int:
        """The first match at or behind the top of the view; the last one where the view is at the end."""
        if self._log.viewport.following:
            return len(found) - 1
        top = self._window.position_of(self._log.viewport.first_in_sight)
        return next((n for n, each in enumerate(found) if each.position >= top), len(found) - 1)


def _stops(found: Iterable[Occurrence]) -> list[Occurrence]:
    """One occurrence for each entry of the log: a chat is one for its question and one for its answers."""
    stops: list[Occurrence] = []
    for each in found:
        last = stops[-1] if stops else None
        is_same = last is not None and each.chat and each.chat == last.chat and last.type != "question"
        if last is not None and is_same:
            stops[-1] = replace(last, count=last.count + each.count)
        else:
            stops.append(each)
    return stops
