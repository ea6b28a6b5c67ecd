"""Check that every program which coze-tui starts gets an environment without the token."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.samples import ROOT

PACKAGE = ROOT / "coze_tui"
FILTER = "child_environment"
FORBIDDEN = {
    "os": ("exec", "fork", "popen", "posix_spawn", "spawn", "startfile", "system"),
    "platform": ("architecture", "platform", "processor", "uname"),
    "pty": ("fork", "spawn"),
    "subprocess": ("getoutput", "getstatusoutput"),
    "webbrowser": ("",),
    "multiprocessing": ("",),
    "concurrent.futures": ("ProcessPoolExecutor",),
    "ctypes.util": ("",),
    "asyncio": ("create_subprocess_shell", "subprocess_shell"),
}
"""Beginnings of the names that start a program with our whole environment, or with a shell, by module."""

OURSELVES = {str(Path("coze_tui", "cli", "main.py")): ["os.execv"]}
"""The program replaces itself by itself, in another mode of Python."""


def name_of(node: ast.expr) -> str:
    """Return a dotted name, or an empty string for other expressions."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{name_of(value)}.{name}"
    return ""


def is_start(call: ast.Call) -> bool:
    """Return whether a call starts a program."""
    module, _dot, function = name_of(call.func).rpartition(".")
    if function in ("run", "call", "check_call", "check_output"):
        return module == "subprocess"
    return function in ("Popen", "create_subprocess_exec", "create_subprocess_shell", "subprocess_exec")


@dataclass(frozen=True)
class Function:
    """A function of the package and its parameters."""

    file: str
    name: str
    parameters: tuple[str, ...]

    def is_called_by(self, call: ast.Call) -> bool:
        """Return whether a call may be one of this function: by its name, or through its module."""
        names = {self.name, f"{Path(self.file).stem}.{self.name}", f"self.{self.name}"}
        return name_of(call.func) in names

    def argument(self, call: ast.Call, parameter: str) -> ast.expr | None:
        """Return what a call passes for a parameter."""
        for keyword in call.keywords:
            if keyword.arg == parameter:
                return keyword.value
        parameters = [name for name in self.parameters if name != "self"]
        return dict(zip(parameters, call.args, strict=False)).get(parameter)


@dataclass(frozen=True)
class Call:
    """A call, and the function that contains it."""

    file: str
    call: ast.Call
    inside: Function | None


def calls_in(file: str, source: str) -> Iterator[Call]:
    """Yield all calls of a source text."""

    def walk(node: ast.AST, inside: Function | None) -> Iterator[Call]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            inside = Function(file, node.name, tuple(each.arg for each in arguments))
        if isinstance(node, ast.Call):
            yield Call(file, node, inside)
        for child in ast.iter_child_nodes(node):
            yield from walk(child, inside)

    return walk(ast.parse(source), None)


def unfiltered(sources: Mapping[str, str]) -> list[str]:
    """Return the places that pass an environment on to a program without the filter.

    A parameter may be passed on if every call of its function passes a filtered environment for it.
    """
    calls = [call for file, source in sources.items() for call in calls_in(file, source)]
    found: list[str] = []
    seen: set[tuple[Function, str]] = set()

    def check(at: Call, value: ast.expr | None) -> None:
        match value:
            case ast.Call(func=function) if name_of(function).rpartition(".")[2] == FILTER:
                return
            case ast.Call(func=ast.Name(id="dict"), args=[inner]):
                check(at, inner)
                return
            case ast.Name(id=name) if at.inside is not None and name in at.inside.parameters:
                check_callers(at.inside, name)
                return
        found.append(f"{at.file}:{at.call.lineno}")

    def check_callers(function: Function, parameter: str) -> None:
        if (function, parameter) in seen:
            return
        seen.add((function, parameter))
        for each in calls:
            if function.is_called_by(each.call):
                check(each, function.argument(each.call, parameter))

    for each in calls:
        if is_start(each.call):
            check(each, next((item.value for item in each.call.keywords if item.arg == "env"), None))
    return found


def forbidden(source: str) -> list[str]:
    """Return the names in a source text that start programs without asking for an environment."""
    found = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute():
                module, _dot, name = name_of(node).rpartition(".")
                candidates = [(module, name)]
            case ast.Import(names=names):
                candidates = [(each.name, "") for each in names]
            case ast.ImportFrom(module=str(parent), names=names):
                candidates = [(parent, each.name) for each in names]
                candidates += [(f"{parent}.{each.name}", "") for each in names]
                if parent == "subprocess":  # the other test looks for calls by the module's name
                    found += [f"{parent}.{each.name}" for each in names if each.name.islower()]
            case _:
                continue
        found += [
            f"{module}.{name}"
            for module, name in candidates
            if any(name.startswith(start) and (name or not start) for start in FORBIDDEN.get(module, ()))
        ]
    return found


def package() -> dict[str, str]:
    """Return the sources of the package by file."""
    return {
        str(file.relative_to(ROOT)): file.read_text(encoding="utf-8")
        for file in sorted(PACKAGE.rglob("*.py"))
    }


@pytest.mark.parametrize(
    "source",
    [
        "subprocess.run(words)",
        "subprocess.run(words, env=os.environ)",
        "Popen(words, env={**environment})",
        "await asyncio.create_subprocess_exec('x', env=dict(environment))",
        "def f(env):\n    subprocess.run(words, env=env)\nf(os.environ)",
        "def f(env):\n    subprocess.run(words, env=env)\ndef g(env):\n    f(env=env)\ng(environment)",
        "def f(env):\n    subprocess.run(words, env=env)\nf()",
    ],
)
def test_an_environment_without_the_filter_is_seen(source: str) -> None:
    assert unfiltered({"x.py": source})


@pytest.mark.parametrize(
    "source",
    [
        "subprocess.run(words, env=child_environment(os.environ))",
        "def f(env):\n    subprocess.run(words, env=dict(env))\nf(child_environment(environment))",
        "def f(env):\n    subprocess.run(words, env=env)\ndef g(e):\n    f(env=e)\ng(child_environment({}))",
        "asyncio.run(main())",
    ],
)
def test_a_filtered_environment_is_accepted(source: str) -> None:
    assert unfiltered({"x.py": source}) == []


@pytest.mark.parametrize(
    "source",
    [
        "os.system('x')",
        "os.execvp('x', [])",
        "from os import popen",
        "platform.platform()",
        "import webbrowser",
        "from concurrent.futures import ProcessPoolExecutor",
        "from ctypes import util",
        "from subprocess import run",
    ],
)
def test_a_start_that_takes_no_environment_is_seen(source: str) -> None:
    assert forbidden(source)


def test_every_program_that_is_started_gets_a_filtered_environment() -> None:
    assert unfiltered(package()) == [], f"pass env={FILTER}(environment)"


def test_nothing_starts_a_program_with_the_whole_environment() -> None:
    found = {file: names for file, source in package().items() if (names := forbidden(source))}
    assert found == OURSELVES, "start programs by subprocess or asyncio with an `env`"
