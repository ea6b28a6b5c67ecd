"""The engine: one site, one store, the running turns. `thread` runs it in a separate thread."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from coze_tui.api import resources
from coze_tui.api.chats import ToolOutput
from coze_tui.api.objects import Bot
from coze_tui.config.settings import Settings
from coze_tui.diagnostics.notices import store_warning_text
from coze_tui.engine.library.chats import Inspecting
from coze_tui.engine.library.conversations import Conversations, SavedEdit
from coze_tui.engine.library.history import Browsing
from coze_tui.engine.library.server import ServerSide
from coze_tui.engine.model.dialects import Feature, Limit, limit
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import TurnEnded
from coze_tui.engine.session import requests
from coze_tui.engine.session.asking import AskedQuestion
from coze_tui.engine.session.busy import cancel_running
from coze_tui.engine.session.feed import RunningTurn, TurnFeed
from coze_tui.engine.session.maintenance import look_after
from coze_tui.engine.session.orphans import Orphans
from coze_tui.engine.session.outbox import Outbox, Unsaved
from coze_tui.engine.session.recorder import JournalRecorder
from coze_tui.engine.session.restored_turns import restored_turn
from coze_tui.engine.session.running import LiveTurn, LiveTurns, follow_remote
from coze_tui.engine.session.sent_files import SentFile
from coze_tui.engine.session.site import Connection, Site
from coze_tui.errors import (
    CozeTuiError,
    InternalError,
    NotFoundError,
    SettingsError,
    StoreClosedError,
    StoreError,
    StoreWarning,
)
from coze_tui.store import checks, history, journal
from coze_tui.store.database import CHAT_PATIENCE_S, now_ms, open_or_rescue
from coze_tui.store.history import SavedConversation
from coze_tui.store.records import ChatRecord

if TYPE_CHECKING:
    from coze_tui.exports.exporting import Exports
    from coze_tui.exports.importing import Imports

_log = logging.getLogger(__name__)

_LEAVE_SECONDS = 3.0
_LAST_WRITES_SECONDS = 1.0
"""Time for a last attempt to write what the store refused, before the engine closes."""
_MOST_UNFETCHED = 50
"""Number of chats whose rest one start fetches, the oldest first."""


class Engine:
    """All operations of screens and commands. Its methods raise only errors of `coze_tui.errors`."""

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[Settings], Connection],
        report: Callable[[CozeTuiError], None],
        restored: Callable[[], None] = lambda: None,
    ) -> None:
        """Create the engine without opening anything.

        Args:
            report: called with errors in the background, especially of the store.
            restored: called when the store works again and everything is written.
        """
        self.unsaved: Unsaved | None = None
        """The writes that the store did not accept before the engine closed."""
        self.left_chats = 0
        """Number of chats that ran when the engine closed and whose rest the next start fetches."""
        self.warnings: tuple[StoreWarning, ...] = ()
        """Problems that the store had when it was opened."""
        self._reported = report
        self._restored = restored
        self._unsaved_ids: dict[str, str] = {}
        """Coze conversation IDs of the conversations whose last chat the store did not accept."""
        self._unbinding: asyncio.Task[None] | None = None
        self._followed: dict[str, asyncio.Task[None]] = {}
        """By conversation: the task that follows a chat of another program."""
        self._maintenance: asyncio.Task[None] | None = None
        self._asked: dict[str, AskedQuestion] = {}
        """By conversation: the question that is not sent yet."""
        self._stopped: set[str] = set()
        """Conversations that the user stopped before their question was stored."""
        self.live = LiveTurns(self._turn_ended, self._heartbeat)
        self.site = Site(
            settings,
            connect,
            is_in_use=lambda: bool(self._asked) or not self.live.is_empty,
            name_bot=self._name_bot,
        )

    async def open(self, path: Path) -> None:
        """Open the store; fall back to a store in memory if the file cannot be used."""
        # With a patience, a store that another program has locked is opened later: the screens start at once.
        opened = await open_or_rescue(path, patience_s=CHAT_PATIENCE_S)
        self._database = opened.database
        self._outbox = Outbox(opened.database, self._report, self._store_works_again)
        self._orphans = Orphans(opened.database, self._outbox.note, self.site.find_cleaner)
        self.warnings = opened.warnings
        opened.database.on_rescue = self._rescued
        self.conversations = Conversations(opened.database)
        self.browsing = Browsing(opened.database)
        self.inspecting = Inspecting(opened.database, self.live)
        self.server_side = ServerSide(opened.database, self.site.client, lambda: self.settings)
        # In the background, because the first screen must not wait for it.
        self._maintenance = asyncio.create_task(
            look_after(opened.database, self.settings.retention_days, self._outbox.note), name="maintenance"
        )

    async def close(self) -> None:
        """Save the running turns, then close the connections and the store. No chat is canceled."""
        # In this order: a turn that ends still writes to the outbox, and the outbox to the database.
        left = await self.live.leave_all(_LEAVE_SECONDS)
        tasks = [task for task in (self._maintenance, *self._followed.values()) if task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._outbox.close(_LAST_WRITES_SECONDS)
        await self._orphans.aclose()
        self.unsaved = self._outbox.unsaved
        # Without a file, the next start cannot fetch anything.
        self.left_chats = sum(live.lacks_rest for live in left) if self._database.is_saved else 0
        await self.site.aclose()
        await self._database.close(checks.leave)

    @property
    def settings(self) -> Settings:
        """Return the settings in use; `site.use` changes them."""
        return self.site.settings

    @property
    def is_saved(self) -> bool:
        """Return whether chats are saved on disk."""
        return self._database.is_saved

    @property
    def exports(self) -> Exports:
        """Return the exports of conversations to files."""
        # Deferred, because the start needs neither exports nor imports.
        from coze_tui.exports.exporting import Exports

        return Exports(self._database)

    @property
    def imports(self) -> Imports:
        """Return the imports of exported files."""
        from coze_tui.exports.importing import Imports

        return Imports(self._database)

    async def limit(self, feature: Feature) -> Limit | None:
        """Return the limitation of a feature on the server in use.

        None if the feature is complete, or if the kind of server is not known yet.
        """
        try:
            return limit(await self.inspecting.dialect(self.settings.base_url, self.settings.site), feature)
        except StoreError as error:
            self._outbox.note(error)
            return None

    # --- drafts and queues ---

    async def keep_draft(
        self, conversation: str, draft: str, bot: Bot, edit: SavedEdit | None = None
    ) -> None:
        """Save the unsent text of a conversation; create the conversation if the store does not have it.

        Args:
            edit: the earlier question that is being edited; None if there is none.
        """
        site, keep = self.settings.site, self.conversations.keep_draft
        write = partial(keep, conversation, draft, site=site, bot=bot, edit=edit)
        unsent = "\n".join(filter(None, [draft, edit.text if edit else ""]))
        await self._outbox.save(("draft", conversation), write, unsent, supersedes=True)

    async def keep_queue(self, conversation: str, queue: Sequence[str], bot: Bot, *, added: str = "") -> None:
        """Save the questions that wait in a conversation; create it if the store does not have it.

        Args:
            added: one of them, which is no longer the draft.
        """
        site, keep = self.settings.site, self.conversations.keep_queue
        write = partial(keep, conversation, queue, site=site, bot=bot, added=added)
        await self._outbox.save(("queue", conversation), write, "\n".join(queue), supersedes=True)

    async def adopt(self, conversation: str, bot: Bot) -> None:
        """Assign a bot to a conversation that was started without one; do nothing if it has a bot."""
        adopt = partial(self.conversations.adopt, conversation, site=self.settings.site, bot=bot)
        await self._outbox.save(("adopt", conversation), adopt, supersedes=True)

    async def rename(self, conversation: str, title: str) -> None:
        """Save the user's title of a conversation; `server_side.rename` does so on the server."""
        rename = partial(self.browsing.rename, conversation, title)
        await self._outbox.save(("title", conversation), rename, title, supersedes=True)

    async def is_behind(self, conversations: Collection[str]) -> bool:
        """Return whether the store lacks a chat of any of these, because it refused to save it."""
        recorders = [each for each in self._outbox.waiting if isinstance(each, JournalRecorder)]
        return any(each.conversation in conversations for each in recorders)

    async def queue(self, conversation: str) -> tuple[str, ...] | None:
        """Return the questions that wait in a conversation; None if the store cannot be read now."""
        # The waiting writes may change the queue.
        if self._outbox.is_behind:
            return None
        saved = await self._conversation(conversation)
        return saved.queue if saved is not None else None

    async def note_failure(self, error: StoreError) -> None:
        """Report a failure of the store that a screen has encountered, until the store works again."""
        self._outbox.note(error)

    # --- turns ---

    async def ask(
        self,
        conversation: str,
        question: str,
        feed: TurnFeed,
        *,
        bot: Bot | None = None,
        files: Sequence[SentFile] = (),
    ) -> None:
        """Store a question and send it. The feed receives the updates; the last one is always TurnEnded."""
        await self.send(await self.begin(conversation, question, bot=bot, files=files), feed)

    async def begin(
        self,
        conversation: str,
        question: str,
        *,
        bot: Bot | None = None,
        files: Sequence[SentFile] = (),
        settings: Settings | None = None,
        title: str = "",
        is_queued: bool = False,
    ) -> AskedQuestion:
        """Store a question before it is shown and sent. `send` must follow.

        Returns once the question is on disk, or once the store has refused it, which is reported.

        Args:
            conversation: its key; a conversation that the store does not have is created with the question.
            bot: the bot of a new conversation, or of one that was started without a bot; by default the one
                in the settings.
            title: of a new conversation; by default it comes from the question.
            settings: for this question only: another version of the bot, other parameters.
            is_queued: the question comes from the conversation's queue and leaves it once it is stored.
        """
        settings = settings or self.settings
        bot = bot or Bot(id=settings.bot_id)
        # An earlier stop concerned an earlier question.
        self._stopped.discard(conversation)
        saved = await self._conversation(conversation)
        request = requests.request_for(
            question,
            settings,
            bot_id=(saved.bot_id if saved else "") or bot.id,
            # If the store refused the last chat, only memory has its Coze conversation ID.
            conversation_id=self._unsaved_ids.get(conversation) or (saved.conversation_id if saved else ""),
            attachments=requests.attachments_for(files),
        )
        stored = JournalRecorder(
            self._outbox,
            conversation,
            site=settings.site,
            bot_name=bot.name,
            title=title,
            is_queued=is_queued,
        )
        asked = self._asked[conversation] = AskedQuestion(request, tuple(files), settings, stored)
        # The user may have stopped it while the store was read.
        asked.is_stopped = conversation in self._stopped
        try:
            self.site.refuse_foreign(saved)
        except SettingsError as error:
            asked.error = error
        else:
            await stored.begin(request)
        return asked

    async def send(self, asked: AskedQuestion, feed: TurnFeed) -> None:
        """Send a stored question, its files first. The updates go to the feed.

        The feed ends with TurnEnded, even if the question could not be sent.
        """
        conversation = asked.recorder.conversation
        preparing = asked.preparing = asyncio.create_task(asked.turn(self.site, self._report))
        if asked.is_stopped:
            preparing.cancel()
        try:
            # Unlike `await preparing`, this does not raise: each result is handled below.
            await asyncio.wait((preparing,))
        finally:
            preparing.cancel()  # the program is exiting
            # A newer question may have taken its place.
            if self._asked.get(conversation) is asked:
                del self._asked[conversation]
        if preparing.cancelled():
            feed.put(await asked.not_sent(Outcome.CANCELED))
        elif isinstance(error := preparing.exception(), CozeTuiError):
            feed.put(await asked.not_sent(Outcome.FAILED, error))
        else:
            self.live.start(preparing.result(), feed)

    async def _conversation(self, key: str) -> SavedConversation | None:
        """Return a conversation; also None if the store cannot be read, so that chatting continues."""
        try:
            return await self._database.run(lambda c: history.conversation(c, key))
        except StoreError as error:
            self._outbox.note(error)
            return None

    async def check_attachments(self, files: Sequence[SentFile]) -> list[int]:
        """Return the sizes of files in bytes, 0 for a URL. Raises AttachmentError if one cannot be sent."""
        return await asyncio.to_thread(lambda: [requests.check(file) for file in files])

    async def follow(self, conversation: str, feed: TurnFeed) -> RunningTurn | None:
        """Follow the running turn of a conversation from its start; return None if this program runs none."""
        live = self.live.follow(conversation, feed)
        return RunningTurn(live.question, live.recorder.chat_key) if live else None

    async def follow_remote(self, conversation: str, chat_key: int, feed: TurnFeed) -> None:
        """Follow a chat that another program runs, by the frames that it writes into the store."""
        if (before := self._followed.get(conversation)) is not None:
            before.cancel()
        following = follow_remote(
            self._database,
            chat_key,
            feed,
            self.site.find_cleaner,
            is_orphaned=chat_key in self._orphans,
        )
        task = asyncio.create_task(following, name=f"follow {chat_key}")
        self._followed[conversation] = task

    async def stop(self, conversation: str) -> None:
        """Stop the turn of a conversation, even if it is not sent yet."""
        if (asked := self._asked.get(conversation)) is not None:
            asked.stop()
        else:
            # `begin` has not registered the question yet, and looks here when it does.
            self._stopped.add(conversation)
        self.live.stop(conversation)

    async def submit(
        self, conversation: str, chat_key: int, outputs: Sequence[tuple[str, str]], feed: TurnFeed
    ) -> None:
        """Submit the outputs of local tools; the chat continues (docs/wire.md 4.4).

        A chat of an earlier run of the program is read from the store.

        Args:
            outputs: Pairs of call ID and text.
        """
        try:
            live = self.live.of(conversation) or await self._restored_turn(chat_key)
        except CozeTuiError as error:
            feed.put(TurnEnded(Outcome.FAILED, 0, error))
            return
        live.turn.submit([ToolOutput(call_id, output) for call_id, output in outputs])
        self.live.start(live, feed)

    async def recover(self, chat_key: int, feed: TurnFeed) -> bool:
        """Fetch the rest of a chat that was cut off (docs/wire.md 7.4), unless another program does.

        Returns:
            True if this program fetches it: the feed continues after the frames that the store has.
            False if another program fetches it, or already has: the feed contains the chat from its start.
        """
        try:
            live = await self._restored_turn(chat_key)
            while (other := self.live.of(live.conversation)) is not None and other.is_running:
                assert other.task is not None
                await asyncio.wait((other.task,))  # a conversation can have only one turn at a time
            if not await self._take_up(chat_key):
                await self.follow_remote(live.conversation, chat_key, feed)
                return False
        except CozeTuiError as error:
            feed.put(TurnEnded(Outcome.INTERRUPTED, 0, error))
            return True
        self.live.start(live, feed)
        return True

    async def _take_up(self, chat_key: int) -> bool:
        """Make this program the one that fetches a chat; also return True if the store cannot be written."""
        try:
            return await self._database.write(lambda c: journal.take_up(c, chat_key, now_ms()))
        except StoreError as error:
            self._outbox.note(error)
            return True

    async def _restored_turn(self, chat_key: int) -> LiveTurn:
        return await restored_turn(self._database, self._outbox, self.site, chat_key, self._report)

    async def cancel_running(self, conversation: str) -> bool:
        """Cancel the chat that keeps a conversation busy on the server (4016); see `busy.cancel_running`.

        Returns:
            False if no running chat was found, or if the conversation is of another site than the one in use.
        """
        last = await self._database.run(lambda c: journal.last_identified(c, conversation))
        saved = await self._database.run(lambda c: history.conversation(c, conversation))
        if saved is None or not saved.conversation_id or saved.site != self.settings.site:
            return False
        async with self.site.calling() as client:
            return await cancel_running(client, saved.conversation_id, last.chat_id if last else "")

    # --- past chats ---

    async def last_chat(self, conversation: str) -> int:
        """Return the key of the latest chat of a conversation; 0 if there is none."""
        return await self._database.run(lambda c: journal.last_chat(c, conversation))

    def warning_texts(self) -> list[str]:
        """Return the problems of the store when it was opened, in the language in use."""
        return [store_warning_text(warning, is_saved=self.is_saved) for warning in self.warnings]

    async def unfetched_chats(self) -> tuple[ChatRecord, ...]:
        """Finish the chats that ended programs left, as cut off.

        Returns:
            The chats of the site in use whose rest Coze may have, oldest first.
        """
        await self._orphans.close()
        site = self.settings.site
        return await self._database.run(lambda c: journal.unfetched_chats(c, site, _MOST_UNFETCHED))

    async def clear_context(self, conversation: str) -> None:
        """Start a new section: the messages so far leave the bot's context (docs/wire.md 4.6)."""
        saved = await self._database.run(lambda c: history.conversation(c, conversation))
        self.site.refuse_foreign(saved)
        section_id = ""
        # A conversation that was never on the server has no context there.
        if saved is not None and saved.conversation_id:
            async with self.site.calling() as client:
                section_id = await resources.clear_conversation(client, saved.conversation_id)

        async def write() -> None:
            await self._database.write(lambda c: history.add_section(c, conversation, section_id, now_ms()))

        await self._outbox.save(("section", conversation, section_id), write)

    # --- maintenance of the store ---

    def _store_works_again(self) -> None:
        """Report that the store works again, and repeat the work that it refused."""
        self._orphans.store_works_again()
        self._restored()

    def _rescued(self, warnings: Sequence[StoreWarning]) -> None:
        """Report that the store was reopened, perhaps without some of its data."""
        self.warnings += tuple(warnings)
        for warning in warnings:
            self._report(CozeTuiError(store_warning_text(warning, is_saved=self.is_saved)))

    async def _name_bot(self, bot_id: str, name: str) -> None:
        write = partial(self.conversations.name_bot, self.settings.site, bot_id, name)
        await self._outbox.save(("bot", bot_id), write, supersedes=True)

    def _report(self, error: CozeTuiError) -> None:
        if isinstance(error, StoreClosedError):
            return  # the program is exiting; the next start completes what is not stored
        _log.info("%r", error)  # a warning would be printed to stderr
        self._reported(error)

    async def _heartbeat(self) -> None:
        async def write() -> None:
            await self._database.write(lambda c: journal.heartbeat(c, now_ms()))

        # Only the latest heartbeat matters, so it replaces one that still waits.
        await self._outbox.save("heartbeat", write, supersedes=True)

    def _turn_ended(self, live: LiveTurn) -> None:
        # The next question needs the new ID even if the store does not have it.
        if live.recorder.is_behind and (conversation_id := live.turn.state.conversation_id):
            self._unsaved_ids[live.conversation] = conversation_id
        else:
            self._unsaved_ids.pop(live.conversation, None)
        error = live.ended.error if live.ended else None
        if isinstance(error, InternalError):
            self._report(error)
        if isinstance(error, NotFoundError) and error.code in (4001, 4002):
            # the server has deleted the conversation (docs/wire.md 7.3): the next question creates a new one
            self._unsaved_ids.pop(live.conversation, None)
            write = partial(self.conversations.unbind, live.conversation)
            # An attribute, because asyncio has only weak references to its tasks.
            self._unbinding = asyncio.create_task(self._outbox.save(("unbind", live.conversation), write))
