"""Whole turns against the stand-in over real sockets: what a runner makes of what the wire does."""

from __future__ import annotations

import asyncio
import gc
import json
import re
import threading
import time
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from coze_tui.api import chats
from coze_tui.api.chats import ChatRequest, ToolOutput
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Frame
from coze_tui.config.tokens import MASK
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.frame_log import FrameLog
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import RETRIEVED, TurnState
from coze_tui.engine.model.updates import (
    ActionRequired,
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    EventNoted,
    LogidReported,
    Phase,
    PhaseChanged,
    TurnEnded,
    TurnUpdate,
)
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.errors import (
    ApiError,
    AuthError,
    BusyError,
    CozeTuiError,
    ProtocolError,
    StillAnswering,
    StreamCut,
    TransportError,
)
from coze_tui.standin.faults import SHAPES, TYPES
from coze_tui.standin.scenarios import (
    Answer,
    Bot,
    Complete,
    Cut,
    Delta,
    Error,
    Fail,
    FunctionCall,
    Gate,
    RequireAction,
    Scenario,
    ToolCall,
)
from coze_tui.standin.server import StandIn
from coze_tui.store.records import Breaks
from tests.support.raw_replies import CREATED, DONE, OVER, SPOKEN, event, head
from tests.support.raw_server import Line, RawServer

BOT = "7511000000000000777"
TEXT = "河流把岩石里的盐带进海里。"


@dataclass
class Record:
    """What a turn writes down, in memory."""

    frames: list[Frame] = field(default_factory=list)
    begun: int = 0
    ids: list[str] = field(default_factory=list)
    logid: str = ""
    ends: list[tuple[Outcome, CozeTuiError | None]] = field(default_factory=list)
    breaks: list[Breaks] = field(default_factory=list)

    async def begin(self, request: ChatRequest) -> None:
        self.begun += 1

    async def append(self, frames: FrameLog) -> None:
        self.frames += frames.since(len(self.frames))

    async def identify(self, state: TurnState, logid: str) -> None:
        self.ids.append(state.chat_id)
        self.logid = logid

    async def finish(
        self, state: TurnState, figures: TurnFigures, outcome: Outcome, error: CozeTuiError | None, at_us: int
    ) -> None:
        self.ends.append((outcome, error))
        self.breaks.append(figures.breaks)


@dataclass
class Table:
    """A stand-in with one bot, a client, and turns made for them."""

    stand_in: StandIn
    client: CozeClient
    record: Record = field(default_factory=Record)

    def turn(
        self,
        question: str = "海水为什么咸？",
        *,
        conversation_id: str = "",
        streaming: bool = True,
        idle_seconds: float = 30.0,
        recovery_seconds: float = 20.0,
        silence_seconds: float = 30.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> ChatTurn:
        request = ChatRequest(BOT, "lin", question, conversation_id)
        return ChatTurn(
            self.client,
            request,
            record=self.record,
            streaming=streaming,
            idle_seconds=idle_seconds,
            recovery_seconds=recovery_seconds,
            silence_seconds=silence_seconds,
            poll_seconds=0.01,
            clock=clock,
        )

    def asked(self, path: str) -> int:
        return sum(request.path == path for request in self.stand_in.requests)


@asynccontextmanager
async def table(scenario: Scenario, *, profile: str = "official") -> AsyncIterator[Table]:
    with StandIn(dialect=profile, pace=0, bots=[Bot(BOT, "Sea", scenario)]) as stand_in:
        client = CozeClient(stand_in.base_url, lambda: stand_in.token)
        try:
            yield Table(stand_in, client)
        finally:
            await client.aclose()


async def run(turn: ChatTurn) -> list[TurnUpdate]:
    return [update async for update in turn.updates()]


def ended(updates: list[TurnUpdate]) -> TurnEnded:
    """The end, which is the last update and the only one of its kind."""
    ends = [update for update in updates if isinstance(update, TurnEnded)]
    assert ends == [updates[-1]]
    return ends[0]


def phases(updates: list[TurnUpdate]) -> list[Phase | Outcome]:
    return [update.phase for update in updates if isinstance(update, PhaseChanged)]


def notes(updates: list[TurnUpdate]) -> list[str]:
    return [update.record.name for update in updates if isinstance(update, EventNoted)]


def answers(turn: ChatTurn) -> list[str]:
    return [answer.whole_text for answer in turn.state.answers]


@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_an_answer_streams_in_and_is_written_down(profile: str) -> None:
    async with table([Answer(TEXT)], profile=profile) as at:
        turn = at.turn()
        updates = await run(turn)
    assert ended(updates).outcome is Outcome.COMPLETED
    assert answers(turn) == [TEXT]
    assert phases(updates) == [
        *(
            Phase.SENDING,
            Phase.CREATED,
            Phase.IN_PROGRESS,
            Phase.ANSWERING,
            Phase.SETTLING,
            Outcome.COMPLETED,
        ),
    ]
    assert turn.logid
    assert turn.state.usage is not None
    assert at.record.frames == list(turn.frames.shown())
    assert (at.record.begun, at.record.ends) == (1, [(Outcome.COMPLETED, None)])
    assert at.record.ids[-1] == turn.state.chat_id
    assert turn.figures.deltas == sum(len(u.arrivals_us) for u in updates if isinstance(u, AnswerGrew))


async def test_the_next_question_goes_to_the_same_conversation() -> None:
    async with table([Answer(TEXT)]) as at:
        first = at.turn()
        await run(first)
        second = at.turn(conversation_id=first.state.conversation_id)
        updates = await run(second)
    assert second.state.conversation_id == first.state.conversation_id
    assert not [
        update for update in updates if isinstance(update, ChatIdentified) and update.conversation_replaced
    ]


async def test_every_frame_is_written_down_before_its_update_leaves() -> None:
    async with table([Delta("你"), Gate("held"), Delta("好")]) as at:
        turn = at.turn()
        async for update in turn.updates():
            if isinstance(update, AnswerGrew):
                assert update.text in "".join(frame.data for frame in at.record.frames)
                at.stand_in.release("held")


@pytest.mark.parametrize("cut", [Cut(), Cut(reset=True), Cut(end=True)])
async def test_a_cut_answer_is_fetched_and_never_asked_again(cut: Cut) -> None:
    async with table([Delta("河流把"), cut, Delta("盐带进海里。"), Complete()]) as at:
        turn = at.turn()
        updates = await run(turn)
        assert at.asked("/v3/chat") == 1
    assert ended(updates).outcome is Outcome.COMPLETED
    assert answers(turn) == ["河流把盐带进海里。"]
    assert Phase.RECOVERING in phases(updates)
    assert "cut" in notes(updates)
    [reason] = [u.record.detail for u in updates if isinstance(u, EventNoted) and u.record.name == "cut"]
    assert reason == "the server closed the connection"
    settled = [update.text for update in updates if isinstance(update, AnswerSettled)]
    assert settled == ["河流把盐带进海里。"]
    assert {frame.id for frame in turn.frames.shown()} == {"", RETRIEVED}
    assert at.record.frames == list(turn.frames.shown())


async def test_a_cut_answer_that_cannot_be_fetched_keeps_what_came() -> None:
    async with table([Delta("河流把"), Cut(), Delta("盐"), Complete()]) as at:
        at.stand_in.fault("500json", path="/v3/chat/retrieve", times=1000)
        turn = at.turn(recovery_seconds=0.05)
        updates = await run(turn)
    assert ended(updates).outcome is Outcome.INTERRUPTED
    assert isinstance(ended(updates).error, ApiError | StreamCut)
    assert answers(turn) == ["河流把"]


async def test_an_interrupted_chat_is_recovered_later_from_its_frames() -> None:
    async with table([Delta("河流把"), Cut(), Delta("盐"), Complete()]) as at:
        at.stand_in.fault("500json", path="/v3/chat/retrieve", times=3)
        cut = at.turn(recovery_seconds=0)
        await run(cut)
        again = at.turn()
        ids = ChatIdentified(cut.state.chat_id, cut.state.conversation_id, "")
        again.recover_from(list(cut.frames.shown()), ids)
        updates = await run(again)
        assert at.asked("/v3/chat") == 1
    assert ended(updates).outcome is Outcome.COMPLETED
    assert answers(again) == ["河流把盐"]


@pytest.mark.parametrize(
    ("fault", "kind"), [("empty-stream", "closed"), ("cut-bytes=5", "closed"), ("hang", "timeout")]
)
async def test_what_ends_before_the_chat_began_is_no_cut_and_nothing_is_fetched(
    fault: str, kind: str
) -> None:
    async with table([Answer(TEXT)]) as at:
        turn = at.turn(f"fault:{fault} 海水？", idle_seconds=0.3)
        updates = await run(turn)
        assert at.asked("/v3/chat/retrieve") == 0
    error = ended(updates).error
    assert ended(updates).outcome is Outcome.FAILED
    assert isinstance(error, TransportError)
    assert not isinstance(error, StreamCut)  # there is nothing to recover
    assert error.kind == kind


async def test_without_a_stream_the_same_comes_by_asking() -> None:
    async with table([Answer(TEXT)]) as at:
        turn = at.turn(streaming=False)
        updates = await run(turn)
        assert at.asked("/v3/chat") == 1
    assert ended(updates).outcome is Outcome.COMPLETED
    assert answers(turn) == [TEXT]


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_token_that_the_server_repeats_is_in_no_frame(streaming: bool) -> None:
    async with table([FunctionCall("p", "a", {"key": "pat_REPEATED0EXAMPLE"}), Answer(TEXT)]) as at:
        at.stand_in.add_token("pat_REPEATED0EXAMPLE")
        client = CozeClient(at.stand_in.base_url, lambda: "pat_REPEATED0EXAMPLE")
        turn = ChatTurn(client, at.turn().request, streaming=streaming)
        updates = await run(turn)
        await client.aclose()
    assert ended(updates).outcome is Outcome.COMPLETED
    assert "pat_REPEATED0EXAMPLE" not in repr((list(turn.frames.shown()), updates))
    assert MASK in repr(list(turn.frames.shown()))


async def test_stopping_keeps_the_text_and_tells_coze() -> None:
    async with table([Delta("河流把"), Gate("held"), Delta("盐"), Complete()]) as at:
        turn = at.turn()
        updates = []
        async for update in turn.updates():
            updates.append(update)
            if isinstance(update, AnswerGrew):
                turn.stop()
        at.stand_in.release("held")
        assert at.asked("/v3/chat/cancel") == 1
    assert ended(updates).outcome is Outcome.CANCELED
    assert answers(turn) == ["河流把"]
    assert phases(updates)[-2:] == [Phase.STOPPING, Outcome.CANCELED]
    assert at.record.ends == [(Outcome.CANCELED, None)]


async def test_leaving_keeps_the_text_and_cancels_nothing_and_the_rest_can_be_fetched() -> None:
    async with table([Delta("河流把"), Gate("held"), Delta("盐"), Complete()]) as at:
        turn = at.turn()
        updates = []
        async for update in turn.updates():
            updates.append(update)
            if isinstance(update, AnswerGrew):
                turn.leave()
        assert ended(updates).outcome is Outcome.INTERRUPTED
        assert answers(turn) == ["河流把"]
        assert at.record.ends == [(Outcome.INTERRUPTED, None)]
        at.stand_in.release("held")
        later = at.turn()
        ids = ChatIdentified(turn.state.chat_id, turn.state.conversation_id, "")
        later.recover_from(list(turn.frames.shown()), ids)
        assert ended(await run(later)).outcome is Outcome.COMPLETED
        assert answers(later) == ["河流把盐"]
        assert at.asked("/v3/chat/cancel") == 0
        assert at.asked("/v3/chat") == 1


async def test_leaving_waits_for_the_id_of_a_question_that_was_just_sent() -> None:
    async with table([Delta("a"), Gate("held"), Complete()]) as at:
        turn = at.turn()
        task = asyncio.create_task(run(turn))
        async with asyncio.timeout(20):
            while not at.asked("/v3/chat"):
                await asyncio.sleep(0.001)
        turn.leave()
        updates = await task
    assert ended(updates).outcome is Outcome.INTERRUPTED
    assert turn.state.is_identified
    assert at.asked("/v3/chat/cancel") == 0


async def test_leaving_before_the_question_was_sent_sends_nothing() -> None:
    async with table([Answer(TEXT)]) as at:
        turn = at.turn()
        turn.leave()
        assert ended(await run(turn)).outcome is Outcome.CANCELED
        assert at.asked("/v3/chat") == 0


async def test_a_chat_that_still_runs_is_waited_for_and_that_is_reported_once() -> None:
    async with table([Delta("a"), Cut(), Gate("held"), Delta("b"), Complete()]) as at:
        turn = at.turn()
        updates = []

        async def release_later() -> None:
            while at.asked("/v3/chat/retrieve") < 3:
                await asyncio.sleep(0.001)
            at.stand_in.release("held")

        releasing = asyncio.create_task(release_later())
        async for update in turn.updates():
            updates.append(update)
        await releasing
    assert ended(updates).outcome is Outcome.COMPLETED
    assert phases(updates).count(Phase.AWAITING) == 1
    assert answers(turn) == ["ab"]


@pytest.mark.parametrize("code", [4000, 4001, 4100, 4101])
async def test_a_refusal_ends_the_recovery_at_the_first_reply(code: int) -> None:
    async with table([Delta("a"), Cut(), Delta("b"), Complete()]) as at:
        at.stand_in.fault(f"code={code}", path="/v3/chat/retrieve", times=9)
        turn = at.turn()
        updates = await run(turn)
        assert at.asked("/v3/chat/retrieve") == 1
    assert ended(updates).outcome is Outcome.INTERRUPTED
    error = ended(updates).error
    assert isinstance(error, ApiError)
    assert error.code == code


@pytest.mark.parametrize("streaming", [True, False])
async def test_a_chat_that_does_not_end_in_time_says_that_it_still_runs(streaming: bool) -> None:
    async with table([Delta("a"), Cut(), Gate("held"), Complete()]) as at:
        turn = at.turn(streaming=streaming, idle_seconds=0.2, recovery_seconds=0)
        updates = await run(turn)
        asked = at.asked("/v3/chat/retrieve")
        at.stand_in.release("held")
    assert ended(updates).outcome is Outcome.INTERRUPTED
    assert isinstance(ended(updates).error, StillAnswering)
    assert phases(updates).count(Phase.AWAITING) == 1
    assert asked > 1
    assert (Phase.RECOVERING in phases(updates)) == streaming


async def test_a_refusal_of_the_messages_ends_the_recovery_too() -> None:
    async with table([Delta("a"), Cut(), Delta("b"), Complete()]) as at:
        at.stand_in.fault("code=4101", path="/v3/chat/message/list", times=9)
        updates = await run(at.turn())
        assert at.asked("/v3/chat/message/list") == 1
    assert ended(updates).outcome is Outcome.INTERRUPTED
    assert isinstance(ended(updates).error, AuthError)


async def test_a_cut_before_any_text_is_a_cut_although_the_rest_is_refused() -> None:
    async with table([Cut(), Delta("b"), Complete()]) as at:
        at.stand_in.fault("code=4101", path="/v3/chat/retrieve", times=9)
        assert ended(await run(at.turn())).outcome is Outcome.INTERRUPTED


FINISH = {"id": "v", "role": "assistant", "type": "verbose", "content_type": "text"} | {
    "content": json.dumps({"msg_type": "generate_answer_finish", "data": '{"finish_reason":0}'})
}
REPLY = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def silent_server(status: str, *after: str) -> AsyncIterator[tuple[ChatTurn, RawServer]]:
    """A turn, and its server, which sends the answer and then nothing until it was asked for the chat."""
    was_asked = threading.Event()

    def talk(line: Line) -> None:
        if b"/v3/chat/retrieve" in line.request:
            chat = {"id": "c1", "conversation_id": "v1", "status": status}
            line.send(REPLY + json.dumps({"code": 0, "data": chat}))
            was_asked.set()
        elif b"/v3/chat/message/list" in line.request:
            line.send(REPLY + json.dumps({"code": 0, "data": []}))
        else:
            line.send(head() + CREATED + SPOKEN + event("message.completed", FINISH))
            was_asked.wait(30)
            for piece in after:
                line.send(piece)
            line.over.wait(30)

    with RawServer(talk) as server:
        client = CozeClient(server.base_url, lambda: "pat_EXAMPLE")
        request = ChatRequest(BOT, "lin", "海水？", "")
        yield ChatTurn(client, request, idle_seconds=30, silence_seconds=0.05), server
        await client.aclose()


async def test_a_server_that_is_done_and_never_closes_is_asked_after_a_silence() -> None:
    async with silent_server("completed") as (turn, server):
        updates = await run(turn)
        asked = [b" ".join(re.findall(rb"[/\w]+", request)[:2]) for request in server.requests]
    assert asked == [b"POST /v3/chat", b"GET /v3/chat/retrieve", b"GET /v3/chat/message/list"]
    assert ended(updates).outcome is Outcome.COMPLETED
    assert len(answers(turn)) == 1
    assert Phase.RECOVERING not in phases(updates)


async def test_a_server_that_is_not_done_may_be_silent() -> None:
    later = event("message.completed", {"id": "f", "role": "assistant", "type": "follow_up", "content": "Q?"})
    async with silent_server("in_progress", later, OVER, DONE) as (turn, _server):
        updates = await run(turn)
    assert ended(updates).outcome is Outcome.COMPLETED
    assert turn.state.follow_ups == ["Q?"]


async def test_a_chat_that_another_program_cancels_ends_after_a_silence() -> None:
    async with table([Delta("a"), Gate("held"), Delta("b"), Complete()]) as at:
        turn, updates = at.turn(silence_seconds=0.2), []
        async with asyncio.timeout(30):
            async for update in turn.updates():
                updates.append(update)
                if isinstance(update, AnswerGrew):
                    await chats.cancel(at.client, turn.state.conversation_id, turn.state.chat_id)
    assert ended(updates).outcome is Outcome.SERVER_CANCELED
    assert answers(turn) == ["a"]


async def test_a_chat_without_an_id_is_not_asked_again_by_a_recovery() -> None:
    async with table([Answer(TEXT)]) as at:
        turn = at.turn()
        turn.recover_from([], ChatIdentified("", "", ""))
        await run(turn)
        assert at.asked("/v3/chat") == 0


async def test_stopping_a_server_that_is_silent_ends_at_once() -> None:
    async with table([Gate("never"), Answer(TEXT)]) as at:
        turn = at.turn()
        task = asyncio.create_task(run(turn))
        await asyncio.to_thread(at.stand_in.wait_for, "never")
        turn.stop()
        updates = await asyncio.wait_for(task, 30)
        at.stand_in.release("never")
    assert ended(updates).outcome is Outcome.CANCELED


async def test_a_chat_that_can_no_longer_be_canceled_is_no_trouble() -> None:
    async with table([Delta("a"), Gate("held")]) as at:
        turn = at.turn()
        updates = []
        async for update in turn.updates():
            updates.append(update)
            if isinstance(update, AnswerGrew):
                at.stand_in.fault("code=4104", path="/v3/chat/cancel", times=1)
                turn.stop()
        at.stand_in.release("held")
    cancel = next(u.record for u in updates if isinstance(u, EventNoted) and u.record.name == "cancel")
    assert (cancel.level, cancel.detail) == ("good", "")
    assert ended(updates).outcome is Outcome.CANCELED


async def test_silence_after_the_start_is_a_cut_that_recovers() -> None:
    async with table([Delta("a"), Gate("held"), Delta("b"), Complete()]) as at:
        turn = at.turn(idle_seconds=0.2)
        updates = []
        async for update in turn.updates():
            updates.append(update)
            if isinstance(update, PhaseChanged) and update.phase is Phase.RECOVERING:
                at.stand_in.release("held")
    assert ended(updates).outcome is Outcome.COMPLETED
    assert answers(turn) == ["ab"]


async def test_a_dripping_server_does_not_hold_the_turn_for_ever() -> None:
    async with table([Answer(TEXT)]) as at:
        turn = at.turn("fault:drip 海水？", idle_seconds=0.5, recovery_seconds=0.1)
        updates = await asyncio.wait_for(run(turn), 30)
    assert ended(updates).outcome in (Outcome.COMPLETED, Outcome.INTERRUPTED, Outcome.FAILED)


async def test_a_second_chat_in_a_busy_conversation_is_reported_as_busy() -> None:
    async with table([Delta("a"), Gate("held"), Delta("b"), Complete()]) as at:
        first = at.turn()
        running = asyncio.create_task(run(first))
        async with asyncio.timeout(20):
            while not first.state.conversation_id:
                await asyncio.sleep(0)
        second = at.turn(conversation_id=first.state.conversation_id)
        updates = await run(second)
        at.stand_in.release("held")
        await running
    assert ended(updates).outcome is Outcome.FAILED
    assert isinstance(ended(updates).error, BusyError)
    assert first.state.outcome is Outcome.COMPLETED


def needs_lamp(*ids: str) -> RequireAction:
    return RequireAction(tuple(ToolCall("home", f"lamp_{id}", {"room": "书房"}, id) for id in ids))


async def test_local_tools_are_answered_and_the_same_chat_goes_on() -> None:
    async with table([needs_lamp("c1", "c2"), Answer("开了。")]) as at:
        turn = at.turn()
        waiting = await run(turn)
        calls = next(update.tool_calls for update in waiting if isinstance(update, ActionRequired))
        turn.submit([ToolOutput(call.id, '{"ok":true}') for call in calls])
        updates = await run(turn)
    assert ended(waiting).outcome is Outcome.REQUIRES_ACTION
    assert [call.name for call in calls] == ["lamp_c1", "lamp_c2"]
    assert ended(updates).outcome is Outcome.COMPLETED
    assert answers(turn)[-1] == "开了。"
    assert at.record.begun == 1
    assert [outcome for outcome, _ in at.record.ends] == [Outcome.REQUIRES_ACTION, Outcome.COMPLETED]
    logids = [update.logid for update in (*waiting, *updates) if isinstance(update, LogidReported)]
    assert len(set(logids)) == 2
    assert at.record.logid == turn.logid == logids[-1]
    assert len({frame.at_us for frame in turn.frames.shown()}) > 1
    assert list(turn.frames.shown()) == sorted(turn.frames.shown(), key=lambda frame: frame.at_us)


async def test_no_time_of_a_turn_contains_the_wait_for_the_user() -> None:
    seconds = 0.0
    async with table([needs_lamp("c1"), Answer("开了。"), needs_lamp("c2"), Answer("又开了。")]) as at:
        turn = at.turn(clock=lambda: time.perf_counter() + seconds)
        waiting = await run(turn)
        for waited in (36, 40):
            seconds += waited
            calls = next(update.tool_calls for update in waiting if isinstance(update, ActionRequired))
            turn.submit([ToolOutput(call.id, "ok") for call in calls])
            waiting = await run(turn)
        end = ended(waiting)
    assert end.outcome is Outcome.COMPLETED
    assert round(end.breaks.waited_us / 1_000_000) == 76
    assert turn.figures.first_text_us is not None
    assert turn.figures.first_text_us < end.at_us < 30_000_000
    assert turn.figures.breaks == end.breaks == at.record.breaks[-1]
    assert max(frame.at_us for frame in turn.frames.shown()) <= end.at_us


async def test_outputs_that_are_at_hand_are_no_wait_for_the_user() -> None:
    async with table([needs_lamp("c1"), Answer("开了。")]) as at:
        turn = at.turn(clock=lambda: 1.0)
        await run(turn)
        turn.submit([ToolOutput("c1", "ok")])
        updates = await run(turn)
    assert ended(updates).breaks == Breaks()


async def test_a_cut_whose_rest_was_fetched_is_remembered() -> None:
    async with table([Delta("河流"), Cut(), Delta("把盐带走"), Complete()]) as at:
        turn = at.turn()
        end = ended(await run(turn))
    assert end.outcome is Outcome.COMPLETED
    assert 0 < end.breaks.cut_us <= end.at_us
    assert at.record.breaks[-1] == end.breaks


@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_an_error_wins_over_a_later_completed(profile: str) -> None:
    scenario: list[Delta | Error] = [
        Delta("half"),
        Error(code=103200002, msg="Internal Server Error", then_completed=True),
    ]
    async with table(scenario, profile=profile) as at:
        turn = at.turn()
        updates = await run(turn)
    assert ended(updates).outcome is Outcome.FAILED
    error = ended(updates).error
    assert isinstance(error, ApiError)
    assert (error.code, bool(error.logid)) == (103200002, True)
    assert at.record.logid == error.logid
    assert answers(turn) == ["half"]


async def test_a_failed_chat_has_code_and_logid() -> None:
    async with table([Delta("首先"), Fail(code=4028, msg="no quota")]) as at:
        updates = await run(at.turn())
    error = ended(updates).error
    assert isinstance(error, ApiError)
    assert (error.code, error.msg, bool(error.logid)) == (4028, "no quota", True)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("html502", (ProtocolError, ApiError)),
        ("html200", (ProtocolError,)),
        ("empty200", (ProtocolError,)),
        ("429=1", (ApiError,)),
        ("500json", (ApiError,)),
        ("401", (AuthError,)),
        ("redirect", (ProtocolError,)),
        ("expired-token", (AuthError,)),
        ("html401", (AuthError,)),
        ("html413", (ApiError,)),
        ("gzip401", (AuthError,)),
        *((f"shape={shape}", (ApiError,)) for shape in SHAPES),
        ("garbage", (ProtocolError,)),
        ("nameless", (ProtocolError,)),
        ("wrapped", (ProtocolError,)),
    ],
)
async def test_what_is_no_stream_is_one_clear_error(fault: str, kind: tuple[type[Exception], ...]) -> None:
    async with table([Answer(TEXT)]) as at:
        updates = await run(at.turn(f"fault:{fault} 海水？"))
        assert at.asked("/v3/chat") == 1
    assert ended(updates).outcome is Outcome.FAILED
    assert isinstance(ended(updates).error, kind)
    assert not fault.startswith("shape") or "the reason (sample)" in str(ended(updates).error)


@pytest.mark.parametrize("streaming", [True, False])
@pytest.mark.parametrize("fault", ["json-chat", "stream-anyway"])
async def test_a_chat_is_followed_with_or_without_a_stream_whatever_was_asked_for(
    fault: str, streaming: bool
) -> None:
    async with table([Answer(TEXT)]) as at:
        turn = at.turn(f"fault:{fault} 海水？", streaming=streaming)
        updates = await run(turn)
        assert at.asked("/v3/chat") == 1
        assert at.asked("/v3/chat/message/list") == (1 if fault == "json-chat" else 0)
    assert (ended(updates).outcome, ended(updates).error) == (Outcome.COMPLETED, None)
    assert [answer.whole_text for answer in turn.state.answers] == [TEXT]
    assert not any(
        isinstance(update, PhaseChanged) and update.phase is Phase.RECOVERING for update in updates
    )


@pytest.mark.parametrize("fault", ["gzip", "deflate", *(f"type={name}" for name in TYPES)])
async def test_a_stream_is_read_however_it_is_named_or_packed(fault: str) -> None:
    async with table([Answer(TEXT)]) as at:
        turn = at.turn(f"fault:{fault} 海水？")
        assert ended(await run(turn)).outcome is Outcome.COMPLETED
    assert [answer.whole_text for answer in turn.state.answers] == [TEXT]


@pytest.mark.parametrize(
    ("fault", "outcome", "words"),
    [
        ("error-page", Outcome.FAILED, "502: 502 Bad Gateway"),
        ("error-unnamed", Outcome.FAILED, "-1: the reason (sample) (odd_word)"),
        ("failed-no-code", Outcome.FAILED, "-1: the knowledge base is being rebuilt (sample)"),
        ("expired", Outcome.EXPIRED, "None"),
    ],
)
async def test_the_reason_of_a_failure_in_the_stream_is_kept(
    fault: str, outcome: Outcome, words: str
) -> None:
    async with table([Answer(TEXT)]) as at:
        end = ended(await run(at.turn(f"fault:{fault} 海水？")))
    assert (end.outcome, str(end.error)) == (outcome, words)


async def test_events_of_which_none_is_cozes_are_named_with_their_number() -> None:
    async with table([Answer(TEXT)]) as at:
        end = ended(await run(at.turn("fault:nameless 海水？")))
    assert isinstance(end.error, ProtocolError)
    assert (end.error.problem, end.error.excerpt) == ("foreign events", "message")
    assert end.error.events > 3


@pytest.mark.parametrize(
    "fault",
    [
        *(
            "unknown-event",
            "two-answers",
            "no-delta",
            "no-completed",
            "audio",
            "echo-question",
            "bad-tool-json",
        ),
        *("numeric-ids", "nulls", "anonymous", "done=none", "crlf", "cr", "bom", "comments", "retry", "ids"),
        *("space", "data-first", "two-data-lines", "no-last-blank", "one-byte", "charset"),
        *("late-follow-ups=0.01", "cut-bytes=900", "drip=0.05"),
    ],
)
async def test_oddities_of_the_wire_change_no_answer(fault: str) -> None:
    async with table([Answer(TEXT)]) as at:
        odd = at.turn(f"fault:{fault} 海水为什么咸？")
        updates = await run(odd)
        assert at.asked("/v3/chat") == 1
    assert ended(updates).outcome is Outcome.COMPLETED
    assert answers(odd)[-1] == TEXT
    assert answers(odd).count(TEXT) == 1


async def test_a_line_separator_in_json_is_text_and_ends_no_frame() -> None:
    async with table([Answer(TEXT)]) as at:
        turn = at.turn("fault:u2028 海水？")
        updates = await run(turn)
    assert ended(updates).outcome is Outcome.COMPLETED
    assert any("\u2028" in frame.data for frame in turn.frames.shown())
    assert answers(turn)[-1].count("\n") == 3


async def test_a_server_that_is_not_there_is_reported_and_nothing_is_written_as_sent() -> None:
    async with table([Answer(TEXT)]) as at:
        at.stand_in.stop()
        updates = await run(at.turn())
    error = ended(updates).error
    assert isinstance(error, TransportError)
    assert not isinstance(error, StreamCut)
    assert not error.request_sent


async def test_a_conversation_that_the_server_has_forgotten_is_an_error_or_a_new_one() -> None:
    async with table([Answer(TEXT)]) as at:
        updates = await run(at.turn(conversation_id="7511000000000099999"))
    assert ended(updates).outcome is Outcome.FAILED
    async with table([Answer(TEXT)], profile="studio") as at:
        updates = await run(at.turn(conversation_id="7511000000000099999"))
    identified = next(update for update in updates if isinstance(update, ChatIdentified))
    assert identified.conversation_replaced


async def test_a_canceled_consumer_leaves_no_task_behind() -> None:
    async with table([Delta("a"), Gate("held")]) as at:
        turn = at.turn()
        task = asyncio.create_task(run(turn))
        await asyncio.to_thread(at.stand_in.wait_for, "held")
        before = asyncio.all_tasks() - {task}
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        at.stand_in.release("held")
        left = asyncio.all_tasks() - before
        assert not [item for item in left if not item.done()] or all(item in before for item in left)


async def test_the_frames_of_a_turn_that_is_over_are_let_go_at_once() -> None:
    async with table([Answer(TEXT)]) as at:
        turn = at.turn()
        assert ended(await run(turn)).outcome is Outcome.COMPLETED
        gone = weakref.ref(turn)
        gc.collect()
        gc.disable()
        try:
            await asyncio.sleep(0)
            del turn
            assert gone() is None
        finally:
            gc.enable()
