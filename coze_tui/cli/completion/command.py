"""`coze-tui completion`: print the script for a shell, or the words that such a script asks for."""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.cli.exits import Exit
from coze_tui.cli.options import Arguments, wrong
from coze_tui.cli.stdout import print_exactly
from coze_tui.text.i18n import _, listed

_LIST = "list"


def run_completion(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the script of the shell; or, after `list`, each word of a kind with a tab and its description."""
    words = arguments.words
    if words[:1] == [_LIST]:
        from coze_tui.cli.completion.candidates import KINDS, candidates_of

        kind, prefix = [*words[1:], "", ""][:2]
        if kind not in KINDS:
            raise wrong(_("must be one of: {words}").format(words=listed(KINDS)), source="list")
        for word, description in candidates_of(kind, prefix, environment):
            print(f"{word}\t{description}")
        return Exit.OK
    from coze_tui.cli.completion.scripts import SHELLS, script_of

    if len(words) != 1 or words[0] not in SHELLS:
        problem = _("must be one of: {words}").format(words=listed(SHELLS))
        raise wrong(problem, source="SHELL", known=tuple(SHELLS), word=words[0] if words else "")
    print_exactly(script_of(words[0]))
    return Exit.OK
