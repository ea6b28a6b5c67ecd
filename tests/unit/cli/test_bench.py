"""`coze-tui bench`: measured, judged, asked before much is spent, stopped in peace."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

from coze_tui.standin.scenarios import Answer, Bot, Fail, FunctionCall, Gate, Refuse, Scenario, ToolResponse
from coze_tui.standin.server import StandIn
from tests.support.commands import XIAOCHUN, Command

OTHER, FAILING, SEARCHING, HELD, BROKE, LONG = (f"751100000000000010{number}" for number in range(2, 8))
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals are POSIX's")

SCENARIOS: dict[str, Scenario] = {
    XIAOCHUN: [Answer("可以退款，七天之内。")],
    OTHER: lambda turn: [Answer("Yes."), *([Answer("And more.", message="b")] if turn.number == 3 else [])],
    FAILING: lambda turn: [Fail(4013, "the model")] if turn.number % 2 else [Answer("Yes.")],
    SEARCHING: [FunctionCall("web", "search", {"q": "x"}), ToolResponse("found"), Answer("Found.")],
    HELD: lambda turn: [Answer("half"), *([Gate("held")] if turn.number > 1 else [])],
    BROKE: [Refuse(4028, "used up")],
    LONG: lambda turn: [FunctionCall(f"plugin{n}", "api", {}) for n in range(5 if turn.number == 3 else 6)],
}


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn(pace=0, bots=[Bot(id_, id_, scenario) for id_, scenario in SCENARIOS.items()]) as server:
        yield server


def asked(stand_in: StandIn) -> list[str]:
    return [json.loads(request.raw)["bot_id"] for request in stand_in.requests if request.path == "/v3/chat"]


def test_first_text_total_and_tokens_are_told(command: Command, stand_in: StandIn) -> None:
    ran = command("bench", "-n", "4", "退款?")
    assert ran.status == 0
    lines = ran.out.splitlines()
    assert lines[0] == f"{XIAOCHUN}  4 runs, 4 completed"
    for name in ("first text", "total"):
        [line] = [line for line in lines if line.startswith(f"  {name} ")]
        assert all(part in line for part in ("p50", "p90", "p99"))
    assert any("tokens" in line for line in lines)
    assert asked(stand_in) == [XIAOCHUN] * 4
    assert [line.split()[0] for line in ran.err.splitlines()] == ["1/4", "2/4", "3/4", "4/4"]


def test_ten_runs_are_the_default_and_stdin_is_a_question(command: Command, stand_in: StandIn) -> None:
    assert command("bench", stdin="退款?").status == 0
    assert len(asked(stand_in)) == 10


def test_several_bots_are_measured_apart(command: Command, stand_in: StandIn) -> None:
    address = f"https://www.coze.cn/space/1/bot/{OTHER}"
    ran = command("bench", "-n", "2", "--bot", XIAOCHUN, "--bot", address, "--bot", XIAOCHUN, "x")
    assert asked(stand_in) == [XIAOCHUN, OTHER] * 2
    assert [line.split("  ")[0] for line in ran.out.splitlines() if "runs" in line] == [XIAOCHUN, OTHER]


def test_failures_are_told_by_code_with_their_runs(command: Command) -> None:
    ran = command("bench", "-n", "4", "--bot", FAILING, "x")
    assert ran.status == 4
    assert "4 runs, 2 completed" in ran.out
    [failure] = [line for line in ran.out.splitlines() if line.startswith("  ×")]
    assert "4013" in failure
    assert "runs 1, 3" in failure


def test_another_sequence_than_the_usual_is_told(command: Command) -> None:
    ran = command("bench", "-n", "4", "--bot", OTHER, "x")
    assert ran.status == 0
    [strange] = [line for line in ran.out.splitlines() if line.startswith("  ≠")]
    assert strange.endswith("run 3")
    assert "typical" in ran.out
    ran = command("bench", "-n", "4", "--bot", LONG, "x")
    assert any("≠" in line and line.endswith("run 3") for line in ran.out.splitlines())
    assert max(map(len, ran.out.splitlines())) <= 80


def test_json_is_one_object_with_every_run(command: Command) -> None:
    ran = command("bench", "--json", "-n", "3", "--bot", SEARCHING, "x")
    value = json.loads(ran.out)
    [bot] = value["bots"]
    assert (value["question"], value["was_stopped"]) == ("x", False)
    assert bot["first_text_us"]["p50"] <= bot["first_text_us"]["p99"] <= bot["total_us"]["p99"]
    assert [(run["number"], run["outcome"], run["answer"], run["tools"]) for run in bot["runs"]] == [
        (number, "completed", "Found.", ["web-search"]) for number in (1, 2, 3)
    ]
    assert bot["expectations"] == [{"text": "completes", "is_met": True, "failures": []}]
    assert bot["tokens"] == sum(run["tokens"] for run in bot["runs"]) > 0


class TestExpectations:
    @pytest.fixture
    def expect(self, tmp_path: Path) -> Path:
        file = tmp_path / "expect.toml"
        file.write_text(
            'expect = ["first_text < 60 s", "p90 total < 1 m"]\n'.replace("1 m", "60 s")
            + f'[bots."{XIAOCHUN}"]\nexpect = ["contains 退款", "never calls search"]\n'
            + f'[bots."{SEARCHING}"]\nexpect = ["calls search", "contains 退款"]\n',
            encoding="utf-8",
        )
        return file

    def test_all_met_is_status_0(self, command: Command, expect: Path) -> None:
        ran = command("bench", "-n", "2", "--expect", str(expect), "退款?")
        assert ran.status == 0
        assert ran.out.count("✓") == 5
        assert f"{SEARCHING} is not part of this run; its expectations are ignored" in ran.err

    def test_one_that_is_not_met_is_named_and_status_4(
        self, command: Command, expect: Path, tmp_path: Path
    ) -> None:
        junit = tmp_path / "junit.xml"
        ran = command(
            "bench", "-n", "2", "--bot", SEARCHING, "--expect", str(expect), "--junit", str(junit), "退款?"
        )
        assert ran.status == 4
        assert f"{XIAOCHUN} is not part of this run" in ran.err
        assert "✗ contains 退款" in ran.out
        assert "run 2: not found in the answer" in ran.out
        suite = ElementTree.parse(junit).getroot().find("testsuite")
        assert suite is not None
        assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == (SEARCHING, "5", "1")

    def test_a_mistake_in_the_file_is_told_with_its_line_before_anything_is_asked(
        self, command: Command, stand_in: StandIn, expect: Path
    ) -> None:
        expect.write_text('expect = [\n  "first_txt < 2 s",\n]\n')
        ran = command("bench", "--expect", str(expect), "x")
        assert ran.status == 2
        assert f"{expect}, line 2" in ran.err
        assert "Did you mean `first_text`?" in ran.err
        assert asked(stand_in) == []

    @pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * (2 << 20)])
    def test_a_file_that_is_no_text_is_refused(self, command: Command, expect: Path, data: bytes) -> None:
        expect.write_bytes(data)
        assert command("bench", "--expect", str(expect), "x").status == 2

    def test_files_that_cannot_be_used_are_told_before_anything_is_asked(
        self, command: Command, stand_in: StandIn, tmp_path: Path
    ) -> None:
        for flag in ("--expect", "--junit"):
            ran = command("bench", flag, str(tmp_path / "no" / "file"), "x")
            assert ran.status == 2
            assert flag in ran.err
        assert asked(stand_in) == []


class TestSpending:
    def test_more_than_twenty_calls_are_not_made_unasked(
        self, command: Command, stand_in: StandIn, tmp_path: Path
    ) -> None:
        report = tmp_path / "junit.xml"
        report.write_text("of yesterday")
        for options in (["-n", "21"], ["-n", "11", "--bot", XIAOCHUN, "--bot", OTHER]):
            ran = command("bench", *options, "--junit", str(report), "x")
            assert ran.status == 2
            assert "--yes" in ran.err
            assert "500" in ran.err
            assert report.read_text() == "of yesterday"
        assert asked(stand_in) == []

    def test_yes_says_so_beforehand(self, command: Command, stand_in: StandIn) -> None:
        assert command("bench", "-n", "21", "--concurrency", "4", "--yes", "x").status == 0
        assert len(asked(stand_in)) == 21

    def test_what_would_only_fail_again_is_asked_once(self, command: Command, stand_in: StandIn) -> None:
        ran = command("bench", "-n", "20", "--bot", BROKE, "x")
        assert ran.status == 4
        assert asked(stand_in) == [BROKE]
        assert "stopped early" in ran.err
        assert "4028" in ran.err

    def test_a_wrong_token_has_its_status(self, command: Command, stand_in: StandIn) -> None:
        assert command("bench", "x", COZE_API_TOKEN="pat_EXAMPLE_wrong").status == 3
        assert len(stand_in.requests) == 1

    def test_no_connection_has_its_status(self, command: Command) -> None:
        assert command("bench", "-n", "2", "x", COZE_API_BASE="http://127.0.0.1:1").status == 5

    @posix
    @pytest.mark.parametrize(("answer", "count"), [("y", 21), ("n", 0)])
    def test_at_a_terminal_the_person_decides(
        self, environment: dict[str, str], stand_in: StandIn, answer: str, count: int
    ) -> None:
        import pty

        master, slave = pty.openpty()
        child = subprocess.Popen(
            [sys.executable, "-m", "coze_tui", "bench", "-n", "21", "--concurrency", "8", "x"],
            env=environment,
            stdin=slave,
            stdout=subprocess.PIPE,
            stderr=slave,
        )
        try:
            os.close(slave)
            os.write(master, f"{answer}\n".encode())
            printed, _ = child.communicate(timeout=60)
        finally:
            child.kill()
            os.close(master)
        assert child.returncode == 0
        assert len(asked(stand_in)) == count
        assert (b"21 runs" in printed) is bool(count)


@pytest.mark.parametrize(
    "options",
    [
        ["-n", "0", "x"],
        ["-n", "many", "x"],
        ["-n", "-1", "x"],
        ["-n", "99999999999", "x"],
        ["-n", "٣", "x"],
        ["--concurrency", "0", "x"],
        ["--concurrency", "65", "x"],
        ["--bot", "no bot", "x"],
        [],
    ],
)
def test_what_makes_no_sense_is_refused(command: Command, stand_in: StandIn, options: Sequence[str]) -> None:
    assert command("bench", *options).status == 2
    assert asked(stand_in) == []


def test_the_setting_records_every_run(command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "captures"
    command("bench", "-n", "3", "--concurrency", "3", "x", COZE_TUI_RECORD_CAPTURES=str(folder))
    assert len(list(folder.glob("*.sse"))) == 3


@posix
def test_ctrl_c_prints_what_there_is_and_asks_nothing_more(
    environment: dict[str, str], stand_in: StandIn
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "coze_tui", "bench", "-n", "9", "--bot", HELD, "x"],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        stand_in.wait_for("held")
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=30)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == 130
    assert f"{HELD}  1 run, 1 completed" in out
    assert asked(stand_in) == [HELD, HELD]
