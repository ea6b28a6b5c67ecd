"""`coze-tui serve`: the stand-in alone."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coze_tui.cli.serve import time_factor
from tests.support.children import end_with_parent
from tests.support.commands import Command


@pytest.mark.parametrize(("pace", "factor"), [(1, 1), (2, 0.5), (0.5, 2), (0, 0)])
def test_a_greater_pace_is_quicker_as_the_help_says(pace: float, factor: float) -> None:
    assert time_factor(pace) == factor


@contextmanager
def serving(environment: dict[str, str], *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `serve`, and what it has printed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "coze_tui", "serve", "--pace", "0", *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        preexec_fn=end_with_parent(),
    )
    try:
        assert child.stdout is not None
        lines = []
        for line in child.stdout:
            lines.append(line)
            if "Ctrl+C" in line:
                break
        yield child, "".join(lines)
    finally:
        child.kill()
        child.communicate()


def exported(text: str) -> dict[str, str]:
    return dict(re.findall(r"^export (\w+)=(\S+)$", text, re.MULTILINE))


def test_the_printed_lines_are_all_that_another_client_needs(
    command: Command, environment: dict[str, str]
) -> None:
    with serving(environment) as (_, text):
        variables = exported(text)
        assert set(variables) == {"COZE_API_BASE", "COZE_API_TOKEN", "COZE_BOT_ID"}
        assert command("ask", "1 + 1", **variables).out == "1 + 1 = **2**\n"
        request = urllib.request.Request(
            f"{variables['COZE_API_BASE']}/v1/users/me",
            headers={"Authorization": f"Bearer {variables['COZE_API_TOKEN']}"},
        )
        with urllib.request.urlopen(request) as reply:
            assert json.load(reply)["code"] == 0


def test_every_bot_is_named_with_its_id(environment: dict[str, str]) -> None:
    with serving(environment) as (_, text):
        assert len(re.findall(r"^  \d{19}  \S", text, re.MULTILINE)) >= 10


def test_the_studio_profile_ends_its_streams_in_its_own_way(
    command: Command, environment: dict[str, str]
) -> None:
    with serving(environment, "--dialect", "studio") as (_, text):
        ran = command("ask", "--raw", "1 + 1", **exported(text))
        assert "event:conversation.stream.done" in ran.out


def test_a_capture_becomes_the_first_bot_and_says_it_again(
    command: Command, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "kept.sse"
    command("ask", "--record", str(file), "1 + 1")
    with serving(environment, "--capture", str(file)) as (_, text):
        variables = exported(text)
        assert re.findall(r"^  (\d+)  kept$", text, re.MULTILINE) == [variables["COZE_BOT_ID"]]
        assert command("ask", "anything", **variables).out == "1 + 1 = **2**\n"


CLIENT = """
import os
from cozepy import ChatEventType, Coze, Message, TokenAuth

coze = Coze(auth=TokenAuth(os.environ["COZE_API_TOKEN"]), base_url=os.environ["COZE_API_BASE"])
ask = {
    "bot_id": os.environ["COZE_BOT_ID"],
    "user_id": "lin",
    "additional_messages": [Message.build_user_question_text("anything")],
}
for event in coze.chat.stream(**ask):
    if event.event == ChatEventType.CONVERSATION_MESSAGE_DELTA:
        print(event.message.content, end="")
print()
poll = coze.chat.create_and_poll(**ask)
print(poll.chat.status.value, [each.content for each in poll.messages if each.type == "answer"])
"""


@pytest.mark.slow
def test_cozepy_chats_with_the_bot_of_a_capture(
    command: Command, environment: dict[str, str], tmp_path: Path
) -> None:
    streamed, polled = tmp_path / "streamed.sse", tmp_path / "polled.sse"
    command("ask", "--record", str(streamed), "1 + 1")
    command("ask", "--no-stream", "--record", str(polled), "1 + 1")
    for file, answer in ((streamed, "1 + 1 = **2**"), (polled, "")):
        with serving(environment, "--capture", str(file)) as (_, text):
            ran = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", CLIENT],
                env={**environment, **exported(text), "NO_PROXY": "*"},
                capture_output=True,
                text=True,
                encoding="utf-8",
                timeout=60,
                check=False,
            )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout == f"{answer}\ncompleted ['1 + 1 = **2**']\n"


def test_what_is_wrong_with_a_capture_is_told_and_one_without_events_is_refused(
    command: Command, tmp_path: Path
) -> None:
    for data, words in ((b"", "no events"), (b"# A text\n", "line 1")):
        file = tmp_path / "other.sse"
        file.write_bytes(data)
        ran = command("serve", "--capture", str(file))
        assert ran.status == 2
        assert words in ran.err
        assert str(file) in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGQUIT])
def test_a_signal_ends_it_in_peace(environment: dict[str, str], number: signal.Signals) -> None:
    with serving(environment) as (child, _):
        child.send_signal(number)
        _, err = child.communicate(timeout=30)
        assert (child.returncode, err) == (0, "")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "x"], "--port"),
        (["--port", "70000"], "--port"),
        (["--pace", "-1"], "--pace"),
        (["--capture", "/nowhere.sse"], "/nowhere.sse"),
    ],
)
def test_wrong_options_are_named(command: Command, options: list[str], words: str) -> None:
    ran = command("serve", *options)
    assert ran.status == 2
    assert words in ran.err


def test_a_port_that_is_taken_is_told(command: Command, environment: dict[str, str]) -> None:
    port = environment["COZE_API_BASE"].rpartition(":")[2]
    ran = command("serve", "--port", port)
    assert ran.status == 2
    assert "--port" in ran.err
