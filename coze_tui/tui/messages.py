"""The one Textual message that carries an update of a turn to the widget that shows it."""

from __future__ import annotations

from textual.message import Message

from coze_tui.engine.model.updates import TurnUpdate
from coze_tui.tui.log.entries import BotEntry


class Updated(Message, bubble=False):
    """An update of the turn that an entry of the log shows.

    It does not bubble, so a flood of deltas never fills the queues of the screen and the app.
    """

    def __init__(self, entry: BotEntry, update: TurnUpdate) -> None:
        super().__init__()
        self.entry = entry
        self.update = update
