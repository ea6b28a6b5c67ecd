"""A question between Enter and its sending: stored, and perhaps waiting for a token or an upload."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

from coze_tui.api.chats import ChatRequest
from coze_tui.config.settings import Settings
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.updates import TurnEnded
from coze_tui.engine.session.capture_recorder import captured
from coze_tui.engine.session.recorder import JournalRecorder
from coze_tui.engine.session.requests import upload_all
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.engine.session.running import LiveTurn
from coze_tui.engine.session.sent_files import SentFile
from coze_tui.engine.session.site import Site
from coze_tui.errors import CozeTuiError


@dataclass(slots=True, eq=False)
class AskedQuestion:
    """A question that is stored and not sent yet."""

    request: ChatRequest
    """Its attachments have no IDs before they are uploaded."""
    files: tuple[SentFile, ...]
    settings: Settings
    recorder: JournalRecorder
    error: CozeTuiError | None = None
    """Why the question cannot be sent; if set, the question is not stored."""
    is_stopped: bool = False
    preparing: asyncio.Task[LiveTurn] | None = None
    """Connects and uploads the files."""

    def stop(self) -> None:
        """Cancel the sending."""
        self.is_stopped = True
        if self.preparing is not None:
            self.preparing.cancel()

    async def turn(self, site: Site, report: Callable[[CozeTuiError], None]) -> LiveTurn:
        """Upload the files; return the turn, which does not run yet.

        Args:
            report: called if the settings ask for captures and a capture cannot be written.

        Raises:
            CozeTuiError: the question cannot be sent.
        """
        if self.error is not None:
            raise self.error
        request, settings = self.request, self.settings
        client = await site.client()
        if self.files:
            request = replace(request, attachments=await upload_all(client, self.files))
        record = captured(self.recorder, client, site.settings, report) or self.recorder
        turn = ChatTurn(client, request, record=record, idle_seconds=settings.idle_timeout)
        return LiveTurn(self.recorder.conversation, request.question, turn, self.recorder)

    async def not_sent(self, outcome: Outcome, error: CozeTuiError | None = None) -> TurnEnded:
        """Store that the question was not sent; return the update that ends its turn."""
        # With an error of `begin`, nothing was stored.
        if self.error is None:
            await self.recorder.finish(TurnState(), TurnFigures(), outcome, error, 0)
        return TurnEnded(outcome, 0, error)
