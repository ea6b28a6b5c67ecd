"""A chat played again is the chat."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coze_tui.api.captures import Capture, capture_text, read_capture
from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.analysis.player import PACES, Player
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.records import ChatRecord, chat_from_capture
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.turn_replay import TurnReplay
from coze_tui.engine.model.updates import TurnEnded, TurnUpdate
from coze_tui.engine.session.recorder import messages_of
from coze_tui.store import history
from tests.support.conversations import HOSTILE_TEXT, NUMBERS, add_chat, export_bytes, replayed
from tests.support.samples import STREAMS
from tests.support.stores import empty_store, taken


class Kept:
    """A feed that keeps what it is given."""

    def __init__(self) -> None:
        self.updates: list[TurnUpdate] = []

    def put(self, update: TurnUpdate) -> None:
        self.updates.append(update)


class Clock:
    """A time that passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def frames_of(name: str) -> tuple[Frame, ...]:
    """The frames of a stream, 100 ms apart."""
    found = read_capture((STREAMS / f"{name}.sse").read_text("utf-8", "replace")).frames
    return tuple(replace(frame, at_us=100_000 * number) for number, frame in enumerate(found, 1))


def player_of(name: str = "text_chat", clock: Clock | None = None, **known: object) -> Player:
    return Player(frames_of(name), ChatRecord(is_final=True, **known), clock=clock or Clock())  # type: ignore[arg-type]


async def played(player: Player) -> None:
    """Let the player do what is due."""
    task = asyncio.create_task(player.play())
    for _ in range(4):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("file", sorted(STREAMS.glob("*.sse")), ids=lambda file: file.stem)
def test_every_stream_gives_the_updates_of_a_past_turn(file: Path) -> None:
    frames, kept = frames_of(file.stem), Kept()
    player = Player(frames, ChatRecord(logid="2026L"))
    player.begin(kept)
    player.to_end()
    replay = TurnReplay(TurnState())
    taken = [update for frame in frames for update in replay.apply(parse_event(frame))]
    assert kept.updates == [*TurnReplay(TurnState()).start("2026L"), *taken, *replay.finish()]


async def test_frames_come_when_they_came() -> None:
    clock, kept = Clock(), Kept()
    player = player_of(clock=clock)
    player.begin(kept)
    await played(player)
    assert player.position == 0
    clock.seconds += 0.25
    await played(player)
    assert (player.position, player.at_us) == (2, 250_000)
    player.change_pace(1)
    assert player.pace == 2
    clock.seconds += 0.1
    await played(player)
    assert (player.position, player.at_us) == (4, 450_000)
    clock.seconds += 60
    await played(player)
    assert player.is_ended
    assert isinstance(kept.updates[-1], TurnEnded)
    assert player.at_us == player.total_us == 100_000 * len(player.frames)


async def test_nothing_moves_while_it_is_paused() -> None:
    clock, kept = Clock(), Kept()
    player = player_of(clock=clock)
    player.begin(kept)
    clock.seconds += 0.15
    player.pause()
    clock.seconds += 60
    await played(player)
    assert (player.position, player.at_us) == (0, 150_000)
    player.pause()
    clock.seconds += 0.1
    await played(player)
    assert player.position == 2


async def test_steps_go_frame_by_frame_to_the_end() -> None:
    kept = Kept()
    player = player_of()
    player.begin(kept)
    for number in range(1, len(player.frames) + 1):
        player.step()
        assert (player.position, player.at_us, player.is_paused) == (number, 100_000 * number, True)
    assert not player.is_ended
    player.step()
    assert player.is_ended
    before = len(kept.updates)
    player.step()
    player.to_end()
    assert len(kept.updates) == before


async def test_a_sleeping_player_wakes_when_it_is_steered() -> None:
    player = player_of(clock=Clock())
    player.begin(Kept())
    task = asyncio.create_task(player.play())
    await asyncio.sleep(0)
    player.to_end()
    await asyncio.wait_for(task, 30)


async def test_it_begins_again_anywhere() -> None:
    first, second = Kept(), Kept()
    player = player_of()
    player.begin(first)
    player.to_end()
    player.begin(second, 3)
    assert (player.position, player.is_ended, player.at_us) == (3, False, 300_000)
    player.to_end()
    assert second.updates == first.updates


async def test_what_is_due_at_once_leaves_room_for_others() -> None:
    delta = '{"id":"1","role":"assistant","type":"answer","content":"x"}'
    frames = [Frame("conversation.message.delta", delta, 1)] * 5_000
    clock, kept = Clock(), Kept()
    player = Player(frames, ChatRecord(), clock=clock)
    player.begin(kept)
    clock.seconds += 60
    await played(player)
    assert 0 < player.position < 5_000, "it has come in pieces"
    await player.play()
    assert player.is_ended
    whole = kept.updates

    kept = Kept()
    player.begin(kept)
    player.to_end()
    assert player.position < 5_000
    await player.play()
    assert kept.updates == whole

    kept = Kept()
    player.pause(True)
    player.begin(kept, 4_000)
    player.step()
    assert player.position < 4_000
    for _ in range(1_000):
        await played(player)
    assert (player.position, player.is_paused) == (4_001, True)


def test_the_pace_has_ends() -> None:
    player = player_of()
    for _ in range(20):
        player.change_pace(1)
    assert player.pace == PACES[-1]
    for _ in range(20):
        player.change_pace(-1)
    assert player.pace == PACES[0]


def test_what_is_known_of_the_end_is_told() -> None:
    kept = Kept()
    player = player_of("cut_in_json", status="canceled", total_us=9_000_000)
    player.begin(kept)
    player.to_end()
    assert kept.updates[-1] == TurnEnded(Outcome.CANCELED, 9_000_000)
    assert player.total_us == 9_000_000


async def test_a_chat_without_frames_ends_at_once() -> None:
    kept = Kept()
    player = Player((), ChatRecord())
    player.begin(kept)
    await played(player)
    assert player.is_ended


async def test_frames_without_times_come_evenly() -> None:
    clock = Clock()
    player = Player([replace(frame, at_us=0) for frame in frames_of("text_chat")], ChatRecord(), clock=clock)
    assert not player.has_times
    player.begin(Kept())
    clock.seconds += 0.1
    await played(player)
    assert player.position == 3


REAL = [frame for name in ("reasoning", "tool_and_two_answers", "studio_breaks") for frame in frames_of(name)]
ANY_FRAME = st.one_of(
    st.sampled_from(REAL),
    st.builds(
        Frame,
        st.sampled_from(["conversation.message.delta", "error", "done", "PING", "", "a\rb"]),
        st.text(st.characters(exclude_categories=()), max_size=20),
        st.integers(-5, 1 << 50),
        st.sampled_from(["", "retrieved", "7"]),
    ),
)
STEERING = st.lists(
    st.sampled_from(["step", "pause", "faster", "slower", "time", "again", "end"]), max_size=30
)


def steered(capture: Capture, steering: list[str]) -> tuple[Player, TurnFigures]:
    """A capture played to its end, anyhow; the player and what its feed came to."""
    clock = Clock()
    player = Player(capture.frames, chat_from_capture(capture).record, clock=clock)
    kept = Kept()
    player.begin(kept)
    for move in steering:
        match move:
            case "step":
                player.step()
            case "pause":
                player.pause()
            case "faster":
                player.change_pace(1)
            case "slower":
                player.change_pace(-1)
            case "time":
                clock.seconds += 1.5
                player.play_due()
            case "again":
                kept = Kept()
                player.begin(kept, player.position // 2)
            case _:
                player.to_end()
    player.to_end()
    figures = TurnFigures()
    figures.add_all(kept.updates)
    return player, figures


@given(st.lists(ANY_FRAME, max_size=25), STEERING)
def test_any_frames_captured_and_played_anyhow_come_to_the_same(
    frames: list[Frame], steering: list[str]
) -> None:
    frames = [replace(frame, at_us=max(0, frame.at_us)) for frame in frames]
    inspected = InspectedChat(ChatRecord(question="q", sent_at=1_700_000_000_000, bot_id="7402"))
    inspected.add(frames)
    inspected.end(replace(inspected.record, is_final=True, status="interrupted", total_us=77))
    capture = read_capture(capture_text(inspected.capture()))
    assert list(capture.frames) == frames
    player, figures = steered(capture, steering)
    assert messages_of(player.state, 0) == messages_of(inspected.state, 0)
    assert list(figures.rows) == list(inspected.figures.rows)
    assert figures.outcome is inspected.figures.outcome is Outcome.INTERRUPTED


@settings(max_examples=30)
@given(st.lists(ANY_FRAME, min_size=1, max_size=25), HOSTILE_TEXT, NUMBERS.filter(bool), STEERING)
def test_any_frames_captured_and_played_anyhow_give_the_same_exports(
    frames: list[Frame], question: str, sent_at: int, steering: list[str]
) -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", sent_at, bot_name="小春")
    frames = [replace(frame, at_us=max(0, frame.at_us)) for frame in frames]
    chat = add_chat(c, key, question, frames, sent_at)
    recorded = taken(c, key)
    c.close()
    exported = export_bytes(recorded)
    [sse] = [content.decode("utf-8") for name, content in exported.items() if name.endswith(".sse")]
    player, figures = steered(read_capture(sse), steering)
    assert export_bytes(replayed(recorded, {chat: (player, figures)})) == exported
    inspected = InspectedChat(player.record)
    inspected.add(player.frames)
    inspected.end(player.record)
    assert capture_text(inspected.capture()) == sse, "saved from a replay it is the file that was played"
