"""Searches the open conversation, and moves from match to match."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_tui.tui.log.entries import Entry, QuestionEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.log.window import LogWindow
from coze_tui.tui.widgets.field import FindBar
from coze_tui.values import valueclass

if TYPE_CHECKING:
    from coze_tui.engine.library.history import Occurrence
    from coze_tui.engine.thread import EngineThread


@valueclass
class _Origin:
    """The position at which a search starts: the first row in the view."""

    entry: Entry
    position: int
    """Position of its first message; 0 if unknown."""
    row: tuple[int, int]
    """Block and row in the entry."""

    def is_before(self, stop: Occurrence) -> bool:
        """Return whether a match is in this entry or after it."""
        if self.position:
            return stop.position >= self.position
        if stop.chat == self.entry.chat:  # the question precedes the answer
            return isinstance(self.entry, QuestionEntry) or stop.type != "question"
        return stop.chat > self.entry.chat


class Finder:
    """A search over the store, which shows matches in the message pane and loads the messages around them."""

    def __init__(self, engine_thread: EngineThread, log: MessageLog, window: LogWindow, bar: FindBar) -> None:
        self._engine_thread = engine_thread
        self._log = log
        self._window = window
        self._bar = bar
        self._text = ""
        self._at = 0
        """Key of the current match's message; 0 before the first match."""
        self._found: list[Occurrence] = []
        """The matches of the last search in the store."""
        self._one_by_one = asyncio.Lock()
        self._origin: _Origin | None = None
        """The origin of the search while the user types; None after a step, which sets a new origin."""

    async def type(self, text: str) -> None:
        """Highlight a query, and go to its first match in the view, otherwise to the next one below.

        While the user types, the view before the first letter counts.
        """
        self._text, self._at = text.strip(), 0
        self._log.viewport.set_query(self._text)
        self._origin = self._origin or self._place_in_sight()
        await self.step(0)

    async def take(self, text: str, message: int) -> None:
        """Start at a message that was found elsewhere, and load the messages around it."""
        self._text, self._at, self._origin = text.strip(), message, None
        self._log.viewport.set_query(self._text)
        self._bar.take(self._text)
        key = self._window.key
        position = await self._window.load_around(key, message)
        entry = self._window.entry_at(position)
        if entry is not None:
            await self._log.viewport.complete(entry)
        if entry is not None and entry in self._log.entries:
            self._log.matches.show(entry, self._text)
        await self._update_place(key)

    async def _update_place(self, key: str) -> None:
        text, message = self._text, self._at
        if text:
            self._found = _stops(
                await self._engine_thread.call(lambda engine: engine.browsing.find(key, text))
            )
            # It may not be the first match of its entry, so use the last stop that does not start after it.
            index = max(0, sum(each.message <= message for each in self._found) - 1) if self._found else None
            if index is not None:
                self._at = self._found[index].message
            self._show_index(index)

    def _show_index(self, index: int | None) -> None:
        """Set which match is current; None for none.

        For the current entry only displayed matches count. Its source may contain the query more often, in
        a URL or in shortened arguments of a tool call.
        """
        if index is None:
            self._bar.show_place(0, 0)
            return
        drawn = self._log.matches
        if drawn.count:
            self._found[index] = replace(self._found[index], count=drawn.count)
        before = sum(each.count for each in self._found[:index])
        self._bar.show_place(before + drawn.place, sum(each.count for each in self._found))

    async def step(self, step: int) -> None:
        """Go to the next match for 1, to the previous one for -1; wraps around.

        Visits all matches of one message before those of the next message. Steps that are asked for while
        one is on its way follow it, so that no key is lost.
        """
        async with self._one_by_one:
            await self._step(step)

    async def _step(self, step: int) -> None:
        text, key = self._text, self._window.key
        # A step moves on from where the search began; the next letter counts from there.
        if step:
            self._origin = None
        if step and self._at and (chosen := self._log.chosen) is not None:
            # Matches are places in lines, all of which must be laid out, in slices between keys.
            await self._log.viewport.complete(chosen)
            if self._log.matches.step(chosen, text, step):
                self._show_index(
                    next((n for n, each in enumerate(self._found) if each.message == self._at), None)
                )
                return
        found: list[Occurrence] = []
        # Asked again for each step: messages may have arrived, or another program may have written.
        if key and text:
            found = _stops(await self._engine_thread.call(lambda engine: engine.browsing.find(key, text)))
        if self._text != text or self._window.key != key:
            return  # another search has started
        self._found = found
        if not found:
            self._show_index(None)
            return
        keys = [occurrence.message for occurrence in found]
        if self._at in keys:
            await self._go_on(keys.index(self._at) + step, step)
        else:
            await self._go_to_nearest()

    async def _go_on(self, index: int, step: int) -> None:
        """Go to the match of another message; wraps around."""
        found, before = self._found, self._log.chosen
        for _try in range(len(found)):
            target = await self._window.entry_of(found[index % len(found)])
            if target is None or target is not before or not step:
                break
            index += step  # imported messages share one entry, all of whose lines were visited
        await self._go_to(index % len(found), target, last=step < 0)

    async def _go_to_nearest(self) -> None:
        """Go to the first match at or below the origin, otherwise to the last one above it."""
        found, origin = self._found, self._origin or self._place_in_sight()
        index = next((n for n, each in enumerate(found) if origin is None or origin.is_before(each)), None)
        if index is None:
            await self._go_to(len(found) - 1, await self._window.entry_of(found[-1]), last=True)
            return
        target = await self._window.entry_of(found[index])
        if origin is not None and target is origin.entry:
            if await self._go_to(index, target, since=origin.row):
                return
            if index + 1 == len(found):
                await self._go_to(index, target, last=True)
                return
            target = await self._window.entry_of(found[index := index + 1])
        await self._go_to(index, target)

    async def _go_to(
        self, index: int, target: Entry | None, *, last: bool = False, since: tuple[int, int] | None = None
    ) -> bool:
        """Show a match of an entry as `MatchCursor.show` does; return False if none follows `since`.

        Does nothing if another search has started.
        """
        text, key = self._text, self._window.key
        if target is not None and target in self._log.entries:
            await self._log.viewport.complete(target)
            if self._text != text or self._window.key != key:
                return True
            if not self._log.matches.show(target, text, last=last, since=since):
                return False
        self._at = self._found[index].message
        self._show_index(index)
        return True

    def _place_in_sight(self) -> _Origin | None:
        """Return the first message in the view; lines between messages belong to the one after them."""
        view = self._log.viewport
        for number in range(view.top, min(view.top + view.height, view.total)):
            entry, _number, _is_last, _line, block, row = view.log_line(number)
            if entry.bar is not None and block is not None:
                return _Origin(entry, self._window.position_of(entry), (entry.blocks.index(block), row))
        return None

    def stop(self) -> None:
        """Remove the highlight. Does not scroll."""
        self._text, self._at, self._origin = "", 0, None
        self._log.viewport.set_query("")


def _stops(found: Iterable[Occurrence]) -> list[Occurrence]:
    """Return one match per entry: for a question, or for all answers of a chat."""
    stops: list[Occurrence] = []
    for each in found:
        last = stops[-1] if stops else None
        is_same = last is not None and each.chat and each.chat == last.chat and last.type != "question"
        if last is not None and is_same:
            stops[-1] = replace(last, count=last.count + each.count)
        else:
            stops.append(each)
    return stops
