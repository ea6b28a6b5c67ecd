"""Docstrings, comments and texts are plain English: the worst habits of the past do not come back."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.support.samples import ROOT

PACKAGE = ROOT / "coze_tui"
PENDING: tuple[str, ...] = ()
"""Folders of the package whose docstrings and comments are still to be rewritten."""

OPAQUE = re.compile(
    r"\b(?:told|anew|whoever|so many|of one's own|there is no such)\b"
    r"|(?<!there )\bis no (?!(?:longer|more|less|later|earlier|fewer|larger|smaller|wider|narrower)\b)\w+",
    re.IGNORECASE,
)
"""Words and phrases that make a reader stop. "Is no X" is "is not a X"; "there is no X" is plain English."""
QUESTION = re.compile(r"(?:What|Where|Who|How)\b")
NO_VERB = re.compile(
    r"(?:The|An?|Its|Their|This|That|These|Those|All|Both|Each|Every|Some|Several|Any|One|No|None|Nothing|Whether|"
    r"Of|In|On|At|By|For|From|With|Without|Within|As|Like|Up|True|False|\d+)\b"
    r"|[A-Z][a-z]+(?<!s)(?<!u)s\b"
)
"""First words of a summary without an imperative: determiners, prepositions, plurals, "Makes"."""


def complaints(summary: str, *, of_function: bool) -> list[str]:
    """Return the faults of the first line of a docstring."""
    faults = [f"starts with {match.group()}" for match in [QUESTION.match(summary)] if match]
    if of_function and not faults and NO_VERB.match(summary):
        faults.append("does not start with a verb in the imperative")
    return faults


def docstrings(path: Path) -> Iterator[tuple[int, str, bool]]:
    """Yield line, text and whether it belongs to a function, for each docstring, those of values included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            is_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
            for child in node.body:
                if (
                    isinstance(child, ast.Expr)
                    and isinstance(child.value, ast.Constant)
                    and isinstance(child.value.value, str)
                ):
                    yield child.lineno, child.value.value.strip(), is_function and child is node.body[0]


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of each comment."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text("utf-8")).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def faults_in(path: Path) -> list[str]:
    """Return the faults of a module's docstrings and comments, each with its line."""
    faults = []
    for line, text, of_function in docstrings(path):
        summary = text.split("\n", 1)[0]
        faults += [f"{line}: {fault}: {summary}" for fault in complaints(summary, of_function=of_function)]
        faults += [
            f"{line}: “{match.group()}” in: {summary}" for match in OPAQUE.finditer(" ".join(text.split()))
        ]
    for line, text in comments(path):
        faults += [f"{line}: “{match.group()}” in: {text}" for match in OPAQUE.finditer(text)]
    return faults


def test_docstrings_and_comments_are_plain() -> None:
    paths = [path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] not in PENDING]
    faults = [f"{path.relative_to(ROOT)}:{fault}" for path in sorted(paths) for fault in faults_in(path)]
    assert not faults, "\n".join(faults)


def test_texts_are_plain() -> None:
    with (PACKAGE / "text" / "locales" / "zh_CN" / "LC_MESSAGES" / "coze_tui.po").open("rb") as file:
        catalog = read_po(file)
    texts = [
        text for message in catalog for text in ([message.id] if isinstance(message.id, str) else message.id)
    ]
    assert len(texts) > 1_000
    faults = [f"“{match.group()}” in: {text}" for text in texts for match in OPAQUE.finditer(text)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ('def f():\n    """What is left of a page after cutting."""\n', "starts with What"),
        ('"""Where no file is given stdin is read."""\n', "starts with Where"),
        ('LIMIT = 5\n"""How long a copy waits."""\n', "starts with How"),
        ('def f():\n    """The line under the title."""\n', "does not start with a verb"),
        ('def f():\n    """Its parts."""\n', "does not start with a verb"),
        ('def f():\n    """Makes the new file."""\n', "does not start with a verb"),
        ('class A:\n    """A value.\n\n    The reader is told\n    of it."""\n', "“told”"),
        ("x = 1  # whoever waits for it\n", "“whoever”"),
        ("# An anyio task is no asyncio task.\n", "“is no asyncio”"),
    ],
)
def test_old_sentences_are_refused(tmp_path: Path, source: str, fault: str) -> None:
    module = tmp_path / "module.py"
    module.write_text(source, "utf-8")
    (found,) = faults_in(module)
    assert fault in found


def test_plain_sentences_are_accepted(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text(
        'def f():\n    """Return the subtitle line, or an empty string if there is no title."""\n'
        '    # The stream is no longer open.\nclass A:\n    """A page of results."""\n'
        'def g():\n    """Pass the value on."""\ndef h():\n    """Focus the prompt."""\n',
        "utf-8",
    )
    assert faults_in(module) == []
