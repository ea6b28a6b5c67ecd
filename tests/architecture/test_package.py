"""The distributions hold what they should and nothing else, and work without the checkout."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from coze_tui import __version__
from man_page import man_page
from tests.support.samples import ROOT

PACKAGE = ROOT / "coze_tui"
DATA = {".bash", ".css", ".fish", ".md", ".mo", ".ps1", ".tcss", ".typed", ".zsh"}
"""The suffixes of the files in the wheel that are no modules."""
MAN_PAGE = f"coze_tui-{__version__}.data/data/share/man/man1/coze-tui.1"
"""Installed as `share/man/man1/coze-tui.1`."""

BESIDE_THE_PACKAGE = {
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "PKG-INFO",
    "README.md",
    "docs",
    "hatch_build.py",
    "man_page.py",
    "pyproject.toml",
    "tests",
}
"""What the source distribution holds besides the package."""


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution and, from it alone, the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    run("-m", "hatchling", "build", "--target", "sdist", "--directory", str(folder), cwd=ROOT)
    unpacked = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist_of(folder)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python 3.11.4 and newer
        archive.extractall(unpacked)
    sources = unpacked / f"coze_tui-{__version__}"
    run("-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder), cwd=sources)
    return folder


def run(*arguments: str, cwd: Path, **variables: str) -> str:
    """Run Python and return what it prints."""
    environment = {**os.environ, "PYTHONUTF8": "1", **variables}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def sdist_of(folder: Path) -> Path:
    return folder / f"coze_tui-{__version__}.tar.gz"


def wheel_of(folder: Path) -> Path:
    return folder / f"coze_tui-{__version__}-py3-none-any.whl"


def files_of_the_package(*suffixes: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix in suffixes
    }


def metadata_of(folder: Path) -> Message:
    with zipfile.ZipFile(wheel_of(folder)) as wheel:
        return message_from_bytes(wheel.read(f"coze_tui-{__version__}.dist-info/METADATA"))


def test_the_wheel_holds_the_modules_the_catalogs_the_styles_and_the_demo_texts_and_nothing_else(
    distributions: Path,
) -> None:
    with zipfile.ZipFile(wheel_of(distributions)) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
        page = wheel.read(MAN_PAGE).decode("ascii")
    assert page == man_page()
    assert held == {MAN_PAGE, *files_of_the_package(".py", *DATA)}
    for suffix in DATA:
        assert any(name.endswith(suffix) for name in held), suffix


def test_the_source_distribution_holds_what_a_build_and_the_tests_need(distributions: Path) -> None:
    with tarfile.open(sdist_of(distributions)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {name.partition("/")[0] for name in names} == {"coze_tui", *BESIDE_THE_PACKAGE}
    assert {name for name in names if name.startswith("coze_tui/")} == files_of_the_package(
        ".py", ".po", *DATA - {".mo"}
    )
    assert {Path(name).name for name in names if "__pycache__" in name or name.endswith(".mo")} == set()


def test_the_metadata_passes_the_strict_check_of_twine(distributions: Path) -> None:
    paths = (str(sdist_of(distributions)), str(wheel_of(distributions)))
    run("-m", "twine", "check", "--strict", *paths, cwd=distributions)


def test_one_line_names_the_owner_and_all_urls_of_the_project_follow_it(distributions: Path) -> None:
    lines = re.findall(r'^repository = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)
    assert len(lines) == 1
    urls = metadata_of(distributions).get_all("Project-URL", [])
    assert {url.partition(", ")[0] for url in urls} >= {"Homepage", "Source", "Changelog", "Issues"}
    assert [url for url in urls if not url.partition(", ")[2].startswith(lines[0])] == []


def test_each_link_of_the_description_is_absolute_and_names_a_file_of_the_repository(
    distributions: Path,
) -> None:
    body = metadata_of(distributions).get_payload()
    assert isinstance(body, str)
    links = re.findall(r"\]\(([^)]+)\)", body)
    assert [link for link in links if not link.startswith(("https://", "#"))] == []
    at_the_tag = [link.partition(f"/v{__version__}/")[2] for link in links if f"/v{__version__}/" in link]
    assert any(path.endswith(".svg") for path in at_the_tag)
    assert [path for path in at_the_tag if not (ROOT / path.partition("#")[0]).exists()] == []


def test_the_wheel_works_without_the_checkout(distributions: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel_of(distributions)) as wheel:
        wheel.extractall(installed)
    variables = {"PYTHONPATH": str(installed), "LC_ALL": "zh_CN.UTF-8", "LANGUAGE": ""}
    found = run("-c", "import coze_tui; print(coze_tui.__file__)", cwd=tmp_path, **variables)
    assert Path(found.strip()).is_relative_to(installed)
    assert "用法" in run("-m", "coze_tui", "--help", cwd=tmp_path, **variables)
