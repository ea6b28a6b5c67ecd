"""A secret that a server splits over deltas is masked as one in a single piece is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.config.secret_cleaner import SecretCleaner
from coze_tui.text.cleaning import clean

SECRET = "pat_pat_abcpat_xyz0"


def joined(pieces: list[str], secret: str = SECRET) -> str:
    cleaner = SecretCleaner(lambda: secret)
    return "".join(map(cleaner.feed, pieces)) + cleaner.flush()


PARTS = st.sampled_from([SECRET, SECRET[:4], SECRET[:9], SECRET[4:], "p", "好", " ", "pat", "word"])


@given(st.lists(PARTS, max_size=8).map("".join), st.data())
def test_however_it_is_split_no_more_than_its_first_letters_are_shown(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=30)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    found = joined(pieces)
    assert SECRET not in found
    if SECRET not in text:
        assert found == clean(text)
    else:
        assert "***" in found


def test_a_beginning_waits_and_is_shown_if_something_else_follows() -> None:
    cleaner = SecretCleaner(lambda: SECRET)
    assert cleaner.feed("is it pat_pat") == "is it "
    assert cleaner.feed("_ab or not") == "pat_pat_ab or not"
    assert cleaner.feed("help") == "help"
    assert cleaner.feed("pat_pat") == ""
    assert cleaner.flush() == "pat_pat"


def test_a_secret_of_a_few_letters_is_none() -> None:
    assert joined(["a", "bc"], secret="abc") == "abc"
    assert joined(["a", "bc"], secret="") == "abc"
