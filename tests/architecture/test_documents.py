"""Every path that the documents name in backticks exists, and so does every name that they give after it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.support.samples import ROOT

DOCUMENTS = ("architecture.md", "glossary.md", "ui.md", "performance.md", "textual.md")
PACKAGE = ROOT / "coze_tui"
FOLDERS = {path.name for parent in (PACKAGE, ROOT) for path in parent.iterdir() if path.is_dir()}

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
PATH = re.compile(r"(\w+)(?:/[\w.-]+)+/?|\w+\.py")
NAME = r"[A-Za-z_][\w.]*"
NAMED = re.compile(rf"`([\w/]+\.py)(?:`: |: )(`?{NAME}`(?:, `{NAME}`(?!: ))*)")


def prose(document: str) -> str:
    """Return a document without its fenced blocks."""
    return FENCE.sub("", (ROOT / "docs" / document).read_text("utf-8"))


def paths_in(text: str, *, bare: bool) -> set[str]:
    """Return the paths in backticks; names of modules without a folder only if `bare`."""
    found = set()
    for span in SPAN.findall(text):
        named = re.match(rf"({PATH.pattern})(?:: {NAME})?$", span)
        path = named.group(1) if named else ""
        folder, slash, _rest = path.partition("/")
        if (slash and (folder in FOLDERS or path.endswith(".py"))) or (path and not slash and bare):
            found.add(path)
    return found


def exists(path: str) -> bool:
    """Return whether a path is relative to the root or to the package, or the name of one of its modules."""
    if (ROOT / path).exists() or (PACKAGE / path).exists():
        return True
    return "/" not in path and any(PACKAGE.rglob(path))


def names_in(text: str) -> Iterator[tuple[str, str]]:
    """Yield each module with each name that follows it: `a.py`: `B`, `C.d`, or `a.py: B`."""
    for module, names in NAMED.findall(text):
        yield from ((module, name) for name in re.findall(NAME, names))


def has_name(module: str, name: str) -> bool:
    """Return whether a module of this path or name defines the name, a class member with its class."""
    paths = [path for path in (PACKAGE / module, ROOT / module) if path.is_file()]
    paths += [] if "/" in module else PACKAGE.rglob(module)
    return any(_defines(ast.parse(path.read_text("utf-8")), name.split(".")) for path in paths)


def _defines(owner: ast.AST, names: list[str]) -> bool:
    for node in ast.iter_child_nodes(owner):
        if names[0] in _defined(node):
            return len(names) == 1 or _defines(node, names[1:])
    return False


def _defined(node: ast.AST) -> set[str]:
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_exists(document: str) -> None:
    # docs/textual.md cites Textual's own modules without a folder
    paths = paths_in(prose(document), bare=document != "textual.md")
    assert sorted(path for path in paths if not exists(path)) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_name_is_in_its_module(document: str) -> None:
    missing = [(module, name) for module, name in names_in(prose(document)) if not has_name(module, name)]
    assert missing == []


def test_paths_and_names_are_found() -> None:
    text = (
        "`api/frames.py`: `read_frames`, `B.c` | `x.py: D` | `tests/streams` | `application/json` | `y.py`: z"
    )
    assert paths_in(text, bare=True) == {"api/frames.py", "x.py", "tests/streams", "y.py"}
    assert list(names_in(text)) == [("api/frames.py", "read_frames"), ("api/frames.py", "B.c"), ("x.py", "D")]
    assert not exists("api/no_frames.py")
    assert has_name("engine/session/runner.py", "ChatTurn._recover")
    assert not has_name("engine/session/runner.py", "ChatTurn.no_method")
