"""Chats that a program left when it died: what they have is kept, as cut off."""

from __future__ import annotations

from dataclasses import dataclass

from coze_tui.engine.conversations import now_ms
from coze_tui.engine.past_turn import past_turn
from coze_tui.engine.stored_turn import messages_of, summary_of
from coze_tui.engine.updates import Phase
from coze_tui.store import history, journal
from coze_tui.store.database import Database
from coze_tui.store.journal import SavedChat


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A chat that was cut off when the program ended, and of which Coze may have the rest."""

    chat: int
    conversation: str
    title: str
    question: str


async def settle(database: Database, chat: SavedChat) -> Unfinished | None:
    """Settle such a chat; None where another program was quicker, or nothing more can be fetched.

    Raises:
        StoreError: it is as it was; the next start tries again.
    """
    if not await database.write(lambda c: journal.adopt(c, chat.key, now_ms())):
        return None
    frames = await database.read(lambda c: journal.frames_of(c, chat.key))
    turn = past_turn(frames, logid=chat.logid)
    summary = summary_of(turn.figures, turn.outcome, turn.figures.error, turn.figures.last_us)
    messages = messages_of(turn.state, chat.sent_at)
    await database.write(lambda c: journal.finish_chat(c, chat.key, summary, messages))
    if turn.outcome is not Phase.INTERRUPTED or not turn.state.is_identified:
        return None
    saved = await database.run(lambda c: history.conversation(c, chat.conversation))
    return Unfinished(chat.key, chat.conversation, saved.title if saved else "", chat.question)
