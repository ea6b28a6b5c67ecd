"""`coze-tui ask` against the stand-in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coze_tui.api import objects
from coze_tui.api.captures import read_capture
from coze_tui.api.chats import ToolOutput
from coze_tui.cli.ask import output_for
from coze_tui.standin.scenarios import (
    Answer,
    Bot,
    Complete,
    Cut,
    Delta,
    Event,
    Gate,
    RequireAction,
    Step,
    ToolCall,
)
from coze_tui.standin.server import StandIn
from tests.support.commands import FAILS, THINKER, XIAOCHUN, Command, Ran

SUM = "1 + 1 = **2**\n"
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")


class TestQuestion:
    @pytest.mark.parametrize(
        ("tokens", "stdin"),
        [
            (["1 + 1"], ""),
            (["1", "+", "1"], ""),
            (["--", "1 + 1"], ""),
            ([], "1 + 1\n"),
            ([], "\ufeff1 + 1\r\n"),
        ],
    )
    def test_it_comes_from_words_or_from_stdin(self, command: Command, tokens: list[str], stdin: str) -> None:
        ran = command("ask", *tokens, stdin=stdin)
        assert (ran.status, ran.out, ran.err) == (0, SUM, "")

    def test_both_are_joined(self, command: Command, stand_in: StandIn) -> None:
        command("ask", "Sum this up:", stdin="one\ntwo\n")
        body = json.loads(stand_in.requests[-1].raw)
        assert body["additional_messages"][0]["content"] == "Sum this up:\n\none\ntwo"

    def test_a_lone_minus_is_stdin(self, command: Command, stand_in: StandIn) -> None:
        command("ask", "-", stdin="one\n")
        assert json.loads(stand_in.requests[-1].raw)["additional_messages"][0]["content"] == "one"

    def test_a_minus_begins_a_sum(self, command: Command) -> None:
        assert command("ask", "-1 + 2").out == "-1 + 2 = **1**\n"

    @pytest.mark.parametrize("stdin", ["", "\n", "  \r\n"])
    def test_without_one_nothing_is_sent(self, command: Command, stand_in: StandIn, stdin: str) -> None:
        ran = command("ask", stdin=stdin)
        assert (ran.status, ran.out) == (2, "")
        assert list(stand_in.requests) == []

    def test_bytes_that_are_no_text_are_replaced(self, command: Command) -> None:
        assert command("ask", stdin=b"1 + 1 \xff").status == 0

    def test_one_of_many_megabytes_is_refused(self, command: Command, stand_in: StandIn) -> None:
        assert command("ask", stdin=b"x" * (5 << 20)).status == 2
        assert list(stand_in.requests) == []


class TestSavedPrompt:
    @pytest.fixture(autouse=True)
    def prompts(self, home: Path) -> None:
        folder = home / "config" / "prompts"
        folder.mkdir(parents=True)
        (folder / "sum.md").write_text("1 + {{number}}", "utf-8")
        (folder / "long.txt").write_text("{{a}} and {{b c}}, {{a}}", "utf-8")

    def question(self, stand_in: StandIn) -> str:
        content = json.loads(stand_in.requests[-1].raw)["additional_messages"][0]["content"]
        assert isinstance(content, str)
        return content

    def test_its_blanks_are_filled(self, command: Command, stand_in: StandIn) -> None:
        assert command("ask", "--prompt", "sum", "--fill", "number=1").out == SUM
        command("ask", "--prompt", "long", "--fill", "a=x=y", "--fill", "b c={{a}}")
        assert self.question(stand_in) == "x=y and {{a}}, x=y"

    def test_what_is_given_follows_it(self, command: Command, stand_in: StandIn) -> None:
        command("ask", "--prompt", "sum", "--fill", "number=1", "and", "this", stdin="piped\n")
        assert self.question(stand_in) == "1 + 1\n\nand this\n\npiped"

    @pytest.mark.parametrize(
        ("tokens", "words"),
        [
            (["--prompt", "sum"], "sum has blanks to fill: add --fill number=…"),
            (["--prompt", "long", "--fill", "a=1"], "add --fill 'b c'=…"),
            (
                ["--prompt", "sum", "--fill", "numer=1"],
                "--fill numer is not a blank of this prompt, which has: number",
            ),
            (["--prompt", "sume", "--fill", "number=1"], "Did you mean `sum`?"),
            (["--prompt", "../sum"], "../sum is not the name of a saved prompt"),
            (["--fill", "number=1", "x"], "--fill requires --prompt"),
            (["--prompt", "sum", "--fill", "number"], "--fill must have the form NAME=VALUE"),
        ],
    )
    def test_what_is_wrong_is_said_and_nothing_is_sent(
        self, command: Command, stand_in: StandIn, tokens: list[str], words: str
    ) -> None:
        ran = command("ask", *tokens)
        assert (ran.status, ran.out) == (2, "")
        assert words in ran.err
        assert list(stand_in.requests) == []


class TestForms:
    def test_events_are_told_on_stderr_alone(self, command: Command) -> None:
        ran = command("ask", "--events", "1 + 1")
        assert ran.out == SUM
        names = [line[15:].split()[0] for line in ran.err.splitlines()]
        assert names[0] == "sent"
        assert {"logid", "chat", "created", "delta", "answer", "tokens", "completed", "done"} <= set(names)

    def test_json_is_one_object_a_line_and_nothing_else(self, command: Command) -> None:
        ran = command("ask", "--json", "1 + 1")
        objects = [json.loads(line) for line in ran.out.splitlines()]
        assert (ran.status, ran.err) == (0, "")
        end = {"type": "turn_ended", "outcome": "completed", "waited_us": 0, "cut_us": 0}
        assert objects[-1] == {**end, "at_us": objects[-1]["at_us"]}
        assert [each["text"] for each in objects if each["type"] == "answer_settled"] == [SUM.strip()]

    def test_raw_is_the_stream_itself(self, command: Command) -> None:
        ran = command("ask", "--raw", "1 + 1")
        assert ran.out.startswith("event:conversation.chat.created\ndata:{")
        assert 'event:done\ndata:"[DONE]"' in ran.out
        assert SUM.strip() not in ran.out.splitlines()

    def test_without_a_stream_the_answer_is_the_same(self, command: Command, stand_in: StandIn) -> None:
        ran = command("ask", "--no-stream", "1 + 1")
        assert (ran.status, ran.out) == (0, SUM)
        assert json.loads(stand_in.requests[0].raw)["stream"] is False

    def test_reasoning_is_told_when_asked_for(self, command: Command) -> None:
        plain = command("ask", "--bot", THINKER, "8 heads, 22 legs")
        told = command("ask", "--bot", THINKER, "--reasoning", "8 heads, 22 legs")
        assert plain.err == ""
        assert len(told.err) > 10
        assert told.out == plain.out
        assert "\x1b" not in told.err

    @pytest.mark.parametrize(
        "tokens",
        [
            ["--json", "--raw"],
            ["--raw", "--no-stream"],
            ["--tool-output", "add"],
        ],
    )
    def test_what_cannot_go_together_is_refused(
        self, command: Command, stand_in: StandIn, tokens: list[str]
    ) -> None:
        assert command("ask", *tokens, "1 + 1").status == 2
        assert list(stand_in.requests) == []

    def test_a_capture_holds_the_frames_and_no_token(
        self, command: Command, environment: dict[str, str], tmp_path: Path
    ) -> None:
        file = tmp_path / "chat.sse"
        assert command("ask", "--record", str(file), "1 + 1").status == 0
        text = file.read_text(encoding="utf-8")
        capture = read_capture(text)
        assert capture.problems == ()
        assert capture.frames[0].event == "conversation.chat.created"
        assert capture.frames[-1].event == "done"
        assert capture.facts["question"] == "1 + 1"
        assert environment["COZE_API_TOKEN"] not in text
        if sys.platform != "win32":
            assert file.stat().st_mode & 0o777 == 0o600

    def test_a_capture_is_kept_of_a_failed_chat_too(self, command: Command, tmp_path: Path) -> None:
        file = tmp_path / "chat.sse"
        assert command("ask", "--record", str(file), "fault:error-then-completed 1 + 1").status == 4
        assert "error" in [frame.event for frame in read_capture(file.read_text(encoding="utf-8")).frames]

    def test_a_capture_that_cannot_be_written_is_told_before_anything_is_asked(
        self, command: Command, stand_in: StandIn, tmp_path: Path
    ) -> None:
        (tmp_path / "no").write_text("a file, not a folder")
        ran = command("ask", "--record", str(tmp_path / "no" / "chat.sse"), "1 + 1")
        assert ran.status == 2
        assert "--record" in ran.err
        assert list(stand_in.requests) == []

    def test_a_folder_for_captures_gets_one_of_each_chat(self, command: Command, tmp_path: Path) -> None:
        folder = tmp_path / "captures"
        assert command("ask", "1 + 1", COZE_TUI_RECORD_CAPTURES=str(folder)).status == 0
        [file] = folder.iterdir()
        assert file.suffix == ".sse"
        assert read_capture(file.read_text(encoding="utf-8")).frames[-1].event == "done"


class TestConversation:
    @staticmethod
    def conversations(stand_in: StandIn) -> list[str]:
        asked = [request for request in stand_in.requests if request.path == "/v3/chat"]
        return [dict(request.query).get("conversation_id", "") for request in asked]

    def test_each_question_is_a_new_one_unless_said_otherwise(
        self, command: Command, stand_in: StandIn
    ) -> None:
        command("ask", "1 + 1")
        command("ask", "1 + 1")
        assert self.conversations(stand_in) == ["", ""]

    def test_the_last_one_goes_on(self, command: Command, stand_in: StandIn) -> None:
        command("ask", "1 + 1")
        assert command("ask", "-c", "1 + 1").status == 0
        assert command("ask", "--continue", "1 + 1").status == 0
        first, second, third = self.conversations(stand_in)
        assert first == ""
        assert second == third != ""

    def test_another_bot_s_is_not_taken(self, command: Command) -> None:
        command("ask", "1 + 1")
        ran = command("ask", "-c", "--bot", FAILS, "1 + 1")
        assert ran.status == 2
        assert "--continue" in ran.err

    def test_a_given_one_goes_on(self, command: Command, stand_in: StandIn) -> None:
        command("ask", "1 + 1")
        command("ask", "-c", "1 + 1")
        known = self.conversations(stand_in)[-1]
        command("ask", "--conversation", known, "1 + 1")
        assert self.conversations(stand_in)[-1] == known


class TestStudio:
    """What a coze-studio does not do is said to whoever asks for it."""

    @pytest.fixture
    def stand_in(self) -> Iterator[StandIn]:
        with StandIn(dialect="studio", pace=0) as server:
            yield server

    def test_a_draft(self, command: Command) -> None:
        words = "never the draft"
        assert words in command("ask", "1 + 1", COZE_TUI_PUBLISH_STATUS="unpublished_draft").err
        assert words not in command("ask", "1 + 1").err

    def test_outputs_of_tools(self, command: Command) -> None:
        ran = command("ask", "--tool-output", "thermometer=21", "1 + 1")
        assert "Coze Studio does not wait for local tools" in ran.err
        assert ran.out == SUM


class TestTrouble:
    @pytest.mark.parametrize(
        ("question", "status", "words"),
        [
            ("fault:expired-token x", 3, "4100"),
            ("fault:401 x", 3, "token is invalid or has expired"),
            ("fault:html502 x", 5, "web page"),
            ("fault:html200 x", 5, "web page"),
            ("fault:empty200 x", 5, "an empty response"),
            ("fault:code=4028 x", 4, "4028"),
            ("fault:429 x", 4, "4009"),
        ],
    )
    def test_every_failure_is_one_clear_line_and_its_status(
        self, command: Command, question: str, status: int, words: str
    ) -> None:
        ran = command("ask", question)
        assert (ran.status, ran.out) == (status, "")
        line, *more = ran.err.splitlines()
        assert line.startswith("coze-tui: ")
        assert words in line
        assert all(one.startswith("coze-tui: More help: https://") for one in more)

    def test_a_chat_that_expires_says_so(self, command: Command) -> None:
        ended = {"id": "1", "conversation_id": "2", "status": "expired"}
        steps: list[Step] = [Delta("half an answer"), Event("conversation.chat.expired", ended)]
        with StandIn(pace=0, bots=[Bot(XIAOCHUN, "bot", steps)]) as server:
            ran = command("ask", "x", COZE_API_BASE=server.base_url, COZE_BOT_ID=XIAOCHUN)
        assert (ran.status, ran.out) == (4, "half an answer\n")
        assert ran.err == "coze-tui: the chat expired: Coze dropped it before it was complete\n"

    def test_a_cut_answer_is_recovered_and_asked_once(self, command: Command, stand_in: StandIn) -> None:
        ran = command("ask", "fault:cut-events=4 1 + 1")
        assert (ran.status, ran.err) == (0, "coze-tui: connection lost; fetching the rest\n")
        assert "2" in ran.out
        assert [request.path for request in stand_in.requests].count("/v3/chat") == 1

    def test_only_what_was_missing_is_printed_after_a_cut(self, command: Command) -> None:
        steps: list[Step] = [Delta("alpha1 "), Delta("beta2 "), Cut(), Delta("gamma3 delta4"), Complete()]
        with StandIn(pace=0, bots=[Bot(XIAOCHUN, "bot", steps)]) as server:
            ran = command("ask", "x", COZE_API_BASE=server.base_url, COZE_BOT_ID=XIAOCHUN)
        assert (ran.status, ran.out) == (0, "alpha1 beta2 gamma3 delta4\n")

    @pytest.mark.parametrize("path", ["/v3/chat/retrieve", "/v3/chat/message/list"])
    def test_a_cut_whose_rest_is_refused_reports_both(
        self, command: Command, stand_in: StandIn, path: str
    ) -> None:
        stand_in.fault("code=4101", path=path, times=9)
        ran = command("ask", "fault:cut-events=4 1 + 1")
        fetching, why, ids = ran.err.splitlines()
        assert ran.status == 5
        assert "connection lost; fetching the rest" in fetching
        assert "cut off before its end; the rest cannot be fetched: " in why
        assert "(error 4101)" in why
        assert "conversation 7" in ids
        assert "--fetch" not in ran.err

    @pytest.mark.parametrize("tokens", [[], ["--no-stream"]])
    def test_an_answer_that_is_not_ready_in_time_can_be_fetched_later(
        self, command: Command, tokens: list[str]
    ) -> None:
        steps: list[Step] = [Delta("half "), Cut(), Gate("held"), Delta("whole"), Complete()]
        with StandIn(pace=0, bots=[Bot(XIAOCHUN, "bot", steps)]) as server:
            site = {"COZE_API_BASE": server.base_url, "COZE_BOT_ID": XIAOCHUN}
            ran = command("ask", *tokens, "x", **site, COZE_TUI_IDLE_TIMEOUT="1")
            assert ran.status == 5
            assert "Coze is still answering; waiting up to 1 s" in ran.err
            assert "Coze was still answering after 1 s" in ran.err
            *_rest, last = ran.err.splitlines()
            words = last.partition("run: coze-tui ")[2].split()
            assert words[0] == "ask"
            server.release("held")
            fetched = command(*words, **site | {"COZE_BOT_ID": ""})
        assert (fetched.status, fetched.out, fetched.err) == (0, "half whole\n", "")
        assert [request.path for request in server.requests].count("/v3/chat") == 1

    def test_a_wrong_token_is_never_repeated(self, command: Command) -> None:
        ran = command("ask", "x", COZE_API_TOKEN="pat_EXAMPLE_wrong")
        assert ran.status == 3
        assert "EXAMPLE" not in ran.err + ran.out

    @pytest.mark.parametrize("where", ["variable", "file", "command"])
    def test_a_token_in_quotes_is_the_token_and_a_jwt_is_explained_wherever_it_is_read(
        self, command: Command, stand_in: StandIn, tmp_path: Path, where: str
    ) -> None:
        file = tmp_path / "token"

        def ask(token: str) -> Ran:
            file.write_text(token)
            variables = {
                "variable": {"COZE_API_TOKEN": token},
                "file": {"COZE_API_TOKEN": "", "COZE_TUI_TOKEN_FILE": str(file)},
                "command": {"COZE_API_TOKEN": "", "COZE_TUI_TOKEN_COMMAND": f"cat {file}"},
            }
            return command("ask", "1 + 1", **variables[where])

        assert ask(f'"{stand_in.token}"').out == "1 + 1 = **2**\n"
        refused = ask("eyJEXAMPLE.eyJEXAMPLE.EXAMPLE")
        assert refused.status == 3
        assert "This is a JWT. Exchange it for an access token first" in refused.err
        assert f"curl {stand_in.base_url}/api/permission/oauth2/token" in refused.err

    def test_files_go_with_the_question_by_path_or_by_url(
        self, command: Command, stand_in: StandIn, tmp_path: Path
    ) -> None:
        (tmp_path / "a.txt").write_text("x")
        url = "https://example.invalid/a.PNG?x=1"
        ran = command("ask", "--attach", url, "--attach", str(tmp_path / "a.txt"), "1 + 1")
        assert (ran.status, ran.err) == (0, "")
        paths = [request.path for request in stand_in.requests]
        assert paths == ["/v1/files/upload", "/v3/chat"]
        [message] = json.loads(stand_in.requests[-1].raw)["additional_messages"]
        text, picture, file = json.loads(message["content"])
        assert text == {"type": "text", "text": "1 + 1"}
        assert picture == {"type": "image", "file_url": url}
        assert (file["type"], "file_id" in file) == ("file", True)

    @pytest.mark.parametrize(
        "form", ["file://{folder}/a%20b.txt", "'{folder}/a b.txt'", "{folder}/a\\ b.txt"]
    )
    def test_a_file_may_be_named_as_file_managers_do(
        self, command: Command, stand_in: StandIn, tmp_path: Path, form: str
    ) -> None:
        (tmp_path / "a b.txt").write_text("x")
        assert command("ask", "--attach", form.format(folder=tmp_path), "1 + 1").err == ""
        assert b"a b.txt" in stand_in.requests[0].raw

    @pytest.mark.parametrize("text", ["https:/example.invalid/a.png", "http://", "/nowhere/a.png"])
    def test_a_file_that_cannot_be_sent_is_reported_before_anything_is_asked(
        self, command: Command, stand_in: StandIn, text: str
    ) -> None:
        ran = command("ask", "--attach", text, "x")
        assert ran.status != 0
        assert f"cannot send the file {text}" in ran.err
        assert "directory Check" not in ran.err
        assert list(stand_in.requests) == []

    @pytest.mark.parametrize("option", ["--conversation", "--fetch"])
    def test_an_id_that_is_no_text_is_refused(self, command: Command, option: str) -> None:
        ran = command("ask", "--conversation", "1", option, os.fsdecode(b"\xff"))
        assert ran.status == 2
        assert f"{option} contains a line break or another control character" in ran.err

    def test_no_token_says_how_to_get_one(self, command: Command) -> None:
        ran = command("ask", "x", COZE_API_TOKEN="")
        assert ran.status == 3
        assert "coze-tui login" in ran.err

    def test_no_bot_says_how_to_name_one(self, command: Command) -> None:
        ran = command("ask", "x", COZE_BOT_ID="")
        assert ran.status == 2
        assert "--bot" in ran.err

    @pytest.mark.parametrize("name", ["ask", "bench", "login"])
    def test_an_address_that_is_none_is_told_once_with_its_source(self, command: Command, name: str) -> None:
        ran = command(name, *(["x"] if name != "login" else []), COZE_API_BASE="ftp://x")
        assert ran.status == 2
        assert ran.err.count("must start with https://") == 1
        assert "COZE_API_BASE" in ran.err

    def test_a_dead_port_is_told(self, command: Command) -> None:
        ran = command("ask", "x", COZE_API_BASE="http://127.0.0.1:1")
        assert ran.status == 5
        assert "127.0.0.1:1" in ran.err


class TestFetch:
    @staticmethod
    def ids(stand_in: StandIn) -> tuple[str, str]:
        """Return the conversation ID and the chat ID of the last chat that was looked up."""
        query = dict(next(r.query for r in reversed(stand_in.requests) if r.path == "/v3/chat/retrieve"))
        return query["conversation_id"], query["chat_id"]

    @pytest.fixture
    def asked(self, command: Command, stand_in: StandIn) -> tuple[str, str]:
        assert command("ask", "--no-stream", "1 + 1").status == 0
        return self.ids(stand_in)

    def test_the_answer_comes_from_the_server(self, command: Command, asked: tuple[str, str]) -> None:
        conversation, chat = asked
        ran = command("ask", "--fetch", chat, "--conversation", conversation, stdin="not a question")
        assert (ran.status, ran.out, ran.err) == (0, SUM, "")

    def test_the_conversation_may_be_that_of_the_last_question(
        self, command: Command, asked: tuple[str, str]
    ) -> None:
        assert command("ask", "--fetch", asked[1]).out == SUM

    def test_a_chat_of_an_unknown_conversation_is_reported(self, command: Command) -> None:
        ran = command("ask", "--fetch", "7599")
        assert ran.status == 2
        assert "--conversation" in ran.err

    def test_a_chat_that_the_server_lacks_is_reported_once(
        self, command: Command, asked: tuple[str, str]
    ) -> None:
        ran = command("ask", "--fetch", "7599", "--conversation", asked[0])
        assert (ran.status, ran.out) == (4, "")
        assert "cannot be fetched" in ran.err
        assert "cut" not in ran.err

    @pytest.mark.parametrize("tokens", [["a question"], ["--raw"], ["--no-stream"], ["--record", "x.sse"]])
    def test_nothing_is_asked(
        self, command: Command, stand_in: StandIn, asked: tuple[str, str], tokens: list[str]
    ) -> None:
        before = len(stand_in.requests)
        assert command("ask", "--fetch", asked[1], *tokens).status == 2
        assert len(stand_in.requests) == before


class TestTools:
    @pytest.fixture
    def stand_in(self) -> Iterator[StandIn]:
        call = ToolCall("home", "thermometer", {"room": "study"})
        scenario: list[Step] = [RequireAction((call,)), Answer("It is warm.")]
        with StandIn(pace=0, bots=[Bot(XIAOCHUN, "tool", scenario)]) as server:
            yield server

    def test_a_wanted_tool_is_named_and_has_its_own_status(self, command: Command) -> None:
        ran = command("ask", "How warm is it?")
        assert ran.status == 6
        assert 'thermometer({"room":"study"})' in ran.err
        assert "--tool-output" in ran.err

    def test_a_given_output_is_handed_in_and_the_answer_goes_on(
        self, command: Command, stand_in: StandIn
    ) -> None:
        ran = command("ask", "--tool-output", "thermometer=21 °C", "How warm is it?")
        assert (ran.status, ran.out, ran.err) == (0, "It is warm.\n", "")
        body = json.loads(stand_in.requests[-1].raw)
        assert body["tool_outputs"][0]["output"] == "21 °C"

    def test_a_call_may_be_named_by_its_id_even_if_that_holds_an_equals_sign(self) -> None:
        call = objects.ToolCall("Q0FMTA==", "function", "thermometer", "{}")
        assert output_for(call, ["thermometer=1", "Q0FMTA===2"]) == ToolOutput("Q0FMTA==", "2")
        assert output_for(call, ["thermometer=1=2"]) == ToolOutput("Q0FMTA==", "1=2")
        assert output_for(call, ["thermo=1"]) is None

    def test_anoutput_for_another_tool_is_not_enough(self, command: Command) -> None:
        assert command("ask", "--tool-output", "other=1", "How warm is it?").status == 6


@contextmanager
def held(environment: dict[str, str], *tokens: str) -> Iterator[tuple[subprocess.Popen[str], StandIn]]:
    """A running `ask` whose answer is held in the middle."""
    scenario: list[Step] = [Answer("Half of"), Gate("middle"), Answer(" the answer")]
    with StandIn(pace=0, bots=[Bot(XIAOCHUN, "held", scenario)]) as server:
        child = subprocess.Popen(
            [sys.executable, "-m", "coze_tui", "ask", *tokens, "x"],
            env={**environment, "COZE_API_BASE": server.base_url, "COZE_API_TOKEN": server.token},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert child.stdout is not None
            assert child.stdout.read(7) == "Half of"
            yield child, server
        finally:
            child.kill()
            child.communicate()


@posix
class TestEnding:
    @pytest.mark.parametrize(
        ("number", "status"),
        [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)],
    )
    def test_a_signal_keeps_the_text_and_only_ctrl_c_cancels_the_chat(
        self, environment: dict[str, str], number: signal.Signals, status: int
    ) -> None:
        with held(environment) as (child, server):
            child.send_signal(number)
            out, err = child.communicate(timeout=30)
            assert (child.returncode, out) == (status, "\n")
            assert ("--fetch" in err) == (number is not signal.SIGINT) == bool(err)
            canceled = [request.path for request in server.requests].count("/v3/chat/cancel")
            assert canceled == (number is signal.SIGINT)

    def test_ctrl_c_ends_a_fetch_and_cancels_nothing(self, environment: dict[str, str]) -> None:
        with held(environment) as (child, server):
            child.send_signal(signal.SIGTERM)
            command = child.communicate(timeout=30)[1].partition("run: coze-tui ")[2].split()
            site = {"COZE_API_BASE": server.base_url, "COZE_API_TOKEN": server.token}
            with subprocess.Popen(
                [sys.executable, "-m", "coze_tui", *command],
                env={**environment, **site},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            ) as fetch:
                assert fetch.stderr is not None
                assert "Coze is still answering" in fetch.stderr.readline()
                fetch.send_signal(signal.SIGINT)
                out, err = fetch.communicate(timeout=30)
            assert (fetch.returncode, out) == (130, "")
            assert command[-1] in err
            assert "/v3/chat/cancel" not in [request.path for request in server.requests]

    def test_a_reader_that_goes_away_ends_it_quietly_and_cancels_nothing(
        self, environment: dict[str, str]
    ) -> None:
        with held(environment) as (child, server):
            assert child.stdout is not None
            child.stdout.close()
            server.release("middle")
            assert child.stderr is not None
            err = child.stderr.read()
            assert (child.wait(30), err) == (141, "")
            assert "/v3/chat/cancel" not in [request.path for request in server.requests]

    def test_a_second_ctrl_c_ends_it_even_when_nobody_reads(self, environment: dict[str, str]) -> None:
        flood = [Answer("x" * 4_000_000)]
        with StandIn(pace=0, bots=[Bot(XIAOCHUN, "flood", flood)]) as server:
            child = subprocess.Popen(
                [sys.executable, "-m", "coze_tui", "ask", "x"],
                env={**environment, "COZE_API_BASE": server.base_url, "COZE_API_TOKEN": server.token},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            try:
                assert child.stdout is not None
                os.read(child.stdout.fileno(), 1)
                # Also while it leaves, and while the interpreter ends: whoever holds the keys sends many.
                while child.poll() is None:
                    child.send_signal(signal.SIGINT)
                    try:
                        child.wait(0.01)
                    except subprocess.TimeoutExpired:
                        continue
                assert child.stderr is not None
                assert (child.returncode, child.stderr.read()) == (130, b"")
            finally:
                child.kill()
                child.communicate()
