"""Completion in real shells: what Tab shows and inserts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.hostile_text import PAYLOADS
from tests.support.program import COMMAND
from tests.support.stores import talk, written
from tests.support.terminal import Terminal, TerminalScreen

SHELLS = {
    "bash": ("bash --noprofile --norc -i", 'eval "$(coze-tui completion bash)"'),
    "zsh": (
        "zsh -f -i",
        'autoload -Uz compinit && compinit -u -d ./dump && eval "$(coze-tui completion zsh)"; PROMPT="$ "',
    ),
    "fish": (
        "fish --no-config",
        "coze-tui completion fish | source; function fish_prompt; echo -n '$ '; end",
    ),
}
"""By shell: how it is started with a prompt of `$`, and the line that installs the completion."""
HOSTILE = (
    f"evil 'q' \"d\" $(touch ran) `touch ran` ; touch ran {PAYLOADS['title']} {PAYLOADS['color']}",
    f"%F{{red}}%n %{{{PAYLOADS['clear screen']}%}} \\n a:b [x] {{a,b}} ~ * ?\nnext\tline",
)
RAW = [payload.encode() for name in ("title", "color", "clear screen") for payload in [PAYLOADS[name]]]


class Shell:
    """A shell with the completion installed, in a folder with some files."""

    def __init__(self, name: str, terminal: Terminal) -> None:
        self.name = name
        self.terminal = terminal

    def complete(self, line: str) -> TerminalScreen:
        """Type a line and Tab into an empty screen; bash lists after the second."""
        self.terminal.send("\x15\x0c")  # not Ctrl+C, which would also discard what is typed ahead
        self.terminal.wait_for(lambda screen: screen.text().strip() == "$")
        self.terminal.send(line)
        self.terminal.wait_for(lambda screen: screen.row(0).endswith(line.rstrip()))
        self.terminal.send("\t")
        return self.terminal.screen

    def shows(self, line: str, *candidates: str) -> None:
        """Complete a line, and wait until all of the candidates are on the screen."""
        screen = self.complete(line)
        if self.name != "fish":
            self.terminal.send("\t\t")  # the first one inserts only how all candidates begin
        self.terminal.wait_for(lambda _: all(candidate in screen.text() for candidate in candidates))

    def inserts(self, line: str, completed: str) -> None:
        """Complete a line, and wait until it reads as it should."""
        self.complete(line)
        self.terminal.wait_for(lambda screen: screen.row(0) == f"$ {completed}".rstrip())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a `coze-tui` that logs its arguments, and with files that are hard to quote."""
    for name in ("my chat.sse", "it's.sse"):
        (tmp_path / "work" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "work" / name).touch()
    (tmp_path / "work" / "$(touch ran)").mkdir()
    program = tmp_path / "bin" / "coze-tui"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/log"\nexec "{COMMAND}" "$@"\n')
    program.chmod(0o755)
    return tmp_path


@pytest.fixture
def keys(folder: Path) -> Mapping[str, str]:
    """The keys of the saved conversations by their titles; the chat of the last one has a hostile ID."""
    titles = ("Spring Festival", "春节是哪一天", *HOSTILE)
    home = folder / "home"
    found = {title: written(home, talk(title, (title, "answer"))) for title in titles}
    written(home, lambda c: c.execute("UPDATE chats SET chat_id = '7440' || key"))
    written(home, lambda c: c.execute("UPDATE chats SET chat_id = '7$(touch ran)' WHERE key = 4"))
    return found


@contextmanager
def started(name: str, folder: Path, install: str) -> Iterator[Shell]:
    """Start a shell, and run the line that installs the completion."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    env = {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(folder),
        "PS1": "$ ",
        "COZE_TUI_HOME": str(folder / "home"),
        "COZE_TUI_LANGUAGE": "en",
    }
    start = SHELLS[name][0].split()
    with Terminal(start, size=(120, 30), env=env, cwd=folder / "work") as terminal:
        terminal.send(f"{install}; echo rea''dy\n")
        terminal.wait_for("\nready")
        yield Shell(name, terminal)


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest, folder: Path, keys: Mapping[str, str]) -> Iterator[Shell]:
    with started(str(request.param), folder, SHELLS[request.param][1]) as running:
        yield running


def test_a_shell_completes_commands_options_values_ids_and_files(
    shell: Shell, folder: Path, keys: Mapping[str, str]
) -> None:
    shell.inserts("coze-tui hist", "coze-tui history")
    shell.shows("coze-tui history ", "list", "search", "export")
    shell.shows("coze-tui ask --re", "--reasoning", "--record")
    shell.shows("coze-tui history export --format ", "md", "html", "jsonl", "sse")
    shell.inserts("coze-tui history export --format=js", "coze-tui history export --format=jsonl")
    shell.inserts("coze-tui --no-mouse --lang zh", "coze-tui --no-mouse --lang zh_CN")
    shell.inserts("coze-tui --theme nord logi", "coze-tui --theme nord login")
    (folder / "log").unlink()
    shell.inserts("coze-tui ask --record my", r"coze-tui ask --record my\ chat.sse")
    shell.inserts('coze-tui serve --capture "my', 'coze-tui serve --capture "my chat.sse"')
    shell.inserts("coze-tui history import it", r"coze-tui history import it\'s.sse")
    assert not (folder / "log").exists(), "static words started the program"

    shell.shows(
        "coze-tui history show ", "last", *keys.values(), "Spring Festival", "春节是哪一天", "evil 'q'"
    )
    shell.inserts(f"coze-tui -s {keys['Spring Festival'][:6]}", f"coze-tui -s {keys['Spring Festival']}")
    shell.shows("coze-tui show ", "chat.sse", "74402", "74403")
    shell.shows("coze-tui ask --fetch ", "74401", "74402", "74403", "Spring Festival")
    assert "7$(" not in shell.terminal.text
    logged = (folder / "log").read_text("utf-8").splitlines()
    assert {line.rpartition(" ")[0] for line in logged} <= {
        "completion list conversations",
        "completion list chats",
    }
    written(
        folder / "home", lambda c: c.execute("UPDATE conversations SET deleted_at = 1 WHERE title LIKE 'S%'")
    )
    shell.inserts(
        "coze-tui history delete --undo ", f"coze-tui history delete --undo {keys['Spring Festival']}"
    )


def test_nothing_of_a_title_runs_or_reaches_the_terminal_as_it_is(
    shell: Shell, folder: Path, keys: Mapping[str, str]
) -> None:
    for line in ("history show ", "show ", "ask --bot "):
        shell.complete(f"coze-tui {line}")
        shell.terminal.settle()
        shell.terminal.send("\t\t")
        shell.terminal.settle()
    shell.shows("coze-tui history show ", "$(touch ran)", "%F{red}", "next line")
    for key in keys.values():
        shell.inserts(f"coze-tui history show {key[:6]}", f"coze-tui history show {key}")
    for part in RAW:
        assert part not in shell.terminal.raw
    assert not list(folder.rglob("ran"))


def test_zsh_also_loads_the_script_as_a_file_of_its_own(folder: Path) -> None:
    install = (
        'PROMPT="$ "; mkdir ../f; coze-tui completion zsh > ../f/_coze-tui; fpath=($PWD/../f $fpath); '
        "autoload -Uz compinit; compinit -u -d ./dump"
    )
    with started("zsh", folder, install) as shell:
        shell.inserts("coze-tui hist", "coze-tui history")
        shell.shows("coze-tui ask --re", "--reasoning", "--record")


def test_bash_completes_a_word_that_it_does_not_break_at_equals_signs(folder: Path) -> None:
    install = f"{SHELLS['bash'][1]}; COMP_WORDBREAKS=${{COMP_WORDBREAKS//=/}}"
    with started("bash", folder, install) as shell:
        shell.inserts("coze-tui history export --format=js", "coze-tui history export --format=jsonl")
        shell.inserts("coze-tui ask --record=my", r"coze-tui ask --record=my\ chat.sse")
