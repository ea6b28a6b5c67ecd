"""Layers point one way, and what a command does not need is not loaded.

import-linter reads the static graph; fresh interpreters show what an import really brings.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_tui.standin.server import StandIn
from tests.support.samples import ROOT

PACKAGE = ROOT / "coze_tui"

GROUND = ("errors", "text", "config", "diagnostics")

FORBIDDEN = {
    **{f"coze_tui.{name}": {"httpx", "httpx_sse", "textual", "rich", "sqlite3"} for name in GROUND},
    "coze_tui.api": {"textual", "sqlite3"},
    "coze_tui.store": {"httpx", "httpx_sse", "textual", "rich"},
    "coze_tui.engine": {"textual"},
    "coze_tui.exports": {"textual"},
    "coze_tui.report": {"textual"},
    "coze_tui.render": {"textual"},
    "coze_tui.standin": {
        "httpx",
        "httpx_sse",
        "textual",
        "rich",
        "platformdirs",
        "coze_tui.errors",
        "coze_tui.text.cleaning",
    },
    "coze_tui.cli": {"textual"},
}
"""Layer → what must not be loaded after importing all of it. rich may come with httpx, through click."""


def modules_of(name: str) -> list[str]:
    """A module, or all of a package."""
    path = ROOT / name.replace(".", "/")
    if not path.is_dir():
        return [name]
    return [
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for file in sorted(path.rglob("*.py"))
    ]


def loaded_after(code: str, *, env: dict[str, str] | None = None) -> set[str]:
    """The modules in sys.modules of a fresh interpreter after running this."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("layer", sorted(FORBIDDEN))
def test_a_layer_loads_nothing_above_it(layer: str) -> None:
    names = modules_of(layer)
    loaded = loaded_after("\n".join(f"import {name}" for name in names))
    assert set(names) <= loaded
    assert FORBIDDEN[layer] & loaded == set()


def test_importing_everything_touches_no_file_and_no_folder(tmp_path: Path) -> None:
    names = [name for name in modules_of("coze_tui") if not name.endswith("__main__")]
    loaded = loaded_after(
        "\n".join(f"import {name}" for name in names),
        env={
            "COZE_TUI_HOME": str(tmp_path / "home"),
            "HOME": str(tmp_path / "house"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    assert set(names) <= loaded
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words", [["--version"], ["--help"], ["ask", "--help"], ["login", "--help"], ["aks"]], ids=" ".join
)
def test_what_is_said_at_once_loads_neither_screen_nor_network(words: list[str]) -> None:
    loaded = loaded_after(f"from coze_tui.cli.main import main\nmain({words!r}, {{}})")
    assert {"textual", "rich", "httpx", "asyncio", "sqlite3"} & loaded == set()


def test_help_does_without_what_is_slow_to_import() -> None:
    loaded = loaded_after("from coze_tui.cli.main import main\nmain(['--help'], {})")
    slow = {
        "dataclasses",
        "typing",
        "pathlib",
        "inspect",
        "json",
        "shutil",
        "textwrap",
        "difflib",
        "unicodedata",
    }
    # Python 3.14's own argparse loads some of them for its colors.
    unavoidable = loaded_after("import argparse\nargparse.ArgumentParser().format_help()")
    assert slow & (loaded - unavoidable) == set()


def test_a_completion_script_is_printed_without_what_is_slow_to_import() -> None:
    """A shell may print it at each start."""
    loaded = loaded_after("from coze_tui.cli.main import main\nmain(['completion', 'bash'], {})")
    assert {"argparse", "dataclasses", "pathlib", "sqlite3", "asyncio"} & (loaded - loaded_after("")) == set()


def test_the_first_frame_of_the_app_waits_neither_for_the_client_nor_for_markdown() -> None:
    loaded = loaded_after("import coze_tui.tui.app")
    assert "coze_tui.tui.screens.chat" in loaded
    assert {"httpx", "click", "coze_tui.api.client"} & loaded == set()
    assert {"markdown_it", "coze_tui.render.document", "coze_tui.render.inline"} & loaded == set()
    assert "coze_tui.tui.screens.dialogs" not in loaded


def test_a_start_without_options_does_not_wait_for_argparse(tmp_path: Path) -> None:
    loaded = loaded_after(
        f"from coze_tui.cli.main import main\nmain([], {{'COZE_TUI_HOME': {str(tmp_path)!r}}})"
    )
    assert "coze_tui.cli.first_frame" in loaded
    assert "argparse" not in loaded


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    with StandIn(pace=0) as server:
        yield {
            "COZE_TUI_HOME": str(tmp_path),
            "COZE_API_BASE": server.base_url,
            "COZE_API_TOKEN": server.token,
            "COZE_BOT_ID": "7511000000000000101",
        }


@pytest.mark.parametrize(
    "words", [["ask", "1 + 1"], ["ask", "--json", "--events", "1 + 1"], ["doctor", "--online"]], ids=" ".join
)
def test_a_command_without_a_screen_never_loads_textual(
    environment: dict[str, str], words: list[str]
) -> None:
    loaded = loaded_after(
        f"import os\nfrom coze_tui.cli.main import main\nassert main({words!r}, os.environ) == 0",
        env=environment,
    )
    assert "httpx" in loaded
    assert {"textual", "sqlite3"} & loaded == set()


def test_a_question_without_options_does_not_wait_for_what_few_need(environment: dict[str, str]) -> None:
    code = """
import sys
from coze_tui.cli.main import run
sys.argv = ["coze-tui", "ask", "1 + 1"]
try:
    run()
except SystemExit as end:
    assert end.code == 0
"""
    loaded = loaded_after(code, env=environment)
    rare = ("argparse", "gettext", "html", "shlex", "difflib", "platformdirs", "tomllib", "rich", "click")
    assert loaded.isdisjoint(rare)
    assert {name for name in loaded if name.startswith("coze_tui.store.")} == {"coze_tui.store.records"}


def test_value_classes_are_fast_to_make() -> None:
    others = ("standin", "terminal")  # they know nothing of the client
    sources = [file for file in PACKAGE.rglob("*.py") if file.relative_to(PACKAGE).parts[0] not in others]
    slow = [
        file for file in sources if "@dataclass(frozen=True, slots=True)" in file.read_text(encoding="utf-8")
    ]
    assert slow == [], "use @valueclass of coze_tui/values.py"


def test_the_import_rules_hold() -> None:
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([script], cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stdout
    assert "0 broken" in done.stdout


def test_init_files_hold_a_docstring_only() -> None:
    for file in PACKAGE.rglob("__init__.py"):
        if file.parent == PACKAGE:
            continue  # the version
        code = compile(file.read_text(encoding="utf-8"), str(file), "exec")
        assert set(code.co_names) <= {"__doc__"}, file
