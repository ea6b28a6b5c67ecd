"""From words to a command and its options."""

from __future__ import annotations

import pytest

from coze_tui.cli.commands import CHAT, COMMANDS
from coze_tui.cli.exits import MEANINGS, Exit
from coze_tui.cli.help import cells, help_text, wrapped
from coze_tui.cli.options import find_command, read_arguments
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
    assert getattr(arguments, "continue") is True
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
        read_arguments(COMMANDS["serve"], ["--profile-name", "studo"])
    assert "official, studio" in caught.value.problem
    assert caught.value.suggestion == "studio"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_names_every_option(name: str) -> None:
    text = help_text(COMMANDS[name])
    for option in COMMANDS[name].options:
        assert option.name in text
    assert "--help" in text


def test_each_command_is_listed_by_the_help_before_it() -> None:
    for name, each in COMMANDS.items():
        first, _, second = name.partition(" ")
        text = help_text(COMMANDS[first] if second else CHAT, 200)
        assert f"  {name} " in text
        assert each.summary in text
    assert "history list" not in help_text(CHAT)


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("width", [40, 64, 80, 100])
def test_help_fits_and_its_columns_stand(language: str, width: int) -> None:
    use_language(language)
    try:
        for command in COMMANDS.values():
            lines = help_text(command, width).splitlines()
            body = [line for line in lines[1:] if not line.startswith("  -")]
            assert max(map(cells, body)) <= max(width, 64)
            told = next(line for line in lines if line.startswith("  -h, --help"))
            assert cells(told[: -len(_("show this and end"))]) == 24
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
        attributes = [option.attribute for option in each.options]
        assert not {"words", "help", "version"} & set(attributes)


def test_the_help_ends_with_what_each_status_means() -> None:
    lines = help_text(CHAT, 200).splitlines()
    told = lines[lines.index("exit status:") + 1 :]
    assert [line.split(maxsplit=1)[0] for line in told] == [str(int(status)) for status in Exit]
    assert told[Exit.USAGE].endswith(MEANINGS[Exit.USAGE])
