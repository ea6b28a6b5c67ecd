"""A chat played again: the way of a live one, steered by keys, sent nowhere."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from textual.selection import Selection

from coze_tui.api.captures import read_capture
from coze_tui.api.objects import Frame
from coze_tui.cli.commands import COMMANDS
from coze_tui.cli.parser import read_arguments
from coze_tui.cli.startup import begin
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.records import ChatFrames, ChatRecord, chat_from_capture
from coze_tui.standin.scenarios import (
    Answer,
    Bot,
    Complete,
    Cut,
    Delta,
    Fail,
    FollowUps,
    FunctionCall,
    ToolResponse,
)
from coze_tui.tui.app import ReplayApp
from coze_tui.tui.chat_sources import ChatSource
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.screens.inspector import InspectorScreen, inspector_at
from coze_tui.tui.screens.replay import ReplayScreen
from tests.support.conversations import export_bytes
from tests.support.conversations import replayed as replayed_as
from tests.support.desk import Desk, desk
from tests.support.samples import STREAMS
from tests.support.shown import stale_rows
from tests.support.waiting import resize

BOT = "7511000000000000777"
STEPS = (
    FunctionCall("ferry", "next", {"pier": "三号码头"}),
    ToolResponse('{"dep":"18:40"}'),
    Answer("下一班是 **18:40**。", reasoning="先查船。"),
    FollowUps(("还有吗？",), wait=0),
)


def bot(*steps: object) -> list[Bot]:
    return [Bot(BOT, "海水", list(steps))]  # type: ignore[arg-type]


def log_text(log: MessageLog) -> str:
    copied = log.get_selection(Selection(None, None))
    assert copied is not None
    return copied[0]


def timeless(log: str) -> str:
    """Without the clock times: Enter may be pressed in one second, and the question be sent in the next."""
    return re.sub(r"\d\d:\d\d:\d\d", "", log)


async def replayed(at: Desk, screen: ReplayScreen) -> ReplayScreen:
    """Show the replay, and play it to its end."""
    at.app.push_screen(screen)
    await at.until(lambda: screen.is_mounted and screen.player.frames)
    await at.pilot.press("end")
    await at.until(lambda: screen.player.is_ended and screen.log_widget.live is None, "it is played")
    await at.pilot.pause()
    return screen


def stored(at: Desk) -> ChatSource:
    return ChatSource.stored(at.context.engine_thread, at.screen.conversation.key)


@pytest.mark.parametrize(
    "steps",
    [
        STEPS,
        (Delta("首先"), Fail(code=987654, msg="what helps depends on the site")),
        (Delta("河流把"), Cut(), Delta("盐带走"), Complete()),
    ],
    ids=["tools", "failed", "recovered"],
)
async def test_the_result_is_the_recorded_conversation(home: Path, steps: tuple[object, ...]) -> None:
    async with desk(home, bot(*steps)) as at:
        await at.until(lambda: at.screen.header.bot == "海水", "the bot is known")
        await at.ask("下一班？")
        await at.answered()
        asked = len(at.stand_in.requests)
        source = stored(at)
        screen = await replayed(at, ReplayScreen(source, inspector_at))
        live, played = at.screen.log_widget.entries, screen.log_widget.entries
        assert [entry.copy_text() for entry in played] == [entry.copy_text() for entry in live]
        at.screen.log_widget.offer(None)  # a replay has no prompt, so that digits choose nothing
        expected = [
            line
            for line in timeless(log_text(at.screen.log_widget)).splitlines()
            if "back in the prompt" not in line  # a replay has none
        ]
        assert timeless(log_text(screen.log_widget)).splitlines() == expected
        page = await source.page(0)
        assert page is not None
        inspected = InspectedChat(page.record)
        inspected.add(page.frames)
        inspected.end(page.record)
        figures = screen.sidebar.figures
        assert figures is not None
        assert list(figures.rows) == list(inspected.figures.rows)
        assert figures.outcome is inspected.figures.outcome
        archived = await at.context.engine_thread.call(
            lambda engine: engine.exports.archived(at.screen.conversation.key)
        )
        assert archived is not None
        [chat] = archived.chats
        exported = export_bytes(archived)
        assert export_bytes(replayed_as(archived, {chat.key: (screen.player, figures)})) == exported
        assert len(at.stand_in.requests) == asked, "a replay sends nothing"


async def test_steps_pauses_and_paces(home: Path) -> None:
    frames = [
        Frame("conversation.chat.created", '{"id":"1","conversation_id":"2"}', 60_000_000),
        *(
            Frame(
                "conversation.message.delta",
                f'{{"id":"3","role":"assistant","type":"answer","content":"{text}"}}',
                61_000_000 + number,
            )
            for number, text in enumerate("天地玄黄")
        ),
        Frame("done", "[DONE]", 90_000_000),
    ]
    async with desk(home, bot(Answer("a"))) as at:
        screen = ReplayScreen(
            ChatSource.whole(
                ChatFrames(ChatRecord(question="q", bot_name="海水", is_final=True), tuple(frames))
            ),
            inspector_at,
        )
        at.app.push_screen(screen)
        await at.until(lambda: screen.is_mounted and screen.player.frames)

        def shown() -> str:
            return "\n".join(entry.copy_text() for entry in screen.log_widget.entries)

        await at.pilot.press("right", "right", "right")
        await at.until(lambda: "天地" in shown())
        assert (screen.player.position, screen.player.is_paused) == (3, True)
        await at.pilot.press("left")
        await at.until(lambda: shown().endswith("天") and screen.player.position == 2)
        await at.pilot.press("right", "right")
        screen.action_step_back()
        screen.action_step_back()
        await at.until(lambda: shown().endswith("天") and screen.player.position == 2)
        await at.pilot.press("plus", "plus", "minus")
        assert screen.player.pace == 2
        await at.pilot.press("space")
        assert not screen.player.is_paused
        await at.pilot.press("space", "right", "right", "right", "right", "right")
        await at.until(lambda: screen.player.is_ended and "天地玄黄" in shown())
        await at.pilot.press("home")
        await at.until(lambda: screen.player.position == 0 and "天" not in shown())
        assert not screen.player.is_paused


async def test_a_long_chat_is_played_while_its_timeline_is_made(home: Path) -> None:
    delta = '{"id":"1","role":"assistant","type":"answer","content":"天","content_type":"text"}'
    frames = [Frame("conversation.message.delta", delta, 10_000 * number) for number in range(5_000)]
    async with desk(home, bot(Answer("a"))) as at:
        screen = ReplayScreen(
            ChatSource.whole(ChatFrames(ChatRecord(question="q", is_final=True), tuple(frames))),
            inspector_at,
        )
        at.app.push_screen(screen)
        await at.until(lambda: screen.is_mounted and screen.player.position)
        assert not screen.timeline.total_us
        await at.until(lambda: screen.timeline.total_us)


async def test_the_frame_that_was_played_is_inspected_and_one_comes_back(home: Path) -> None:
    async with desk(home, bot(*STEPS)) as at:
        await at.ask("q")
        await at.answered()
        screen = ReplayScreen(stored(at), inspector_at, pace=0.1)
        at.app.push_screen(screen)
        await at.until(lambda: screen.is_mounted and screen.player.frames)
        await at.pilot.press("right", "right", "right", "i")
        await at.until(lambda: isinstance(at.app.screen, InspectorScreen))
        inspector = at.app.screen
        assert isinstance(inspector, InspectorScreen)
        await at.until(lambda: inspector.chat.figures.is_ended and inspector.frames.current)
        assert inspector.frames.current is not None
        assert inspector.frames.current.row.number == screen.player.position
        await at.pilot.press("p")
        await at.until(lambda: at.app.screen is not inspector)
        await at.pilot.press("escape", "escape", "escape")
        await at.until(lambda: at.app.screen is at.screen)


async def test_every_size_shows_a_replay(home: Path) -> None:
    async with desk(home, bot(*STEPS), size=(1, 1)) as at:
        await at.ask("q")
        await at.answered()
        screen = await replayed(at, ReplayScreen(stored(at), inspector_at))
        for size in ((1, 1), (120, 40), (80, 24), (60, 20), (20, 5), (300, 100)):
            await resize(at.pilot, *size)
            assert screen.sidebar.display == (size[0] >= 100)
            await at.until(lambda: screen.steering.has_bar is not screen.bar.display, "one bar is shown")
            await at.pilot.pause()
            assert await stale_rows(at.pilot) == []


@pytest.mark.parametrize("file", sorted(STREAMS.glob("*.sse"))[::4], ids=lambda file: file.stem)
async def test_a_file_is_played_without_a_token_and_without_a_network(home: Path, file: Path) -> None:
    environment = {"COZE_TUI_HOME": str(home), "COZE_TUI_LANGUAGE": "en"}
    command = COMMANDS["replay"]
    start = begin(read_arguments(command, [str(file)]), environment)
    capture = read_capture(file.read_text("utf-8", "replace"))
    source = ChatSource.whole(chat_from_capture(capture))
    app = ReplayApp(start, source, pace=100)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = app.screen
        assert isinstance(screen, ReplayScreen)
        for _ in range(1_000):
            await pilot.pause(0.01)
            if screen.player.is_ended and screen.log_widget.live is None:
                break
        assert screen.player.is_ended
        assert len(screen.banner.texts) >= bool(capture.problems)
        await pilot.press("q")
        for _ in range(500):
            await pilot.pause(0.01)
            if app.return_code is not None:
                break
        assert app.return_code == 0


async def test_a_replay_that_is_left_in_the_middle_leaves_no_task_behind(home: Path) -> None:
    def following() -> list[str]:
        return [task.get_name() for task in asyncio.all_tasks() if "TurnView.follow" in repr(task.get_coro())]

    async with desk(home, bot(*STEPS)) as at:
        await at.ask("q")
        await at.answered()
        screen = ReplayScreen(stored(at), inspector_at, pace=0.1)
        at.app.push_screen(screen)
        await at.until(lambda: screen.is_mounted and screen.player.frames and following(), "it plays")
        await at.pilot.press("space", "escape")
        await at.until(lambda: at.app.screen is at.screen and not following(), "nothing follows it")
