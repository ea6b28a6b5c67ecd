"""Texts are put together by the catalog: no list or sentence is joined in the way of one language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from coze_tui.text.i18n import clause, listed, separated, use_language
from tests.support.samples import ROOT

PACKAGE = ROOT / "coze_tui"
TRANSLATORS = {"_", "ngettext"}
NOT_SHOWN = {
    "api": "lists of the wire",
    "standin": "lists of the stand-in, which speaks to developers",
    "store": "columns of SQL",
}
"""Folders whose joined lists no user reads."""
AS_WRITTEN = {
    "coze_tui/cli/completion/scripts.py": "code of a shell",
    "coze_tui/cli/settings.py": "a value as in the settings file",
    "coze_tui/engine/model/state.py": "names of functions in a state chip",
    "coze_tui/exports/page.py": "code of CSS",
    "coze_tui/tui/log/blocks.py": "arguments of a tool, as code",
    "coze_tui/tui/screens/help.py": "names of keys",
    "coze_tui/values.py": "code of Python",
}
"""Files with lists that are the same in every language."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))


def catalog_texts() -> list[str]:
    with (PACKAGE / "text" / "locales" / "zh_CN" / "LC_MESSAGES" / "coze_tui.po").open("rb") as file:
        ids = [message.id for message in read_po(file) if message.id]
    return [text for found in ids for text in ([found] if isinstance(found, str) else found)]


def is_translated(node: ast.AST) -> bool:
    """Return whether an expression is a translated text, also a formatted one."""
    match node:
        case ast.Call(func=ast.Name(id=name)):
            return name in TRANSLATORS
        case ast.Call(func=ast.Attribute(value=value, attr="format")):
            return is_translated(value)
    return False


def joined_lists(tree: ast.Module) -> list[int]:
    """Return the lines that join a list with an English separator."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "join"
        and isinstance(node.func.value, ast.Constant)
        and node.func.value.value in (", ", "; ")
    ]


def parts_of(node: ast.AST) -> list[ast.AST]:
    """Return the operands of a chain of `+`, in order."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return [*parts_of(node.left), *parts_of(node.right)]
    return [node]


def joined_sentences(tree: ast.Module) -> list[int]:
    """Return the lines that put a translated text behind another text with a blank or a colon."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.BinOp):
            continue
        parts = parts_of(node)
        for before, after in pairwise(parts):
            text = before.values[-1] if isinstance(before, ast.JoinedStr) and before.values else before
            if not (isinstance(text, ast.Constant) and isinstance(text.value, str) and is_translated(after)):
                continue
            if text.value.endswith(": ") or (text.value == " " and before is not parts[0]):
                found.append(node.lineno)
    return found


def test_lists_are_joined_by_the_separator_of_the_language() -> None:
    wrong = [
        f"{name}:{line}"
        for name, tree in modules()
        if name.split("/")[1] not in NOT_SHOWN and name not in AS_WRITTEN
        for line in joined_lists(tree)
    ]
    assert wrong == [], "use `listed`"


def test_no_text_is_a_part_of_a_sentence() -> None:
    """A text with a blank at one end is put beside another one, in the word order of one language."""
    parts = [text for text in catalog_texts() if text != text.strip() and not text.endswith(": ")]
    assert parts == [", ", "; "], "use placeholders, and `with_parts` if they have another color"


def test_sentences_are_not_concatenated() -> None:
    wrong = [f"{name}:{line}" for name, tree in modules() for line in joined_sentences(tree)]
    assert wrong == [], "use one text with placeholders, or `joined` for whole sentences"


@pytest.mark.parametrize(
    "old", ['problem + " " + _("Use that.")', '"NO_PROXY: " + _("not a list")', 'f"{name}: " + _("missing")']
)
def test_a_concatenated_sentence_is_found(old: str) -> None:
    assert joined_sentences(ast.parse(old))


def test_a_list_has_the_separator_of_the_language() -> None:
    assert (listed(["a", "b"]), separated(["a", "b"])) == ("a, b", "a; b")
    use_language("zh_CN")
    try:
        assert (listed(["a", "b"]), separated(["a", "b"])) == ("a、b", "a；b")
    finally:
        use_language("en")


PREDICATE = re.compile(
    r"(?:is|must|cannot|requires|contains|matches|names|accepts|has|does|belongs)\b", re.ASCII
)
"""First words of a problem of a setting, an option or a variable, which reads after its name."""
NAMED = {"SettingsError", "WrongValueError", "wrong", "_report", "clause"}
"""Functions that receive such a problem."""


def problems_in(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each problem that reads after a name."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in NAMED:
                for inner in ast.walk(node):
                    match inner:
                        case ast.Call(func=ast.Name(id="_"), args=[ast.Constant(value=str(text))]):
                            yield inner.lineno, text


def test_each_problem_reads_after_the_name_of_what_is_wrong() -> None:
    found = [(f"{name}:{line}", text) for name, tree in modules() for line, text in problems_in(tree)]
    assert len(found) > 50
    assert [(place, text) for place, text in found if not PREDICATE.match(text)] == []


@pytest.mark.parametrize("old", ["no such option", "missing conversation ID", "a time needs a unit: s or ms"])
def test_a_problem_that_needs_a_colon_is_found(old: str) -> None:
    ((_line, text),) = problems_in(ast.parse(f'raise SettingsError(_("{old}"), source="--option")'))
    assert not PREDICATE.match(text)


def test_a_name_and_its_problem_are_one_clause_in_both_languages() -> None:
    assert clause("--yes", "is required") == "--yes is required"
    assert clause("--yes", "必须给出") == "--yes 必须给出"
    assert clause("渡轮", "没有对应的会话") == "渡轮没有对应的会话"


def test_every_exception_is_needed() -> None:
    found = {name for name, tree in modules() if joined_lists(tree)}
    assert [name for name in AS_WRITTEN if not Path(ROOT, name).exists() or name not in found] == []
