"""Where the updates about the life of a turn arrive: they feed its figures. Draws nothing.

It is a widget so that a flood fills its own queue, and neither the screen's, through which keys go, nor the
sidebar's, which draws the figures at its own pace.
"""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.tui import messages as posted


class EventFeed(Widget):
    """Feeds one `TurnFigures`."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.display = False
        self.figures = TurnFigures()

    @on(posted.AnswerGrew)
    @on(posted.ReasoningGrew)
    @on(posted.EventNoted)
    @on(posted.PhaseChanged)
    @on(posted.ChatIdentified)
    @on(posted.LogidReported)
    @on(posted.UsageReported)
    @on(posted.AnswerSettled)
    @on(posted.ToolCalled)
    @on(posted.TurnEnded)
    def _take(
        self,
        message: posted.AnswerGrew
        | posted.ReasoningGrew
        | posted.EventNoted
        | posted.PhaseChanged
        | posted.ChatIdentified
        | posted.LogidReported
        | posted.UsageReported
        | posted.AnswerSettled
        | posted.ToolCalled
        | posted.TurnEnded,
    ) -> None:
        self.figures.add(message.update)
