"""The items of the history: stored conversations, matches of a search, conversations of the server."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from coze_tui.engine.library.conversations import SavedConversation
from coze_tui.engine.library.history import Findings, Found, ListPage, PageCursor
from coze_tui.engine.library.server import ImportResult, ServerConversation, ServerPage
from coze_tui.engine.library.states import LastChat, Mark, marks_of
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import duration, thousands
from coze_tui.text.i18n import N_, _, ngettext
from coze_tui.text.matching import is_word, spans
from coze_tui.tui.widgets.line_widget import Part
from coze_tui.values import valueclass

if TYPE_CHECKING:
    from coze_tui.engine.engine import Engine
    from coze_tui.engine.thread import EngineThread

Ranges = tuple[tuple[int, int], ...]


@valueclass
class Item:
    """One conversation of the list. Texts are clean and on one line."""

    id: str
    """Unique; the same after the list is read again."""
    title: str
    """May be empty."""
    bot: str
    at_ms: int
    """Time of the last message; in a search, of the message that was found."""
    summary: SavedConversation | None = None
    """None if the conversation is only on the server."""
    server: ServerConversation | None = None
    """The server's data if the conversation is only there."""
    title_hits: Ranges = ()
    snippet: str = ""
    """The line that contains the query."""
    snippet_hits: Ranges = ()
    more: int = 0
    """Number of further matches in the same conversation."""
    message: int = 0
    """Key of the found message; 0 for none."""
    last: LastChat = LastChat()

    @property
    def marks(self) -> Sequence[Mark]:
        """Return the states of the conversation; none if it is only on the server."""
        return marks_of(self.summary, self.last) if self.summary is not None else ()

    @property
    def key(self) -> str:
        """Return the local ID; empty if the conversation is only on the server."""
        return self.summary.key if self.summary else ""

    @property
    def is_pinned(self) -> bool:
        """Return True if it stays at the top of the list."""
        return self.summary is not None and self.summary.pinned

    @property
    def height(self) -> int:
        """Return the number of lines in the list."""
        return 2 if self.snippet else 1


def item_from_summary(summary: SavedConversation, last: LastChat = LastChat()) -> Item:  # noqa: B008
    """Return the item of a stored conversation."""
    title = clean_line(summary.title).strip()
    return Item(summary.key, title, _bot(summary), summary.updated_at, summary, last=last)


def item_from_found(found: Found, query: str) -> Item:
    """Return the item of a conversation with its latest match."""
    said = [hit for hit in found.hits if hit.part != "title"]
    title = clean_line(found.summary.title).strip()
    first = said[0] if said else None
    return Item(
        found.summary.key,
        title,
        _bot(found.summary),
        found.hits[0].at,
        found.summary,
        title_hits=tuple(spans(title, query)),
        snippet=first.snippet if first else "",
        snippet_hits=first.ranges if first else (),
        more=max(0, len(said) - 1),
        message=first.message if first else 0,
        last=found.last,
    )


def item_from_server(conversation: ServerConversation, bot: str, query: str = "") -> Item:
    """Return the item of a conversation that is only on the server."""
    return Item(
        f"server {conversation.conversation_id}",
        conversation.name,
        bot,
        conversation.updated_at_ms,
        server=conversation,
        title_hits=tuple(spans(conversation.name, query)) if query else (),
    )


def merged(local: Sequence[Item], there: Iterable[Item], *, oldest_ms: int, pins_first: bool) -> list[Item]:
    """Return the list with the conversations of the server inserted by time.

    Args:
        oldest_ms: Older conversations of the server are left out: they belong to a page that is not loaded.
        pins_first: Whether pinned conversations come before all others.
    """
    more = [item for item in there if item.at_ms >= oldest_ms]
    pinned = [item for item in local if item.is_pinned] if pins_first else []
    rest = [item for item in local if not (pins_first and item.is_pinned)]
    return pinned + sorted([*rest, *more], key=lambda item: -item.at_ms) if more else list(local)


def _bot(summary: SavedConversation) -> str:
    return clean_line(summary.bot_name).strip() or summary.bot_id


_MONTHS = (
    *(N_("January"), N_("February"), N_("March"), N_("April"), N_("May"), N_("June"), N_("July")),
    *(N_("August"), N_("September"), N_("October"), N_("November"), N_("December")),
)


_LATEST_MS = 253_370_764_800_000
"""The year 9999: a server may send any number."""


def day_of(at_ms: int) -> date:
    """Return the local day of a time, clamped to the days that a date can have."""
    then = _local(at_ms)
    return date(then.tm_year, then.tm_mon, then.tm_mday)


def day_heading(day: date, today: date) -> str:
    """Return the heading of a day: `TODAY`, `12 NOVEMBER`, `12 NOVEMBER 2024`."""
    if day == today:
        return _("TODAY")
    if day == today - timedelta(days=1):
        return _("YESTERDAY")
    month = _(_MONTHS[day.month - 1])
    if day.year == today.year:
        return _("{day} {month}").format(day=day.day, month=month).upper()
    return _("{day} {month} {year}").format(day=day.day, month=month, year=day.year).upper()


def clock(at_ms: int) -> str:
    """Return the local time of day: `10:21`."""
    return time.strftime("%H:%M", _local(at_ms))


def short_date(at_ms: int, today: date) -> str:
    """Return a time for a list without day headings: `10:21`, `11-12`, `2024-11-12`."""
    day = day_of(at_ms)
    if day == today:
        return clock(at_ms)
    return f"{day:%m-%d}" if day.year == today.year else f"{day:%Y-%m-%d}"


def _local(at_ms: int) -> time.struct_time:
    return time.localtime(max(0, min(_LATEST_MS, at_ms)) / 1000)


_MOST_PAGES = 40


class ServerListing:
    """The conversations of one bot that only its server has.

    Args:
        bot_name: The name of the bot, stored with imported conversations.
        hides: Returns True for the Coze conversation ID of a conversation that the user has deleted.
    """

    def __init__(
        self, engine_thread: EngineThread, bot_id: str, bot_name: str, *, hides: Callable[[str], bool]
    ) -> None:
        self.bot_name = bot_name
        self._engine_thread = engine_thread
        self._bot_id = bot_id
        self._hides = hides
        self._only_there: dict[str, ServerConversation] = {}
        """By Coze conversation ID."""
        self.is_asked = False

    def only_there(self, query: str) -> Sequence[ServerConversation]:
        """Return the conversations that are not stored locally; with a query those whose names contain it."""
        found = self._only_there.values()
        return [
            each
            for each in found
            if (not query or spans(each.name, query)) and not self._hides(each.conversation_id)
        ]

    async def ask(self) -> None:
        """Ask for all conversations, page by page, and store which local ones the server has.

        Raises:
            CozeTuiError: the server was not reached, or refused; the last known list remains.
        """
        found, ids, has_more = dict[str, ServerConversation](), set[str](), True
        for number in range(1, _MOST_PAGES + 1):
            page = await self._engine_thread.call(_page(self._bot_id, number))
            ids |= {each.conversation_id for each in page.items}
            found |= {each.conversation_id: each for each in page.items if not each.key}
            has_more = page.has_more
            if not has_more:
                break
        if not has_more:  # else what is not among them may be there all the same
            await self._engine_thread.call(lambda engine: engine.server_side.note(self._bot_id, ids))
        self._only_there, self.is_asked = found, True

    async def take(self, conversation: ServerConversation) -> ImportResult:
        """Import a conversation, or its messages that are not stored yet; return what was added."""
        bot_name = self.bot_name
        taken = await self._engine_thread.call(lambda engine: engine.server_side.take(conversation, bot_name))
        self._only_there.pop(conversation.conversation_id, None)
        return taken

    async def rename(self, conversation: ServerConversation, title: str) -> None:
        """Rename a conversation that is only on the server."""
        await self._engine_thread.call(lambda engine: engine.server_side.rename_there(conversation, title))
        self._only_there[conversation.conversation_id] = replace(conversation, name=title)


def _page(bot_id: str, number: int) -> Callable[[Engine], Awaitable[ServerPage]]:
    return lambda engine: engine.server_side.page(bot_id, number)


_PAGE = 100
_ALL = 1_000_000
_MATCHES = 200


class HistoryList:
    """The content of the history: pages of stored conversations or matches of a search, and the server's.

    The methods that read the store raise StoreError. One call may run at a time.
    """

    def __init__(self, engine_thread: EngineThread, server: ServerListing) -> None:
        self.query = ""
        self.has_more = False
        """True if the store has more than what is loaded."""
        self._engine_thread = engine_thread
        self._server = server
        self._stored: list[Item] = []
        self._end: PageCursor | None = None
        """The next page begins after it."""
        self._most_matches = _MATCHES
        self._findings: Findings | None = None

    @property
    def text(self) -> str:
        """Return the query without surrounding blanks."""
        return self.query.strip()

    @property
    def is_search(self) -> bool:
        """Return True if the query is long enough to search the messages, too."""
        return is_word(self.text)

    def search_for(self, query: str) -> None:
        """List what a query matches from the next `load` on."""
        self.query, self._most_matches = query, _MATCHES

    def want_more_matches(self) -> None:
        """Let the next `load` find more matches of the same query."""
        self._most_matches *= 4

    async def load(self, *, from_start: bool = False) -> None:
        """Read the list again: its first page if `from_start`, else as many lines as are loaded."""
        query, text, most = self.query, self.text, self._most_matches
        if self.is_search:
            findings = await self._engine_thread.call(lambda engine: engine.browsing.search(text, most))
            self._findings, self._end, self.has_more = findings, None, findings.is_cut
            self._stored = [item_from_found(found, text) for found in findings.conversations]
        else:
            limit = _PAGE if from_start else max(_PAGE, len(self._stored))
            page = await self._engine_thread.call(
                lambda engine: engine.browsing.page(filter=query, limit=limit)
            )
            self._findings, self._stored = None, []
            self._add(page)

    async def load_more(self, *, all_pages: bool) -> bool:
        """Read the next page, or all of them; return False if there is none."""
        query, end, limit = self.query, self._end, _ALL if all_pages else _PAGE
        if end is None:
            return False
        self._add(
            await self._engine_thread.call(
                lambda engine: engine.browsing.page(filter=query, after=end, limit=limit)
            )
        )
        return True

    def _add(self, page: ListPage) -> None:
        self._stored += [item_from_summary(each, page.last.get(each.key, LastChat())) for each in page.items]
        self._end, self.has_more = page.end, page.end is not None

    def items(self) -> list[Item]:
        """Return what is loaded, with what only the server has in its place."""
        there = self._server.only_there(self.text)
        more = [item_from_server(each, self._server.bot_name, self.query) for each in there]
        oldest = self._stored[-1].at_ms if self.has_more and self._stored else 0
        return merged(self._stored, more, oldest_ms=oldest, pins_first=not self.is_search)

    @property
    def empty_text(self) -> str:
        """Return why the list is empty: it contains nothing, nothing matches, or the query is too short."""
        if not self.text:
            return _("No conversations yet.")
        if self.is_search:
            return _("No matches.")
        return _("Type one more letter to search all messages.")

    @property
    def status(self) -> Sequence[Sequence[Part]]:
        """Return the facts for the search bar, the most important one first.

        They are the number of matches, of titles, or of conversations on the server.
        """
        if self._findings is not None:
            found, count = self._findings, len(self._findings.conversations)
            hits = f"{thousands(found.hits)}{'+' if found.is_cut else ''}"
            matches = ngettext("{hits} match", "{hits} matches", found.hits).format(hits=hits)
            among = ngettext("in {n} conversation", "in {n} conversations", count).format(n=thousands(count))
            words = _("{matches} {conversations}").format(matches=matches, conversations=among)
            return [[(words, "muted")], [(duration(found.elapsed_us), "muted")]]
        if self.text:
            count = len(self._stored)
            number = f"{thousands(count)}{'+' if self.has_more else ''}"
            titles = ngettext("{n} title", "{n} titles", count).format(n=number)
            return [[(titles, "muted")], [(_("type one more letter to search all messages"), "attention")]]
        if self._server.is_asked:
            count = len(self._server.only_there(""))
            text = ngettext("☁ {n} only on the server", "☁ {n} only on the server", count)
            return [[(text.format(n=thousands(count)), "attention" if count else "muted")]]
        return []
