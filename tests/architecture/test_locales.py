"""Every text speaks every language, and the compiled catalogs say what the sources say.

`python -m tests.update_locales` brings the catalogs up to date and lists what is to be translated.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

from coze_tui.text.i18n import DOMAIN, SOURCE, catalog_file, languages
from hatch_build import compile_catalog, compile_stale_catalogs
from tests.support.samples import ROOT

PACKAGE = ROOT / "coze_tui"
TRANSLATED = [code for code in languages() if code != SOURCE]

Forms = tuple[str, ...]


def forms_of(text: str | Forms | list[str] | None) -> Forms:
    if text is None:
        return ("",)
    return (text,) if isinstance(text, str) else tuple(text)


def source_of(code: str) -> Catalog:
    with Path(catalog_file(code)).with_suffix(".po").open("rb") as file:
        return read_po(file, locale=code, domain=DOMAIN)


def messages_of(catalog: Catalog) -> Mapping[Forms, Message]:
    return {forms_of(message.id): message for message in catalog if message.id}


def fields_of(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name is not None}


def test_every_language_of_the_program_has_a_folder_and_the_other_way_round() -> None:
    folders = {path.parent.parent.name for path in PACKAGE.glob(f"text/locales/*/LC_MESSAGES/{DOMAIN}.po")}
    assert folders == set(TRANSLATED)


def collected_texts() -> set[Forms]:
    """What the update command collects from the source."""
    spec = spec_from_file_location("update", ROOT / "tests" / "update_locales.py")
    assert spec is not None
    assert spec.loader is not None
    update = module_from_spec(spec)
    spec.loader.exec_module(update)
    return {forms_of(message.id) for message in update.collected() if message.id}


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_catalog_holds_exactly_the_texts_of_the_source(code: str) -> None:
    texts, held = collected_texts(), set(messages_of(source_of(code)))
    assert len(texts) > 300
    assert texts - held == set(), "run: python -m tests.update_locales"
    assert held - texts == set(), "run: python -m tests.update_locales"


@pytest.mark.parametrize("code", TRANSLATED)
def test_every_text_is_translated_for_certain(code: str) -> None:
    catalog = source_of(code)
    wanting = [
        message.id
        for message in messages_of(catalog).values()
        if message.fuzzy or not all(forms_of(message.string))
    ]
    assert wanting == []
    assert not any(
        message.pluralizable and len(forms_of(message.string)) != catalog.num_plurals for message in catalog
    )


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_fills_the_same_placeholders(code: str) -> None:
    for forms, message in messages_of(source_of(code)).items():
        wanted = set().union(*map(fields_of, forms))
        for translation in forms_of(message.string):
            assert fields_of(translation) == wanted, message.id


@pytest.mark.parametrize("code", TRANSLATED)
def test_the_compiled_catalog_says_what_its_source_says(code: str) -> None:
    with open(catalog_file(code), "rb") as file:
        compiled = messages_of(read_mo(file))
    source = messages_of(source_of(code))
    said = {
        forms: forms_of(message.string) for forms, message in source.items() if all(forms_of(message.string))
    }
    assert {forms: forms_of(message.string) for forms, message in compiled.items()} == said


def test_a_missing_or_older_compiled_catalog_is_compiled_again_and_a_newer_one_is_not(tmp_path: Path) -> None:
    po = tmp_path / "coze_tui/text/locales/zh_CN/LC_MESSAGES" / f"{DOMAIN}.po"
    po.parent.mkdir(parents=True)
    po.write_text('msgid ""\nmsgstr ""\n\nmsgid "yes"\nmsgstr "是"\n', encoding="utf-8")

    compile_stale_catalogs(tmp_path)
    mo = po.with_suffix(".mo")
    assert "是".encode() in mo.read_bytes()
    po.write_text(po.read_text(encoding="utf-8").replace("是", "好"), encoding="utf-8")
    newer = mo.stat().st_mtime_ns - 1
    os.utime(po, ns=(newer, newer))
    compile_stale_catalogs(tmp_path)
    assert "是".encode() in mo.read_bytes()
    os.utime(po, ns=(newer + 2, newer + 2))
    compile_stale_catalogs(tmp_path)
    assert "好".encode() in mo.read_bytes()

    # No other file is left behind, and other users can read the catalog.
    assert sorted(po.parent.iterdir()) == [mo, po]
    assert compile_catalog(po).stat().st_mode & 0o444 == 0o444
