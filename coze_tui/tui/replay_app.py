"""The program as a player: it shows one chat and needs neither a token nor a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import ClassVar

from coze_tui.config.settings import Settings
from coze_tui.errors import CozeTuiError
from coze_tui.tui.app import CozeApp
from coze_tui.tui.chat_sources import ChatSource
from coze_tui.tui.context import Access
from coze_tui.tui.screens.inspector import inspector_at
from coze_tui.tui.screens.replay import ReplayScreen


class ReplayApp(CozeApp):
    """Begins with the replay, and ends with it."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [
        *CozeApp.CSS_PATH,
        *(Path(__file__).parent / "styles" / f"{name}.tcss" for name in ("timeline_bar", "replay")),
    ]

    def __init__(
        self,
        settings: Settings,
        access: Access,
        source: ChatSource,
        *,
        pace: float = 1.0,
        problems: Sequence[CozeTuiError] = (),
    ) -> None:
        super().__init__(settings, access, problems=problems)
        self._source = source
        self._pace = pace

    def get_default_screen(self) -> ReplayScreen:
        return ReplayScreen(self._source, inspector_at, pace=self._pace)
