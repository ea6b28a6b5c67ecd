"""What opens over the chat screen, or in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.config.project import Project
from coze_tui.errors import BusyError
from coze_tui.text.i18n import _
from coze_tui.tui.screens.dialogs import AskText, Confirm, ShowText
from coze_tui.tui.screens.log_screen import ShowLink
from coze_tui.tui.screens.project_trust import TrustProject
from tests.support.snapshot_stage import Looks, Stage


@pytest.mark.parametrize(
    ("size", "language"),
    [((120, 40), "en"), ((80, 24), "zh_CN"), ((60, 20), "en")],
    ids=["wide", "zh", "tiny"],
)
def test_tool_request(looks_the_same: Looks, size: tuple[int, int], language: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.play("clock")
        await stage.shows("get_local_time")
        await stage.press(*"10:02")

    assert looks_the_same(before, size, bot="Clock", language=language)


@pytest.mark.parametrize(
    ("size", "theme"), [((120, 40), "coze-light"), ((60, 20), "coze-dark")], ids=["wide", "tiny"]
)
def test_bot_picker(looks_the_same: Looks, size: tuple[int, int], theme: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        await stage.press("ctrl+t")
        await stage.shows("Clock")
        await stage.press("down", "down")

    assert looks_the_same(before, size, theme=theme)


@pytest.mark.parametrize(
    ("size", "language"), [((120, 40), "en"), ((60, 20), "zh_CN")], ids=["wide", "tiny zh"]
)
def test_help(looks_the_same: Looks, size: tuple[int, int], language: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        await stage.press("f1", *"prompt.")
        await stage.shows("prompt.send")

    assert looks_the_same(before, size, language=language)


@pytest.mark.parametrize(
    ("size", "language"), [((120, 40), "en"), ((60, 20), "zh_CN")], ids=["wide", "tiny zh"]
)
def test_commands(looks_the_same: Looks, size: tuple[int, int], language: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        await stage.press("ctrl+p")
        await stage.shows("/new")

    assert looks_the_same(before, size, language=language)


def test_found_commands(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        await stage.press("ctrl+p", *"re")
        await stage.shows("/retry")

    assert looks_the_same(before, (80, 24), theme="coze-light")


@pytest.mark.parametrize(
    ("size", "language"), [((120, 40), "en"), ((60, 20), "zh_CN")], ids=["wide", "tiny zh"]
)
def test_theme_picker(looks_the_same: Looks, size: tuple[int, int], language: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        stage.chat.commands.choose_theme("")
        await stage.shows("coze-light")
        await stage.press("down")
        await stage.until(lambda: stage.app.theme == "coze-light", "the theme is shown")

    assert looks_the_same(before, size, language=language)


def test_language_picker(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        stage.chat.commands.choose_language("")
        await stage.shows("zh_CN")

    assert looks_the_same(before, (80, 24))


@pytest.mark.parametrize(
    ("size", "language"), [((80, 24), "en"), ((60, 20), "zh_CN")], ids=["usual", "tiny zh"]
)
def test_trust_project(looks_the_same: Looks, size: tuple[int, int], language: str) -> None:
    values = {
        "bot_id": "7511000000000000101",
        "base_url": "https://coze.example.com",
        "custom_variables": {"name": "林 [red]\x1b[31m"},
        "parameters": {f"key {number}": "渡口 " * 20 for number in range(3)},
    }

    async def before(stage: Stage) -> None:
        await stage.greeted()
        warning = _("Other users of this machine can change the file.")
        project = Project(Path("/srv/ferry/.coze-tui.toml"), "", values, (warning,))
        stage.app.push_screen(TrustProject(project, "new"))
        await stage.shows("7511000000000000101")

    assert looks_the_same(before, size, language=language)


@pytest.mark.parametrize(
    ("size", "language"), [((120, 40), "en"), ((60, 20), "zh_CN")], ids=["wide", "tiny zh"]
)
def test_first_run_site(looks_the_same: Looks, size: tuple[int, int], language: str) -> None:
    async def before(stage: Stage) -> None:
        await stage.shows("coze.com")

    assert looks_the_same(before, size, language=language, has_token=False)


def test_first_run_token(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.shows("coze.com")
        await stage.press("enter")
        await stage.shows("open/oauth/pats")
        await stage.press(*"pat_EXAMPLE")

    assert looks_the_same(before, (80, 24), has_token=False)


def test_a_busy_conversation(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        stage.chat.failure_help.offer(BusyError(4016, "Conversation occupied"))
        await stage.shows("4016")

    assert looks_the_same(before, (80, 24))


def test_a_question_with_two_answers(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        text = "It has 12 messages."
        await stage.open(Confirm("Delete “Spring Festival”?", text, "delete it", "keep it"))
        await stage.shows(text)

    assert looks_the_same(before, (80, 24))


def test_a_line_to_type(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        await stage.open(AskText("Rename", "Spring Festival"))
        await stage.shows("Rename")

    assert looks_the_same(before, (80, 24), theme="coze-light")


def test_a_link(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        await stage.open(ShowLink("https://www.coze.cn/docs/developer_guides/chat_v3", may_open=True))
        await stage.shows("chat_v3")

    assert looks_the_same(before, (60, 20))


def test_plain_text(looks_the_same: Looks) -> None:
    async def before(stage: Stage) -> None:
        await stage.greeted()
        await stage.open(ShowText("Ferries", "When does the next ferry leave?\n\nAt **18:40**."))
        await stage.shows("**18:40**")

    assert looks_the_same(before, (60, 20))
