"""Check that tests read only public names of other modules; what they must read of libraries is listed."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import pytest

from tests.support.samples import ROOT

TESTS = ROOT / "tests"

ALLOWED: Mapping[str, Mapping[str, str]] = {
    "benchmarks/mini.py": {
        "_color_system": "the smallest chat draws below Textual's compositor, as the program does",
        "_compositor": "the same: the types of the frames that it is given",
    },
    "standin/test_cozepy.py": {
        "_requester": "cozepy gives its device app an HTTP client of its own, which nothing public can close",
    },
    "support/host_app.py": {
        "_dispatch_message": "the override records the messages that reach the app, of whatever class",
    },
    "support/shown.py": {
        "_background_screens": "Textual renders the whole screen, dialogs included, by private names only",
        "_compositor": "the same",
        "_context": "the same: the screens behind a dialog are a context variable",
    },
    "unit/terminal/test_compositor.py": {
        "_compositor": "LineCompositor replaces Textual's compositor and is compared with it",
        "_dirty_regions": "what it has to draw is what both are given, and what a layout leaves in it",
    },
    "unit/terminal/test_display.py": {
        "_compositor": "the type of the frames that the app's display is given",
        "_display": "the override hands each frame to a second terminal, drawn as Textual draws",
    },
    "unit/terminal/test_key_order.py": {
        "_set_forwarded": "a key that bubbles up to the app is marked so by Textual alone",
    },
    "unit/terminal/test_scanner.py": {
        "_ansi_sequences": "every key sequence that Textual knows is compared with what Textual makes of it",
        "_xterm_parser": "the parser that ours is compared with",
    },
    "unit/terminal/test_no_animation.py": {
        "_animator": "NoAnimation takes the place of this attribute: the test fails if Textual renames it",
    },
}
"""File of the tests → private name of a library that it reads → why nothing public will do."""

OF_NAMED_TUPLES = frozenset({"_asdict", "_field_defaults", "_fields", "_make", "_replace"})
"""Public members of named tuples; the underscore only separates them from fields."""

BY_NAME = frozenset({"attrgetter", "delattr", "getattr", "hasattr", "object", "patch", "setattr"})
"""Functions that are given the name of an attribute as a text, `monkeypatch.setattr` among them."""


def is_private(name: str) -> bool:
    """Return whether a name is private: not a dunder, not the `_` that marks texts for translation."""
    is_marked = name.startswith("_") and not name.endswith("__")
    return is_marked and name != "_" and name not in OF_NAMED_TUPLES


def private_parts(path: object) -> Iterator[str]:
    """Yield the private names in a dotted path."""
    if isinstance(path, str):
        yield from filter(is_private, path.split("."))


def read_by(node: ast.AST) -> Iterator[str]:
    """Yield the private names of other objects and modules that one node of the syntax tree reads."""
    match node:
        case ast.Attribute(value=ast.Name(id="self" | "cls")):
            pass
        case ast.Attribute(attr=name):
            yield from private_parts(name)
        case ast.Call(func=ast.Attribute(attr=function) | ast.Name(id=function), args=arguments):
            if function in BY_NAME:
                for argument in arguments:
                    if isinstance(argument, ast.Constant):
                        yield from private_parts(argument.value)
        case ast.Import(names=names):
            for each in names:
                yield from private_parts(each.name)
        case ast.ImportFrom(module=module, names=names):
            yield from private_parts(module)
            for each in names:
                yield from private_parts(each.name)


def private_reads(source: str) -> list[tuple[int, str]]:
    """Return the lines and private names of all reads in a source text."""
    return [
        (getattr(node, "lineno", 0), name) for node in ast.walk(ast.parse(source)) for name in read_by(node)
    ]


@pytest.mark.parametrize(
    "source",
    [
        "screen._open(key)",
        "log.index._total = 1",
        "super()._display(frame)",
        "getattr(app, '_driver')",
        "monkeypatch.setattr(database, '_BUSY_MS', 20)",
        "monkeypatch.setattr('coze_tui.store.database._BUSY_MS', 20)",
        "from coze_tui.cli.ask import _output_for",
        "from textual._compositor import Compositor",
        "import textual._compositor",
    ],
)
def test_every_way_to_read_a_private_name_is_seen(source: str) -> None:
    assert len(private_reads(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "self._open(key)",
        "cls._made += 1",
        "app.__class__",
        "cell._replace(data='x')",
        "from coze_tui.text.i18n import _",
        "getattr(app, 'driver')",
        "print('_driver')",
    ],
)
def test_own_and_public_names_are_ignored(source: str) -> None:
    assert private_reads(source) == []


def test_tests_read_no_private_names_of_other_modules() -> None:
    found = [
        f"{file.relative_to(TESTS)}:{line}: {name}"
        for file in sorted(TESTS.rglob("*.py"))
        for line, name in private_reads(file.read_text(encoding="utf-8"))
        if name not in ALLOWED.get(file.relative_to(TESTS).as_posix(), {})
    ]
    assert found == [], "assert what the user of a class sees, or make the name part of its interface"


def test_nothing_is_allowed_that_no_test_reads() -> None:
    for file, names in ALLOWED.items():
        read = {name for _line, name in private_reads((TESTS / file).read_text(encoding="utf-8"))}
        assert names.keys() - read == set(), file
