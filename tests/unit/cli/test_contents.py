"""Every kind of content on the surfaces without a screen: ask, --linear, history show and exports."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.commands import Command

KINDS = "7511000000000000113"
CANCELED = "coze-tui: the chat was canceled on the server, not by this program"
SILENT = "coze-tui: the bot answered without any text"
SHOWN = {
    "1": ("Which city do you want to visit?\n\n1. Beijing\n2. Shanghai\n", "", 0),
    "2": (
        "- city (string, required): the city\n- day (string, optional)\n\n"
        "Answer with one line for each field:\n\n    city:\n    day:\n",
        "",
        0,
    ),
    "3": (
        "Here is the ticket:\n\n[image] https://example.invalid/ticket.png\n\n"
        "[file] ticket.pdf https://example.invalid/ticket.pdf\n",
        "",
        0,
    ),
    "5": ("There it is.\n", "", 0),
    "6": ("", SILENT + "\n", 0),
    "9": ("I was just going to\n", CANCELED + "\n", 4),
}


@pytest.mark.parametrize("kind", SHOWN)
def test_ask_prints_readable_text_and_says_what_is_odd(command: Command, kind: str) -> None:
    ran = command("ask", f"kind {kind}", COZE_BOT_ID=KINDS)
    assert (ran.out, ran.err, ran.status) == SHOWN[kind]


def test_ask_prints_a_label_for_an_image_on_a_terminal_and_its_data_elsewhere(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    capture = str(tmp_path / "image.sse")
    whole = command("ask", "--record", capture, "kind 4", COZE_BOT_ID=KINDS).out
    assert whole.startswith("![pixel](data:image/png;base64,iVBORw0KGgo")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert command("ask", "kind 4", COZE_BOT_ID=KINDS).out == "[image: pixel] (image/png, 70 B)\n"
    shown = command("show", capture, "--save-images", str(tmp_path / "new"))
    (image,) = (tmp_path / "new").iterdir()
    assert image.read_bytes().startswith(b"\x89PNG\r\n")
    assert f"saved {image}" in shown.err


def test_ask_as_json_names_agents_knowledge_and_silence(command: Command) -> None:
    said = [
        json.loads(line) for line in command("ask", "--json", "kind 7", COZE_BOT_ID=KINDS).out.splitlines()
    ]
    (agent,) = [item for item in said if item["type"] == "agent_changed"]
    assert agent["name"] == "After-sales"
    memory, recalled = [item for item in said if item["type"] == "tool_responded"]
    assert (memory["name"], memory["text"]) == ("time_capsule_recall", "wears size 42")
    assert recalled["text"] == "returns.pdf · 0.93\nReturns are accepted for seven days."
    silent = [
        json.loads(line) for line in command("ask", "--json", "kind 6", COZE_BOT_ID=KINDS).out.splitlines()
    ]
    assert silent[-1]["silence"] == {"has_reasoning": False, "tools": []}


def test_linear_asks_a_choice_by_its_number(command: Command) -> None:
    ran = command("--linear", COZE_BOT_ID=KINDS, stdin="kind 1\n1\nkind 6\nkind 7\nkind 9\n")
    assert "1. Beijing\n2. Shanghai\nStatus: " in ran.out  # listed once
    assert "long-term memory: wears size 42\n" in ran.out
    assert "Right, Beijing it is." in ran.out
    assert "Status: the bot answered without any text" in ran.out
    assert "Agent: → After-sales" in ran.out
    assert "canceled on the server" in ran.out


def test_history_and_exports_show_the_same(command: Command, tmp_path: Path) -> None:
    command("--linear", COZE_BOT_ID=KINDS, stdin="".join(f"kind {n}\n" for n in range(1, 10)))
    shown = command("history", "show", "last", "--save-images", str(tmp_path / "new"))
    expected = [
        *("Which city do you want to visit?", "1. Beijing", "- city (string, required): the city"),
        *("[file] ticket.pdf https://example.invalid/ticket.pdf", "| Let me think first.", "There it is."),
        *(
            "the bot answered without any text",
            "→ After-sales",
            "long-term memory",
            "wears size 42",
            "returns.pdf · 0.93",
        ),
        *('{"code":1001,"msg":"quota exhausted (sample)","data":"{}"}', "canceled on the server"),
    ]
    assert [text for text in expected if text not in shown.out] == []
    assert "<think>" not in shown.out
    (image,) = (tmp_path / "new").iterdir()
    assert image.name == "pixel.png"
    assert image.read_bytes().startswith(b"\x89PNG\r\n")
    assert f"saved {image}" in shown.err
    for form in ("md", "html"):
        text = command("history", "export", "last", "--format", form, "-o", "-").out
        for fact in ("Which city do you want to visit?", "After-sales", "Let me think first."):
            assert fact in text
    parts = [
        part
        for chat in json.loads(command("history", "show", "last", "--json").out)["chats"]
        for part in chat["parts"]
    ]
    assert {"type": "agent", "name": "After-sales", "condition": ""} in parts


def test_a_folder_that_cannot_be_written_to_is_named(command: Command, tmp_path: Path) -> None:
    command("--linear", COZE_BOT_ID=KINDS, stdin="kind 4\n")
    (tmp_path / "file").write_text("")
    ran = command("history", "show", "last", "--save-images", str(tmp_path / "file" / "folder"))
    assert ran.status == 2
    assert "--save-images" in ran.err
