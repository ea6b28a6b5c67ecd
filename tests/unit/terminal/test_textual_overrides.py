"""Check that every private name of Textual in `coze_tui` is registered with a digest, and none in vain.

If a digest differs, a new Textual or Rich is installed: read what changed, adapt the code that uses
the name, then
enter the new digest and, once all of them are right, the new version.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

import coze_tui
from coze_tui.terminal.textual_overrides import (
    DIGESTS,
    RELIED_ON,
    WRITTEN_FOR,
    SourceDigests,
    changed_names,
    installed_versions,
    is_known_textual,
    library_folders,
)
from tests.support.other_textual import other_textual

if sys.platform == "win32":
    pytest.skip("POSIX drivers", allow_module_level=True)

LIBRARIES = tuple(WRITTEN_FOR)
OF_EVERY_CLASS = frozenset(
    {
        *("_decorated_handlers", "_reactives", "_inherit_css", "_inherit_bindings", "_merged_bindings"),
        *("_inherit_component_classes", "_css_type_name", "_css_type_names", "_computes", "_abc_impl"),
    }
)
"""What Textual or Python itself sets in each class."""


OF_NAMED_TUPLES = frozenset({"_replace", "_asdict", "_fields", "_make"})
"""Public, although they look private."""

digest_of = functools.cache(SourceDigests(library_folders()).of)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name != "_"


def of_library(module: str) -> bool:
    return module.partition(".")[0] in LIBRARIES


def is_internal(module: str) -> bool:
    """Return whether a module is no part of Textual's documented API; widgets are exported by another
    name."""
    if module.startswith("textual.widgets."):
        return False
    return module.startswith("textual.drivers.") or any(map(is_private, module.split(".")))


def modules() -> Iterator[tuple[ModuleType, ast.Module]]:
    for found in pkgutil.walk_packages(coze_tui.__path__, "coze_tui."):
        if not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            yield module, ast.parse(inspect.getsource(module))


def library_bases(kind: type) -> list[type]:
    return [base for base in kind.__mro__ if of_library(base.__module__)]


def qualified(kind: type, name: str) -> str:
    return f"{kind.__module__}.{kind.__qualname__}.{name}"


def definer(kind: type, name: str) -> str:
    """Return the qualified name of a private attribute that a library class defines; empty if none does."""
    for base in library_bases(kind):
        if name in vars(base) or digest_of(qualified(base, name)):
            return qualified(base, name)
    return ""


def own_names(tree: ast.Module) -> set[str]:
    """Return the private names that classes without a base define, and all functions of the module."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.AnnAssign(target=ast.Attribute(attr=name)) | ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)]):
                names.add(name)
    return names


def uses_of_self(module: ModuleType, tree: ast.Module) -> Iterator[str]:
    """Yield the private names of its library bases that a class reads, sets or overrides."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef):
            continue
        kind = vars(module).get(node.name)
        if not inspect.isclass(kind) or not library_bases(kind):
            continue
        for inner in ast.walk(node):
            match inner:
                case ast.Attribute(value=ast.Name(id="self" | "cls") | ast.Call(func=ast.Name(id="super"))):
                    if is_private(inner.attr) and (name := definer(kind, inner.attr)):
                        yield name
        yield from overrides_of(kind)


def overrides_of(kind: type) -> Iterator[str]:
    """Yield the private names that a class overrides, and all names of internal classes."""
    for name in vars(kind):
        if name.startswith("__") or name in OF_EVERY_CLASS:
            continue
        for base in library_bases(kind):
            if name in vars(base):
                if is_private(name) or is_internal(base.__module__):
                    yield qualified(base, name)
                break


def uses_of_others(tree: ast.Module) -> Iterator[str]:
    """Yield the last parts of private names read of other objects, those of this package left out."""
    own = own_names(tree) | OF_NAMED_TUPLES
    modules = {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name)) if name in {"self", "cls"} | modules:
                pass
            case ast.Attribute(value=ast.Call(func=ast.Name(id="super"))):
                pass
            case ast.Attribute(attr=name) if is_private(name) and name not in own:
                yield name
            case ast.Call(
                func=ast.Name(id="getattr" | "setattr"), args=[_, ast.Constant(value=str(name)), *_]
            ):
                if is_private(name):
                    yield name


def imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and of_library(node.module):
            for each in node.names:
                if is_private(each.name) or is_internal(node.module):
                    yield f"{node.module}.{each.name}"


def test_every_private_name_in_use_is_registered_and_every_registered_one_is_in_use() -> None:
    used: dict[str, str] = {}
    by_last: dict[str, set[str]] = {}
    for name in DIGESTS:
        by_last.setdefault(name.rpartition(".")[2], set()).add(name)
    for module, tree in modules():
        found = set(imports(tree)) | set(uses_of_self(module, tree))
        for last in uses_of_others(tree):
            found |= by_last.get(last, {f"?.{last}"})
        used |= dict.fromkeys(found, module.__name__)
    unregistered = {name: module for name, module in used.items() if name not in DIGESTS}
    assert unregistered == {}, "register it in textual_overrides.DIGESTS, or better do without it"
    assert DIGESTS.keys() - used.keys() == RELIED_ON.keys(), (
        "an entry that nobody uses, or one that needs none"
    )


@pytest.mark.parametrize("source", [
    "app._driver.write('x')",
    "getattr(app, '_driver', None)",
    "screen._compositor_refresh()",
    "strip._segments",
])  # fmt: skip
def test_every_way_to_read_a_private_name_of_another_object_is_seen(source: str) -> None:
    assert len(list(uses_of_others(ast.parse(source)))) == 1


def test_what_is_relied_on_is_said_of_something_that_exists() -> None:
    for name in RELIED_ON.values():
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(f"coze_tui.terminal.{module}"), attribute), name


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_digests_are_those_of_the_installed_version(library: str) -> None:
    assert version(library) == WRITTEN_FOR[library] == installed_versions()[library]
    wrong = {name: digest_of(name) for name in DIGESTS if digest_of(name) != DIGESTS[name]}
    assert wrong == {}


def test_a_digest_sees_a_changed_line_and_nothing_around_it(tmp_path: Path) -> None:
    source = """
class Screen(Widget):
    size = 1

    def __init__(self):
        self._dirty = set()

    @property
    def count(self):
        return len(self._dirty)

    def other(self):
        return 1
"""
    names = ("Screen", "Screen.count", "Screen._dirty", "Screen.other", "Screen.size", "Screen.gone", "Gone")

    def digests(text: str) -> list[str]:
        (tmp_path / "screen.py").write_text(text)
        return [SourceDigests({"textual": tmp_path}).of(f"textual.screen.{name}") for name in names]

    before = digests(source)
    assert [bool(digest) for digest in before] == [True] * 5 + [False] * 2
    changes = {
        ("len(self._dirty)", "2 * len(self._dirty)"): [1, 2],
        ("self._dirty = set()", "self._dirty = []"): [0, 2],
        ("return 1", "return 2"): [3],
        ("size = 1", "size = 2"): [4],
        ("@property", "@cached_property"): [1],
        ("(Widget)", "(Node)"): [0],
    }
    for (old, new), expected in changes.items():
        after = digests(source.replace(old, new))
        assert [at for at, digest in enumerate(after) if digest != before[at]] == expected, old
    moved = digests("\n\n" + source)
    assert moved == before
    (tmp_path / "screen.py").write_text("def broken(")
    assert SourceDigests({"textual": tmp_path}).of("textual.screen.Screen") == ""


def test_another_version_alone_changes_nothing() -> None:
    with other_textual():
        assert changed_names() == ()
        assert is_known_textual()


def test_a_changed_name_is_found_in_the_library_whose_version_differs() -> None:
    with other_textual("textual.app.App._display", "rich.style.Style._color"):
        assert changed_names() == ("textual.app.App._display",)
        assert not is_known_textual()
    assert is_known_textual()
