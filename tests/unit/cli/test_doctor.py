"""`coze-tui doctor`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from coze_tui.cli.main import main
from coze_tui.config.settings import definitions
from coze_tui.standin.server import StandIn
from tests.support.commands import XIAOCHUN, Command
from tests.support.other_textual import other_textual


def test_every_setting_is_shown_with_its_source(command: Command, environment: dict[str, str]) -> None:
    config = Path(environment["COZE_TUI_HOME"]) / "config"
    config.mkdir(parents=True)
    (config / "settings.toml").write_text('theme = "nord"\n[custom_variables]\nname = "Lin"\n')
    ran = command("doctor", "--user", "me", COZE_TUI_SIDEBAR="hidden")
    assert (ran.status, ran.err) == (0, "")
    lines = {line.split()[0]: line for line in ran.out.splitlines() if line.startswith("  ")}
    assert set(definitions()) <= set(lines)
    assert lines["bot_id"].split() == ["bot_id", XIAOCHUN, "(COZE_BOT_ID)"]
    assert "nord" in lines["theme"]
    assert str(config / "settings.toml") in lines["theme"]
    assert "(--user)" in lines["user_id"]
    assert "(COZE_TUI_SIDEBAR)" in lines["sidebar"]
    assert "name=Lin" in lines["custom_variables"]
    assert "No problem found." in ran.out


def test_no_secret_is_shown(command: Command, stand_in: StandIn) -> None:
    ran = command(
        "doctor",
        COZE_TUI_PROXY="http://me:hunter2@127.0.0.1:1",
        HTTPS_PROXY="http://me:hunter2@127.0.0.1:1",
        COZE_TUI_TOKEN_COMMAND="print --password hunter2",
        COZE_TUI_TOOLS='{"read_lamp": "lamp --password hunter2"}',
    )
    assert "read_lamp=lamp …" in ran.out
    assert "hunter2" not in ran.out
    assert stand_in.token not in ran.out
    assert "pat_***cdef" in ran.out


def test_it_asks_nobody_unless_told(command: Command, stand_in: StandIn) -> None:
    command("doctor")
    assert list(stand_in.requests) == []
    ran = command("doctor", "--online")
    assert [request.path for request in stand_in.requests] == ["/v1/users/me"]
    assert "the token is valid" in ran.out


def test_a_studio_that_does_not_tell_whose_token_it_is_is_no_problem(command: Command) -> None:
    with StandIn(dialect="studio", pace=0) as studio:
        ran = command("doctor", "--online", COZE_API_BASE=studio.base_url, COZE_API_TOKEN=studio.token)
    assert ran.status == 0
    assert "Coze Studio does not list bots" in ran.out


def test_the_kind_of_the_server_is_told_from_its_address_and_by_asking(command: Command) -> None:
    assert "coze.com" in section(command("doctor", "--base-url", "com").out, "server")
    assert "--online" in section(command("doctor").out, "server")
    assert "Coze's cloud" in section(command("doctor", "--online").out, "server")


def test_another_textual_is_told_with_what_to_do(command: Command) -> None:
    assert "pip install" not in command("doctor").out
    with other_textual("textual.app.App._display"):
        ran = command("doctor")
        chinese = command("doctor", COZE_TUI_LANGUAGE="zh_CN")
    assert ran.status == 0
    assert "Textual 8.2.8 differs from 8.2.7" in section(ran.out, "terminal")
    assert "Run: pip install textual==8.2.7" in section(ran.out, "terminal")
    assert "界面改用 Textual 自带的显示方式" in chinese.out


def section(text: str, title: str) -> str:
    """The lines under a title."""
    return text.partition(f"\n{title}\n")[2].partition("\n\n")[0]


@pytest.mark.parametrize(
    ("variables", "tokens", "status", "words"),
    [
        ({"COZE_API_TOKEN": ""}, [], 3, "no token found"),
        ({"COZE_API_TOKEN": "pat_EXAMPLE"}, ["--online"], 3, "4100"),
        ({"COZE_API_BASE": "http://127.0.0.1:1"}, ["--online"], 5, "connection refused"),
        ({"COZE_TUI_MOUSE": "perhaps"}, [], 2, "COZE_TUI_MOUSE"),
    ],
)
def test_problems_are_listed_and_give_the_status(
    command: Command, variables: dict[str, str], tokens: list[str], status: int, words: str
) -> None:
    ran = command("doctor", *tokens, **variables)
    assert ran.status == status
    assert words in ran.out.partition("problems\n")[2]


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_lax_credentials_file_is_repaired_and_told(
    command: Command, stand_in: StandIn, environment: dict[str, str]
) -> None:
    command("login", stdin=stand_in.token, COZE_API_TOKEN="")
    path = Path(environment["COZE_TUI_HOME"]) / "config" / "credentials.json"
    path.chmod(0o644)
    ran = command("doctor", COZE_API_TOKEN="")
    assert f"{path} was readable by others" in ran.out
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert main(["doctor"], {"COZE_TUI_HOME": str(tmp_path / "file")}) == 1
    assert f"{tmp_path}/file/data: Not a directory" in capsys.readouterr().out


def test_it_speaks_chinese_with_every_column_in_place(command: Command) -> None:
    ran = command("doctor", "--lang", "zh_CN")
    assert "没有发现问题。" in ran.out
    folders = section(ran.out, "目录和文件").splitlines()
    assert {cell_len(line.partition("/")[0]) for line in folders} == {21}
    assert f"  {'textual':<18} " in ran.out


def test_copy_tells_where_the_line_is(command: Command) -> None:
    ran = command("doctor", "--copy")
    told = section(ran.out, "clipboard")
    path = told.rpartition(" → ")[2].strip()
    assert Path(path).read_text().startswith("copied by coze-tui at ")
    assert "\x1b" not in ran.out
    assert "clipboard" not in command("doctor").out.splitlines()
