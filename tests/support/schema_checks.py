"""Whether the schema of the settings file and the program agree on a file."""

from __future__ import annotations

import tomllib
from pathlib import Path

from jsonschema import Draft7Validator

from coze_tui.config.loader import load_settings
from coze_tui.config.settings_schema import settings_schema

BEYOND_SCHEMAS = (
    "names a profile that does not exist",
    "is not a URL",
    "has an unclosed quote",
    "must be a JSON object",
    "must be a number of seconds",  # a number within a string
    "must be a whole number",
    "must be a number",  # nan
)
"""The rules that no schema can contain."""


def is_valid(text: str) -> bool:
    """Return True if the schema accepts this TOML text."""
    return not list(Draft7Validator(settings_schema()).iter_errors(tomllib.loads(text)))


def check_agreement(file: Path, text: str) -> None:
    """Write a settings file, and fail if the program accepts it and the schema does not, or the reverse.

    A text that is no TOML is left out. The schema may accept what only a rule of `BEYOND_SCHEMAS` refuses.
    """
    try:
        profiles = tomllib.loads(text).get("profiles", {})
    except (ValueError, RecursionError):
        return
    file.write_text(text, encoding="utf-8")
    names = profiles if isinstance(profiles, dict) else {}
    problems = [
        problem.problem
        for name in ("default", *names)
        for problem in load_settings(file=file, environment={}, flags={"profile": name}).problems
    ]
    if not problems:
        assert is_valid(text), text
    elif not all(problem.startswith(BEYOND_SCHEMAS) for problem in problems):
        assert not is_valid(text), (text, problems)
