"""Tests share helpers through tests/support only, so that a test module can be moved or deleted alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.samples import ROOT

TESTS = ROOT / "tests"
PROGRAMS = ("benchmarks", "fuzz")
"""Folders with a program of its own, whose modules import each other."""


def imported(source: str, package: str) -> list[str]:
    """Return the modules of the tests that a source file of this package imports, wherever in it."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            found += [f"{module}.{alias.name}" for alias in node.names]
    return [name for name in found if name.split(".")[0] in ("tests", "conftest")]


def foreign(file: Path) -> list[str]:
    """Return what a file of the tests imports although it is no helper for it."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    folder = parts[1]
    allowed = ("tests.support.", *((f"tests.{folder}.",) if folder in PROGRAMS else ()))
    names = imported(file.read_text("utf-8"), ".".join(parts[:-1]))
    return [
        name
        for name in names
        if not name.startswith(allowed)
        or any(part.startswith(("test_", "conftest")) for part in name.split("."))
    ]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("import tests.pilot.conftest", ["tests.pilot.conftest"]),
        ("from tests.pilot import conftest", ["tests.pilot.conftest"]),
        ("from tests.pilot.test_chat import bot", ["tests.pilot.test_chat.bot"]),
        ("def f():\n    from . import test_chat", ["tests.wire.test_chat"]),
        ("from ..pilot.conftest import desk", ["tests.pilot.conftest.desk"]),
        ("import conftest", ["conftest"]),
        ("import pytest\nfrom coze_tui import text", []),
    ],
)
def test_an_import_is_found_however_it_is_written(line: str, names: list[str]) -> None:
    assert imported(line, "tests.wire") == names


def test_helpers_come_from_the_support_package_only() -> None:
    files = [*TESTS.rglob("*.py"), *(ROOT / "screenshots").glob("*.py")]
    found = {str(file.relative_to(ROOT)): names for file in files if (names := foreign(file))}
    assert found == {}


def test_helpers_start_no_child_that_outlives_them() -> None:
    found = []
    for folder in ("support", *PROGRAMS):
        for file in (TESTS / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Popen"):
                    words = {keyword.arg for keyword in node.keywords}
                    if "preexec_fn" not in words:
                        found.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_a_folder_of_tests_has_a_marker_of_its_name(pytestconfig: pytest.Config) -> None:
    marked = {line.partition(":")[0] for line in pytestconfig.getini("markers")}
    folders = {file.relative_to(TESTS).parts[0] for file in TESTS.rglob("test_*.py")}
    assert folders - marked == set()
