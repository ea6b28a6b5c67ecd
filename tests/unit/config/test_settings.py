"""What can be set."""

from __future__ import annotations

from pathlib import Path

from coze_tui.config.settings import Settings, Source, definitions
from coze_tui.text.i18n import languages


def test_the_site_has_a_short_name() -> None:
    assert Settings(base_url="https://api.coze.com").site == "coze.com"


def test_frames_are_fewer_over_ssh_unless_they_are_set() -> None:
    assert Settings().frame_rate(over_ssh=False) == 30
    assert Settings().frame_rate(over_ssh=True) == 15
    assert Settings(max_fps=60).frame_rate(over_ssh=True) == 60


def test_every_field_that_can_be_set_is_described_by_a_fragment() -> None:
    for name, definition in definitions().items():
        assert definition.doc[:1].islower(), name
        assert not definition.doc.endswith("."), name


def test_every_source_has_words() -> None:
    for source in (
        Source("default"),
        Source("remembered"),
        Source("chosen"),
        Source("file", "f"),
        Source("profile", "p"),
        Source("flag", "--x"),
        Source("environment", "X"),
    ):
        assert str(source)


def test_the_language_can_be_each_of_the_languages_and_its_text_names_them() -> None:
    definition = definitions()["language"]
    for code in ("auto", *languages()):
        assert definition.reader(code, Path()) == code
        assert code in definition.doc
