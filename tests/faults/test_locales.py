"""Locales that cannot spell what is said: nothing is lost, and nothing fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from coze_tui.standin.server import StandIn
from tests.support.commands import XIAOCHUN
from tests.support.keeper import UNSET, environment
from tests.support.program import COMMAND, Store
from tests.support.stores import talk, written
from tests.support.terminal import ENVIRONMENT_KEPT

Call = Callable[..., bytes]
QUESTION = "退款 😀 怎么办"
_ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
_MADE = {"gbk": ("zh_CN", "GBK"), "latin-1": ("en_US", "ISO-8859-1")}


@pytest.fixture(scope="session")
def made_locales(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with locales that a system need not have."""
    folder = tmp_path_factory.mktemp("locales")
    if shutil.which("localedef") is None:
        pytest.skip("needs localedef")
    for language, encoding in _MADE.values():
        name = f"{language}.{encoding}"
        done = subprocess.run(
            ["localedef", "-i", language, "-f", encoding, folder / name], capture_output=True, check=False
        )
        variables = {**os.environ, "LOCPATH": str(folder), "LC_ALL": name}
        told = subprocess.run(["locale", "charmap"], env=variables, capture_output=True, check=False).stdout
        if told.decode().strip() != encoding:  # a folder without a character map is made, too
            pytest.skip(f"localedef: {done.stderr.decode(errors='replace')}")
    return folder


@pytest.fixture(params=["ascii", *_MADE])
def locale(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the variables that set a locale."""
    if request.param == "ascii":
        return _ASCII
    folder: Path = request.getfixturevalue("made_locales")
    return {"LOCPATH": str(folder), "LC_ALL": ".".join(_MADE[request.param])}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    written(home, talk(QUESTION, (QUESTION, "七天内可以退款。")))
    return home


@pytest.fixture
def call(home: Path, locale: Mapping[str, str]) -> Iterator[Call]:
    """Run the installed command in a locale and return what it printed; arguments and stdin are UTF-8."""
    kept = {name: os.environ[name] for name in ENVIRONMENT_KEPT if name in os.environ}
    with StandIn(pace=0) as server:
        given = environment(home, server.base_url, COZE_API_TOKEN=server.token, COZE_BOT_ID=XIAOCHUN)
        env = {name: value for name, value in {**kept, **given, **locale}.items() if value != UNSET}

        def run(*words: str, stdin: str = "") -> bytes:
            ran = subprocess.run(
                [os.fsencode(COMMAND), *(word.encode() for word in words)],
                env=env,
                cwd=home.parent,
                input=stdin.encode(),
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert b"internal error" not in ran.stderr
            assert b"Traceback" not in ran.stderr
            assert ran.returncode == 0, ran.stderr
            return ran.stdout

        yield run


@pytest.fixture
def encoding(locale: Mapping[str, str]) -> str:
    """Return the encoding of JSON on stdout, which is plain ASCII in locales without Chinese."""
    return "gbk" if "GBK" in locale["LC_ALL"] else "utf-8"


def exists(file: Path, encoding: str) -> bool:
    """Return whether a file is there, under a name that is spelled as the locale does or in UTF-8."""
    names = os.listdir(os.fsencode(file.parent))
    return file.name.encode() in names or file.name.encode(encoding, "replace") in names


def questions(home: Path) -> list[str]:
    return Store(home).questions()


def test_a_conversation_is_exported_under_a_name_that_works(
    call: Call, tmp_path: Path, encoding: str
) -> None:
    call("history", "export", "--all", "-o", "out")
    call("history", "export", "--all", "--format", "jsonl", "-o", "导出")
    [file] = (tmp_path / "out").iterdir()
    assert QUESTION in file.read_text("utf-8")
    assert exists(tmp_path / "导出", encoding)


def test_words_of_the_command_line_are_searched_and_asked(call: Call, home: Path, encoding: str) -> None:
    [*_, found] = call("history", "search", "--json", "退款").splitlines()
    assert "退款" in json.loads(found.decode(encoding))["snippet"]
    call("ask", "退款多少")
    assert questions(home)[-1:] != ["退款多少"]  # `ask` stores nothing
    call("--linear", stdin="退款多少\n")
    assert questions(home)[-1] == "退款多少"


def test_stdin_and_files_with_any_name_are_read(call: Call, tmp_path: Path, encoding: str) -> None:
    call("ask", "--record", "录.sse", stdin="从管道来的问题")
    assert exists(tmp_path / "录.sse", encoding)
    values = json.loads(call("show", "--json", "录.sse").decode(encoding))
    assert values["facts"]["question"] == "从管道来的问题"
    call("support-bundle", "录.sse", "-o", "包.sse", "-y")
    assert exists(tmp_path / "包.sse", encoding)


def test_a_question_is_given_as_it_was(call: Call) -> None:
    assert QUESTION in call("request", "last", "--as", "ask").decode()
