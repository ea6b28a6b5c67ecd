"""The screens beside the chat: the history, and the inspector of a chat that was kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

import pytest

from coze_tui.api.captures import read_capture
from coze_tui.engine.model.records import chat_from_capture
from coze_tui.store import history, journal
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord, SavedMessage
from coze_tui.tui.chat_sources import ChatSource
from coze_tui.tui.screens.inspector import InspectorScreen
from tests.support.samples import CAPTURES
from tests.support.snapshot_stage import BOTS, Looks, Stage, today_at

_DAY_MS = 24 * 3_600_000
_TALKS: Sequence[tuple[str, str, str, int, str]] = (
    ("退货流程怎么走", "买错了，退货流程怎么走？", "七天内可以申请**退款**，原路返回。", 0, "completed"),
    ("Order 8841", "It has not come.", "If the refund has not", 0, "interrupted"),
    ("Refund policy, translated", "Translate: 退款政策", "Refund policy", 1, "completed"),
)


async def _told(stage: Stage) -> None:
    """Conversations of today and yesterday, the first one pinned."""
    database = await Database.open(stage.app.context.startup.paths.database_file)
    try:
        for number, talk in enumerate(_TALKS):
            key = await database.write(_written(number, *talk))
            if not number:
                await database.write(lambda c, key=key: history.pin(c, key, True))  # type: ignore[misc]
    finally:
        await database.close()


def _written(
    number: int, title: str, question: str, answer: str, days: int, status: str
) -> Callable[[sqlite3.Connection], str]:
    at_ms = today_at(10, 21 - number, 5) - days * _DAY_MS

    def write(c: sqlite3.Connection) -> str:
        bot = BOTS[number]
        key = history.create_conversation(c, "coze.cn", bot.id, at_ms, bot_name=bot.name, title=title)
        chat = journal.begin_chat(c, key, question, bot.id, at_ms)
        said = SavedMessage("assistant", "answer", answer, created_at=at_ms)
        journal.finish_chat(c, chat, ChatRecord(status=status), [said])
        return key

    return write


@pytest.mark.parametrize(
    ("size", "language", "theme"),
    [((120, 40), "en", "coze-light"), ((80, 24), "zh_CN", "coze-dark")],
    ids=["wide", "narrow zh"],
)
def test_history(looks_the_same: Looks, size: tuple[int, int], language: str, theme: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        await _told(stage)
        await stage.press("ctrl+s")
        await stage.shows("Order 8841")
        await stage.press("down")
        if size[0] > 100:
            await stage.shows("It has not come")

    assert looks_the_same(before, size, language=language, theme=theme)


@pytest.mark.parametrize(
    ("size", "language"),
    [((120, 40), "en"), ((80, 24), "zh_CN"), ((60, 20), "en")],
    ids=["wide", "zh", "tiny"],
)
def test_inspector(looks_the_same: Looks, size: tuple[int, int], language: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        capture = read_capture((CAPTURES / "ferries.sse").read_text("utf-8"))
        await stage.open(InspectorScreen(ChatSource.whole(chat_from_capture(capture))))
        await stage.shows("function_call")
        await stage.press("t")

    assert looks_the_same(before, size, language=language)
