"""The parts of the table of commands: options, how their values are read, and what was given for them.

Plain classes: dataclasses and typing alone take longer to import than `--help` may take.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from coze_tui.config.setting_options import SETTING_OPTIONS
from coze_tui.text.i18n import N_, _, listed

TYPE_CHECKING = False  # see i18n
if TYPE_CHECKING:
    from typing import Any

    from coze_tui.errors import SettingsError

OptionReader = Callable[[str, str], object]
"""Takes the name of an option and the text of its value; raises SettingsError."""


class Option:
    """One option of a command.

    Args:
        help: English; shown through `_`, with `{default}` filled in.
        value: the placeholder of its value; empty for a switch.
        dest: the attribute of `Arguments` if it is not the name of the option.
        setting: the field of Settings that the option sets.
        repeats: whether the option may be repeated; its value is a list then.
        read: converts the text of the value; without it the value stays a text.
        default: the value if the option is not given.
        excludes: the options that cannot be given together with this one.
        is_optional: whether the value may be left out; it is an empty text then.
    """

    def __init__(
        self,
        name: str,
        help: str,
        value: str = "",
        *,
        short: str = "",
        dest: str = "",
        setting: str = "",
        repeats: bool = False,
        read: OptionReader | None = None,
        default: object = None,
        excludes: Sequence[str] = (),
        is_optional: bool = False,
    ) -> None:
        self.name = name
        self.names = (short, name) if short else (name,)
        self.help = help
        self.value = value
        self.dest = dest or name.removeprefix("--").replace("-", "_")
        self.setting = setting
        self.repeats = repeats
        self.read = read
        self.excludes = excludes
        self.is_optional = is_optional
        self.default = [] if repeats else default if value else False


def option_of(setting: str) -> Option:
    """Return the option of a setting; name and help come from the setting."""
    flag = SETTING_OPTIONS[setting]
    return Option(flag.name, flag.help, flag.value, setting=setting)


HELP = Option("--help", N_("show this help and exit"), short="-h")
NO_PROJECT = Option("--no-project", N_("ignore a project file (.coze-tui.toml) in this folder or above it"))
VERSION = Option("--version", N_("show the version and exit"))


class Command:
    """One command of the program.

    Args:
        name: one word, or two, such as `history list`.
        handler: `module:function`, the module below `coze_tui.cli`. The function takes the arguments and the
            environment and returns the exit status. It is imported when the command runs.
        words: the placeholder of the words that the command takes; empty if it takes none.
        note: one more paragraph of help.
        opens_screen: whether the first frame is painted before the handler is imported. The handler then
            takes this frame as its third argument.
        handles_ctrl_c: whether the handler takes Ctrl+C itself. Until then Ctrl+C kills the process, so
            nothing that runs before may need to be cleaned up.
        resumes_collection: whether the handler resumes garbage collection, after imports of its own.
    """

    def __init__(
        self,
        name: str,
        summary: str,
        options: Sequence[Option],
        handler: str,
        *,
        words: str = "",
        note: str = "",
        opens_screen: bool = False,
        handles_ctrl_c: bool = False,
        resumes_collection: bool = False,
    ) -> None:
        self.name = name
        self.summary = summary
        self.options = (*options, HELP, VERSION)
        self.handler = handler
        self.words = words
        self.note = note
        self.opens_screen = opens_screen
        self.handles_ctrl_c = handles_ctrl_c
        self.resumes_collection = resumes_collection


class Arguments:
    """The values of a command's options by their attributes, and its words.

    Args:
        given: values that replace the defaults.
    """

    help: bool
    version: bool

    def __init__(self, command: Command, **given: object) -> None:
        self.command = command
        self.words: list[str] = []
        self.__dict__.update({option.dest: option.default for option in command.options} | given)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def settings(self) -> Mapping[str, object]:
        """Return the settings that were given as options, by field name."""
        found: dict[str, object] = {}
        for option in self.command.options:
            given = getattr(self, option.dest)
            if option.is_optional and not given:
                continue
            if option.setting and given not in (None, False):
                found[option.setting] = given if option.value else False  # a switch turns its setting off
        return found


# --- values ---


def wrong(problem: str, *, source: str, known: Sequence[str] = (), word: str = "") -> SettingsError:
    """Return the error that ends the program with the status for wrong arguments.

    Args:
        known: the words of which the nearest is suggested.
        word: the wrong word, if that is not the source.
    """
    from coze_tui.errors import SettingsError
    from coze_tui.text.matching import nearest

    return SettingsError(problem, source=source, suggestion=nearest(word or source, known) if known else "")


class OneOf:
    """A reader that accepts some words only."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def __call__(self, option: str, text: str) -> str:
        if text not in self.words:
            problem = _("must be one of: {words}").format(words=listed(self.words))
            raise wrong(problem, source=option, known=self.words, word=text)
        return text


def assignment(option: str, text: str) -> str:
    """Return `TOOL=VALUE` unchanged: a name may contain `=`, too. Raise SettingsError for another form."""
    if "=" not in text:
        raise wrong(_("must have the form {form}").format(form="TOOL=VALUE"), source=option)
    return text


def filling(option: str, text: str) -> str:
    """Return `NAME=VALUE` unchanged; raise SettingsError for another form."""
    if not text.partition("=")[1]:
        raise wrong(_("must have the form {form}").format(form="NAME=VALUE"), source=option)
    return text


def one_line(option: str, text: str) -> str:
    """Read an ID. Raises SettingsError if it contains characters that no text may have."""
    if not text.isprintable():
        raise wrong(_("contains a line break or another control character"), source=option)
    return text


def whole_number(lowest: int, highest: int) -> OptionReader:
    """Return a reader of whole numbers in these bounds."""

    def read(option: str, text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) < 10 and lowest <= int(text) <= highest):
            problem = _("must be a whole number from {lowest} to {highest}")
            raise wrong(problem.format(lowest=lowest, highest=highest), source=option)
        return int(text)

    return read


def number(lowest: float, highest: float) -> OptionReader:
    """Return a reader of numbers in these bounds."""

    def read(option: str, text: str) -> float:
        try:
            found = float(text)
        except ValueError:
            found = lowest - 1
        if not lowest <= found <= highest:  # also for nan
            problem = _("must be a number from {lowest:g} to {highest:g}")
            raise wrong(problem.format(lowest=lowest, highest=highest), source=option)
        return found

    return read


_DAYS_IN = {"d": 1, "w": 7, "y": 365}
_MOST_DAYS = 36_500


def age_in_days(text: str) -> int | None:
    """Return `30d`, `12w` or `1y` in days, at most 36,500; None if the text is none of these."""
    text = text.strip().lower()
    count, unit = text[:-1], text[-1:]
    if unit not in _DAYS_IN or not (count.isascii() and count.isdecimal() and len(count) <= 5):
        return None
    return min(_MOST_DAYS, int(count) * _DAYS_IN[unit])
