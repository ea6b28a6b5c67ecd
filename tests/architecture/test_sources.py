"""What must stand in no file that is committed."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.samples import ROOT

HOSTS = [
    "".join(parts)
    for parts in (
        ("py", "pi.org"), ("python", "hosted.org"), ("registry.", "npmjs.org"), ("deb.", "debian.org"),
        ("proxy.", "golang.org"), ("crates", ".io"),
    )
]  # fmt: skip
"""Written in pieces, so that this file does not hold them itself."""

TOKENS = re.compile(
    rb"\b(?:pat|sat|czu|czs)_[A-Za-z0-9]{32,}\b|\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\."
)
UNFINISHED = re.compile(rb"\b(?:TODO|FIXME|XXX|HACK)\b")


def committed() -> list[Path]:
    """The files of the repository, new ones too."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a repository")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_package_registry() -> None:
    found = [
        (file.relative_to(ROOT), host)
        for file in committed()
        for host in HOSTS
        if host.encode() in file.read_bytes()
    ]
    assert found == []


def test_no_file_holds_what_looks_like_a_real_token() -> None:
    assert [file.relative_to(ROOT) for file in committed() if TOKENS.search(file.read_bytes())] == []


def test_the_package_holds_no_unfinished_business() -> None:
    sources = [file for file in committed() if file.suffix == ".py" and "coze_tui" in file.parts[-6:]]
    assert [
        file for file in sources if "tests" not in file.parts and UNFINISHED.search(file.read_bytes())
    ] == []


def test_no_log_message_can_reach_the_terminal() -> None:
    """Python prints warnings and errors that no handler takes; only the debug log has one, if it is on."""
    printed = re.compile(rb"_log\.(?:warning|error|exception|critical)\b")
    sources = [file for file in committed() if file.suffix == ".py" and "coze_tui" in file.parts[-6:]]
    assert [file for file in sources if "tests" not in file.parts and printed.search(file.read_bytes())] == []


def test_parameters_of_sql_have_names_or_only_places() -> None:
    """Early releases of Python 3.12 warn of a sequence of values for SQLite's numbered parameters."""
    numbered = re.compile(r"(?:SELECT|INSERT|UPDATE|DELETE|WHERE)\b[^\"]*\?[1-9]")
    sources = (ROOT / "coze_tui").rglob("*.py")
    assert [file for file in sources if numbered.search(file.read_text("utf-8"))] == []


_CUT_TIME = re.compile(r"(?:thousands\(|\{)[^\n]*?_us\b[^\n{}]*?//\s*1_?000")


def test_times_are_rounded_in_one_module() -> None:
    folders = [ROOT / "coze_tui" / name for name in ("tui", "render", "report", "exports", "cli")]
    files = [file for folder in folders for file in folder.rglob("*.py")]
    assert _CUT_TIME.search("thousands(row.at_us // 1000)")
    assert [str(file.relative_to(ROOT)) for file in files if _CUT_TIME.search(file.read_text())] == []


def _called(node: ast.AST) -> set[str]:
    """Return the names of the functions that are called within a node."""
    calls = (part.func for part in ast.walk(node) if isinstance(part, ast.Call))
    return {function.id for function in calls if isinstance(function, ast.Name)}


def _bare_counts(tree: ast.AST) -> Iterator[str]:
    """Yield the expressions that fill the `{n}` of a plural text without `thousands`."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        plural, shown = {"ngettext"}, {"thousands"}
        for part in ast.walk(function):
            if isinstance(part, ast.Assign) and isinstance(name := part.targets[0], ast.Name):
                plural |= {name.id} if "ngettext" in _called(part.value) else set()
                shown |= {name.id} if "thousands" in _called(part.value) else set()
        for part in ast.walk(function):
            if not (isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute)):
                continue
            filled = {node.id for node in ast.walk(part.func.value) if isinstance(node, ast.Name)}
            if part.func.attr == "format" and filled & plural:
                for keyword in part.keywords:
                    names = {node.id for node in ast.walk(keyword.value) if isinstance(node, ast.Name)}
                    if keyword.arg == "n" and not names & shown:
                        yield ast.unparse(keyword.value)


def test_counts_are_formatted_in_one_module() -> None:
    bare = "def f(left):\n    words = ngettext('{n} row', '{n} rows', left)\n    return words.format(n=left)"
    assert list(_bare_counts(ast.parse(bare))) == ["left"]
    found = {
        str(file.relative_to(ROOT)): counts
        for file in (ROOT / "coze_tui").rglob("*.py")
        if (counts := list(_bare_counts(ast.parse(file.read_text()))))
    }
    assert found == {}
