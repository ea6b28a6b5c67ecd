"""A panel opens because of a key or a click; one that opens by itself is offered through `Offers`.

The test follows the calls upwards from each `push_screen`. Every way must end in an action, in a handler of
what the user did, or in a table of commands. A way that ends elsewhere (in `on_mount`, a timer, the end of a
turn) opens a panel that nobody has asked for, under the fingers of somebody typing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pytest

from tests.support.samples import ROOT

TUI = ROOT / "coze_tui" / "tui"
PUSHES = ("push_screen", "push_screen_wait")
ONLY_WAY = "Offers._open"
"""It opens panels by itself, and sees to it that nobody types."""
OF_THE_USER = ("Chosen", "Asked", "Picked", "Clicked", "Submitted", "NothingSent")
"""Ends of the names of messages that follow a key or a click at once."""


class Function(NamedTuple):
    name: str
    owner: str
    """Name of its class; empty for a function of a module."""
    of_own: frozenset[str]
    """Names that it uses of `self`."""
    of_others: frozenset[str]
    plain: frozenset[str]
    answers_user: bool

    @property
    def full_name(self) -> str:
        return f"{self.owner}.{self.name}" if self.owner else self.name

    def uses(self, other: Function) -> bool:
        if not other.owner:
            return other.name in self.plain or other.name in self.of_others
        return other.name in self.of_others or (other.name in self.of_own and other.owner == self.owner)


def functions_in(source: str) -> Iterator[Function]:
    """Yield the functions and methods of a module, and one named `<module>` for its other statements."""
    tree = ast.parse(source)
    top: list[ast.stmt] = []
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            methods = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
            yield from (_function(item, node.name) for item in methods)
            top += [item for item in node.body if item not in methods]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield _function(node, "")
        elif not isinstance(node, ast.Import | ast.ImportFrom):
            top.append(node)
    yield _used("<module>", "", top, answers_user=True)


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef, owner: str) -> Function:
    handled = [
        ast.unparse(decorator.args[0])
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "on"
    ]
    answers = node.name.startswith("action_") or any(name.endswith(OF_THE_USER) for name in handled)
    return _used(node.name, owner, node.body, answers_user=answers)


def _used(name: str, owner: str, body: list[ast.stmt], *, answers_user: bool) -> Function:
    own: set[str] = set()
    others: set[str] = set()
    plain: set[str] = set()
    for node in (each for statement in body for each in ast.walk(statement)):
        if isinstance(node, ast.Attribute):
            of_self = isinstance(node.value, ast.Name) and node.value.id == "self"
            (own if of_self else others).add(node.attr)
        elif isinstance(node, ast.Name):
            plain.add(node.id)
    return Function(name, owner, frozenset(own), frozenset(others), frozenset(plain), answers_user)


def unasked(sources: Mapping[str, str]) -> list[str]:
    """Return the ways from a function that nothing of the user calls to one that opens a screen."""
    functions = [function for source in sources.values() for function in functions_in(source)]
    found = []
    openers = [each for each in functions if each.full_name != ONLY_WAY and each.of_others & set(PUSHES)]
    ways: list[tuple[Function, ...]] = [(each,) for each in openers]
    seen = set(openers)
    while ways:
        way = ways.pop()
        first = way[0]
        if first.answers_user:
            continue
        callers = [each for each in functions if each is not first and each.uses(first)]
        if not callers or first.name == "__init__":
            found.append(" → ".join(each.full_name for each in way))
        for caller in callers:
            if caller not in seen:
                seen.add(caller)
                ways.append((caller, *way))
    return found


def test_no_panel_opens_by_itself_but_through_the_one_way() -> None:
    sources = {str(file): file.read_text("utf-8") for file in TUI.rglob("*.py")}
    functions = [each.full_name for source in sources.values() for each in functions_in(source)]
    assert ONLY_WAY in functions
    assert unasked(sources)[:5] == []


BY_ITSELF = {
    "a start": "class A:\n def on_mount(self): self.app.push_screen(P())",
    "a timer": "class A:\n def on_mount(self): self.set_interval(1, self._look)\n"
    " def _look(self): self.ask()\n async def ask(self): await self.app.push_screen_wait(P())",
    "another part": "class A:\n def show(self): self.app.push_screen(P())\n"
    "class B:\n def on_updated(self): self.parts.show()",
    "a message of the program": "class A:\n @on(Worker.StateChanged)\n"
    " def _changed(self): self.app.push_screen(P())",
}
ASKED = {
    "an action": "class A:\n def action_show(self): self.app.push_screen(P())",
    "a click": "class A:\n @on(Row.Chosen)\n def _chosen(self): self.show()\n"
    " def show(self): self.app.push_screen(P())",
    "a command": "def show(a): a.app.push_screen(P())\nCOMMANDS = {'/show': show}",
}


@pytest.mark.parametrize("case", BY_ITSELF)
def test_a_panel_that_opens_by_itself_is_found(case: str) -> None:
    assert unasked({case: BY_ITSELF[case]})


@pytest.mark.parametrize("case", ASKED)
def test_a_panel_that_the_user_asks_for_is_none_of_them(case: str) -> None:
    assert unasked({case: ASKED[case]}) == []
