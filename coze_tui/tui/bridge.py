"""The worker between the engine and the widgets: updates in, widget messages out. Decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from textual.message_pump import MessagePump

from coze_tui.engine.model import updates as turn
from coze_tui.engine.model.updates import TurnUpdate
from coze_tui.engine.session.thread import TurnFeed
from coze_tui.tui.messages import message_of

Receivers = Mapping[str, MessagePump]
"""The widgets by the part they play: `log`, `life` (sidebar and strip) and `screen`."""

_AT_ONCE = 100
"""Updates that may wait in the queues of the widgets."""

_GOES_TO: Mapping[type[TurnUpdate], tuple[str, ...]] = {
    turn.PhaseChanged: ("log", "life", "screen"),
    turn.ChatIdentified: ("life", "screen"),
    turn.LogidReported: ("life",),
    turn.ReasoningGrew: ("log", "life"),
    turn.AnswerGrew: ("log", "life"),
    turn.AnswerSettled: ("log", "life"),
    turn.ToolCalled: ("log", "life"),
    turn.ToolResponded: ("log",),
    turn.FollowUpOffered: ("log",),
    turn.ActionRequired: ("screen",),
    turn.UsageReported: ("log", "life"),
    turn.EventNoted: ("life",),
    turn.TurnEnded: ("log", "life", "screen"),
}


async def run_turn(feed: TurnFeed, receivers: Receivers) -> None:
    """Hand every update of one turn to the widgets it concerns, in order, until the turn has ended."""
    posted = 0
    while updates := await feed.take():
        for update in updates:
            for name in _GOES_TO[type(update)]:
                receivers[name].post_message(message_of(update))
            posted += 1
            if posted % _AT_ONCE == 0:
                await _taken(receivers)


async def _taken(receivers: Receivers) -> None:
    """Wait until the widgets have taken what was posted: a key must not queue behind a flood."""
    for receiver in receivers.values():
        taken = asyncio.Event()
        if receiver.call_later(taken.set):
            await taken.wait()
