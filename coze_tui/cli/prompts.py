"""Saved prompts on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coze_tui.config.saved_prompts import SavedPrompts, blanks_of, filled
from coze_tui.errors import SettingsError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, listed


def filled_prompt(folder: Path, name: str, fillings: Sequence[str]) -> str:
    """Return the text of a saved prompt with values in all of its blanks.

    Args:
        folder: Contains the saved prompts.
        fillings: Texts `NAME=VALUE`; of two with the same name the later one counts.

    Raises:
        SettingsError: no prompt has this name, a blank has no value, or a value has no blank.
        FileError: the prompt cannot be read.
    """
    text = SavedPrompts(folder).get(name).text
    blanks = blanks_of(text)
    values: dict[str, str] = {}
    for filling in fillings:
        blank, _separator, value = filling.partition("=")
        if blank.strip() not in blanks:
            reason = _("is not a blank of this prompt")
            if blanks:
                reason = _("is not a blank of this prompt, which has: {names}").format(names=listed(blanks))
            raise SettingsError(reason, source=f"--fill {clean_line(blank)}")
        values[blank.strip()] = value
    if missing := [blank for blank in blanks if blank not in values]:
        options = " ".join(f"--fill {_quoted(blank)}=…" for blank in missing)
        raise SettingsError(_("has blanks to fill: add {options}").format(options=options), source=name)
    return filled(text, values)


def _quoted(blank: str) -> str:
    return f"'{blank}'" if " " in blank else blank
