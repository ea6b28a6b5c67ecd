"""Bring the catalogs up to date: `python -m tests.update_locales`.

Collects the texts marked for translation into each `.po` file, without guesses, and compiles the `.mo` file,
which git ignores. Lists the texts without a translation, and exits with status 1 if there are any.
"""

from __future__ import annotations

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from hatch_build import catalog_sources, compile_catalog

PACKAGE = Path(__file__).parent.parent / "coze_tui"
DOMAIN = "coze_tui"


def collected() -> Catalog:
    """Every marked text of the package, with the files it stands in."""
    template = Catalog(domain=DOMAIN, project="coze-tui")
    found = extract_from_dir(PACKAGE, directory_filter=lambda folder: Path(folder).name != "standin")
    for file, _line, text, _comments, context in sorted(found, key=lambda each: (each[0], each[1])):
        name = (Path(PACKAGE.name) / file).as_posix()
        template.add(text, locations=[(name, 0)], context=context)
    return template


def update(po: Path, template: Catalog) -> list[str]:
    """Rewrite one `.po` file and its `.mo` file, and return the texts that are not translated."""
    with po.open("rb") as file:
        catalog = read_po(file, locale=po.parent.parent.name, domain=DOMAIN)
    catalog.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalog.project, catalog.version = "coze-tui", ""
    catalog.last_translator = catalog.language_team = catalog.msgid_bugs_address = ""
    with po.open("wb") as file:
        write_po(file, catalog, width=100, ignore_obsolete=True, include_lineno=False, sort_by_file=True)
    compile_catalog(po)
    return [str(message.id) for message in catalog if message.id and not is_translated(message.string)]


def is_translated(text: str | tuple[str, ...] | list[str] | None) -> bool:
    """All forms have words."""
    return all(text) if isinstance(text, tuple | list) else bool(text)


def main() -> int:
    template = collected()
    missing = 0
    for po in catalog_sources():
        untranslated = update(po, template)
        missing += len(untranslated)
        sys.stdout.write(
            f"{po.parent.parent.name}: {len(template)} texts, {len(untranslated)} to translate\n"
        )
        sys.stdout.writelines(f"  {text!r}\n" for text in untranslated)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
