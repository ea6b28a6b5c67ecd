"""The skeleton of the screens: when it is painted, and in which colors."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from coze_tui.cli import first_frame
from coze_tui.cli.commands import CHAT
from coze_tui.cli.options import Arguments
from coze_tui.render.palette import DARK, LIGHT

if sys.platform == "win32":
    pytest.skip("POSIX only", allow_module_level=True)

from tests.support.terminal import Terminal


def likely(home: Path, *, flag: str | None = None, **environment: str) -> str:
    arguments = Arguments(CHAT, theme=flag)
    return first_frame.likely_theme(arguments, {"COZE_TUI_HOME": str(home), **environment})


def test_its_colors_are_those_of_the_themes() -> None:
    assert {
        "coze-dark": (DARK.background, DARK.surface, DARK.text),
        "coze-light": (LIGHT.background, LIGHT.surface, LIGHT.text),
    } == first_frame.SKELETON_COLORS


def test_the_theme_is_looked_for_where_the_settings_would_look(tmp_path: Path) -> None:
    assert likely(tmp_path) == "coze-dark"
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text('bot_id = "1"\ntheme = "from-file"\n')
    assert likely(tmp_path) == "from-file"
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "remembered.json").write_text(json.dumps({"chosen": {"theme": "chosen"}}))
    assert likely(tmp_path) == "chosen"
    assert likely(tmp_path, COZE_TUI_THEME="variable") == "variable"
    assert likely(tmp_path, COZE_TUI_THEME="variable", flag="flag") == "flag"


def test_the_theme_follows_the_background_of_the_last_start(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    remembered = tmp_path / "state" / "remembered.json"
    remembered.write_text(json.dumps({"background": "light"}))
    assert likely(tmp_path) == likely(tmp_path, flag="auto") == "coze-light"
    remembered.write_text(json.dumps({"background": "light", "chosen": {"theme": "coze-dark"}}))
    assert likely(tmp_path) == "coze-dark"
    assert likely(tmp_path, COZE_TUI_THEME="ansi") == "ansi"


def test_there_is_no_prompt_before_the_first_run(tmp_path: Path) -> None:
    def is_first(environment: dict[str, str], **given: object) -> bool:
        return first_frame.is_first_run(
            Arguments(CHAT, **given), {"COZE_TUI_HOME": str(tmp_path), **environment}
        )

    assert is_first({})
    assert is_first({"COZE_API_TOKEN": "pat_x"})
    assert not is_first({"COZE_BOT_ID": "1"})
    assert not is_first({}, bot="1")
    assert not is_first({}, conversation="abc")
    assert not is_first({}, continues=True)
    (tmp_path / "state").mkdir()
    remembered = tmp_path / "state" / "remembered.json"
    remembered.write_text(json.dumps({"last_bots": {}}))
    assert is_first({})
    remembered.write_text(json.dumps({"last_bots": {"default https://api.coze.cn": "1"}}))
    assert not is_first({})
    remembered.write_text(json.dumps({"projects": {"/repo/.coze-tui.toml": "trusted 1"}}))
    assert not is_first({})
    remembered.unlink()
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "settings.toml").write_text('bot_id = "1"')
    assert not is_first({})


@pytest.mark.parametrize("remembered", ["", "[]", '{"chosen": 1}', '{"chosen": {}}', "\0"])
def test_damaged_files_are_no_reason_to_stop(tmp_path: Path, remembered: str) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "remembered.json").write_text(remembered)
    assert likely(tmp_path) == "coze-dark"


def test_a_wrong_setting_is_told_on_the_terminal_as_it_was(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "coze_tui", "--bot", "1", "--base-url", "http://10.0.0.1"]
    env = {"COZE_TUI_HOME": str(tmp_path), "COZE_TUI_LANGUAGE": "en"}
    with Terminal(command, env=env) as terminal:
        assert terminal.wait() == 2
        assert 1049 not in terminal.screen.private_modes
        assert terminal.modes() == terminal.modes_before
        assert "--base-url" in terminal.text
        assert "●" in terminal.raw.decode()


def test_help_paints_no_frame(tmp_path: Path) -> None:
    with Terminal([sys.executable, "-m", "coze_tui", "--help"]) as terminal:
        assert terminal.wait() == 0
        assert b"\x1b" not in terminal.raw
