"""Finds a query in the open conversation, and moves from match to match."""

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
    """Searches the store, shows matches in the log, and loads the messages around them when needed."""

    def __init__(self, engine_thread: EngineThread, log: MessageLog, window: LogWindow, bar: FindBar) -> None:
        self._engine_thread = engine_thread
        self._log = log
        self._window = window
        self._bar = bar
        self._text = ""
        self._at = 0
        """Key of the message of the current match; 0 before the first."""
        self._found: list[Occurrence] = []
        """The matches of the last search in the store."""

    async def type(self, text: str) -> None:
        """Highlight a query, and go to the match nearest to the view."""
        self._text, self._at = text.strip(), 0
        self._log.viewport.set_query(self._text)
        await self.step(0)

    async def take(self, text: str, message: int) -> None:
        """Start at a message that was found elsewhere, and load the messages around it."""
        self._text, self._at = text.strip(), message
        self._log.viewport.set_query(self._text)
        self._bar.take(self._text)
        key = self._window.key
        position = await self._window.load_around(key, message)
        entry = self._window.entry_at(position)
        if entry is not None:
            await self._log.viewport.complete(entry)
        if entry is not None and entry in self._log.entries:
            self._log.show_match(entry, self._text)
        await self._update_place(key)

    async def _update_place(self, key: str) -> None:
        text, message = self._text, self._at
        if text:
            self._found = _stops(
                await self._engine_thread.call(lambda engine: engine.browsing.find(key, text))
            )
            # It may not be the first match of its entry: the stop is the last one that begins before it.
            index = max(0, sum(each.message <= message for each in self._found) - 1) if self._found else None
            if index is not None:
                self._at = self._found[index].message
            self._show_index(index)

    def _show_index(self, index: int | None) -> None:
        """Show which match is current; None for none.

        For the current entry only drawn matches count: its source may contain the query more often, in a URL
        or in the shortened arguments of a tool call.
        """
        if index is None:
            self._bar.show_place(0, 0)
            return
        if self._log.matches:
            self._found[index] = replace(self._found[index], count=self._log.matches)
        before = sum(each.count for each in self._found[:index])
        self._bar.show_place(before + self._log.match, sum(each.count for each in self._found))

    async def step(self, step: int) -> None:
        """Go to the next match for 1, to the previous one for -1; the first follows the last.

        All matches of one message come before those of the next message.
        """
        text, key = self._text, self._window.key
        if step and self._at and self._log.chosen is not None:
            await self._log.viewport.complete(self._log.chosen)
        if step and self._at and self._log.next_match(text, step):
            self._show_index(
                next((n for n, each in enumerate(self._found) if each.message == self._at), None)
            )
            return
        found: list[Occurrence] = []
        if key and text:
            found = _stops(await self._engine_thread.call(lambda engine: engine.browsing.find(key, text)))
        if self._text != text or self._window.key != key:
            return  # another search has started
        self._found = found
        if not found:
            self._show_index(None)
            return
        keys = [occurrence.message for occurrence in found]
        index = keys.index(self._at) + step if self._at in keys else self._nearest(found)
        index %= len(found)
        before = self._log.chosen
        for _try in range(len(found)):
            target = await self._window.entry_of(found[index])
            if target is None or target is not before or not step:
                break
            # Imported messages share one entry, all of whose lines were visited.
            index = (index + step) % len(found)
        if target is not None:
            await self._log.viewport.complete(target)
            if self._text != text or self._window.key != key:
                return
        self._at = keys[index]
        if target is not None:
            self._log.show_match(target, text, last=step < 0)
        self._show_index(index)

    def stop(self) -> None:
        """Remove the highlight; the view does not move."""
        self._text, self._at = "", 0
        self._log.viewport.set_query("")

    def _nearest(self, found: Sequence[Occurrence]) -> int:
        """Return the first match at or after the top of the view; the last one if the view is at the end."""
        if self._log.viewport.following:
            return len(found) - 1
        top = self._window.position_of(self._log.viewport.first_in_sight)
        return next((n for n, each in enumerate(found) if each.position >= top), len(found) - 1)


def _stops(found: Iterable[Occurrence]) -> list[Occurrence]:
    """Return one match for each entry of the log: for a question, and for all answers of a chat."""
    stops: list[Occurrence] = []
    for each in found:
        last = stops[-1] if stops else None
        is_same = last is not None and each.chat and each.chat == last.chat and last.type != "question"
        if last is not None and is_same:
            stops[-1] = replace(last, count=last.count + each.count)
        else:
            stops.append(each)
    return stops
