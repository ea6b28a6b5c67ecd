"""The person's editor: what it gets, what comes back, and what is told when it does not work."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from textual.app import App

from coze_tui.tui import editor
from coze_tui.tui.editor import MOST_BYTES, EditorFailed, edit_text, edit_with, editor_command
from tests.support.shown import toasts_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the editors here are shell scripts")


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "my editor"


def write(script: Path, *lines: str) -> list[str]:
    """Make the script an editor; its command with an argument."""
    script.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
    script.chmod(0o700)
    return [str(script), "--wait"]


def test_the_text_goes_to_the_editor_and_comes_back_changed(script: Path) -> None:
    command = write(script, 'test "$1" = --wait && printf " more\\n" >> "$2"')
    assert edit_with(command, "你好", os.environ, ".md") == "你好 more"


def test_the_file_is_private_and_gone_afterwards(script: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = write(
        script,
        'touch "$2"',
        f'ls -ld "$2" > "{log}"; ls -ld "$(dirname "$2")" >> "{log}"; echo "$2" >> "{log}"; touch "$2~"',
    )
    edit_with(command, "text", os.environ, ".json")
    of_file, of_folder, name = log.read_text().splitlines()
    assert of_file.startswith("-rw-------")
    assert of_folder.startswith("drwx------")
    assert name.endswith(".json")
    assert not Path(name).parent.exists()


def test_an_editor_that_replaces_the_file_is_read_all_the_same(script: Path) -> None:
    command = write(script, 'echo new > "$2.tmp" && mv "$2.tmp" "$2"')
    assert edit_with(command, "old", os.environ, ".md") == "new"


def test_only_the_line_end_that_editors_add_is_dropped(script: Path) -> None:
    assert edit_with(write(script, 'touch "$2"'), "a\n\n", os.environ, ".md") == "a\n"
    assert edit_with(write(script, ':> "$2"'), "a", os.environ, ".md") == ""


def test_what_comes_back_is_cleaned(script: Path) -> None:
    command = write(script, r'printf "\357\273\277a\033[2Jb\r\nc\377" > "$2"')
    assert edit_with(command, "", os.environ, ".md") == "a[2Jb\nc\ufffd"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("exit 3", "exited with status 3; the text is unchanged"),
        ('rm "$2"', "Could not read the text back from the editor: No such file"),
        (f'head -c {MOST_BYTES + 1} /dev/zero > "$2"', "too large"),
    ],
)
def test_a_failed_editor_is_told(script: Path, line: str, told: str) -> None:
    with pytest.raises(EditorFailed, match=told):
        edit_with(write(script, line), "text", os.environ, ".md")


def test_an_editor_that_returns_at_once_without_a_change_is_reported(script: Path) -> None:
    late = '(sleep 2; echo "late edit" > "$2") >/dev/null 2>&1 &'
    with pytest.raises(EditorFailed, match=r"returned at once.*--wait"):
        edit_with(write(script, late), "text", os.environ, ".md")


def test_saving_the_same_text_or_taking_time_to_read_it_is_no_such_return(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert edit_with(write(script, 'echo text > "$2"'), "text", os.environ, ".md") == "text"
    monkeypatch.setattr(editor, "AT_ONCE_SECONDS", 0)
    assert edit_with(write(script, "true"), "text", os.environ, ".md") == "text"


def test_a_file_that_cannot_be_run_is_told(script: Path) -> None:
    script.write_text("no program")
    with pytest.raises(EditorFailed, match=r"Could not run .*: Permission denied"):
        edit_with([str(script)], "text", os.environ, ".md")


def test_visual_goes_before_editor_and_is_split_like_a_shell_does(script: Path) -> None:
    write(script, "true")
    environment = {"VISUAL": f"'{script}' --wait", "EDITOR": "ed", "PATH": os.environ["PATH"]}
    assert editor_command(environment) == [str(script), "--wait"]


@pytest.mark.parametrize("wish", ["/nowhere/editor -w", "'unfinished", "\x1b]0;x\x07"])
def test_an_editor_that_is_not_there_is_named(wish: str) -> None:
    with pytest.raises(EditorFailed, match="EDITOR names an editor that was not found") as failed:
        editor_command({"EDITOR": wish, "PATH": ""})
    assert "\x1b" not in str(failed.value)


def test_without_a_wish_what_most_systems_have_is_taken(tmp_path: Path) -> None:
    vi = tmp_path / "vi"
    write(vi, "true")
    assert editor_command({"VISUAL": " ", "PATH": str(tmp_path)}) == ["vi"]
    vi.unlink()
    with pytest.raises(EditorFailed, match="set \\$EDITOR"):
        editor_command({"PATH": str(tmp_path)})


async def test_where_the_screen_cannot_step_aside_that_is_told(
    script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(script, 'echo changed > "$1"')
    monkeypatch.setenv("VISUAL", f"'{script}'")
    app: App[None] = App()
    async with app.run_test(notifications=True) as pilot:
        assert edit_text(app, "text", os.environ) is None
        await pilot.pause()
        await pilot.pause()
        assert toasts_of(app) == ["coze-tui cannot be suspended here to run an editor."]


def test_the_mode_of_the_folder_does_not_depend_on_the_umask(script: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = write(script, f'touch "$2"; ls -ld "$2" > "{log}"')
    before = os.umask(0)
    try:
        edit_with(command, "text", os.environ, ".md")
    finally:
        os.umask(before)
    assert log.read_text().startswith("-rw-------")
