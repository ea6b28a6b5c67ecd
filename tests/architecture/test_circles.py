"""Check that no modules of the package import each other in a circle, at whatever place in their code.

An import under TYPE_CHECKING or inside a function hides a circle from the interpreter, not from a reader.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.support.samples import ROOT

PACKAGE = "coze_tui"

Graph = Mapping[str, set[str]]
"""Module → the modules that it imports."""


class Circle(NamedTuple):
    """Modules that all import each other, directly or not."""

    modules: set[str]
    path: list[str]
    """A shortest way around through one of them, which is its first and its last element."""


def module_of(file: Path, root: Path) -> str:
    """Return the dotted name of a source file."""
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def imported_by(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the dotted name of everything that a module of `package` imports anywhere in its code."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=module, names=names, level=0):
                yield from (f"{module}.{each.name}" for each in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package.split(".")[: 1 - level or None]
                start = ".".join([*above, *([module] if module else [])])
                yield from (f"{start}.{each.name}" for each in names)


def graph_of(root: Path, package: str) -> Graph:
    """Return who imports whom among the modules of a package below a folder."""
    files = {module_of(file, root): file for file in sorted((root / package).rglob("*.py"))}
    graph: dict[str, set[str]] = {}
    for module, file in files.items():
        home = module if file.name == "__init__.py" else module.rpartition(".")[0]
        graph[module] = set()
        for name in imported_by(ast.parse(file.read_text(encoding="utf-8")), home):
            # A name is a module of its own, or something defined in the module before the last dot.
            target = name if name in files else name.rpartition(".")[0]
            if target in files and target != module:
                graph[module].add(target)
    return graph


def ways_from(graph: Graph, start: str) -> Mapping[str, str]:
    """Return the modules that a module imports, directly or not, each with the one before it on the way."""
    before: dict[str, str] = {}
    waiting = [start]
    while waiting:
        module = waiting.pop(0)
        for target in sorted(graph[module]):
            if target not in before:
                before[target] = module
                waiting.append(target)
    return before


def circles(graph: Graph) -> list[Circle]:
    """Return each group of modules that all import each other, directly or not."""
    ways = {module: ways_from(graph, module) for module in graph}
    found: list[Circle] = []
    for module, before in ways.items():
        if module not in before or any(module in circle.modules for circle in found):
            continue
        path = [module, before[module]]
        while path[-1] != module:
            path.append(before[path[-1]])
        found.append(Circle({other for other in before if module in ways[other]}, path[::-1]))
    return found


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert [" → ".join(circle.path) for circle in circles(graph_of(ROOT, PACKAGE))] == []


def test_a_circle_is_found_however_it_is_hidden(tmp_path: Path) -> None:
    folder = tmp_path / "sample"
    (folder / "inner").mkdir(parents=True)
    for name, text in {
        "__init__.py": "",
        "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from sample.b import B\n",
        "b.py": "def late():\n    from .inner import c\n",
        "inner/__init__.py": "",
        "inner/c.py": "import sample.d\n",
        "inner/alone.py": "from . import c\nfrom ..a import A\n",
        "d.py": "from sample import a\nimport os\n",
    }.items():
        (folder / name).write_text(text, encoding="utf-8")
    graph = graph_of(tmp_path, "sample")
    assert graph["sample.inner.alone"] == {"sample.inner.c", "sample.a"}
    [circle] = circles(graph)
    assert circle.path == ["sample.a", "sample.b", "sample.inner.c", "sample.d", "sample.a"]
    assert circle.modules == set(circle.path)
