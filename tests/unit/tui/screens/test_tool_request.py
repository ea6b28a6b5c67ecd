"""The form for local tools: every call gets an output, and nothing that was typed is lost."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from textual import events
from textual.widget import Widget

from coze_tui.api.objects import ToolCall
from coze_tui.config.settings import Settings
from coze_tui.engine.session.local_tools import REFUSAL
from coze_tui.errors import ToolCommandError
from coze_tui.terminal.keys import EnterGuard
from coze_tui.tui.screens.tool_request import OutputBox, ToolRequest
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.tui.widgets.prompt.prompt import send_keymap
from coze_tui.tui.widgets.select_list import SelectList
from tests.support.host_app import LOOKS, SIZES, Host, until
from tests.support.hostile_text import HARMLESS, HOSTILE
from tests.support.startup import startup_under

ONE = (ToolCall("call-1", "function", "read_sensor", '{"room":"厨房","exact":1.50}'),)
TWO = (*ONE, ToolCall("call-2", "function", "get_battery", "{not json"))


def box(host: Host) -> OutputBox:
    return host.screen.query_one(OutputBox)


async def outputs(calls: Sequence[ToolCall], *keys: str) -> object:
    """What the form gives after these keys; ... while it is open."""
    host = Host(lambda: ToolRequest(calls))
    async with host.run_test(size=(100, 40), tooltips=True, notifications=True) as pilot:
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        return host.results[0] if host.results else ...


@pytest.mark.parametrize(("size", "theme"), LOOKS)
async def test_name_and_arguments_are_shown_laid_out(size: tuple[int, int], theme: str) -> None:
    host = Host(lambda: ToolRequest(ONE), theme=theme)
    async with host.run_test(size=size) as pilot:
        await pilot.pause()
        for text in (
            "read_sensor",
            '"room": "厨房"',
            '"exact": 1.50',
            "call …ll-1",
            "no output yet",
            "Esc later",
        ):
            assert text in host.text
        assert box(host).has_focus
        assert all(child.region.bottom <= size[1] for child in host.screen.query(Widget))


async def test_arguments_that_are_no_json_are_shown_as_they_are() -> None:
    host = Host(lambda: ToolRequest(TWO))
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("tab")
        await pilot.pause()
        assert "get_battery" in host.text
        assert "{not json" in host.text


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["4", "2", "ctrl+s"], (("call-1", "42"),)),
        (["4", "2", "tab", "enter"], (("call-1", "42"),)),
        (["4", "2", "enter"], (("call-1", "42"),)),
        (["a", "ctrl+j", "b", "enter", "c", "ctrl+s"], (("call-1", "a\nb\nc"),)),
        (["enter", "space", "enter"], ...),
        (["ctrl+s"], ...),
        (["space", "ctrl+s"], ...),
        (["tab", "enter", "ctrl+s"], ...),
        (["4", "escape"], None),
        (["ctrl+r", "enter"], (("call-1", REFUSAL),)),
        (["4", "ctrl+r", "tab", "ctrl+underscore", "ctrl+s"], (("call-1", "4"),)),
    ],
)
async def test_one_call_is_answered_refused_or_left(keys: Sequence[str], expected: object) -> None:
    assert await outputs(ONE, *keys) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["1", "tab", "2", "ctrl+s"], (("call-1", "1"), ("call-2", "2"))),
        (["1", "tab", "2", "tab", "enter"], (("call-1", "1"), ("call-2", "2"))),
        (["1", "enter", "2", "enter"], (("call-1", "1"), ("call-2", "2"))),
        (["tab", "2", "enter", "1", "enter"], (("call-1", "1"), ("call-2", "2"))),
        (["1", "tab", "2", "shift+tab", "3", "ctrl+s"], (("call-1", "13"), ("call-2", "2"))),
        (["1", "ctrl+s"], ...),
        (["1", "tab", "tab", "4", "ctrl+s"], ...),
        (["ctrl+r", "2", "ctrl+s"], (("call-1", REFUSAL), ("call-2", "2"))),
        (["ctrl+r", "ctrl+r", "enter"], (("call-1", REFUSAL), ("call-2", REFUSAL))),
        (["tab", "ctrl+r", "1", "ctrl+s"], (("call-1", "1"), ("call-2", REFUSAL))),
    ],
)
async def test_several_calls_are_paged_and_sent_together(keys: Sequence[str], expected: object) -> None:
    assert await outputs(TWO, *keys) == expected


def test_the_refusal_is_json_for_the_bot() -> None:
    assert "refused" in json.loads(REFUSAL)["error"]


async def test_an_output_is_marked_as_json_or_text() -> None:
    host = Host(lambda: ToolRequest(ONE))
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press(*'{"a":1')
        await pilot.pause()
        assert "! not JSON: sent as text · 1:7 · 6 B" in host.text
        await pilot.press("}")
        await pilot.pause()
        assert "✓ JSON · 7 B" in host.text


async def test_sending_is_offered_when_all_have_an_output() -> None:
    host = Host(lambda: ToolRequest(TWO))
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "0 of 2 outputs entered" in host.text
        assert "^S send" not in host.screen.query_one(KeyFooter).shown()
        await pilot.press("1", "tab", "2")
        await pilot.pause()
        assert "Send all 2 outputs" in host.text
        assert "^S send" in host.screen.query_one(KeyFooter).shown()
        await pilot.press("tab")
        await pilot.pause()
        assert host.screen.query_one(SelectList).has_focus


async def test_the_keys_that_are_shown_do_what_they_say() -> None:
    host = Host(lambda: ToolRequest(TWO))
    async with host.run_test(size=(80, 24)) as pilot:

        def footer() -> list[str]:
            return host.screen.query_one(KeyFooter).shown()

        await pilot.pause()
        assert not any(key.startswith("Enter") for key in footer())
        await pilot.press("1")
        await pilot.pause()
        assert "Enter next" in footer()
        assert "^J new line" in footer()
        await pilot.press("enter", "2")
        await pilot.pause()
        assert "Enter send" in footer()
        assert host.text.split("Send all 2 outputs")[1].split()[0] == "Enter"
        await pilot.press("ctrl+j")
        await pilot.pause()
        assert not any(key.startswith("Enter") for key in footer())
        assert "^S send" in footer()
        assert host.text.split("Send all 2 outputs")[1].split()[0] == "^S"


async def test_the_keys_are_swapped_as_in_the_chat(tmp_path: Path) -> None:
    startup = startup_under(tmp_path, Settings(send_key="ctrl+j"))
    host = Host(lambda: ToolRequest(ONE), startup=startup)
    async with host.run_test(size=(80, 24)) as pilot:
        host.update_keymap(send_keymap("ctrl+j"))
        await pilot.pause()
        await pilot.press("a", "enter", "b")
        await pilot.pause()
        assert box(host).text == "a\nb"
        assert "^J send" in host.screen.query_one(KeyFooter).shown()
        await pilot.press("ctrl+j")
        await pilot.pause()
        assert host.results == [(("call-1", "a\nb"),)]


async def test_an_enter_that_was_pasted_sends_nothing() -> None:
    host = Host(lambda: ToolRequest(ONE))
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        host.enter_guard = EnterGuard(window=1e9)
        await host.push_screen(ToolRequest(ONE), host.results.append)
        host.enter_guard.note("rm -rf\rls\r", 0.0)  # a paste without brackets
        await pilot.press("4", "enter", "7")
        await pilot.pause()
        assert host.results == []
        assert box(host).text == "4\n7"


async def test_a_line_that_a_program_types_with_its_enter_is_sent() -> None:
    host = Host(lambda: ToolRequest(ONE))
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        host.enter_guard = EnterGuard(window=1e9)
        await host.push_screen(ToolRequest(ONE), host.results.append)
        host.enter_guard.note("42\r", 0.0)
        await pilot.press("4", "2", "enter")
        await until(pilot, lambda: host.results == [(("call-1", "42"),)])


async def test_what_was_typed_is_there_again() -> None:
    drafts: dict[str, str] = {}
    host = Host(lambda: ToolRequest(TWO, drafts))
    async with host.run_test() as pilot:
        await pilot.pause()
        await pilot.press("1", "tab", "2", "escape")
        await pilot.pause()
        assert host.results == [None]
        assert drafts == {"call-1": "1", "call-2": "2"}
        host.push_screen(ToolRequest(TWO, drafts), host.results.append)
        await pilot.pause()
        assert box(host).text == "1"
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert host.results[1] == (("call-1", "1"), ("call-2", "2"))


async def test_it_begins_with_the_first_call_without_an_output() -> None:
    host = Host(lambda: ToolRequest(TWO, {"call-1": "1"}))
    async with host.run_test() as pilot:
        await pilot.pause()
        assert "get_battery" in host.text


async def test_a_long_paste_becomes_a_chip_and_is_sent_whole() -> None:
    output = json.dumps({"rows": ["春节" * 20 for _row in range(2000)]}, ensure_ascii=False)
    host = Host(lambda: ToolRequest(TWO))
    async with host.run_test() as pilot:
        await pilot.pause()
        host.post_message(events.Paste(output))
        await pilot.pause()
        assert "pasted, " in host.text
        assert "✓ JSON" in host.text
        await pilot.press("tab", "2", "shift+tab")
        await pilot.pause()
        assert "pasted, " in host.text
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert host.results == [(("call-1", output), ("call-2", "2"))]


async def test_a_paste_that_is_too_long_is_reported() -> None:
    host = Host(lambda: ToolRequest(ONE))
    async with host.run_test(notifications=True) as pilot:
        await pilot.pause()
        host.post_message(events.Paste("x" * 8_000_001))
        await pilot.pause()
        assert any("are too many" in told for told in host.told)
        assert box(host).text == ""


async def test_long_arguments_scroll_under_the_output() -> None:
    arguments = json.dumps({f"key {number}": number for number in range(100)})
    host = Host(lambda: ToolRequest([ToolCall("1", "function", "big", arguments)]))
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert '"key 0"' in host.text
        for _page in range(20):
            await pilot.press("pagedown")
        await pilot.pause()
        assert '"key 99": 99' in host.text
        await pilot.press("pageup")
        await pilot.pause()
        assert '"key 99": 99' not in host.text
        assert box(host).has_focus


async def test_where_no_editor_can_be_run_that_is_reported_and_the_text_stays(tmp_path: Path) -> None:
    environment = {"VISUAL": str(tmp_path / "missing")}
    host = Host(lambda: ToolRequest(ONE), startup=replace(startup_under(tmp_path), environment=environment))
    async with host.run_test(notifications=True) as pilot:
        await pilot.pause()
        await pilot.press("4", "ctrl+o")
        await pilot.pause()
        assert any("$VISUAL names an editor that was not found" in told for told in host.told)
        assert box(host).text == "4"


async def test_hostile_calls_are_shown_as_they_are() -> None:
    calls = [ToolCall(HOSTILE, "function", HOSTILE, HOSTILE), ToolCall("", "function", "", "")]
    host = Host(lambda: ToolRequest(calls))
    async with host.run_test(size=(120, 40), tooltips=True, notifications=True) as pilot:
        await pilot.pause()
        assert host.text.count(HARMLESS) >= 2
        assert "\x1b" not in host.text
        await pilot.press("1", "tab")
        await pilot.pause()
        assert "unnamed tool" in host.text
        await pilot.press("2", "ctrl+s")
        await pilot.pause()
        assert host.results == [((HOSTILE, "1"), ("", "2"))]


class Commands:
    """Stands for the machine: a command gives its output when it is told to."""

    def __init__(self) -> None:
        self.ran: list[tuple[tuple[str, ...], str]] = []
        self.output: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self, words: Sequence[str], arguments: str) -> str:
        self.ran.append((tuple(words), arguments))
        return await self.output


def with_command(calls: Sequence[ToolCall], commands: Commands) -> Host:
    allowed = {"read_sensor": ("sensor", "--of", "the house")}
    return Host(lambda: ToolRequest(calls, commands=allowed, run=commands))


@pytest.mark.parametrize("size", SIZES[:1])
async def test_the_command_is_shown_before_it_runs_and_its_output_before_it_is_sent(
    size: tuple[int, int],
) -> None:
    commands = Commands()
    host = with_command(ONE, commands)
    async with host.run_test(size=size) as pilot:
        await pilot.pause()
        assert "^T runs sensor --of 'the house'" in host.text
        assert "^T run" in host.screen.query_one(KeyFooter).shown()
        assert all(child.region.bottom <= size[1] for child in host.screen.query(Widget))
        assert not commands.ran
        await pilot.press("ctrl+t")
        await until(pilot, lambda: commands.ran)
        assert commands.ran == [(("sensor", "--of", "the house"), ONE[0].arguments)]
        assert "is running" in host.text
        commands.output.set_result('{"celsius": 21}')
        await until(pilot, lambda: "✓ JSON · 15 B" in host.text)
        assert "is running" not in host.text
        assert host.results == []
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert host.results == [(("call-1", '{"celsius": 21}'),)]


async def test_a_tool_without_an_allowed_command_has_none_to_run() -> None:
    commands = Commands()
    host = with_command(TWO[1:], commands)
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "^T" not in host.text
        await pilot.press("ctrl+t")
        await pilot.pause()
        assert not commands.ran


async def test_escape_stops_the_command_and_what_was_typed_stays() -> None:
    commands = Commands()
    host = with_command(ONE, commands)
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("4", "ctrl+t")
        await until(pilot, lambda: commands.ran)
        await until(pilot, lambda: "Esc stop" in host.screen.query_one(KeyFooter).shown())
        await pilot.press("escape")
        await until(pilot, commands.output.cancelled)
        await until(pilot, lambda: "Esc later" in host.screen.query_one(KeyFooter).shown())
        assert box(host).text == "4"
        await pilot.press("escape")
        await pilot.pause()
        assert host.results == [None]


async def test_the_output_goes_to_the_call_it_was_asked_for() -> None:
    commands, drafts = Commands(), dict[str, str]()
    allowed = {"read_sensor": ("sensor",)}
    host = Host(lambda: ToolRequest(TWO, drafts, commands=allowed, run=commands))
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: commands.ran)
        await pilot.press("tab", "7")
        await pilot.pause()
        commands.output.set_result("21")
        await until(pilot, lambda: drafts == {"call-1": "21", "call-2": "7"})
        assert box(host).text == "7"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            ToolCommandError("failed", "sensor", detail="no such room", status=3),
            "sensor exited with status 3",
        ),
        (ToolCommandError("failed", "sensor", status=-15), "sensor was killed by signal 15"),
        (ToolCommandError("unusable", "sensor", detail="No such file"), "cannot run sensor: No such file"),
        (ToolCommandError("too large", "sensor"), "printed more than Coze accepts"),
        (None, "The command printed nothing"),
    ],
)
async def test_a_command_that_gives_nothing_is_reported(error: ToolCommandError | None, told: str) -> None:
    commands = Commands()
    host = with_command(ONE, commands)
    async with host.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.pause()
        await pilot.press("4", "ctrl+t")
        if error is None:
            commands.output.set_result(" ")
        else:
            commands.output.set_exception(error)
        await until(pilot, lambda: any(told in each for each in host.told))
        assert box(host).text == "4"
        assert "is running" not in host.text
