"""The documents agree with the code, with each other, and with the files they name."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from coze_tui.cli.command_lookup import find_command
from coze_tui.cli.commands import COMMANDS
from coze_tui.cli.parser import read_arguments
from coze_tui.config.loader import load_settings
from coze_tui.config.project import read_project
from coze_tui.config.settings import definitions
from coze_tui.diagnostics.help_pages import SECTIONS
from tests.support.doc_tables import SCHEMA, documents, schema, updated
from tests.support.samples import ROOT

README = (ROOT / "README.md").read_text("utf-8")
README_ZH = (ROOT / "README.zh-CN.md").read_text("utf-8")
TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")
TROUBLESHOOTING_ZH = (ROOT / "docs" / "troubleshooting.zh-CN.md").read_text("utf-8")
MANUAL = [path for path in documents() if path.name not in ("textual.md", "ui.md", "wire.md")]
"""What users read; the others describe the wire and the screens for developers."""


def by_name(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", documents(), ids=by_name)
def test_generated_tables_are_up_to_date(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text == updated(text), "run `python -m tests.update_docs`"


def test_the_schema_is_up_to_date() -> None:
    assert SCHEMA.read_text("utf-8") == schema(), "run `python -m tests.update_docs`"


def test_every_flag_of_a_setting_is_an_option_of_a_command() -> None:
    options = {option.name: option for command in COMMANDS.values() for option in command.options}
    for name, definition in definitions().items():
        if definition.flag:
            assert options[definition.flag].setting == name


# --- examples ---


def test_the_example_settings_are_valid(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    whole, project, tools = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "settings.toml"
    file.write_text(whole.replace("7511…", "7511") + tools, encoding="utf-8")
    loaded = load_settings(file=file, environment={}, flags={"profile": "work"})
    assert loaded.problems == ()
    assert loaded.settings.token_command == "pass show coze"
    assert loaded.settings.tools == {"get_local_time": ("date", "+%H:%M")}
    (tmp_path / ".coze-tui.toml").write_text(project.replace("7511…", "7511"), encoding="utf-8")
    values = read_project(tmp_path / ".coze-tui.toml").values
    assert set(values) == {"bot_id", "base_url", "custom_variables"}


@pytest.mark.parametrize("path", MANUAL, ids=by_name)
def test_the_example_commands_exist(path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
    for example in re.findall(r"^(?:.*\| )?coze-tui ([^|>\n]*)", "\n".join(blocks), re.MULTILINE):
        command, rest = find_command(shlex.split(example, comments=True))
        read_arguments(command, rest)


@pytest.mark.parametrize("path", MANUAL, ids=by_name)
def test_the_commands_in_sentences_exist(path: Path) -> None:
    for example in re.findall(r"`coze-tui ([a-z][^`]*)`", path.read_text("utf-8")):
        command, _rest = find_command(shlex.split(example))
        assert command.name == "chat" or example.startswith(command.name.split()[0]), example


# --- links ---


def anchors(path: Path) -> set[str]:
    """Return the anchors of the headings, as code hosts make them, and those that are written out."""
    text = path.read_text("utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    made = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return made | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("name", ["troubleshooting.md", "troubleshooting.zh-CN.md"])
def test_errors_lead_to_sections_that_exist(name: str) -> None:
    assert anchors(ROOT / "docs" / name) >= SECTIONS


@pytest.mark.parametrize("path", documents(), ids=by_name)
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", path.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("path", sorted((ROOT / "docs").iterdir()), ids=by_name)
def test_every_document_is_linked_from_another(path: Path) -> None:
    texts = [one.read_text("utf-8") for one in documents() if one != path]
    assert any(f"{path.name})" in text or f"{path.name}#" in text for text in texts)


# --- README ---


def commands_of(text: str) -> list[str]:
    """Return the lines of the shell examples, without comments and with every quoted text made equal."""
    lines = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).splitlines()
    bare = (re.sub(r'"[^"]*"', '"…"', line.partition(" #")[0]).strip() for line in lines)
    return [line for line in bare if line]


def shape_of(text: str) -> list[tuple[int, int]]:
    """Return the level of each heading with the number of rows, points and steps below it."""
    sections = re.split(r"^(#+) ", text, flags=re.MULTILINE)[1:]
    return [
        (len(level), len(re.findall(r"^(?:\||- |\d\. )", body, re.MULTILINE)))
        for level, body in zip(sections[::2], sections[1::2], strict=True)
    ]


@pytest.mark.parametrize(
    ("english", "chinese"),
    [(README, README_ZH), (TROUBLESHOOTING, TROUBLESHOOTING_ZH)],
    ids=["README", "help"],
)
def test_both_languages_have_the_same_sections_and_commands(english: str, chinese: str) -> None:
    assert shape_of(english) == shape_of(chinese)
    assert commands_of(english) == commands_of(chinese)


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 130
    assert len(README_ZH.splitlines()) <= 130


def test_each_language_links_to_the_other_first() -> None:
    assert README.index("](README.zh-CN.md)") == README.index("](")
    assert README_ZH.index("](README.md)") == README_ZH.index("](")


@pytest.mark.parametrize("text", [README, README_ZH], ids=["en", "zh"])
def test_the_second_command_is_the_last_line_of_ci(text: str) -> None:
    last = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()[-1]
    assert "pytest" in last
    assert f"```sh\n{last}\n```" in text


def test_ci_runs_every_check() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    for step in ("ruff format --check .", "ruff check .", "mypy", "lint-imports", "pytest"):
        assert step in script


def test_the_changelog_starts_with_this_version() -> None:
    from coze_tui import __version__

    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.search(r"^## ([\d.]+)", changelog, re.MULTILINE)[1] == __version__  # type: ignore[index]
