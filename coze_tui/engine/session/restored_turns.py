"""Turns of chats in the store, to fetch their rest or to submit the outputs of local tools."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from coze_tui.api.chats import ChatRequest
from coze_tui.engine.model.outcomes import Outcome, outcome_of
from coze_tui.engine.model.records import ids_of
from coze_tui.engine.model.updates import ChatIdentified
from coze_tui.engine.session.capture_recorder import captured
from coze_tui.engine.session.outbox import Outbox
from coze_tui.engine.session.recorder import JournalRecorder
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.engine.session.running import LiveTurn
from coze_tui.engine.session.site import Site
from coze_tui.errors import CozeTuiError, StoreError
from coze_tui.store import history, journal
from coze_tui.store.database import Database, now_ms

FETCH_SECONDS = 20.0
"""Time to ask for a chat of an earlier run if no request succeeds."""


async def restored_turn(
    database: Database,
    outbox: Outbox,
    site: Site,
    chat_key: int,
    report: Callable[[CozeTuiError], None],
) -> LiveTurn:
    """Return the turn of a stored chat, with the frames that the store has. It does not run yet.

    Args:
        report: called if the settings ask for captures and a capture cannot be written.

    Raises:
        StoreError: the chat cannot be read.
        SettingsError: the chat belongs to another site than the one in use.
        CredentialsError: no token was found.
        TransportError: a proxy or certificate setting cannot be used.
    """
    saved = await database.run(lambda c: journal.chat(c, chat_key))
    if saved is None:
        raise StoreError("unreadable", detail=f"chat {chat_key}")
    conversation = await database.run(lambda c: history.conversation(c, saved.conversation))
    site.refuse_foreign(conversation)
    settings = site.settings
    frames = await database.read(lambda c: journal.frames_of(c, chat_key))
    conversation_id = ids_of(frames).conversation_id or (conversation.conversation_id if conversation else "")
    request = ChatRequest(saved.bot_id, settings.user_id, saved.question, conversation_id)
    stored = JournalRecorder(outbox, saved.conversation, chat_key=chat_key, written=len(frames))
    stored.sent_at_ms = saved.sent_at
    client = await site.client()
    capture = captured(stored, client, settings, report)
    if capture is not None:
        known = replace(
            saved,
            is_final=False,
            site=settings.site,
            conversation="",
            conversation_id=conversation_id,
            bot_name="",
            title="",
        )
        capture.go_on(known, frames)
    turn = ChatTurn(
        client,
        request,
        record=capture or stored,
        idle_seconds=settings.idle_timeout,
        recovery_seconds=FETCH_SECONDS,
    )
    # The clock of a turn excludes the wait for the user, even across a restart.
    is_waiting = outcome_of(saved) is Outcome.REQUIRES_ACTION
    turn.recover_from(
        frames,
        ChatIdentified(saved.chat_id, conversation_id, saved.section_id),
        breaks=saved.breaks,
        waited_us=max(0, now_ms() - saved.ended_at) * 1000 if is_waiting else 0,
    )
    turn.logid = saved.logid
    return LiveTurn(saved.conversation, saved.question, turn, stored)
