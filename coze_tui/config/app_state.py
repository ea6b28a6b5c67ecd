"""The state that the program saves by itself: choices, latest sites and bots, the generated user ID.

It is in the state folder, so that the user's settings file is never rewritten.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, field, fields, replace
from pathlib import Path

from coze_tui.config.secure_files import locked, read_private, write_private
from coze_tui.errors import StoreError, kind_from_errno
from coze_tui.values import valueclass


@valueclass
class AppState:
    """The saved state; empty values were never set."""

    user_id: str = ""
    """Generated once: bots separate the memory of their users by it (docs/wire.md 2.1)."""
    chosen: Mapping[str, str] = field(default_factory=dict)
    """Settings changed while the program ran, by field name: theme, language, send_key, sidebar."""
    sites: Mapping[str, str] = field(default_factory=dict)
    """Profile → API base of the last login."""
    last_bots: Mapping[str, str] = field(default_factory=dict)
    """`bot_key` → bot ID."""
    recent_bots: Mapping[str, str] = field(default_factory=dict)
    """`bot_key` of a bot → its name, latest last."""
    projects: Mapping[str, str] = field(default_factory=dict)
    """Path of a project file → the decision about it and the hash of its content."""
    last_asked: Mapping[str, str] = field(default_factory=dict)
    """`bot_key` of a bot → the conversation of the last `ask`."""
    background: str = ""
    """The terminal's last reported background, `light` or `dark`; for the first frame of theme `auto`."""


RECENT_BOTS = 30
_PATIENCE_S = 1.0
"""Seconds that a change waits for another program. Longer would delay the start for a mere choice."""


def bot_key(name: str, base_url: str) -> str:
    """Return the key of a profile or bot at a site, since an ID of one site means nothing on another."""
    return f"{name} {base_url}"


class AppStateFile:
    """The file of `AppState`. Changes of two running programs are merged."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> AppState:
        """Return the saved state; it is empty if the file is missing, damaged or unreadable."""
        try:
            data, _ = read_private(self.path)
            value: object = json.loads(data)
        except (OSError, ValueError, RecursionError):
            return AppState()
        return _from_json(value)

    def change(self, how: Callable[[AppState], AppState]) -> AppState:
        """Apply `how` to the saved state, and save and return the result.

        Raises:
            StoreError: it cannot be saved.
        """
        try:
            with locked(self.path, patience=_PATIENCE_S):
                before = self.read()
                after = how(before)
                if after != before or not self.path.exists():
                    write_private(self.path, json.dumps(asdict(after), indent=2, ensure_ascii=False).encode())
        except OSError as error:
            raise StoreError(kind_from_errno(error.errno), str(self.path), str(error.strerror)) from error
        return after

    def choose(self, name: str, value: str) -> AppState:
        """Save a setting that was changed in the program."""
        return self.change(lambda now: replace(now, chosen={**now.chosen, name: value}))

    def use_site(self, profile: str, base_url: str) -> AppState:
        """Save the site of the profile's token."""
        return self.change(lambda now: replace(now, sites={**now.sites, profile: base_url}))

    def use_bot(
        self, profile: str, base_url: str, bot_id: str, name: str = "", *, is_last: bool = True
    ) -> AppState:
        """Save the bot as the most recent of all, and as the profile's last one if `is_last` is set."""

        def use(now: AppState) -> AppState:
            key = bot_key(bot_id, base_url)
            recent = {other: title for other, title in now.recent_bots.items() if other != key}
            recent[key] = name or now.recent_bots.get(key, "")
            newest = dict(list(recent.items())[-RECENT_BOTS:])
            last = {**now.last_bots, bot_key(profile, base_url): bot_id} if is_last else now.last_bots
            return replace(now, last_bots=last, recent_bots=newest)

        return self.change(use)

    def decide_on_project(self, path: str, decision: str) -> AppState:
        """Save the decision about a project file; an empty text removes it."""

        def decide(now: AppState) -> AppState:
            others = {file: known for file, known in now.projects.items() if file != path}
            return replace(now, projects={**others, path: decision} if decision else others)

        return self.change(decide)

    def ask_in(self, base_url: str, bot_id: str, conversation_id: str) -> AppState:
        """Save the conversation of the last `ask` to a bot."""
        key = bot_key(bot_id, base_url)
        return self.change(lambda now: replace(now, last_asked={**now.last_asked, key: conversation_id}))

    def use_background(self, background: str) -> AppState:
        """Save the background of the terminal: `light` or `dark`."""
        return self.change(lambda now: replace(now, background=background))

    def with_user_id(self) -> AppState:
        """Return the saved state with a user ID, which is the same at every start if it can be saved."""
        now = self.read()
        if now.user_id:
            return now
        made_up = f"coze-tui-{os.urandom(8).hex()}"
        try:
            return self.change(lambda now: now if now.user_id else replace(now, user_id=made_up))
        except StoreError:
            return replace(now, user_id=made_up)


def _from_json(value: object) -> AppState:
    """Read the valid fields of a file that a newer version or an editor may have changed."""
    if not isinstance(value, dict):
        return AppState()
    kept: dict[str, object] = {}
    for each in fields(AppState):
        found = value.get(each.name)
        if each.name in ("user_id", "background"):
            kept[each.name] = found if isinstance(found, str) else ""
        elif isinstance(found, dict):
            kept[each.name] = {key: item for key, item in found.items() if isinstance(item, str)}
    return replace(AppState(), **kept)  # type: ignore[arg-type]  # the types were just checked
