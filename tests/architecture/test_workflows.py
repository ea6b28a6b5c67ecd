"""The workflows run nothing that a developer cannot run, and the checks of commit messages hold."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.commit_messages import main, problems_of, without_comments
from tests.support.samples import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def loaded(path: Path) -> dict[str, Any]:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def steps_of(path: Path) -> Iterator[dict[str, Any]]:
    for job in loaded(path)["jobs"].values():
        yield from job["steps"]


def commands_of(script: str) -> set[str]:
    """Return the commands of a script, without the folder of the virtual environment."""
    lines = re.split(r"\s*&&\s*|\n", script.replace(".venv/bin/", ""))
    return {line.strip() for line in lines if line.strip()}


def documented() -> set[str]:
    """Return the commands that `.ci/run` and CONTRIBUTING.md contain, in blocks and in backticks."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL))
    scripts = [*blocks, *spans, (ROOT / ".ci" / "run").read_text(encoding="utf-8")]
    return set().union(*map(commands_of, scripts))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_command_of_a_workflow_is_one_that_developers_run(path: Path) -> None:
    commands = set().union(*(commands_of(step["run"]) for step in steps_of(path) if "run" in step))
    assert commands - documented() == set()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_each_action_of_a_workflow_is_pinned_to_a_commit(path: Path) -> None:
    actions = [step["uses"] for step in steps_of(path) if "uses" in step]
    assert actions
    assert [action for action in actions if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", action)] == []


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_may_only_read_except_for_a_job_that_says_why(path: Path) -> None:
    assert loaded(path)["permissions"] == {"contents": "read"}
    granted = {name for job in loaded(path)["jobs"].values() for name in job.get("permissions", {})}
    assert granted == ({"id-token"} if path.stem == "release" else set())


def test_ci_runs_on_each_python_of_the_classifiers() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    prefix = "Programming Language :: Python :: "
    versions = [
        each.removeprefix(prefix) for each in project["classifiers"] if each.startswith(f"{prefix}3.")
    ]
    jobs = loaded(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    for job in ("fast", "slow"):
        assert jobs[job]["strategy"]["matrix"]["python"] == versions


def test_the_hooks_download_nothing() -> None:
    repositories = loaded(ROOT / ".pre-commit-config.yaml")["repos"]
    assert [each["repo"] for each in repositories] == ["local"]
    for hook in repositories[0]["hooks"]:
        assert hook["language"] == "system"
        assert hook["entry"].startswith(".venv/bin/")


GOOD = (
    "cli: report invalid file names instead of crashing\n\nA name may have characters that no file can have."
)


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        (GOOD, ""),
        (GOOD.replace("cli:", "tests/unit, docs:"), "form"),
        (GOOD.replace("cli: ", ""), "form"),
        (GOOD.replace("report", "Report"), "form"),
        (GOOD.replace("crashing", "crashing" * 5), "characters"),
        (GOOD.replace("instead", "; instead"), "semicolon"),
        (GOOD.replace("crashing", "crashing."), "period"),
        (GOOD.replace("\n\n", "\n"), "not blank"),
        (GOOD.partition("\n")[0], "no reason"),
        ("", "form"),
    ],
)
def test_a_commit_message_has_a_form(message: str, problem: str) -> None:
    found = problems_of(message)
    assert bool(found) == bool(problem)
    assert not problem or problem in " ".join(found)


def test_the_hook_reads_the_message_as_git_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scissors = f"# {'-' * 24} >8 {'-' * 24}"
    edited = f"{GOOD}\n\n# Please enter the commit message\n{scissors}\n+x\n"
    assert without_comments(edited) == GOOD
    file = tmp_path / "COMMIT_EDITMSG"
    file.write_text(edited, encoding="utf-8")
    assert main(["--file", str(file)]) == 0
    file.write_text("Fixed it.\n", encoding="utf-8")
    assert main(["--file", str(file)]) == 1
    assert "'Fixed it.': The subject" in capsys.readouterr().out
