"""What is given on runs as pasted, asks the very same question, and holds no token."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from coze_tui.api.chats import ChatRequest
from coze_tui.config.settings import Settings
from coze_tui.engine.analysis.as_command import (
    Form,
    as_ask,
    as_command,
    as_curl,
    as_python,
    request_from,
    site_warning,
)
from coze_tui.engine.model.records import ChatRecord
from coze_tui.errors import SettingsError
from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.standin.server import StandIn
from coze_tui.text.cleaning import clean

BOT = "7511000000000000101"
NASTY = (
    "1 + 1",
    "it's \"quoted\" 'twice'",
    "$HOME ${PATH} $(id) `id` \\ \\\\ \\n",
    "two\nlines\r\nand\ta tab",
    "-n --json -- -",
    "海水为什么咸？　“引号”",
    "😀👨\u200d👩\u200d👧🏴",
    "!! !x !$ #comment ~ * ? [a] {b,c} <x >y & ; |",
    "\x1b[2J\x07\x9b \u202eevil\u2066 \u2028 \x01",
    "a" + "\u0301" * 30,
    "%s %d %% \\x41 \\u0041",
    "END\nEOF\n'",
    "ends in a backslash \\",
    "a\\\\b\\'c'\\\n!d\\",
    "=ls",
    "%self",
    " leading and trailing ",
)
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=30) | st.text(
    "'\"\\$`!\n\t-#%a中", max_size=30
)
REQUESTS = st.builds(
    ChatRequest,
    ANY_TEXT,
    ANY_TEXT,
    ANY_TEXT,
    ANY_TEXT,
    custom_variables=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2),
    parameters=st.dictionaries(
        ANY_TEXT, ANY_TEXT | st.integers() | st.lists(ANY_TEXT, max_size=2), max_size=2
    ),
    publish_status=st.sampled_from(["", "unpublished_draft"]),
)
INTERACTIVE = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
    "dash": ["-i"],
}
SHELLS = [name for name in INTERACTIVE if shutil.which(name)]
posix = pytest.mark.skipif(not SHELLS, reason="the forms are for bash, zsh, fish and dash")


@pytest.fixture(scope="module")
def stand_in() -> Iterator[StandIn]:
    with StandIn(pace=0, bots=[Bot(BOT, "echo", lambda turn: [Answer("河流。")])]) as server:
        yield server


@pytest.fixture
def environment(stand_in: StandIn, tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "COZE_API_TOKEN": stand_in.token,
        "COZE_TUI_HOME": str(tmp_path / "home"),
        "PYTHONWARNINGS": "ignore",
    }


def pasted(shell: str, text: str, environment: Mapping[str, str]) -> str:
    """What an interactive shell prints when the text is typed into it."""
    command = [shell, *INTERACTIVE[shell]]
    ran = subprocess.run(
        command, input=text.encode(), env=environment, capture_output=True, timeout=60, check=False
    )
    assert b"not found" not in ran.stderr, ran.stderr.decode()
    return ran.stdout.decode()


def asked(stand_in: StandIn) -> Mapping[str, object]:
    body: Mapping[str, object] = json.loads(stand_in.requests[-1].raw)
    return body


def question_of(body: Mapping[str, object]) -> object:
    messages = body["additional_messages"]
    assert isinstance(messages, list)
    return messages[-1]["content"]


@posix
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("question", NASTY)
def test_curl_sends_the_very_request(
    shell: str, question: str, stand_in: StandIn, environment: Mapping[str, str]
) -> None:
    request = ChatRequest(BOT, "lin's", question, custom_variables={"a": "b'$c\\"})
    assert "河流。" in pasted(shell, as_curl(stand_in.base_url, request), environment)
    assert asked(stand_in) == request.to_wire(stream=True)


@posix
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    "question", ["\n".join(NASTY), "\n".join(text for text in NASTY if text.isprintable())]
)
def test_the_ask_line_asks_the_same(
    shell: str, question: str, stand_in: StandIn, environment: Mapping[str, str]
) -> None:
    request = ChatRequest(BOT, "lin", question, custom_variables={"a": "b'$c\\"})
    if sys.stdin is not None:
        assert pasted(
            shell, as_ask(stand_in.base_url, request).rstrip("\n") + " < /dev/null\n", environment
        ) == ("河流。\n")
    body = asked(stand_in)
    assert question_of(body) == question
    assert (body["bot_id"], body["user_id"], body["custom_variables"]) == (BOT, "lin", {"a": "b'$c\\"})


def test_the_program_asks_the_same_from_a_file_and_at_the_prompt_of_python(
    stand_in: StandIn, environment: Mapping[str, str]
) -> None:
    requests = [
        ChatRequest(BOT, "lin's", question, custom_variables={"a": "b'\"\\"}, parameters={"n": [1, "x"]})
        for question in NASTY
    ]
    programs = "\n".join(as_python(stand_in.base_url, request) for request in requests)
    for options in (["-"], ["-i", "-q"]):
        ran = subprocess.run(
            [sys.executable, *options],
            input=programs.encode(),
            env={**environment, "NO_PROXY": "*"},
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert ran.stdout.decode() == "河流。\n" * len(requests), ran.stderr.decode()
        bodies = [json.loads(request.raw) for request in stand_in.requests[-len(requests) :]]
        assert [question_of(body) for body in bodies] == list(NASTY)
        for body in bodies:
            assert (body["custom_variables"], body["parameters"]) == ({"a": "b'\"\\"}, {"n": [1, "x"]})


LONG = {
    "one line": "END\n" + "海水 $HOME '\\\\!" * 16_000,
    "many lines": "it's\n\\\\\t!x\n" * 600,
    "a line longer than a terminal accepts": "x" * 5_000 + "\\",
}


@posix
@pytest.mark.parametrize("question", LONG.values(), ids=LONG.keys())
@pytest.mark.parametrize("shell", SHELLS)
def test_a_question_too_long_for_an_argument_is_piped_on_short_lines(
    shell: str, question: str, stand_in: StandIn, environment: Mapping[str, str]
) -> None:
    request = ChatRequest(BOT, "lin", question)
    for text in (as_curl(stand_in.base_url, request), as_ask(stand_in.base_url, request)):
        assert max(len(line.encode()) for line in text.splitlines()) < 4_096
        assert "河流。" in pasted(shell, text, environment)
        assert str(question_of(asked(stand_in))).strip("\n") == question.strip("\n")


WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
QUOTES = st.text("'\"\\\\$`!\n\t=%~{ a中", max_size=12)


@posix
@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_reads_any_text_as_it_is(shell: str, tmp_path: Path) -> None:
    """The program in its place writes what it was called with."""
    seen, program = tmp_path / "seen", tmp_path / "coze-tui"
    program.write_text(
        f"#!{sys.executable}\nimport json, os, sys\n"
        f"with open({str(seen)!r}, 'a') as file:\n"
        "    call = [sys.argv[-1], os.environ.get('COZE_TUI_PUBLISH_STATUS', '')]\n"
        "    print(json.dumps(call), file=file)\n"
    )
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}

    @settings(max_examples=4)
    @example(["-\a", "--\a"])
    @example(["\\!\n", "a\\!b\n"])
    @given(st.lists(WORDS | QUOTES, min_size=20, max_size=20))
    def holds(texts: list[str]) -> None:
        seen.unlink(missing_ok=True)
        lines = [as_ask("", ChatRequest(BOT, "lin", text, publish_status=text)) for text in texts]
        pasted(shell, "".join(lines), environment)
        calls = [json.loads(line) for line in seen.read_text().splitlines()]
        assert calls == [[text, text] for text in texts]

    holds()


@pytest.mark.parametrize("form", get_args(Form))
@given(REQUESTS)
def test_no_text_can_steer_the_terminal_that_shows_it(form: Form, request_: ChatRequest) -> None:
    text = as_command(form, "https://api.coze.cn", request_)
    assert clean(text) == text
    assert text.endswith("\n")


@given(REQUESTS)
def test_the_program_is_python_whatever_is_asked(request_: ChatRequest) -> None:
    compile(as_python("https://api.coze.cn", request_), "given", "exec")


def test_what_cozepy_cannot_send_is_said() -> None:
    request = ChatRequest(BOT, "lin", "q", publish_status="unpublished_draft")
    assert "# cozepy has no way to send publish_status" in as_python("https://api.coze.cn", request)
    assert "publish_status" in as_curl("https://api.coze.cn", request)
    assert "COZE_TUI_PUBLISH_STATUS=unpublished_draft" in as_ask("https://api.coze.cn", request)


def test_a_conversation_is_gone_on_with_where_the_request_says_so() -> None:
    request = ChatRequest(BOT, "lin", "q", "75&x=1")
    assert "/v3/chat?conversation_id=75%26x%3D1" in as_curl("https://api.coze.cn", request)
    assert "conversation_id='75&x=1'" in as_python("https://api.coze.cn", request)
    assert "--conversation '75&x=1'" in as_ask("https://api.coze.cn", request)


HERE = Settings(base_url="https://api.coze.cn", bot_id="1", user_id="lin", connector_id="999")


@pytest.mark.parametrize("site", ["coze.cn", "https://api.coze.cn", "COZE.CN", ""])
def test_a_past_chat_of_the_site_in_use_is_asked_there_again(site: str) -> None:
    record = ChatRecord(question="q", site=site, bot_id="75", conversation_id="2")
    assert request_from(record, HERE) == (HERE.base_url, ChatRequest("75", "lin", "q", connector_id="999"))
    assert site_warning(record, HERE) == ""


def test_what_a_chat_does_not_name_is_taken_from_the_settings() -> None:
    base_url, request = request_from(ChatRecord(question="q"), HERE)
    assert (base_url, request.bot_id) == (HERE.base_url, "1")


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:8888", "https://studio.example/coze"])
def test_a_self_hosted_site_in_use_keeps_its_scheme_and_path(base_url: str) -> None:
    settings = replace(HERE, base_url=base_url)
    record = ChatRecord(question="q", site=settings.site, bot_id="75")
    assert request_from(record, settings)[0] == base_url
    assert site_warning(record, settings) == ""


def test_a_chat_of_the_other_coze_site_is_asked_at_the_site_in_use_with_a_warning() -> None:
    record = ChatRecord(question="q", site="coze.com", bot_id="75")
    assert request_from(record, HERE)[0] == HERE.base_url
    assert (
        site_warning(record, HERE)
        == "The chat was on coze.com; this request goes to coze.cn, the site in use."
    )


@pytest.mark.parametrize(
    "site",
    [
        *(
            "evil.example",
            "coze.cn.evil.example",
            "coze.cn@evil.example",
            "http://127.0.0.1:1",
            "с" + "oze.cn",
        ),
        *("not a host", "\x1b[2J", "//", "coze.cn:444x"),
    ],
)
def test_a_chat_of_an_unknown_server_is_refused(site: str) -> None:
    with pytest.raises(SettingsError, match="cannot choose where the token goes") as refused:
        request_from(ChatRecord(question="q", site=site, bot_id="75"), HERE)
    assert "\x1b" not in refused.value.source


@given(ANY_TEXT, st.sampled_from(["https://api.coze.cn", "https://studio.example", "http://[::1]:8888/x"]))
def test_no_chat_chooses_where_the_token_goes(site: str, base_url: str) -> None:
    settings = replace(HERE, base_url=base_url)
    try:
        target, _request = request_from(ChatRecord(question="q", site=site), settings)
    except SettingsError:
        return
    assert target == base_url
