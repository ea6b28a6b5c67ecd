"""`coze-tui doctor --bot`, against a stand-in that is wrong in one way after another."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from rich.cells import cell_len

from coze_tui.standin.scenarios import Bot, MemoryVariable
from coze_tui.standin.server import StandIn
from tests.support.commands import XIAOCHUN, Command

BOT = Bot(XIAOCHUN, "小春", [], prompt="Greet {{name}} in {{ city }}. {% if mood %}Be glad.{% endif %}")


def with_memory(**more: Any) -> Bot:
    return replace(BOT, variables=(MemoryVariable("level", **more),))


LEVEL = with_memory()
SCOPES = (
    *("chat", "getMetadata", "getChat", "listMessage", "cancelChat", "submitToolChat", "listConversation"),
    *("editConversation", "uploadFile", "listWorkspace", "listBot", "getBenefit"),
)


def section(text: str) -> dict[str, str]:
    """Return the results by subject; several of one subject are joined."""
    found: dict[str, str] = {}
    for line in text.partition("\nbot\n")[2].partition("\n\n")[0].splitlines():
        sign = next(sign for sign in "✓!✗" if f" {sign}" in line)
        subject, _sign, result = line.partition(sign)
        found[subject.strip()] = f"{found.get(subject.strip(), '')}{sign}{result}"
    return found


@pytest.fixture
def bots(stand_in: StandIn) -> StandIn:
    stand_in.use_bots([BOT, replace(BOT, id="7511000000000000102", is_published=False)])
    return stand_in


def test_a_bot_with_nothing_wrong_costs_no_chat_and_changes_nothing(command: Command, bots: StandIn) -> None:
    ran = command("doctor", "--bot", COZE_TUI_CUSTOM_VARIABLES='{"name": "Lin", "city": "Xi"}')
    assert (ran.status, ran.err) == (0, "")
    found = section(ran.out)
    assert found["token"] == "✓ valid"
    assert {f"permission {name}" for name in SCOPES[:-1]} <= set(found)
    assert set("".join(found.values())) & {"!", "✗"} == set()
    assert found["bot"] == "✓ 小春: published to API"
    assert "pro_personal" in found["quota"]
    assert command("history").out.count("\n") <= 1
    asked = [request for request in bots.requests if request.path == "/v3/chat"]
    assert [XIAOCHUN.encode() in request.raw for request in asked] == [False]


@pytest.mark.parametrize("scope", SCOPES)
def test_each_missing_permission_is_named_and_only_that(command: Command, bots: StandIn, scope: str) -> None:
    bots.add_token("pat_some", scopes=set(SCOPES) - {scope})
    ran = command("doctor", "--bot", COZE_API_TOKEN="pat_some")
    found = section(ran.out)
    if scope == "getBenefit":
        assert "getBenefit" in found["quota"]
        return
    wrong = {subject for subject, result in found.items() if result[0] != "✓"}
    assert wrong == {f"permission {scope}"} | ({"bot"} if scope == "getMetadata" else set())
    assert ran.status == (3 if scope == "chat" else 0)
    assert ("missing" in found[f"permission {scope}"]) == (scope != "chat")


@pytest.mark.parametrize(
    ("arguments", "variables", "status", "subject", "sign", "words"),
    [
        ([], {"COZE_API_TOKEN": "pat_wrong"}, 3, "token", "✗ ", "4100"),
        (["7511000000000000102"], {}, 4, "bot", "✗ ", "4015"),
        (["7511000000000000999"], {}, 4, "bot", "✗ ", "4006"),
        ([], {"COZE_BOT_ID": ""}, 0, "bot", "! ", "none is set"),
        ([], {"COZE_API_BASE": "http://127.0.0.1:1"}, 5, "site", "✗ ", ""),
    ],
)
def test_what_is_wrong_has_its_sentence_and_the_usual_status(
    command: Command,
    bots: StandIn,
    arguments: Sequence[str],
    variables: dict[str, str],
    status: int,
    subject: str,
    sign: str,
    words: str,
) -> None:
    ran = command("doctor", "--bot", *arguments, **variables)
    assert ran.status == status, ran.out
    assert section(ran.out)[subject].startswith(sign)
    assert words in section(ran.out)[subject]


@pytest.mark.parametrize(
    ("bot", "variables", "words"),
    [
        (BOT, {"nam": "x"}, "does not contain {{nam}}"),
        (replace(BOT, prompt="{{名}} {{a1}}"), {"名": "x"}, "only letters"),
        (replace(BOT, prompt="{{名}} {{a1}}"), {"a1": "x"}, "only letters"),
        (replace(BOT, prompt="-", draft_prompt="{{name}}"), {"name": "x"}, "Publish the bot again"),
        (replace(BOT, prompt=""), {"name": "x"}, "Check that it contains {{name}}"),
        (LEVEL, {"level": "1"}, "variable of the bot's memory"),
        (LEVEL, {"level": "1"}, "For user me and channel 1024 no value is known"),
        (
            with_memory(value="7\x1b[31m"),
            {"level": "1"},
            "channel 1024 its value is “7[31m”. Each token, user",
        ),
        (with_memory(is_on=False), {"level": "1"}, "It is turned off in the bot."),
        (with_memory(is_in_prompt=False), {"level": "1"}, "It is for workflows only"),
        (replace(BOT, mode=2), {"name": "x"}, "Use `parameters`"),
        (replace(BOT, thinking="enabled"), {"name": "x"}, "thinking turned on"),
    ],
)
def test_each_variable_without_effect_is_explained(
    command: Command, stand_in: StandIn, bot: Bot, variables: dict[str, str], words: str
) -> None:
    stand_in.use_bots([bot])
    pairs = ", ".join(f'"{name}": "{value}"' for name, value in variables.items())
    ran = command("doctor", "--bot", "--user", "me", COZE_TUI_CUSTOM_VARIABLES=f"{{{pairs}}}")
    assert words in section(ran.out)["no effect"]
    assert ran.status == 0


def test_parameters_need_a_chatflow(command: Command, stand_in: StandIn) -> None:
    parameters = {"COZE_TUI_PARAMETERS": '{"topic": "rain"}'}
    stand_in.use_bots([BOT])
    assert "is not a chatflow" in section(command("doctor", "--bot", **parameters).out)["no effect"]
    stand_in.use_bots([replace(BOT, mode=2)])
    assert "no effect" not in section(command("doctor", "--bot", **parameters).out)


def test_a_free_plan_is_said(command: Command, stand_in: StandIn) -> None:
    stand_in.switches.plan = "free"
    assert "500 API calls" in section(command("doctor", "--bot").out)["quota"]


def test_coze_studio_has_its_own_rules(command: Command) -> None:
    with StandIn(dialect="studio", pace=0, bots=[BOT]) as studio:
        variables = {"COZE_API_BASE": studio.base_url, "COZE_API_TOKEN": studio.token}
        names = {"COZE_TUI_CUSTOM_VARIABLES": '{"name": "x", "city": "y", "mood": "z"}'}
        ran = command("doctor", "--bot", **variables, **names)
    found = section(ran.out)
    assert "have none" in found["permissions"]
    assert "spaces inside the braces" in found["no effect"]
    assert "not in {% … %}." in found["no effect"]
    assert "custom_variables.name" not in found["no effect"]
    assert "quota" not in found


def test_the_checks_are_in_chinese_too(command: Command, bots: StandIn) -> None:
    ran = command("doctor", "--bot", "--lang", "zh_CN", COZE_TUI_CUSTOM_VARIABLES='{"nam": "x"}')
    rows = ran.out.partition("\n智能体\n")[2].partition("\n\n")[0].splitlines()
    assert {cell_len(re.split("[✓!✗]", row)[0]) for row in rows} == {31}
    assert any(row.split()[:2] == ["权限", "chat"] for row in rows)
    assert "{{nam}}" in ran.out
