"""The language of the program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from coze_tui.text import i18n
from coze_tui.text.i18n import _, current_language, language_of, languages, ngettext, use_language


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    before = current_language()
    yield
    use_language(before)


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "zh_TW.UTF-8"}, "zh_CN"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "zh_CN"),
        ({"LC_ALL": "en_GB.UTF-8", "LC_MESSAGES": "zh_CN.UTF-8"}, "en"),
        ({"LC_ALL": "", "LANG": "zh_CN.GB18030"}, "zh_CN"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "fr:zh_CN:en"}, "zh_CN"),
        ({"LANG": "zh_CN.UTF-8", "LANGUAGE": "en"}, "en"),
        ({"LC_ALL": "C", "LANGUAGE": "zh_CN"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"LANG": "POSIX"}, "en"),
        ({"LANG": "\ud800"}, "en"),
    ],
)
def test_the_environment_chooses_as_gettext_does(environment: Mapping[str, str], language: str) -> None:
    assert language_of(environment) == language


def test_texts_change_with_the_language_at_once() -> None:
    assert use_language("zh_CN") == "zh_CN"
    assert _("no token found") != "no token found"
    assert use_language("en") == "en"
    assert _("no token found") == "no token found"


@pytest.mark.parametrize("code", ["zh-Hans", "zh_CN.UTF-8", "ZH_cn", "zh"])
def test_spellings_of_a_language_are_understood(code: str) -> None:
    assert use_language(code) == "zh_CN"


@pytest.mark.parametrize("code", ["tlh", "", "../../etc", "zh_CN/../.."])
def test_an_unknown_language_is_english(code: str) -> None:
    assert use_language(code) in languages()
    assert use_language("xx") == "en"


def test_the_empty_text_is_not_the_catalog_s_header() -> None:
    use_language("zh_CN")
    assert _("") == ""


def test_an_untranslated_text_is_shown_as_it_is() -> None:
    use_language("zh_CN")
    assert _("no catalog holds this sentence") == "no catalog holds this sentence"


def test_numbers_choose_the_form_in_english() -> None:
    assert [ngettext("{n} day", "{n} days", n) for n in (0, 1, 2)] == ["{n} days", "{n} day", "{n} days"]


def test_a_broken_catalog_speaks_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "catalog_file", lambda code: __file__)
    assert use_language("zh_CN") == "en"
    monkeypatch.setattr(i18n, "catalog_file", lambda code: "/nowhere")
    assert use_language("zh_CN") == "en"
    assert _("no token found") == "no token found"


def test_every_language_has_a_catalog_and_its_own_name() -> None:
    assert dict(languages())["zh_CN"] == "简体中文"
    for code in languages():
        assert use_language(code) == code
