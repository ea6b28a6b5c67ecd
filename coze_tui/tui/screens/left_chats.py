"""Fetches the rest of answers that were cut off when a program ended or its line was lost."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING

from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import Phase, PhaseChanged, TurnUpdate, follow
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.errors import StoreError, is_refusal
from coze_tui.render.cells import shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _
from coze_tui.tui.explained import explain
from coze_tui.tui.screens.conversation import OpenConversation
from coze_tui.tui.screens.coze_screen import CozeScreen
from coze_tui.tui.screens.turn_control import TurnControl
from coze_tui.tui.widgets.text_views import Banner

if TYPE_CHECKING:
    from coze_tui.engine.model.records import ChatRecord

_FIRST_PAUSE = 30.0
_LONGEST_PAUSE = 600.0
"""Seconds after which what could not be fetched is tried again; each pause is twice as long as the last."""
_LOOK_SECONDS = 0.3
"""Seconds between two checks whether the user still types, or a turn still runs."""
_QUESTION_CELLS = 40


class LeftChats:
    """Fetches the rest of incomplete chats from Coze, without asking the user.

    A chat of the open conversation is fetched into its place in the message pane when nothing is being
    typed and no turn runs. The others are fetched in the background.
    """

    def __init__(
        self, screen: CozeScreen[None], banner: Banner, conversation: OpenConversation, turns: TurnControl
    ) -> None:
        self._screen = screen
        self._banner = banner
        self._conversation = conversation
        self._turns = turns
        self._engine_thread = screen.context.engine_thread
        self._busy: set[str] = set()
        """Keys of the conversations in which a chat is fetched, or waits to be."""
        self._said = defaultdict[int, set[str]](set)
        """The last toast of each chat."""
        self._woken = asyncio.Event()
        self._is_started = False

    def start(self) -> None:
        """Look for such chats now, and again later while there are some."""
        self._woken.set()
        if not self._is_started:
            self._is_started = True
            self._screen.run_in_worker("left", self._run)

    def look_again(self) -> None:
        """Look for such chats now if `start` was called, because the store works again."""
        if self._is_started:
            self._woken.set()

    async def _run(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            self._woken.clear()
            try:
                left = await self._engine_thread.call(lambda engine: engine.unfetched_chats())
            except StoreError as error:
                self._screen.notify_failure(error)
                left = ()
            by_conversation: dict[str, list[ChatRecord]] = defaultdict(list)
            for chat in left:
                by_conversation[chat.conversation].append(chat)
            for conversation, chats in by_conversation.items():
                if conversation not in self._busy:
                    self._busy.add(conversation)
                    self._screen.run_in_worker("left", self._fetch_all, conversation, chats)
            try:
                async with asyncio.timeout(pause if left else None):
                    await self._woken.wait()
                pause = _FIRST_PAUSE
            except TimeoutError:
                pause = min(2 * pause, _LONGEST_PAUSE)

    async def _fetch_all(self, conversation: str, chats: list[ChatRecord]) -> None:
        """Fetch the chats of one conversation, one after the other."""
        try:
            for chat in chats:
                if not await self._fetch_into_log(chat):
                    await self._fetch_in_background(chat)
        finally:
            self._busy.discard(conversation)

    async def _fetch_into_log(self, chat: ChatRecord) -> bool:
        """Fetch a chat into its entry; return False if the message pane does not show it."""
        await self._wait_for_quiet(chat.conversation)
        entry = self._turns.entry_of(chat.key) if self._conversation.key == chat.conversation else None
        if entry is None:
            return False
        if entry.outcome is Outcome.INTERRUPTED:  # else the user has fetched it meanwhile
            await self._turns.fetch_rest(entry, is_unasked=True)
        return True

    async def _wait_for_quiet(self, conversation: str) -> None:
        """Wait while a turn runs in the open conversation or a message is typed there, and say so."""
        text = _("An answer was cut off. The rest is fetched when the prompt is empty.")
        while self._conversation.key == conversation:
            if self._conversation.is_being_typed_in:
                self._banner.add(text)
            elif not self._turns.runs:
                break
            await asyncio.sleep(_LOOK_SECONDS)
        self._banner.take_back(text)

    async def _fetch_in_background(self, chat: ChatRecord) -> None:
        """Fetch a chat that the message pane does not show; toasts report the progress."""
        feed, question = TurnFeed(), shorten(clean_line(chat.question), _QUESTION_CELLS)
        if not await self._engine_thread.call(lambda engine: engine.recover(chat.key, feed)):
            return  # another program fetches it

        def show(update: TurnUpdate) -> None:
            if isinstance(update, PhaseChanged) and update.phase is Phase.AWAITING:
                say(_("Coze is still answering “{question}”; the rest is fetched when it is done."))

        def say(text: str) -> None:
            if text not in self._said[chat.key]:  # a later try says only what is new
                self._said[chat.key].add(text)
                self._screen.notify(text.format(question=question, words=words, reason=reason), markup=False)

        words = reason = ""
        ended = (await follow(feed.updates(), show)).ended
        words = ended.outcome.words
        if ended.error is not None:
            reason = explain(ended.error, base_url=self._screen.context.settings.base_url).title
        if ended.outcome is Outcome.COMPLETED:
            say(_("The answer to “{question}” was cut off; it is complete now."))
        elif ended.outcome is not Outcome.INTERRUPTED:
            say(_("The chat “{question}” was cut off and has ended: {words}"))
        elif is_refusal(ended.error):
            say(_("Coze does not provide the rest of the answer to “{question}”: {reason}"))
        else:
            say(
                _(
                    "The rest of the answer to “{question}” cannot be fetched now; coze-tui will try "
                    "again: {reason}"
                )
            )
