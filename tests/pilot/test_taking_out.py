"""Conversations are written to files and read back, by slash commands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coze_tui.engine.session.maintenance import prune_frames
from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.store.database import Database
from coze_tui.tui.screens.dialogs import AskText, Choose, Confirm
from coze_tui.tui.widgets.field import Field
from tests.support.desk import Desk, desk
from tests.support.shown import toasts_of

BOT = "7511000000000000777"


def said(at: Desk) -> str:
    """The toasts."""
    return "\n".join(toasts_of(at.app))


@pytest.mark.parametrize(("key", "suffix"), [("1", ".md"), ("2", ".html"), ("3", ".jsonl"), ("4", ".sse")])
async def test_a_conversation_is_exported_where_the_program_was_started(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    async with desk(home, [Bot(BOT, "海水", [Answer("河流把盐带走。")])]) as at:
        await at.ask("/export")
        await at.until(lambda: toasts_of(at.app), "there is nothing yet")
        await at.ask("海水为什么咸？")
        await at.answered()
        await at.ask("/export")
        await at.opened(Choose)
        await at.pilot.press(key)
        await at.opened(AskText)
        assert at.app.screen.query_one(Field).value.startswith(str(tmp_path))
        await at.pilot.press("enter")
        await at.until(lambda: list(tmp_path.glob(f"*{suffix}")))
        (path,) = tmp_path.glob(f"*{suffix}")
        await at.until_told(str(path) if suffix != ".sse" else "Saved as")
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
            assert "1 conversation imported" in said(at)
            await at.ask(f"/import {path}")
            await at.until(lambda: "everything is already here" in said(at))
            empty = tmp_path / "empty.jsonl"
            empty.write_text('{"format":"coze-tui","version":1}\n', "utf-8")
            await at.ask(f"/import {empty}")
            await at.until(lambda: "the file contains no conversations" in said(at))


async def test_an_export_asks_for_the_place_and_before_it_replaces_a_file(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with desk(home, [Bot(BOT, "海水", [Answer("河流把盐带走。")])]) as at:

        async def export_to(text: str) -> None:
            await at.ask("/export")
            await at.opened(Choose)
            await at.pilot.press("1")
            await at.opened(AskText)
            at.app.screen.query_one(Field).put(text)
            await at.pilot.press("enter")

        await at.ask("海水为什么咸？")
        await at.answered()
        (tmp_path / "out").mkdir()
        taken = tmp_path / "mine.md"
        taken.write_text("mine", "utf-8")
        await export_to("mine.md")
        await at.opened(Confirm)
        await at.pilot.press("enter")
        await at.until(lambda: at.app.screen is at.screen)
        assert taken.read_text("utf-8") == "mine", "the cursor is on the harmless answer"
        await export_to("mine.md")
        await at.opened(Confirm)
        await at.pilot.press("y")
        await at.until_told(f"Saved as {taken}")
        assert "河流把盐带走。" in taken.read_text("utf-8")
        await export_to("'out'")
        await at.until(lambda: list((tmp_path / "out").glob("*海水为什么咸*.md")), "its own name in a folder")
        await export_to("")
        await at.until(lambda: at.app.screen is at.screen)
        await export_to("mine.md/x.md")
        await at.until_told(f"cannot write {tmp_path}/mine.md/x.md")
        assert len(list(tmp_path.glob("*.md"))) == 1


async def test_a_conversation_is_renamed_here_and_at_the_server(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("河流把盐带走。")])]) as at:
        await at.ask("海水为什么咸？")
        await at.answered()
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        await at.ask("/rename 盐")
        await at.until(lambda: at.screen.header.title == "盐")
        await at.until(lambda: any(request.method == "PUT" for request in at.stand_in.requests))


async def test_a_cleared_context_is_a_line_that_stays_and_the_server_is_told(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("河流把盐带走。")])]) as at:
        await at.ask("海水为什么咸？")
        await at.answered()
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        await at.ask("/clear")
        await at.until(lambda: "context cleared" in at.text())
        assert [request.path for request in at.stand_in.requests if request.path.endswith("/clear")]
        key = at.screen.conversation.key
        await at.pilot.press("ctrl+n")
        await at.screen.opener.open(key)
        assert at.text().count("context cleared") == 1
        await at.ask("还有呢？")
        await at.answered()
        await at.screen.opener.open(key)
        text = at.text()
        assert text.count("context cleared") == 1
        assert text.index("海水为什么咸？") < text.index("context cleared") < text.index("还有呢？")


async def test_a_context_that_the_server_does_not_clear_is_not_drawn_as_cleared(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("河流把盐带走。")])]) as at:
        await at.ask("海水为什么咸？")
        await at.answered()
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        key = at.screen.conversation.key
        summary = await at.context.engine_thread.call(lambda engine: engine.conversations.summary(key))
        assert summary is not None
        at.stand_in.fault("code=4101", path=f"/v1/conversations/{summary.conversation_id}/clear", times=1)
        await at.ask("/clear")
        await at.until(lambda: "4101" in said(at))
        assert "context cleared" not in at.text()
        await at.screen.opener.open(key)
        assert "context cleared" not in at.text()


async def test_a_context_is_cleared_at_no_other_site_than_its_own(home: Path) -> None:
    async with desk(home, [Bot(BOT, "海水", [Answer("河流把盐带走。")])]) as at:
        await at.ask("海水为什么咸？")
        await at.answered()
        elsewhere = replace(at.context.settings, base_url="http://127.0.0.1:9")
        await at.context.engine_thread.call(lambda engine: engine.site.use(elsewhere))
        await at.ask("/clear")
        await at.until(lambda: "this conversation belongs to" in said(at))
        assert not [request.path for request in at.stand_in.requests if request.path.endswith("/clear")]


async def test_events_that_are_not_here_are_not_exported_and_that_is_said(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with desk(home, [Bot(BOT, "海水", [Answer("河流把盐带走。")])]) as at:
        await at.ask("海水为什么咸？")
        await at.answered()
        await at.until(lambda: at.screen.log_widget.entries[-1].chat)
        database = await Database.open(at.context.startup.paths.database_file)
        await prune_frames(database, 1 << 60)
        await database.close()
        await at.ask("/export")
        await at.opened(Choose)
        await at.pilot.press("4")
        await at.opened(AskText)
        await at.pilot.press("enter")
        await at.until(lambda: "Nothing to export in this format" in said(at))
    assert not list(tmp_path.glob("*.sse"))


async def test_an_export_from_a_folder_that_is_gone_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    async with desk(home, environment={"PWD": str(gone)}) as at:
        await at.ask("a question")
        await at.answered()
        monkeypatch.chdir(gone)
        gone.rmdir()
        at.screen.actions.export()
        await at.opened(Choose)
        await at.pilot.press("1")
        await at.until_told(f"cannot write {gone}")
    assert at.app.crash is None
