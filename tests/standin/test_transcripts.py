"""The stand-in against the transcripts of the reference (docs/wire.md 8), byte for byte but for the ids."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import (
    Answer,
    Delta,
    Error,
    Fail,
    FollowUps,
    FunctionCall,
    RequireAction,
    Step,
    ToolCall,
    ToolResponse,
    Turn,
    Usage,
)
from tests.support.standin_calls import Run

TRANSCRIPTS = Path(__file__).parent / "transcripts"


class Clock:
    """A clock that the scenario moves."""

    def __init__(self, now: float = 1760001000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def to(self, now: float) -> Callable[[Turn], list[Step]]:
        """A step that sets the clock."""

        def step(_: Turn) -> list[Step]:
            self.now = now
            return []

        return step


def transcript(name: str) -> bytes:
    return (TRANSCRIPTS / f"{name}.sse").read_bytes()


def numbered(raw: bytes) -> bytes:
    """The same bytes with each id replaced by the order of its first appearance."""
    seen: dict[bytes, int] = {}
    return re.sub(rb"75\d{17}", lambda m: b"<%d>" % seen.setdefault(m.group(), len(seen)), raw)


def test_a_text_chat(run: Run) -> None:
    clock = Clock()
    steps = [
        Usage(192, 18),
        Answer("河流把岩石里的盐带进海里。", pieces=("河流把", "岩石里的盐带进", "海里。")),
        FollowUps(("死海为什么更咸？",)),
        clock.to(1760001004),
    ]
    answer = run(steps, clock=clock).ask("海水为什么咸？")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert re.fullmatch(r"\d{14}[0-9A-F]{20}", answer.headers["x-tt-logid"])
    assert numbered(answer.raw) == numbered(transcript("text"))


def test_a_tool_call_and_two_answers(run: Run) -> None:
    clock = Clock()
    steps = [
        Usage(614, 41),
        Answer("我查一下。", pieces=("我查一下。",), message="first"),
        FunctionCall("ferry", "next", {"pier": "三号码头"}, thought="要查下一班船"),
        ToolResponse('{"dep":"18:40"}'),
        Answer("下一班是 18:40。", pieces=("下一班", "", "是 18:40。"), message="second"),
        clock.to(1760001006),
    ]
    answer = run(steps, clock=clock).ask("下一班船几点？")
    assert numbered(answer.raw) == numbered(transcript("tool"))


def test_a_failure_in_the_middle(run: Run) -> None:
    clock = Clock()
    steps = [Delta("首先"), clock.to(1760001002), Fail(5000, "event interval error (sample)")]
    assert numbered(run(steps, clock=clock).ask("?").raw) == numbered(transcript("failed"))


def test_a_busy_conversation(run: Run) -> None:
    caller = run([RequireAction((ToolCall("home", "lamp", {}),))])
    first = caller.ask("on").chat()
    second = caller.ask("again", conversation=str(first["conversation_id"]))
    assert second.status == 200
    assert second.headers["content-type"] == "text/event-stream"
    assert second.raw == transcript("busy")


def test_a_local_tool_and_its_output(run: Run) -> None:
    clock = Clock()
    steps = [
        clock.to(1760001003),
        RequireAction((ToolCall("home", "set_lamp", {"room": "书房", "on": True}, "RVhBTVBMRS0wMQ=="),)),
        Usage(280, 20),
        clock.to(1760001007),
        Answer("书房的灯开了。", pieces=("书房的灯", "开了。")),
    ]
    caller = run(steps, clock=clock)
    asked = caller.ask("开灯")
    assert numbered(asked.raw) == numbered(transcript("requires_action"))
    chat = asked.chat()
    outputs = [{"tool_call_id": "RVhBTVBMRS0wMQ==", "output": '{"ok":true}'}]
    answer = caller.post(
        "/v3/chat/submit_tool_outputs",
        {"tool_outputs": outputs, "stream": True},
        conversation_id=chat["conversation_id"],
        chat_id=chat["id"],
    )
    assert numbered(asked.raw + answer.raw) == numbered(
        transcript("requires_action") + transcript("tool_outputs")
    )


def test_a_reasoning_model(run: Run) -> None:
    clock = Clock()
    steps = [
        Usage(32, 88),
        Answer(
            "17 是质数。",
            "17 不能被 2、3 整除，4 的平方小于 17，5 的平方大于 17。",
            pieces=("17 是", "质数。"),
            reasoning_pieces=("17 不能被 2、3 整除，", "4 的平方小于 17，5 的平方大于 17。"),
        ),
        clock.to(1760001009),
    ]
    assert numbered(run(steps, clock=clock).ask("17 是质数吗？").raw) == numbered(transcript("reasoning"))


def numbered_like(wanted: bytes, raw: bytes) -> bytes:
    """`wanted` with the ids of `raw`, taken in order of their first appearance."""
    ids = dict.fromkeys(re.findall(rb"75\d{17}", raw))
    own = dict.fromkeys(re.findall(rb"75\d{17}", wanted))
    for old, new in zip(own, ids, strict=False):
        wanted = wanted.replace(old, new)
    return wanted


@pytest.fixture
def studio_clock() -> Clock:
    return Clock(1760002000.2)


def test_a_studio_chat(run: Run, studio_clock: Clock) -> None:
    steps = [Usage(20, 4), studio_clock.to(1760002001.1), Answer("你好！", pieces=("你", "好！"))]
    answer = run(steps, profile="studio", clock=studio_clock).ask("你好")
    expected = transcript("studio").replace(b'"completed_at":1760002002', b'"completed_at":1760002001')
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "x-log-id" in answer.headers
    assert "x-tt-logid" not in answer.headers
    assert numbered(answer.raw) == numbered(expected)


def test_a_studio_run_that_breaks(run: Run, studio_clock: Clock) -> None:
    steps = [Delta("你"), studio_clock.to(1760002003), Error(103200002, "Internal Server Error")]
    raw = run(steps, profile="studio", clock=studio_clock).ask("你好").raw
    at = raw.index(b"event:error")
    assert numbered(raw) == numbered(raw[:at] + numbered_like(transcript("studio_breaks"), raw))


def test_a_studio_agent_that_is_not_there(run: Run) -> None:
    assert run(profile="studio").ask("?", bot="7512000000000099999").raw == transcript("studio_no_agent")
