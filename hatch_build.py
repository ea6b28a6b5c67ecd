"""Compile the catalogs, make the man page and compute the metadata while hatchling builds the package.

Git ignores the compiled catalogs (`*.mo`). Each install of the package, an editable one too, compiles them.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

ROOT = Path(__file__).parent

_LINK = re.compile(r"(?P<before>(?P<image>!?)\[[^\]]*\]\()(?P<path>(?![a-z]+:|#)[^)]+)\)")


def catalog_sources(root: Path = ROOT) -> list[Path]:
    """Return the `.po` file of each translated language."""
    return sorted(root.glob("coze_tui/text/locales/*/LC_MESSAGES/*.po"))


def compile_catalog(po: Path) -> Path:
    """Write the `.mo` file beside a `.po` file, whole or not at all, and return its path."""
    mo = po.with_suffix(".mo")
    with po.open("rb") as source:
        catalog = read_po(source, locale=po.parent.parent.name, domain=po.stem)
    # Several test runs may compile the same file at the same time.
    with tempfile.NamedTemporaryFile(dir=mo.parent, prefix=f"{mo.stem}.", suffix=".mo", delete=False) as file:
        write_mo(file, catalog)
    os.chmod(file.name, 0o644)  # a temporary file is private, and the package may be another user's
    os.replace(file.name, mo)
    return mo


def compile_stale_catalogs(root: Path = ROOT) -> None:
    """Compile each catalog whose `.mo` file is missing or older than its `.po` file."""
    for po in catalog_sources(root):
        mo = po.with_suffix(".mo")
        if not mo.exists() or mo.stat().st_mtime_ns < po.stat().st_mtime_ns:
            compile_catalog(po)


def long_description(readme: str, repository: str, version: str) -> str:
    """Return the README with absolute links, as a package index needs them.

    Relative paths become URLs of the files in the repository, at the tag of this version.
    """

    def absolute(link: re.Match[str]) -> str:
        kind = "raw" if link["image"] else "blob"
        return f"{link['before']}{repository}/{kind}/v{version}/{link['path']})"

    return _LINK.sub(absolute, readme)


class MadeFiles(BuildHookInterface[Any]):
    """A build hook that adds the compiled catalogs and the man page to the wheel.

    The catalogs are written beside their sources, which is all that an editable install needs.
    """

    _folder = ""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        for po in catalog_sources(Path(self.root)):
            mo = compile_catalog(po)
            build_data["artifacts"].append(f"/{mo.relative_to(self.root).as_posix()}")
        if version == "editable":
            return
        sys.path.insert(0, self.root)
        from man_page import man_page

        self._folder = tempfile.mkdtemp()
        page = Path(self._folder, "coze-tui.1")
        page.write_text(man_page(), encoding="ascii")
        page.chmod(0o644)
        build_data["shared_data"][str(page)] = "share/man/man1/coze-tui.1"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if self._folder:
            shutil.rmtree(self._folder)


class AbsoluteUrls(MetadataHookInterface):
    """A metadata hook that derives the project URLs and the long description from the repository's URL."""

    def update(self, metadata: dict[str, Any]) -> None:
        repository = self.config["repository"]
        metadata["urls"] = {
            "Homepage": repository,
            "Documentation": f"{repository}/tree/v{metadata['version']}/docs",
            "Source": repository,
            "Changelog": f"{repository}/blob/v{metadata['version']}/CHANGELOG.md",
            "Issues": f"{repository}/issues",
        }
        readme = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": long_description(readme, repository, metadata["version"]),
        }
