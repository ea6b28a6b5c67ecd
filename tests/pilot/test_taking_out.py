"""Conversations are written to files and read back, by slash commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.standin.bots import Bot
from coze_tui.standin.scenarios import Answer
from coze_tui.tui.screens.dialogs import Choose
from tests.pilot.conftest import desk

BOT = "7511000000000000777"


@pytest.mark.parametrize(("key", "suffix"), [("1", ".md"), ("2", ".html"), ("3", ".jsonl"), ("4", ".sse")])
async def test_a_conversation_is_exported_where_the_program_was_started(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with desk(home, [Bot(BOT, "海水", [Answer("河流把盐带走。")])]) as at:
        await at.ask("/export")
        await at.until(lambda: at.app._notifications, "there is nothing yet")
        await at.ask("海水为什么咸？")
        await at.answered()
        await at.ask("/export")
        await at.until(lambda: isinstance(at.app.screen, Choose))
        await at.pilot.press(key)
        await at.until(lambda: list(tmp_path.glob(f"*{suffix}")))
    (path,) = tmp_path.glob(f"*{suffix}")
    assert "海水为什么咸" in path.name
    text = path.read_text(encoding="utf-8")
    assert "河流把盐带走" in text or "\\u6cb3" in text
    assert "pat_DEMO" not in text
    if suffix == ".jsonl":
        async with desk(tmp_path / "other", [Bot(BOT, "海水", [Answer("a")])]) as at:
            await at.ask(f"/import {path}")
            await at.until(lambda: "河流把盐带走。" in at.text())
            assert at.screen.header.title == "海水为什么咸？"


async def test_a_conversation_is_renamed_here_and_at_the_server(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("河流把盐带走。")])]) as at:
        await at.ask("海水为什么咸？")
        await at.answered()
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        await at.ask("/rename 盐")
        await at.until(lambda: at.screen.header.title == "盐")
        await at.until(lambda: any(request.method == "PUT" for request in at.stand_in.requests))
