"""`coze-tui completion`: the plan, the scripts, and the words that they ask for."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from coze_tui.cli.commands import COMMANDS
from coze_tui.cli.completion.candidates import KINDS, candidates_of
from coze_tui.cli.completion.plan import THEMES, rows
from coze_tui.cli.completion.scripts import SHELLS, script_of
from coze_tui.cli.exits import Exit
from coze_tui.text.i18n import use_language
from tests.support.commands import XIAOCHUN, Command
from tests.support.hostile_text import HARMLESS, HOSTILE
from tests.support.stores import talk, written

FREE = {"ID", "N", "X", "AGE", "WHEN", "NAME=VALUE", "TOOL=VALUE"}
"""The placeholders of values of which no shell can complete any."""


# --- the plan ---


def test_each_value_is_completed_unless_it_can_be_anything() -> None:
    for row in rows():
        command = COMMANDS[row.key.partition(" --")[0] or "chat"]
        for option in command.options:
            if option.value and option.value not in FREE:
                assert row.values[option.name] or "demo" in command.name, (command.name, option.name)
    values = {row.key: row.values for row in rows()}
    assert values["history export"]["--format"] == "md html jsonl sse"
    assert values["history export"]["--output"] == values["show"]["--save-images"] == "@folders"
    assert values["ask"]["--record"] == values["bench"]["--junit"] == "@files"
    assert values["ask"]["--fetch"] == "@chats"
    assert values[""]["-s"] == values["ask"]["--conversation"] == "@conversations"
    assert values["login"]["--lang"] == "auto en zh_CN"
    assert (values["ask"]["--bot"], values["demo"]["--bot"]) == ("@bots", "@demo-bots")


def test_the_words_of_a_command_are_completed_as_its_placeholder_says() -> None:
    words = {row.key: (row.words, row.takes_one_word) for row in rows()}
    assert words["show"] == ("@files last @chats", True)
    assert words["history import"] == ("@files", False)
    assert words["history delete"] == ("last @conversations", False)
    assert words["history delete --undo"] == ("@deleted", False)
    assert words["history rename"] == ("last @conversations", True)
    assert words["completion"] == ("bash zsh fish powershell", True)
    assert words["ask"] == words["doctor"] == ("", False)


def test_the_plan_has_only_words_that_a_script_can_contain() -> None:
    known = {f"@{kind}" for kind in KINDS} | {"@files", "@folders"}
    found = rows()
    switches = {name for row in found for name in row.options} - {n for row in found for n in row.values}
    for row in found:
        assert switches.isdisjoint(row.values), row.key  # an option takes a value everywhere or nowhere
        specs = [row.words, *row.values.values(), *row.options, *row.commands]
        for word in " ".join(specs).split():
            assert word in known or re.fullmatch(r"[a-z0-9_-]+", word, re.IGNORECASE), word
        folded = [name.casefold() for name in row.options]  # the keys of PowerShell's tables
        assert len(set(folded)) == len(folded), row.key


def test_the_themes_are_those_of_the_app() -> None:
    from textual.theme import BUILTIN_THEMES

    from coze_tui.tui.themes import AUTO_THEME, themes

    assert (AUTO_THEME, *(theme.name for theme in themes()), *sorted(BUILTIN_THEMES)) == THEMES


# --- the scripts ---


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_has_every_command_and_option_in_the_language_in_use(command: Command, shell: str) -> None:
    ran = command("completion", shell)
    assert (ran.status, ran.err) == (0, "")
    assert re.search(r"@[A-Z_]+@", ran.out) is None
    for name, each in COMMANDS.items():
        assert name in ran.out
        for option in each.options:
            assert option.name in ran.out
    if shell != "bash":  # it shows no descriptions
        assert "删除" in command("completion", shell, COZE_TUI_LANGUAGE="zh_CN").out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=ran.out, text=True, check=True, timeout=60)


def test_an_unknown_shell_is_refused_with_the_nearest(command: Command) -> None:
    ran = command("completion", "bsh")
    assert ran.status == Exit.USAGE
    assert "bash, zsh, fish, powershell" in ran.err
    assert command("completion").status == command("completion", "list", "x").status == Exit.USAGE


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_powershell_can_parse_its_script_and_reads_the_tables_as_they_are(language: str) -> None:
    """PowerShell cannot run here: a grammar of its language stands in for its parser."""
    powershell = pytest.importorskip("tree_sitter_powershell")
    tree_sitter = pytest.importorskip("tree_sitter")
    use_language(language)
    try:
        source, found = script_of("powershell"), rows()
    finally:
        use_language("en")
    tree = tree_sitter.Parser(tree_sitter.Language(powershell.language())).parse(source.encode())
    assert not tree.root_node.has_error
    literals, waiting = set(), [tree.root_node]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        if node.type == "verbatim_string_characters":
            literals.add(re.sub(r"(['‘’‚‛])\1", r"\1", node.text.decode()[1:-1]))
    for row in found:
        texts = {*row.commands.items(), *row.options.items()}
        assert {row.key, row.words, *(part for pair in texts for part in pair)} <= literals
        assert {row.key + option for option, value in row.values.items() if value} <= literals


def test_texts_are_quoted_for_each_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A translation may contain any character; the shells print it as it is, and run nothing of it."""
    hostile = 'it\'s "$(touch ran)" `touch ran` \\ \\n %s ; touch ran : [x]'
    monkeypatch.setattr("coze_tui.cli.completion.plan.help_of", lambda option: hostile)
    prints = {
        "bash": "",
        "zsh": 'compdef() { }; eval "$(cat script)"; __coze_tui_row ask; print -r -- ${flags[1]#*:}',
        "fish": "source ./script; __coze_tui_row options ask | string split -f 2 \\t | head -n 1",
    }
    for shell, check in prints.items():
        if not shutil.which(shell):
            continue
        (tmp_path / "script").write_text(script_of(shell), encoding="utf-8")
        run = [shell, "-c", check or 'source ./script; __coze_tui_row ask; echo "$options"']
        done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
        wanted = {"bash": "--bot", "zsh": hostile.replace("\\", "\\\\")}.get(shell, hostile)
        assert wanted in done.stdout, done
        assert not (tmp_path / "ran").exists()


# --- what the scripts ask for ---


@pytest.fixture
def saved(home: Path) -> Mapping[str, str]:
    """Store three conversations, one with a hostile title, and return the environment of the program."""
    for number, title in enumerate(("春节", HOSTILE, "$(touch ran)")):
        written(home, talk(title, (title, "answer"), at=1_738_000_000_000 + number))
    written(home, lambda c: c.execute("UPDATE chats SET chat_id = '74' || key"))
    written(home, lambda c: c.execute("UPDATE chats SET chat_id = '$(touch ran)' WHERE key = 3"))
    return {"COZE_TUI_HOME": str(home)}


def test_conversations_and_chats_are_listed_with_clean_titles_the_latest_first(
    saved: Mapping[str, str], command: Command
) -> None:
    titles = [text[17:] for _word, text in candidates_of("conversations", "", saved)]
    assert titles == ["$(touch ran)", f"{HARMLESS} ]52;c;eA==[ERROR]", "春节"]
    assert [(word, text[17:]) for word, text in candidates_of("chats", "", saved)] == [
        ("742", titles[1]),
        ("741", "春节"),
    ]
    assert candidates_of("deleted", "", saved) == []
    [first, *_] = candidates_of("conversations", "", saved)
    assert candidates_of("conversations", first[0][:5], saved) == [first]
    assert candidates_of("chats", "9", saved) == []
    ran = command("completion", "list", "conversations")
    assert ran.out.splitlines()[0] == "\t".join(first)
    assert command("history", "delete", first[0]).status == 0
    assert candidates_of("deleted", "", saved) == [first]
    assert first not in candidates_of("conversations", "", saved)


def test_bots_profiles_and_prompts_are_those_of_the_files(saved: Mapping[str, str], home: Path) -> None:
    config, state = home / "config", home / "state"
    (config / "prompts").mkdir(parents=True)
    (config / "prompts" / "review.md").write_text("Review this:\nnow")
    (config / "settings.toml").write_text('bot_id = 5\n[profiles.work]\n[profiles."a b; touch ran"]\n')
    state.mkdir()
    recent = {"6 https://api.coze.cn": "Lin", "$(touch ran) https://api.coze.cn": "evil"}
    (state / "remembered.json").write_text(json.dumps({"recent_bots": recent}))
    bots = candidates_of("bots", "", saved)
    assert bots[:2] == [("5", ""), ("6", "Lin")]
    assert "客服" in dict(bots).values()
    assert not any("touch" in word for word, _text in bots)
    assert candidates_of("profiles", "", saved) == [("work", ""), ("default", "")]
    assert candidates_of("prompts", "", saved) == [("review", "Review this:")]
    assert (XIAOCHUN, "Xiaochun") in candidates_of("demo-bots", "75", saved)


def test_completion_creates_nothing_and_needs_no_sound_files(home: Path) -> None:
    environment = {"COZE_TUI_HOME": str(home)}
    for kind in KINDS:
        candidates_of(kind, "", environment)
    assert not home.exists()
    for folder, name in (("config", "settings.toml"), ("data", "history.db"), ("state", "remembered.json")):
        (home / folder).mkdir(parents=True)
        (home / folder / name).write_bytes(b"\xff[no such format")
    (home / "config" / "credentials.json").write_bytes(b"{")
    assert {kind: candidates_of(kind, "", environment) for kind in ("conversations", "chats", "bots")} == {
        "conversations": [],
        "chats": [],
        "bots": [],
    }
    assert candidates_of("profiles", "", environment) == [("default", "")]
