"""Check commit messages: `python -m tests.support.commit_messages origin/main..`.

With `--file` it checks the message in a file, as a hook of git. Prints each problem with its commit, and
exits with status 1 if there are any. CONTRIBUTING.md has the rules.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

LONGEST_SUBJECT = 72
_SUBJECT = re.compile(r"[a-z][a-z0-9 /_.-]*: [a-z`]\S*( \S+)+")
_SCISSORS = "# ------------------------ >8 ------------------------"
"""Where `git commit --verbose` starts the diff, which is no part of the message."""


def problems_of(message: str) -> list[str]:
    """Return what is wrong with a message, one sentence for each problem."""
    lines = message.rstrip("\n").split("\n")
    subject, rest = lines[0], lines[1:]
    found = []
    if not _SUBJECT.fullmatch(subject):
        found.append("The subject is not of the form `area: imperative verb and object`.")
    if len(subject) > LONGEST_SUBJECT:
        found.append(f"The subject has {len(subject)} characters, and {LONGEST_SUBJECT} are allowed.")
    if ";" in subject:
        found.append("The subject has a semicolon: a commit contains one change.")
    if subject.endswith("."):
        found.append("The subject ends with a period.")
    if rest and rest[0]:
        found.append("The second line is not blank.")
    if not any(rest):
        found.append("There is no reason below the subject.")
    return found


def without_comments(text: str) -> str:
    """Return the message that git makes of the text in an editor."""
    lines = text.partition(_SCISSORS)[0].splitlines()
    return "\n".join(line.rstrip() for line in lines if not line.startswith("#")).strip()


def messages_of(commits: str) -> Iterator[tuple[str, str]]:
    """Yield the short hash and the message of each commit of a range, without merges, oldest first."""
    log = ("git", "log", "--no-merges", "--reverse", "--format=%h%n%B%x00", commits)
    for entry in subprocess.run(log, check=True, capture_output=True, encoding="utf-8").stdout.split("\0"):
        name, _, message = entry.strip().partition("\n")
        if name:
            yield name, message


def main(arguments: list[str] | None = None) -> int:
    """Check what the command line names, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.commit_messages")
    parser.add_argument("commits", help="a range of commits, or with --file the file with one message")
    parser.add_argument("--file", action="store_true")
    given = parser.parse_args(arguments)
    messages = (
        [("message", without_comments(Path(given.commits).read_text(encoding="utf-8")))]
        if given.file
        else messages_of(given.commits)
    )
    status = 0
    for name, message in messages:
        for problem in problems_of(message):
            status = 1
            sys.stdout.write(f"{name} {message.partition(chr(10))[0]!r}: {problem}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
