"""Another Textual than the one that the program was written for.

    python tests/support/other_textual.py NAME COMMAND [ARGUMENT …]

runs `COMMAND ARGUMENT …`, a `coze-tui`, as with a Textual in which the private name NAME has changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from coze_tui.terminal import textual_overrides

OTHER_VERSION = "8.2.7"
"""What the digests seem to have been made with."""


@contextmanager
def other_textual(*changed: str) -> Iterator[None]:
    """Let the program find that another Textual is installed, in which these names have changed."""
    written_for, digests = textual_overrides.WRITTEN_FOR, textual_overrides.DIGESTS
    assert digests.keys() >= set(changed)
    textual_overrides.WRITTEN_FOR = {**written_for, "textual": OTHER_VERSION}
    textual_overrides.DIGESTS = {**digests, **dict.fromkeys(changed, "of another source")}
    textual_overrides.changed_names.cache_clear()
    try:
        yield
    finally:
        textual_overrides.WRITTEN_FOR, textual_overrides.DIGESTS = written_for, digests
        textual_overrides.changed_names.cache_clear()


if __name__ == "__main__":
    from coze_tui.cli.main import run

    changed_name, *sys.argv = sys.argv[1:]
    with other_textual(changed_name):
        run()
