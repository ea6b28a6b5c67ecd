"""What a bot is, and the default ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coze_tui.standin.scenarios import Answer, Scenario


@dataclass(frozen=True)
class Bot:
    """A bot: its scenario, and what its page shows."""

    id: str
    name: str
    scenario: Scenario
    description: str = ""
    prologue: str = ""
    suggested_questions: tuple[str, ...] = ()
    is_published: bool = True
    model_name: str = "standin-sample"
    icon_url: str = "https://example.invalid/icon.png"
    version: str = "1"
    published_at: int = 1760000000
    suggests: bool = False
    """Whether it makes follow-up questions."""
    workflow_id: str = ""
    """A chatflow with this id is played by this bot."""


def demo_bots() -> Sequence[Bot]:
    """The demo's tour."""
    return (
        Bot(
            "7511000000000000101",
            "小春 Xiaochun",
            [Answer("你好！Hello!")],
            workflow_id="7511000000000000901",
        ),
    )
