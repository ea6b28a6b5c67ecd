"""From words to a command and its options."""

from __future__ import annotations

import re

import pytest

from coze_tui.cli.command_lookup import find_command
from coze_tui.cli.commands import CHAT, COMMANDS
from coze_tui.cli.exits import MEANINGS, Exit
from coze_tui.cli.main import handler_of
from coze_tui.cli.options import HELP, VERSION, age_in_days
from coze_tui.cli.parser import cells, help_text, read_arguments, wrapped
from coze_tui.errors import SettingsError
from coze_tui.text.i18n import _, use_language

ASK = COMMANDS["ask"]


@pytest.mark.parametrize(
    ("tokens", "name", "rest"),
    [
        ([], "chat", []),
        (["-c"], "chat", ["-c"]),
        (["--bot", "ask"], "chat", ["--bot", "ask"]),
        (["ask", "hello"], "ask", ["hello"]),
        (["--lang", "zh_CN", "ask", "hello"], "ask", ["--lang", "zh_CN", "hello"]),
        (["--lang=zh_CN", "doctor"], "doctor", ["--lang=zh_CN"]),
        (["ask", "login"], "ask", ["login"]),
        (["history", "search", "login"], "history search", ["login"]),
        (["history"], "history", []),
        (["--json", "history", "show", "-c"], "history show", ["--json", "-c"]),
        (["history", "--json"], "history", ["--json"]),
    ],
)
def test_the_first_word_is_the_command(tokens: list[str], name: str, rest: list[str]) -> None:
    command, left = find_command(tokens)
    assert (command.name, left) == (name, rest)


def test_an_unknown_command_names_the_nearest() -> None:
    with pytest.raises(SettingsError) as caught:
        find_command(["aks", "hello"])
    assert (caught.value.source, caught.value.suggestion) == ("aks", "ask")


@pytest.mark.parametrize("question", ["hi", "is it ok", "x", "a=b", "h"])
def test_a_question_may_be_of_the_shortest_words(question: str) -> None:
    assert read_arguments(COMMANDS["ask"], question.split()).words == question.split()


@pytest.mark.parametrize(
    "question",
    [
        "-1 + 2",
        "-1",
        "--- a rule",
        "-",
        "-c is a flag?",
        "- a list",
        "--what does this do?",
        "-x=1",
        "—",
        "-1+2=1",
    ],
)
def test_a_question_may_begin_with_a_minus(question: str) -> None:
    assert read_arguments(ASK, ["--events", question]).words == [question]


@pytest.mark.parametrize("question", ["--help", "-c", "--bot", "--", "-h"])
def test_behind_two_minuses_everything_is_the_question(question: str) -> None:
    arguments = read_arguments(ASK, ["--", question])
    assert arguments.words == [question]
    assert not arguments.help


def test_options_may_stand_before_between_and_after_words() -> None:
    arguments = read_arguments(ASK, ["--bot", "5", "how", "--json", "are", "you", "--profile=work"])
    assert arguments.words == ["how", "are", "you"]
    assert (arguments.bot, arguments.json, arguments.profile) == ("5", True, "work")


def test_a_value_may_begin_with_a_minus_or_hold_an_equals_sign() -> None:
    arguments = read_arguments(ASK, ["--user", "--me", "--tool-output", "add=a=b", "--tool-output=sub=-1"])
    assert arguments.user == "--me"
    assert arguments.tool_output == ["add=a=b", "sub=-1"]


def test_short_options_are_their_long_ones() -> None:
    arguments = read_arguments(CHAT, ["-c", "-s", "77"])
    assert arguments.continues is True
    assert arguments.conversation == "77"


@pytest.mark.parametrize(
    ("tokens", "source", "suggestion"),
    [
        (["--evnts"], "--evnts", "--events"),
        (["--hlep"], "--hlep", "--help"),
        (["-x"], "-x", ""),
        (["--bot"], "--bot", ""),
        (["--json=yes"], "--json", ""),
        (["--even"], "--even", "--events"),
    ],
)
def test_a_wrong_option_is_named(tokens: list[str], source: str, suggestion: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_arguments(ASK, tokens)
    assert caught.value.source == source
    assert caught.value.suggestion == suggestion or not suggestion


def test_a_word_where_none_is_taken_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        read_arguments(COMMANDS["logout"], ["everything"])
    assert caught.value.source == "everything"


def test_a_choice_names_what_there_is() -> None:
    with pytest.raises(SettingsError) as caught:
        read_arguments(COMMANDS["serve"], ["--dialect", "studo"])
    assert "official, studio" in caught.value.problem
    assert caught.value.suggestion == "studio"


@pytest.mark.parametrize(
    ("command", "option", "value", "read"),
    [
        ("serve", "--port", "65535", 65535),
        ("serve", "--port", "65536", None),
        ("serve", "--port", "-1", None),
        ("serve", "--port", "1.5", None),
        ("serve", "--port", "٣", None),
        ("serve", "--pace", "0.5", 0.5),
        ("serve", "--pace", "nan", None),
        ("serve", "--pace", "fast", None),
        ("bench", "--runs", "0", None),
        ("stats", "--by", "day", "day"),
        ("ask", "--tool-output", "add", None),
    ],
)
def test_a_value_is_read_or_named_with_its_option(
    command: str, option: str, value: str, read: object
) -> None:
    if read is not None:
        arguments = read_arguments(COMMANDS[command], [option, value])
        assert getattr(arguments, option.removeprefix("--")) == read
        return
    with pytest.raises(SettingsError) as caught:
        read_arguments(COMMANDS[command], [option, value])
    assert caught.value.source == option


@pytest.mark.parametrize(
    ("command", "tokens", "source", "other"),
    [
        ("ask", ["--json", "--raw"], "--raw", "--json"),
        ("ask", ["--raw", "--no-stream"], "--raw", "--no-stream"),
        ("stats", ["--csv", "--json"], "--csv", "--json"),
    ],
)
def test_options_that_exclude_each_other_are_both_named(
    command: str, tokens: list[str], source: str, other: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        read_arguments(COMMANDS[command], tokens)
    assert caught.value.source == source
    assert other in caught.value.problem


@pytest.mark.parametrize(
    ("text", "days"),
    [("30d", 30), (" 12W ", 84), ("1y", 365), ("99999y", 36_500), ("3", None), ("d", None), ("²d", None)],
)
def test_an_age_is_read_as_days(text: str, days: int | None) -> None:
    assert age_in_days(text) == days


def test_help_goes_before_anything_that_is_wrong() -> None:
    assert read_arguments(ASK, ["--evnts", "--help", "--bot"]).help


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_has_a_handler(name: str) -> None:
    assert callable(handler_of(COMMANDS[name]))


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_names_every_option(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    text = help_text(COMMANDS[name])
    for option in COMMANDS[name].options:
        assert (option.name in text) is (option is not VERSION or name == "chat")
        if option.value:
            assert f"{option.name} {option.value}" in text
    assert "{default}" not in text


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_has_the_note_of_every_command(name: str) -> None:
    note = " ".join(COMMANDS[name].note.split())
    assert note in " ".join(help_text(COMMANDS[name]).split())


def test_a_default_stands_in_the_help(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert "show at most N; 0 shows all (default: 200)" in help_text(COMMANDS["history search"])


def test_each_command_is_listed_by_the_help_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    for name, each in COMMANDS.items():
        first, _, second = name.partition(" ")
        text = " ".join(help_text(COMMANDS[first] if second else CHAT).split())
        assert f" {name} {each.summary}" in text
    assert "history list" not in help_text(CHAT)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("width", [40, 64, 80, 100])
def test_help_fits_and_its_columns_stand(language: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    use_language(language)
    try:
        for command in COMMANDS.values():
            lines = help_text(command).splitlines()
            body = [line for line in lines[1:] if not line.startswith("  -")]
            assert max(map(cells, body)) <= max(width, 64)
            rows = [row for line in lines if (row := re.match(r"  \S.*?\S {2,}(?=\S)", line))]
            assert any(_(HELP.help).startswith(row.string[row.end() :]) for row in rows)
            assert len({row.end() for row in rows}) == 1
    finally:
        use_language("en")


def test_words_stay_whole_and_nothing_is_lost() -> None:
    text = "只有一行（带括号）的说明，以及 --option 和 words that stay whole。（"
    for width in range(2, 60):
        lines = wrapped(text, width)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all("option" not in line or "--option" in line for line in lines)
        assert not any(line.startswith(("，", "。", "）")) for line in lines)


def test_an_unknown_second_word_names_the_nearest() -> None:
    with pytest.raises(SettingsError) as caught:
        find_command(["history", "exprot", "x"])
    assert (caught.value.source, caught.value.suggestion) == ("history exprot", "history export")


def test_no_name_means_two_things() -> None:
    for each in COMMANDS.values():
        names = [name for option in each.options for name in option.names]
        assert len(names) == len(set(names))
        attributes = [option.dest for option in each.options]
        assert len(attributes) == len(set(attributes))
        assert not {"words", "command", "settings"} & set(attributes)


def test_the_help_names_the_meaning_of_each_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    lines = help_text(CHAT).partition("\nexit status:\n")[2].splitlines()
    rows = [line.split(maxsplit=1) for line in lines if line.startswith("  ")]
    assert [row[0] for row in rows] == [str(int(status)) for status in Exit]
    assert rows[Exit.USAGE][1] == MEANINGS[Exit.USAGE]
