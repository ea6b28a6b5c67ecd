"""`coze-tui settings`."""

from __future__ import annotations

import json
from pathlib import Path

from coze_tui.cli.exits import Exit
from coze_tui.config.settings import definitions
from coze_tui.config.settings_schema import settings_schema
from tests.support.commands import Command


def test_settings_are_shown_with_their_sources_and_the_path_of_their_file(
    command: Command, home: Path
) -> None:
    file = home / "config" / "settings.toml"
    ran = command("settings")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == f"settings file: {file}  (does not exist)"
    file.write_text('theme = "nord"\n')
    ran = command("settings", "--show", "--user", "me", COZE_TUI_TOOLS='{"lamp": "lamp --password hunter2"}')
    first, *rows = ran.out.splitlines()
    assert first == f"settings file: {file}"
    assert [row.split()[0] for row in rows] == list(definitions())
    lines = {row.split()[0]: row for row in rows}
    assert lines["theme"].endswith(f"nord  ({file})")
    assert lines["user_id"].endswith("me  (--user)")
    assert lines["tools"].endswith("lamp=lamp …  (COZE_TUI_TOOLS)")
    assert "hunter2" not in ran.out
    doctor = command("doctor", "--user", "me", COZE_TUI_TOOLS='{"lamp": "lamp --password hunter2"}').out
    assert "\n".join(rows) in doctor


def test_a_wrong_settings_file_is_shown_and_reported(command: Command, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text("mouse = 5\n")
    ran = command("settings")
    assert ran.status == Exit.USAGE
    assert "line 1: `mouse`" in ran.err
    assert "mouse              true  (default)" in ran.out
    schema = command("settings", "--schema")
    assert (schema.status, schema.err) == (0, "")
    assert json.loads(schema.out) == settings_schema()


def test_the_schema_is_in_the_language_in_use_and_in_utf_8(command: Command) -> None:
    described = json.loads(command("settings", "--schema", "--lang", "zh_CN").out)["definitions"]
    assert described["theme"]["description"].startswith("主题")
    assert command("settings", "--schema", "--show").status == Exit.USAGE
