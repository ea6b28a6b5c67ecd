"""One question asked many times: so many at once, each in a conversation of its own, no call wasted."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from coze_tui.api.chats import ChatRequest
from coze_tui.api.client import CozeClient
from coze_tui.engine.analysis.bench import Bench, Run
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.errors import ApiError, CredentialsError
from coze_tui.standin.scenarios import Answer, Bot, Fail, Gate, Refuse, Step
from coze_tui.standin.server import StandIn

A, B = "7511000000000000101", "7511000000000000102"


@dataclass
class Table:
    stand_in: StandIn
    client: CozeClient
    turns: list[ChatTurn] = field(default_factory=list)

    async def turn(self, bot: str) -> ChatTurn:
        self.turns.append(ChatTurn(self.client, ChatRequest(bot, "lin", "海水为什么咸？")))
        return self.turns[-1]

    @property
    def asked(self) -> list[str]:
        return [
            json.loads(request.raw)["bot_id"]
            for request in self.stand_in.requests
            if request.path == "/v3/chat"
        ]


@asynccontextmanager
async def table(**scenarios: Sequence[Step]) -> AsyncIterator[Table]:
    bots = [Bot({"A": A, "B": B}[name], name, list(steps)) for name, steps in scenarios.items()]
    with StandIn(pace=0, bots=bots) as stand_in:
        client = CozeClient(stand_in.base_url, lambda: stand_in.token)
        try:
            yield Table(stand_in, client)
        finally:
            await client.aclose()


async def all_runs(bench: Bench, concurrency: int = 1) -> list[Run]:
    return [run async for run in bench.runs(concurrency)]


async def test_bots_take_turns_and_every_run_is_in_a_new_conversation() -> None:
    async with table(A=[Answer("one")], B=[Answer("two")]) as made:
        runs = await all_runs(Bench(made.turn, [A, B], 3))
        assert made.asked == [A, B, A, B, A, B]
        assert all(not request.query.get("conversation_id") for request in made.stand_in.requests)
    assert [(run.bot_id, run.number, run.answer) for run in runs[:3]] == [
        (A, 1, "one"),
        (B, 1, "two"),
        (A, 2, "one"),
    ]
    assert all(run.is_completed for run in runs)


async def test_so_many_run_at_once_and_not_one_more() -> None:
    async with table(A=[Gate("all"), Answer("x")]) as made:
        bench = Bench(made.turn, [A], 5)
        running = asyncio.create_task(all_runs(bench, 2))
        while len(made.asked) < 2:
            await asyncio.sleep(0.001)
        await asyncio.to_thread(made.stand_in.wait_for, "all")
        assert len(made.asked) == 2
        made.stand_in.release("all")
        assert sorted(run.number for run in await running) == [1, 2, 3, 4, 5]


async def test_a_failed_run_is_a_run_and_the_next_is_asked() -> None:
    async with table(A=[Fail(4013, "model")]) as made:
        bench = Bench(made.turn, [A], 3)
        runs = await all_runs(bench)
    assert [run.error_code for run in runs] == [4013] * 3
    assert bench.hopeless is None


@pytest.mark.parametrize("code", [4100, 4028, 4011])
async def test_a_failure_that_would_only_come_again_ends_it(code: int) -> None:
    async with table(A=[Refuse(code, "no")], B=[Answer("x")]) as made:
        bench = Bench(made.turn, [A, B], 5)
        runs = await all_runs(bench)
        assert made.asked == [A]
    assert [run.error_code for run in runs] == [code]
    assert isinstance(bench.hopeless, ApiError)


async def test_a_bot_that_does_not_exist_is_asked_once_and_the_other_goes_on() -> None:
    async with table(B=[Answer("x")]) as made:
        bench = Bench(made.turn, [A, B], 3)
        runs = await all_runs(bench)
        assert made.asked == [A, B, B, B]
    assert [run.is_completed for run in runs] == [False, True, True, True]
    assert isinstance(bench.hopeless, ApiError)
    assert bench.hopeless.code == 4006


@pytest.mark.parametrize("code", [4009, 4020])
async def test_a_limit_that_passes_does_not_end_it(code: int) -> None:
    async with table(A=[Refuse(code, "slow down")]) as made:
        bench = Bench(made.turn, [A], 3)
        assert len(await all_runs(bench)) == 3
    assert bench.hopeless is None


async def test_stopping_cancels_what_runs_and_asks_nothing_more() -> None:
    async with table(A=[Answer("half"), Gate("held"), Answer(" whole")]) as made:
        bench = Bench(made.turn, [A], 9)
        running = asyncio.create_task(all_runs(bench, 2))
        while sum(bool(turn.state.answers) for turn in made.turns) < 2:
            await asyncio.sleep(0.001)
        bench.stop()
        runs = await running
        assert len(made.asked) == 2
        assert [request.path for request in made.stand_in.requests].count("/v3/chat/cancel") == 2
    assert [(run.outcome, run.answer) for run in runs] == [(Outcome.CANCELED, "half")] * 2


async def test_leaving_cancels_nothing_and_reports_only_what_has_ended() -> None:
    async with table(A=[Answer("half"), Gate("held"), Answer(" whole")]) as made:
        bench = Bench(made.turn, [A], 9)
        running = asyncio.create_task(all_runs(bench, 2))
        while sum(bool(turn.state.answers) for turn in made.turns) < 2:
            await asyncio.sleep(0.001)
        bench.leave()
        assert await running == []
        assert len(made.asked) == 2
        assert "/v3/chat/cancel" not in [request.path for request in made.stand_in.requests]
    assert bench.first_error is None


async def test_a_token_that_cannot_be_had_ends_it_before_anything_is_asked() -> None:
    async def fail(bot: str) -> ChatTurn:
        raise CredentialsError("missing")

    bench = Bench(fail, [A], 3)
    assert await all_runs(bench, 2) == []
    assert isinstance(bench.hopeless, CredentialsError)


async def test_a_reader_that_leaves_early_leaves_no_task_behind() -> None:
    async with table(A=[Answer("x")]) as made:
        runs = Bench(made.turn, [A], 50).runs(2)
        async for _run in runs:
            break
        await runs.aclose()
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
