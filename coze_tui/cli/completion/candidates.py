"""The words that a completion script asks for: conversations, chats, bots, profiles and prompts.

A shell inserts a word into a command line, so only words that no shell reads in another way are listed; a
server, for example, may send any text as the ID of a chat. Descriptions are cleaned as for a terminal.
Imports are inside of the functions that need them, because a user waits after Tab.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from coze_tui.config.locations import Paths, find_paths
from coze_tui.engine.library import candidates
from coze_tui.errors import CozeTuiError
from coze_tui.text.cells import fit
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import current_language, is_chinese

if TYPE_CHECKING:
    from coze_tui.config.settings import Settings

_DESCRIPTION_CELLS = 72
_Pairs = Iterable[tuple[str, str]]


def candidates_of(kind: str, prefix: str, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the words of a kind of `KINDS` that begin with a text, each once, with descriptions.

    Reads files but changes none.
    """
    found: dict[str, str] = {}
    for word, description in KINDS[kind](find_paths(environment), prefix):
        if word.startswith(prefix) and _is_safe(word):
            shown = " ".join(clean_line(description).split())
            found.setdefault(word, fit(shown, _DESCRIPTION_CELLS).rstrip())
    return list(found.items())


def _is_safe(word: str) -> bool:
    """Return True for letters, digits, `.`, `_`, `-` and `+`, without a dash at the start."""
    return not word.startswith("-") and all(each.isalnum() or each in "._-+" for each in word) and bool(word)


def _conversations(paths: Paths, prefix: str) -> _Pairs:
    return candidates.conversations(paths.database_file, prefix)


def _deleted(paths: Paths, prefix: str) -> _Pairs:
    return candidates.conversations(paths.database_file, prefix, are_deleted=True)


def _chats(paths: Paths, prefix: str) -> _Pairs:
    return candidates.chats(paths.database_file, prefix)


def _bots(paths: Paths, prefix: str) -> _Pairs:
    from coze_tui.config.app_state import AppStateFile

    recent = AppStateFile(paths.remembered_file).read().recent_bots
    used = [(key.partition(" ")[0], name) for key, name in reversed(list(recent.items()))]
    chosen = _settings(paths).bot_id
    return candidates.bots(paths.database_file, prefix, [*([(chosen, "")] if chosen else []), *used])


def _demo_bots(_paths: Paths, _prefix: str) -> _Pairs:
    from coze_tui.standin.demo_bots.bots import demo_bots

    return ((bot.id, bot.name) for bot in demo_bots(chinese=is_chinese(current_language())))


def _profiles(paths: Paths, _prefix: str) -> _Pairs:
    return ((name, "") for name in _settings(paths).profiles)


def _prompts(paths: Paths, _prefix: str) -> _Pairs:
    from coze_tui.config.saved_prompts import SavedPrompts

    prompts = SavedPrompts(paths.prompts).all()
    return ((prompt.name, prompt.text.strip().partition("\n")[0]) for prompt in prompts)


def _settings(paths: Paths) -> Settings:
    from coze_tui.config.credentials import CredentialsFile
    from coze_tui.config.loader import load_settings

    logged_in: Iterable[str] = ()
    with suppress(CozeTuiError):
        logged_in = CredentialsFile(paths.credentials_file).profiles()
    loaded = load_settings(file=paths.settings_file, environment={}, other_profiles=tuple(logged_in))
    return loaded.settings


KINDS: Mapping[str, Callable[[Paths, str], _Pairs]] = {
    "conversations": _conversations,
    "deleted": _deleted,
    "chats": _chats,
    "bots": _bots,
    "demo-bots": _demo_bots,
    "profiles": _profiles,
    "prompts": _prompts,
}
"""The function that lists the words of each kind. It may also list words without the prefix."""
