"""The README says what the code does."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import shlex
from dataclasses import MISSING, fields
from pathlib import Path

from coze_tui.cli.commands import CHAT, COMMANDS, find_command
from coze_tui.cli.exits import MEANINGS
from coze_tui.cli.parser import read_arguments
from coze_tui.config.loader import load_settings
from coze_tui.config.settings import Settings, definitions, variable_of
from tests.support.samples import ROOT
from tests.support.schema_checks import is_valid

RENAMED = {
    "coze-tui give": "coze-tui request",
    "coze-tui bundle": "coze-tui support-bundle",
    "create a report about one chat for Coze support,": "create a support bundle of one chat for Coze,",
    "| `differences` | `COZE_TUI_DIFFERENCES`": "| `partial_redraw` | `COZE_TUI_PARTIAL_REDRAW`",
    "| `frames_per_second` | `COZE_TUI_FRAMES_PER_SECOND`": "| `max_fps` | `COZE_TUI_MAX_FPS`",
}
"""Old names that the README still contains; they go when it is rewritten, which removes this table too."""

README = (ROOT / "README.md").read_text(encoding="utf-8")
for old, new in RENAMED.items():
    README = README.replace(old, new)


def table(heading: str) -> list[list[str]]:
    """The rows of the first table under a heading."""
    part = README.partition(f"\n{heading}\n")[2]
    lines = re.search(r"(?:^\|.*\n)+", part, re.MULTILINE)
    assert lines, heading
    return [[cell.strip() for cell in line.strip("|\n").split(" |")] for line in lines[0].splitlines()[2:]]


def shown(value: object) -> str:
    if value in (None, "") or value is MISSING:
        return "–"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def test_every_setting_stands_in_the_table_as_it_is() -> None:
    defaults = {each.name: each.default for each in fields(Settings)}
    assert table("## Settings") == [
        [
            f"`{name}`",
            f"`{variable_of(name)}`",
            f"`{definition.flag}`" if definition.flag else "–",
            shown(defaults[name]),
            definition.doc,
        ]
        for name, definition in definitions().items()
    ]


def test_every_status_stands_in_the_table_as_it_is() -> None:
    assert table("### Exit status") == [[str(int(status)), words] for status, words in MEANINGS.items()]


def test_every_command_stands_in_the_table_as_it_is() -> None:
    assert table("## Commands") == [
        ["`coze-tui`" if command is CHAT else f"`coze-tui {name}`", command.summary]
        for name, command in COMMANDS.items()
    ]


def test_every_flag_of_a_setting_is_an_option_of_a_command() -> None:
    options = {option.name: option for command in COMMANDS.values() for option in command.options}
    for name, definition in definitions().items():
        if definition.flag:
            assert options[definition.flag].setting == name


def test_the_example_settings_are_right(tmp_path: Path) -> None:
    whole, tools = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    file = tmp_path / "settings.toml"
    file.write_text(whole.replace("7511…", "7511") + tools, encoding="utf-8")
    loaded = load_settings(file=file, environment={}, flags={"profile": "work"})
    assert loaded.problems == ()
    assert loaded.settings.token_command == "pass show coze"
    assert is_valid(file.read_text("utf-8"))
    assert loaded.settings.tools == {"get_local_time": ("date", "+%H:%M")}


def test_the_example_commands_can_be_read() -> None:
    examples = re.findall(
        r"^(?:.*\| )?coze-tui ([^|>\n#]*)",
        "\n".join(re.findall(r"```sh\n(.*?)```", README, re.DOTALL)),
        re.MULTILINE,
    )
    assert len(examples) >= 8
    for example in examples:
        command, rest = find_command(shlex.split(example))
        read_arguments(command, rest)


def keys_by_id() -> dict[str, set[str]]:
    """The default keys of every binding of the screens."""
    from textual.binding import Binding

    import coze_tui.tui

    keys: dict[str, set[str]] = {}
    for module in pkgutil.walk_packages(coze_tui.tui.__path__, "coze_tui.tui."):
        for _, thing in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            for binding in vars(thing).get("BINDINGS", ()):
                if isinstance(binding, Binding) and binding.id:
                    keys.setdefault(binding.id, set()).update(binding.key.split(","))
    return keys


def key_from_words(words: str) -> str:
    """`Ctrl+J` → `ctrl+j`, `Esc` → `escape`, `Y` → `Y`."""
    if len(words) == 1:
        return {"[": "left_square_bracket", "]": "right_square_bracket", "?": "question_mark"}.get(
            words, words
        )
    names = {"Esc": "escape", "PgUp": "pageup", "PgDn": "pagedown"}
    return names.get(words, words.lower().replace("↑", "up").replace("↓", "down").replace("\\", "backslash"))


def test_every_key_of_the_table_does_what_it_says() -> None:
    keys = keys_by_id()
    rows = table("## Keys")
    assert len(rows) > 10
    for row in rows:
        ids = re.findall(r"`([\w.]+)`", row[2]) if len(row) > 2 else []
        words = row[0].split(", ")
        words = words * len(ids) if len(words) == 1 else words  # one key, several things by where one is
        for name, word in zip(ids, words, strict=bool(ids)):
            assert key_from_words(word) in keys[name], name


def test_every_key_of_the_chat_and_of_its_log_stands_in_the_table() -> None:
    from coze_tui.tui.log.message_log import MessageLog
    from coze_tui.tui.screens.chat import ChatScreen

    told = set(re.findall(r"`([\w.]+)`", README.partition("## Keys")[2].partition("## Settings")[0]))
    for part in (ChatScreen, MessageLog):
        ids = {binding.id for binding in vars(part)["BINDINGS"]}
        assert ids - told - {"log.find"} == set()  # `/` is told with Ctrl+F


def test_every_relative_link_leads_somewhere() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_second_command_sets_up_and_tests_and_ci_does_the_same() -> None:
    assert ".venv/bin/pip install -e '.[dev]' && .venv/bin/pytest\n" in README
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for step in (
        "pip install",
        "'.[dev]'",
        "ruff format --check .",
        "ruff check .",
        "mypy",
        "lint-imports",
        "pytest",
    ):
        assert step in script


def test_the_changelog_has_an_unreleased_part() -> None:
    assert "## Unreleased" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_ci_ends_with_the_command_that_the_readme_tells_a_developer_to_run() -> None:
    command = README.partition("\n## Working on it\n")[2].partition("```sh\n")[2].partition("\n```")[0]
    assert "pytest" in command
    assert (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1] == command
