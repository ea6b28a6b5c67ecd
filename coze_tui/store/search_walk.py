"""Returns all matches of a text in pages: by conversation, the one with the latest match first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from coze_tui.store import search
from coze_tui.store.search import Hit
from coze_tui.text.matching import fold

_FIRST_PAGE = 100
_LARGEST_PAGE = 2_000
_EVERY = 2**63 - 1


class SearchWalk:
    """A search that continues where its last page ended. Each page is one short read of the store."""

    def __init__(self, text: str, others: Sequence[Hit] = ()) -> None:
        """Read nothing yet.

        Args:
            others: matches that are not among the stored messages.
        """
        self._query = fold(text).strip()
        self._text = text
        self._others = others
        self._room = _FIRST_PAGE
        self._sources: list[tuple[int, str]] | None = None
        """Conversations with titles or other matches, and their times; the latest is last."""
        self._before = (_EVERY, _EVERY)
        """Time and key of the message at which the search for the next conversation continues."""
        self._next: tuple[int, str] | None = None
        """The conversation that this search has found."""
        self._is_over = False
        self._seen: set[str] = set()
        self._conversation = ""
        self._position = 0
        """Position in the current conversation below which the next page continues; 0 if it is done."""

    def page(self, c: sqlite3.Connection) -> list[Hit]:
        """Return the next matches; empty at the end. All matches of a conversation are in succession."""
        if not self._query:
            return []
        if self._sources is None and search.is_rare(c, self._query):
            self._query = ""  # this was the last page
            return list(search.search(c, self._text, limit=_EVERY, others=self._others))
        c.create_function("is_unseen", 1, lambda key: key not in self._seen)
        room, self._room = self._room, min(2 * self._room, _LARGEST_PAGE)
        hits: list[Hit] = []
        while len(hits) < room:
            if not self._position and not self._begin_next(c, hits):
                break
            limit = max(1, room - len(hits))
            found = search.hits_in_conversation(c, self._query, self._conversation, self._position, limit)
            hits += found
            self._position = found[-1].position if found and len(hits) >= room else 0
        return hits

    def _begin_next(self, c: sqlite3.Connection, hits: list[Hit]) -> bool:
        """Enter the unlisted conversation with the latest match; return False if none is left."""
        if self._sources is None:
            titles = search.title_hits(c, self._query)
            self._sources = sorted((hit.at, hit.conversation) for hit in (*self._others, *titles))
        if self._next is None and not self._is_over:
            self._next = next(self._unseen(c), None)
            self._is_over = self._next is None
        while self._sources and self._sources[-1][1] in self._seen:
            self._sources.pop()
        ahead = [each for each in (self._next, *self._sources[-1:]) if each is not None]
        if not ahead:
            return False
        self._conversation, self._position = max(ahead)[1], _EVERY
        self._seen.add(self._conversation)
        if self._next is not None and self._next[1] == self._conversation:
            self._next = None
        hits += search.title_hits(c, self._query, self._conversation)
        hits += (hit for hit in self._others if hit.conversation == self._conversation)
        return True

    def _unseen(self, c: sqlite3.Connection) -> Iterator[tuple[int, str]]:
        """Yield the times and conversations of earlier matches, of conversations not listed yet."""
        for at, key, conversation in c.execute(
            f"""SELECT messages.created_at, messages.key, messages.conversation
                FROM messages CROSS JOIN texts ON texts.message = messages.key
                WHERE messages.created_at <= :at AND (messages.created_at < :at OR messages.key < :key)
                  AND CASE WHEN is_unseen(messages.conversation) THEN instr(folded, :text) ELSE 0 END
                  AND {search.IS_LISTED}
                ORDER BY messages.created_at DESC, messages.key DESC""",
            {"at": self._before[0], "key": self._before[1], "text": self._query},
        ):
            self._before = (int(at), int(key))
            yield int(at), str(conversation)
