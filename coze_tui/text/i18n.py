"""The language of the program: gettext catalogs, chosen once and changeable while it runs.

English is the source. Texts are asked for when they are shown, so a change of language shows at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping

TYPE_CHECKING = False  # as typing's, which is slow to import: `--help` comes by here
if TYPE_CHECKING:
    from gettext import GNUTranslations

DOMAIN = "coze_tui"
SOURCE = "en"


class _Chosen:
    """The only global state of the process, like its locale: the catalog in use."""

    language = SOURCE
    catalog: GNUTranslations | None = None


def _(text: str) -> str:
    """Return the text in the language in use."""
    if _Chosen.catalog is None or not text:
        return text
    return _Chosen.catalog.gettext(text)


def ngettext(singular: str, plural: str, n: int) -> str:
    """Return the form of the text for the number `n`, in the language in use."""
    if _Chosen.catalog is None:
        return singular if n == 1 else plural
    return _Chosen.catalog.ngettext(singular, plural, n)


def N_(text: str) -> str:
    """Return the text unchanged, marked for translation; show it with `_`."""
    return text


def listed(items: Iterable[str]) -> str:
    """Return the items as a list in the language in use: `a, b` in English, `a、b` in Chinese."""
    return _(", ").join(items)


def clause(name: str, predicate: str) -> str:
    """Return a name with a translated predicate about it: `--yes is required`.

    A blank separates them, unless both sides are Chinese characters.
    """
    has_blank = not (_is_han(name[-1:]) and _is_han(predicate[:1]))
    return f"{name} {predicate}" if has_blank else f"{name}{predicate}"


def _is_han(character: str) -> bool:
    return "\u4e00" <= character <= "\u9fff"


def separated(items: Iterable[str]) -> str:
    """Return facts that are not items of one list, in the language in use: `a; b`, in Chinese `a；b`."""
    return _("; ").join(items)


def languages() -> Mapping[str, str]:
    """Return the codes that `use_language` accepts, with the languages' own names."""
    return {"en": "English", "zh_CN": "简体中文"}


def current_language() -> str:
    """Return the code of the language in use."""
    return _Chosen.language


def is_chinese(code: str) -> bool:
    """Return whether a code of `languages` is Chinese."""
    return code.startswith("zh")


def use_language(code: str) -> str:
    """Show all further text in this language, or in English if it has no catalog.

    Returns:
        The code now in use.
    """
    code = _nearest(code) or SOURCE
    if code == SOURCE:
        _Chosen.language, _Chosen.catalog = SOURCE, None
        return SOURCE
    import gettext

    try:
        with open(catalog_file(code), "rb") as file:
            _Chosen.language, _Chosen.catalog = code, gettext.GNUTranslations(file)
    except (OSError, ValueError, UnicodeError):  # a broken installation speaks English
        _Chosen.language, _Chosen.catalog = SOURCE, None
    return _Chosen.language


def catalog_file(code: str) -> str:
    """Return the path of a language's compiled catalog."""
    return os.path.join(os.path.dirname(__file__), "locales", code, "LC_MESSAGES", f"{DOMAIN}.mo")


def language_of(environment: Mapping[str, str]) -> str:
    """Return the language that the environment requests, by gettext's rules.

    LANGUAGE is a list, but counts only if the locale (LC_ALL, LC_MESSAGES, LANG) is not C.
    """
    for locale_name in _locale_names(environment):
        code = _nearest(locale_name)
        if code:
            return code
    return SOURCE


def _locale_names(environment: Mapping[str, str]) -> Iterator[str]:
    locale = next(
        (value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), ""
    )
    if locale.partition(".")[0] in ("C", "POSIX"):
        yield SOURCE
        return
    yield from environment.get("LANGUAGE", "").split(":")
    yield locale
    if sys.platform == "win32" and not locale:
        import ctypes
        from locale import windows_locale

        yield windows_locale.get(ctypes.windll.kernel32.GetUserDefaultUILanguage(), "")


def _nearest(locale_name: str) -> str:
    """Return `zh_CN` for `zh_TW.UTF-8`, `zh-Hans` or `zh_CN@x`; "" for a language without catalog."""
    tag = locale_name.partition(".")[0].partition("@")[0].replace("-", "_").casefold()
    for code in languages():
        if tag == code.casefold():
            return code
    for code in languages():
        if tag.partition("_")[0] == code.partition("_")[0]:
            return code
    return ""
