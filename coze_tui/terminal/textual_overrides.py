"""The one list of Textual's private names that this program uses, and what happens if one of them changes.

A private name may change in any release of Textual. So every private name that is read, overridden or
imported
anywhere in `coze_tui` stands in `DIGESTS`, with a digest of its source in the version it was written
for. A test
walks the package and compares both ways. At start-up `changed_names` compares the installed libraries:
not at all
while their versions are those in `WRITTEN_FOR`, else by the digests. If one differs, the program uses
none of the
overrides: it runs on Textual's own driver, display and widgets, slower but whole, and `doctor` says so.
"""

from __future__ import annotations

import ast
import functools
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, cast

import rich
import textual

WRITTEN_FOR: Mapping[str, str] = {"textual": "8.2.8", "rich": "15.0.0"}
"""The versions that the digests were made with, by distribution."""

DIGESTS: Mapping[str, str] = {}
"""Qualified name → `source_digest` of it. To update one: read what changed, adapt the code, enter the
new digest."""

RELIED_ON: Mapping[str, str] = {}
"""Names in `DIGESTS` that no code names → who depends on how they work."""

_Method = TypeVar("_Method", bound=Callable[..., Any])


@functools.cache
def changed_names() -> tuple[str, ...]:
    """Return the names whose source in the installed libraries differs; read once in a process."""
    versions = installed_versions()
    other = {library for library, version in WRITTEN_FOR.items() if versions[library] != version}
    names = [name for name in DIGESTS if name.partition(".")[0] in other]
    digest_of = _Sources().digest
    return tuple(name for name in names if digest_of(name) != DIGESTS[name])


def is_known_textual() -> bool:
    """Return whether the overrides fit the installed Textual, so that they may be used."""
    return not changed_names()


def installed_versions() -> Mapping[str, str]:
    """Return the installed version of each library in `WRITTEN_FOR`; an empty text if it cannot be found.

    Reads the names of the metadata folders: importing `importlib.metadata` would hold up the first
    screen by 11 ms.
    """
    versions = dict.fromkeys(WRITTEN_FOR, "")
    for module in (textual, rich):
        with os.scandir(_folder_of(module.__name__).parent) as entries:
            for entry in entries:
                found = re.fullmatch(rf"{module.__name__}-(.+)\.dist-info", entry.name)
                if found is not None:
                    versions[module.__name__] = found[1]
    return versions


def private_override(method: _Method) -> _Method:
    """Use this method only if the overrides fit the installed Textual; else call the base class's,
    unchanged."""
    return cast("_Method", _Override(method))


class _Override:
    """Puts a function in its place once its class is known, for `super` needs that."""

    def __init__(self, method: Callable[..., Any]) -> None:
        self._method = method

    def __set_name__(self, owner: type, name: str) -> None:
        method = self._method

        @functools.wraps(method)
        def choose(self: object, *args: object, **named: object) -> Any:
            if changed_names():
                return getattr(super(owner, self), name)(*args, **named)
            return method(self, *args, **named)

        setattr(owner, name, choose)


def source_digest(name: str) -> str:
    """Return the digest of a qualified name's source, or an empty text if the installed library has no
    such name.

    Of a function it covers all of it, of a class its header and `__init__` (all of it if it has none), of an
    attribute of instances every line of the class that mentions it. It depends on the text alone, so
    it is the same
    in every version of Python.
    """
    return _Sources().digest(name)


class _Sources:
    """Finds the source of qualified names; reads each file once."""

    def __init__(self) -> None:
        self._files: dict[Path, tuple[ast.Module, list[str]] | None] = {}

    def digest(self, name: str) -> str:
        text = self._source(name)
        return hashlib.sha256(text.encode()).hexdigest()[:16] if text else ""

    def _source(self, name: str) -> str:
        library, *parts = name.split(".")
        path = _folder_of(library)
        while parts and (path / parts[0]).is_dir():
            path /= parts.pop(0)
        path = path / f"{parts.pop(0)}.py" if parts else path / "__init__.py"
        if path not in self._files:
            self._files[path] = _read(path)
        file = self._files[path]
        if file is None or not parts:
            return ""
        module, lines = file
        scope: ast.Module | ast.ClassDef = module
        for part in parts[:-1]:
            inner = [node for node in scope.body if isinstance(node, ast.ClassDef) and node.name == part]
            if not inner:
                return ""
            scope = inner[0]
        found = [_text_of(node, lines) for node in _walk(scope) if parts[-1] in _names_of(node)]
        if not found and isinstance(scope, ast.ClassDef):
            mentioned = re.compile(rf"\.{parts[-1]}\b")
            found = [
                line.strip() for line in lines[scope.lineno : scope.end_lineno] if mentioned.search(line)
            ]
        return "\n".join(found)


def _folder_of(library: str) -> Path:
    module = {"textual": textual, "rich": rich}[library]
    assert module.__file__ is not None
    return Path(module.__file__).parent


def _read(path: Path) -> tuple[ast.Module, list[str]] | None:
    try:
        text = path.read_text(encoding="utf-8")
        return ast.parse(text), text.splitlines()
    except (OSError, SyntaxError, ValueError):
        return None


def _walk(scope: ast.Module | ast.ClassDef) -> Iterator[ast.stmt]:
    """Yield the statements of a scope, those under an `if` or `try` included."""
    waiting: list[ast.AST] = list(scope.body)
    for node in waiting:
        if isinstance(node, ast.If | ast.Try):
            waiting.extend(ast.iter_child_nodes(node))
        elif isinstance(node, ast.stmt):
            yield node


def _names_of(node: ast.stmt) -> set[str]:
    """Return the names that a statement defines."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return {name}
        case ast.Assign(targets=targets):
            return {target.id for target in targets if isinstance(target, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
    return set()


def _text_of(node: ast.stmt, lines: list[str]) -> str:
    """Return a definition as it stands in the file, without what surrounds it."""
    if isinstance(node, ast.ClassDef):
        created = [inner for inner in _walk(node) if "__init__" in _names_of(inner)]
        if created:
            return "\n".join((lines[node.lineno - 1].strip(), *(_text_of(inner, lines) for inner in created)))
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))])
    return "\n".join(line.strip() for line in lines[first - 1 : node.end_lineno])
