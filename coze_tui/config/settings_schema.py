"""Builds the JSON Schema of the settings file from the table of settings, for TOML editors."""

from __future__ import annotations

from dataclasses import fields

from coze_tui.config.settings import Settings, definitions
from coze_tui.text.i18n import _

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The draft that all TOML editors support."""


def settings_schema() -> dict[str, object]:
    """Return the JSON Schema of the settings file; it contains the texts of the language in use.

    It accepts every file that the program reads without a problem. It refuses unknown names, wrong types and
    values out of range, but not every wrong value: a profile that does not exist, for example, is valid.
    """
    defaults = {each.name: each.default for each in fields(Settings)}
    settings = {}
    for name, definition in definitions().items():
        setting = {"description": _(definition.doc), **definition.reader.schema}
        if isinstance(defaults[name], str | int | float) and defaults[name] != "":
            setting["default"] = defaults[name]
        settings[name] = setting
    references = {name: {"$ref": f"#/definitions/{name}"} for name in settings}
    of_profile = {name: reference for name, reference in references.items() if name != "profile"}
    profile = {"type": "object", "properties": of_profile, "additionalProperties": False}
    return {
        "$schema": DRAFT,
        "title": _("settings of coze-tui"),
        "type": "object",
        "properties": {
            **references,
            "profiles": {
                "description": _("the profiles by name; each may contain any of the settings but `profile`"),
                "type": "object",
                "additionalProperties": profile,
            },
        },
        "additionalProperties": False,
        "definitions": settings,
    }
