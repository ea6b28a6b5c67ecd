"""The completion scripts: a template for each shell, filled with the plan."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from coze_tui import __version__
from coze_tui.cli.completion.plan import Row, rows


def script_of(shell: str) -> str:
    """Return the completion script of one of `SHELLS`, with descriptions in the language in use."""
    file, fill = SHELLS[shell]
    with open(os.path.join(os.path.dirname(__file__), file), encoding="utf-8") as template:
        text = template.read()
    parts = fill(rows()) | {"VERSION": __version__}
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


# --- the tables ---


def _by_value(found: Sequence[Row]) -> Mapping[str, Sequence[str]]:
    """Return pairs of command and option, grouped by the completions of the option's value."""
    pairs: dict[str, list[str]] = {}
    for row in found:
        for option, value in row.values.items():
            if value:
                pairs.setdefault(value, []).append(row.key + option)
    return pairs


def _with_value(found: Sequence[Row]) -> list[str]:
    """Return the options that take a value."""
    return sorted({option for row in found for option in row.values})


def _in_bash(found: Sequence[Row]) -> dict[str, str]:
    def row_lines() -> Iterator[str]:
        for row in found:
            yield f"    {_quoted(row.key)})"
            yield f"        commands={_quoted(' '.join(row.commands))}"
            yield f"        options={_quoted(' '.join(row.options))}"
            yield f"        words={_quoted(row.words)} one={'1' if row.takes_one_word else ''}"
            yield "        ;;"

    return _with_cases(found, row_lines(), "values", "")


def _in_zsh(found: Sequence[Row]) -> dict[str, str]:
    def described(texts: Mapping[str, str]) -> str:
        return " ".join(
            _quoted(f"{name}:{text.replace(chr(92), chr(92) * 2)}") for name, text in texts.items()
        )

    def row_lines() -> Iterator[str]:
        for row in found:
            yield f"    ({_quoted(row.key)})"
            yield f"        subcommands=({described(row.commands)})"
            yield f"        flags=({described(row.options)})"
            yield f"        wanted={_quoted(row.words)} one={'1' if row.takes_one_word else ''}"
            yield "        ;;"

    return _with_cases(found, row_lines(), "values", "(")


def _with_cases(found: Sequence[Row], lines: Iterable[str], name: str, opening: str) -> dict[str, str]:
    """Return the parts of a script of a shell with the `case` of sh."""
    values = (
        f"    {opening}{'|'.join(map(_quoted, pairs))}) {name}={_quoted(value)} ;;"
        for value, pairs in _by_value(found).items()
    )
    return {
        "ROWS": "\n".join(lines),
        "VALUES": "\n".join(values),
        "TAKES_VALUE": "|".join(_with_value(found)),
    }


def _in_fish(found: Sequence[Row]) -> dict[str, str]:
    def printed(texts: Mapping[str, str]) -> str:
        pairs = " ".join(f"{_quoted_for_fish(name)} {_quoted_for_fish(text)}" for name, text in texts.items())
        return f"printf '%s\\t%s\\n' {pairs}" if pairs else "true"

    def row_lines() -> Iterator[str]:
        for row in found:
            yield f"        case {_quoted_for_fish(row.key)}"
            yield "            switch $argv[1]"
            yield f"                case commands\n                    {printed(row.commands)}"
            yield f"                case options\n                    {printed(row.options)}"
            yield f"                case words\n                    echo {_quoted_for_fish(row.words)}"
            if row.takes_one_word:
                yield "                case one\n                    echo 1"
            yield "            end"

    values = (
        f"        case {' '.join(map(_quoted_for_fish, pairs))}\n            echo {_quoted_for_fish(value)}"
        for value, pairs in _by_value(found).items()
    )
    taking = " ".join(_with_value(found))
    return {"ROWS": "\n".join(row_lines()), "VALUES": "\n".join(values), "TAKES_VALUE": taking}


def _in_powershell(found: Sequence[Row]) -> dict[str, str]:
    def table(texts: Mapping[str, str]) -> str:
        pairs = "; ".join(
            f"{_quoted_for_powershell(name)} = {_quoted_for_powershell(text)}" for name, text in texts.items()
        )
        return f"[ordered]@{{ {pairs} }}" if pairs else "@{}"

    def row_lines() -> Iterator[str]:
        for row in found:
            yield f"        {_quoted_for_powershell(row.key)} = @{{"
            yield f"            Commands = {table(row.commands)}"
            yield f"            Options = {table(row.options)}"
            yield f"            Words = {_quoted_for_powershell(row.words)}"
            yield f"            One = ${str(row.takes_one_word).lower()}"
            yield "        }"

    values = (
        f"        {_quoted_for_powershell(pair)} = {_quoted_for_powershell(value)}"
        for value, pairs in _by_value(found).items()
        for pair in pairs
    )
    taking = ", ".join(map(_quoted_for_powershell, _with_value(found)))
    return {"ROWS": "\n".join(row_lines()), "VALUES": "\n".join(values), "TAKES_VALUE": taking}


def _quoted(text: str) -> str:
    """Return a text as one word of bash and zsh."""
    return "'" + text.replace("'", "'\\''") + "'"


def _quoted_for_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _quoted_for_powershell(text: str) -> str:
    """Return a text as a literal of PowerShell, which treats typographic quotes as quotes."""
    return "'" + "".join(each * 2 if each in "'‘’‚‛" else each for each in text) + "'"


SHELLS: Mapping[str, tuple[str, Callable[[Sequence[Row]], dict[str, str]]]] = {
    "bash": ("coze-tui.bash", _in_bash),
    "zsh": ("coze-tui.zsh", _in_zsh),
    "fish": ("coze-tui.fish", _in_fish),
    "powershell": ("coze-tui.ps1", _in_powershell),
}
"""For each shell, the template file and the function that fills it."""
