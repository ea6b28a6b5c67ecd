"""Bots, files, workspaces, the user (docs/wire.md 4.5, 4.8, 4.9)."""

from __future__ import annotations

import re

import pytest

from coze_tui.standin.demo_bots.bots import demo_bots
from coze_tui.standin.scenarios import Answer, Bot
from tests.support.standin_calls import BOT, Caller, Run, as_list, as_object

DRAFT = "7511000000000000002"


@pytest.fixture
def caller(run: Run) -> Caller:
    published = [Bot(f"751100000000000030{n}", f"bot {n}", [Answer("x")]) for n in range(5)]
    draft = Bot(DRAFT, "draft", [Answer("x")], is_published=False)
    whole = Bot(BOT, "whole", [Answer("x")], "says x", "Hello", ("a?", "b?"), suggests=True)
    return run(bots=[whole, *published, draft])


def workspace(caller: Caller) -> str:
    first = as_list(caller.get("/v1/workspaces").data["workspaces"])[0]
    return str(first["id"])


def test_bots_are_listed_by_workspace_and_status(caller: Caller) -> None:
    space = workspace(caller)

    def listed(**query: object) -> tuple[list[object], object]:
        data = caller.get("/v1/bots", workspace_id=space, **query).data
        return [item["name"] for item in as_list(data["items"])], data["total"]

    assert listed() == (["whole", "bot 0", "bot 1", "bot 2", "bot 3", "bot 4"], 6)
    assert listed(publish_status="all", page_size=100)[1] == 7
    assert listed(publish_status="unpublished_draft") == (["draft"], 1)
    assert listed(page_size=4, page_num=2) == (["bot 3", "bot 4"], 6)
    assert listed(page_size=4, page_index=2) == (["bot 3", "bot 4"], 6)
    assert caller.get("/v1/bots", workspace_id=space, publish_status="some").code == 4000
    assert caller.get("/v1/bots").code == 4000
    other = as_list(caller.get("/v1/workspaces").data["workspaces"])[1]
    assert caller.get("/v1/bots", workspace_id=other["id"]).data == {"items": [], "total": 0}


def test_the_old_list_of_bots(caller: Caller) -> None:
    data = caller.get("/v1/space/published_bots_list", space_id=workspace(caller), page_size=2).data
    assert [bot["bot_name"] for bot in as_list(data["space_bots"])] == ["whole", "bot 0"]
    assert data["total"] == 6


def test_a_bot_shows_how_it_greets(caller: Caller) -> None:
    bot = caller.get(f"/v1/bots/{BOT}").data
    assert (bot["bot_id"], bot["name"], bot["bot_mode"]) == (BOT, "whole", 0)
    assert bot["onboarding_info"] == {"prologue": "Hello", "suggested_questions": ["a?", "b?"]}
    assert as_object(bot["suggest_reply_info"])["reply_mode"] == "enable"
    assert caller.get("/v1/bot/get_online_info", bot_id=BOT).data == bot
    [version] = as_list(caller.get(f"/v1/bots/{BOT}/versions").data["items"])
    assert version["version"] == bot["version"]


def test_a_draft_is_seen_only_as_a_draft(caller: Caller) -> None:
    assert caller.get(f"/v1/bots/{DRAFT}").code == 4015
    assert caller.get(f"/v1/bots/{DRAFT}", is_published="false").data["name"] == "draft"
    assert caller.get(f"/v1/bots/{DRAFT}/versions").data["items"] == []
    assert caller.get("/v1/bots/7511000000000000999").code == 4006


def test_a_file_is_kept(caller: Caller) -> None:
    data = bytes(range(256)) + b"\r\n--not the end--\r\n"
    file = caller.upload("春.pdf", data).data
    assert (file["bytes"], file["file_name"]) == (len(data), "春.pdf")
    assert caller.get("/v1/files/retrieve", file_id=file["id"]).data == file
    assert caller.get("/v1/files/retrieve", file_id="1").code == 4000


def test_a_bad_upload_is_refused(caller: Caller) -> None:
    assert caller.upload("a.pdf", b"").code == 4300
    assert caller.upload("a.pdf", b"x", field="other").code == 4300
    assert caller.upload("a.pdf", b"x", more=b"y").code == 4301
    assert caller.upload("a.exe", b"x").code == 4303
    assert caller.post("/v1/files/upload", {"file": "x"}).code == 4300
    headers = {**caller.headers(), "Content-Type": "multipart/form-data; boundary=b"}
    broken = caller.call("POST", "/v1/files/upload", b"--b\r\nno part\r\n--b--\r\n", headers=headers)
    assert broken.code == 4304
    caller.stand_in.switches.max_file_bytes = 3
    assert caller.upload("a.pdf", b"1234").code == 4302
    assert caller.upload("a.pdf", b"123").code == 0


@pytest.mark.parametrize("chinese", [False, True])
def test_bots_and_workspaces_of_the_demo_are_in_one_language(caller: Caller, chinese: bool) -> None:
    caller.stand_in.use_bots(demo_bots(chinese=chinese))
    spaces = [
        str(as_object(space)["name"]) for space in as_list(caller.get("/v1/workspaces").data["workspaces"])
    ]
    said = [f"{bot.name} {bot.description} {bot.prologue}" for bot in demo_bots(chinese=chinese)]
    assert [bool(re.search("[一-鿿]", text)) for text in [*spaces, *said]] == [chinese] * (2 + len(said))
    assert not any("机器人" in text for text in said), "Coze's word is 智能体"


def test_workspaces_and_the_user(caller: Caller) -> None:
    data = caller.get("/v1/workspaces", page_size=1, page_num=2).data
    assert data["total_count"] == 2
    assert [space["workspace_type"] for space in as_list(data["workspaces"])] == ["team"]
    user = caller.get("/v1/users/me").data
    assert set(user) == {"user_id", "user_name", "nick_name", "avatar_url"}
