"""Every place in the documents that the code, the tests and the documents cite exists.

A citation is `docs/wire.md 3.5`: a file under `docs/` and the number of a heading in it. Several numbers
of one file follow each other: `docs/wire.md 3.3, 3.8` or `4.1 to 4.4`. A file may be cited without a number.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

CITATION = re.compile(r"(docs/[\w./-]+\.md)((?:\s+|(?:,| to| and|;)\s+#?\s*)\d+(?:\.\d+)*)*")
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)*(?![\w%])")
HEADING = re.compile(r"^#+ +(\d+(?:\.\d+)*)\.? ", re.MULTILINE)

CITING = sorted(
    path
    for pattern in ("coze_tui/**/*.py", "tests/**/*.py", "docs/*.md", "*.md", "coze_tui/**/*.tcss")
    for path in ROOT.glob(pattern)
)


def citations_in(text: str) -> list[tuple[str, str]]:
    """Return the cited files with the cited numbers; an empty number cites the whole file."""
    found = []
    for match in CITATION.finditer(text):
        numbers = NUMBER.findall(match.group().removeprefix(match.group(1)))
        found += [(match.group(1), number) for number in numbers or [""]]
    return found


def headings_of(document: str) -> set[str]:
    """Return the numbers of the headings of a document; raises FileNotFoundError if there is none."""
    return set(HEADING.findall((ROOT / document).read_text("utf-8")))


def test_every_citation_resolves() -> None:
    broken = []
    count = 0
    for path in CITING:
        for document, number in citations_in(path.read_text("utf-8")):
            count += 1
            exists = (ROOT / document).is_file() and (not number or number in headings_of(document))
            if not exists:
                broken.append((path.relative_to(ROOT).as_posix(), f"{document} {number}"))
    assert broken == []
    assert count > 150


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("as docs/wire.md 3.5 says", [("docs/wire.md", "3.5")]),
        ("(docs/wire.md 3.3, 3.8)", [("docs/wire.md", "3.3"), ("docs/wire.md", "3.8")]),
        ("docs/wire.md 4.1 to 4.4.", [("docs/wire.md", "4.1"), ("docs/wire.md", "4.4")]),
        ("docs/wire.md 7: 31 traps", [("docs/wire.md", "7")]),
        ("see docs/ui.md.", [("docs/ui.md", "")]),
    ],
)
def test_citations_are_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert citations_in(text) == expected


def test_no_note_from_outside_the_repository_is_cited() -> None:
    outside = re.compile(r"coze-api(?:-2)?\.md|textual-notes|performance-notes|\.\./shared|\(api \d")
    here = Path(__file__)
    assert [path for path in CITING if path != here and outside.search(path.read_text("utf-8"))] == []
