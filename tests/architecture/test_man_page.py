"""The man page says what the tables say."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from coze_tui.cli.command_lookup import find_command
from coze_tui.cli.commands import CHAT, COMMANDS
from coze_tui.cli.completion.plan import help_of
from coze_tui.cli.exits import MEANINGS
from coze_tui.cli.parser import read_arguments
from coze_tui.config.locations import Paths
from coze_tui.config.settings import definitions, variable_of
from man_page import EXAMPLES, FILES, man_page


def section(name: str) -> str:
    """Return the lines of one section, without the escapes of roff."""
    part = man_page().partition(f"\n.SH {name}\n")[2].partition("\n.SH ")[0]
    plain = re.sub(r"\\f[BIR]|\\&|\\\|", "", part).replace(r"\-", "-")
    for escape, character in ((r"\(aq", "'"), (r"\(dq", '"'), (r"\(ti", "~"), (r"\(ga", "`"), (r"\e", "\\")):
        plain = plain.replace(escape, character)
    return re.sub(r"\\\[u([0-9A-F]{4,6})\]", lambda code: chr(int(code[1], 16)), plain)


def entries(name: str) -> list[tuple[str, str]]:
    """Return the terms of a section with their descriptions."""
    return _entries_of(section(name))


def _entries_of(part: str) -> list[tuple[str, str]]:
    return re.findall(r"^\.TP\n(.*)\n(.*)$", part, re.MULTILINE)


def test_every_command_is_described_with_its_options() -> None:
    commands = re.split(r"^\.SS ", section("COMMANDS"), flags=re.MULTILINE)[1:]
    common = {name for term, _text in entries("COMMON OPTIONS") for name in re.findall(r"--[\w-]+", term)}
    for part, command in zip(commands, COMMANDS.values(), strict=True):
        assert part.partition("\n")[0].startswith(
            f"{command.name} [{command.words}" if command.words else command.name
        )
        assert command.summary[1:].replace("`", "") in part
        assert command.note.replace("`", "") in part
        assert f"\ncoze-tui {command.name} [options]" in section("SYNOPSIS") or command is CHAT
        assert _entries_of(part) == [
            (f"{', '.join(option.names)} {option.value}".rstrip(), help_of(option).replace("`", ""))
            for option in command.options
            if option.name not in common
        ]


def test_every_setting_variable_and_exit_status_is_described() -> None:
    docs = {name: each.doc.replace("`", "") for name, each in definitions().items()}
    assert dict(entries("SETTINGS")) == docs
    assert {variable_of(name) for name in docs} < dict(entries("ENVIRONMENT")).keys()
    assert dict(entries("EXIT STATUS")) == {str(int(each)): text for each, text in MEANINGS.items()}


def test_the_files_are_those_of_the_program() -> None:
    paths = Paths(
        Path("~/.config/coze-tui"), Path("~/.local/share/coze-tui"), Path("~/.local/state/coze-tui")
    )
    known = {str(getattr(paths, name)) for name, value in vars(Paths).items() if isinstance(value, property)}
    assert {path.rstrip("/") for path, _text in FILES} == known


def test_the_examples_can_be_read() -> None:
    for _text, example in EXAMPLES:
        for words in re.findall(r"coze-tui ([^;|]*)", example):
            command, rest = find_command(shlex.split(words))
            read_arguments(command, rest)


def test_the_page_is_sound_and_in_ascii() -> None:
    page = man_page()
    assert page.isascii()
    assert [line for line in page.splitlines() if line.startswith(("'", ". "))] == []
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    run = ["groff", "-man", "-ww", "-Tutf8", "-P-cbou"]  # without bold and underlines
    done = subprocess.run(run, input=page, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert "coze-tui - " in done.stdout
    lines = [line.strip() for line in done.stdout.splitlines()]  # versions of groff indent differently
    assert "coze-tui history show [options] [ID ...]" in lines
