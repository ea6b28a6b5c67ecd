"""`data:` URLs."""

from base64 import b64encode
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.text.data_urls import (
    DataImage,
    Folder,
    ShortImages,
    Unwrapper,
    data_images,
    data_url,
    folded,
    unwrapped,
    with_labels,
    with_short_images,
)

CONTENT = bytes(range(256)) * 4
PAYLOAD = b64encode(CONTENT).decode()
URL = f"data:image/png;base64,{PAYLOAD}"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        (URL, "image/png, 1.0 kB"),
        (folded(URL), "image/png, 1.0 kB"),
        ("data:image/svg+xml,%3Csvg%3E", "image/svg+xml, 5 B"),
        ("data:text/plain;charset=utf-8;base64,YWJj", "text/plain, 3 B"),
        ("data:image/png;base64,", "image/png, …"),
    ],
)
def test_a_data_url_has_a_type_and_a_size(url: str, text: str) -> None:
    facts = data_url(url)
    assert facts is not None
    assert facts.text == text


def test_other_urls_have_none() -> None:
    for url in ("https://a.b", "data:", "data:,x", "mydata:image/png;base64,x"):
        assert data_url(url) is None


@pytest.mark.parametrize(
    ("text", "images"),
    [
        (f"a ![pic *1*]({URL} 'title') b", [DataImage("pic *1*", "image/png", CONTENT)]),
        (f'<img alt="图" src="{URL}">', [DataImage("图", "image/png", CONTENT)]),
        (f"see {URL}", [DataImage("", "image/png", CONTENT)]),
        ("![](data:image/svg+xml,%3Csvg%3E)", [DataImage("", "image/svg+xml", b"<svg>")]),
        ("![](data:image/png;base64,A) [x](https://a.b)", []),
        (f"![]({URL.replace('+', '-').replace('/', '_').replace('image_', 'image/').rstrip('=')})", 1),
    ],
)
def test_images_are_found_and_decoded(text: str, images: list[DataImage] | int) -> None:
    found = data_images(text)
    if isinstance(images, int):
        assert [image.content for image in found] == [CONTENT]
    else:
        assert found == images


PIECES = st.sampled_from(
    [
        "data:image/png;base64,",
        "data:image/svg+xml,",
        PAYLOAD,
        "=",
        "%3C",
        "x" * 70,
        "QUJD",
        ",",
        ")",
        " ",
        "data:",
        "中",
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join), st.lists(st.integers(1, 90), min_size=1, max_size=6))
def test_folding_does_not_depend_on_the_cuts(line: str, sizes: list[int]) -> None:
    folder = Folder()
    shown, at, number = "", 0, 0
    while at < len(line):
        size = sizes[number % len(sizes)]
        shown += folder.feed(line[at : at + size])
        at, number = at + size, number + 1
    assert shown + folder.end_line() == folded(line)


def test_folding_changes_nothing_but_data() -> None:
    assert folded(f"a ![b]({URL}) c\nd") == "a ![b](data:image/png;base64,…1024-bytes) c\nd"
    assert folded("data:image/png;base64,QUJD and data: x, y") == "data:image/png;base64,QUJD and data: x, y"
    assert with_labels(folded(f"see {URL}.")) == "see [image] (image/png, 1.0 kB)."


def test_images_are_short_in_plain_output() -> None:
    text = f"a ![图 *1*]({URL} 't') b ![]({URL}) {URL}\n![x](https://a.b)"
    label = "(image/png, 1.0 kB)"
    assert (
        with_short_images(text)
        == f"a [image: 图 *1*] {label} b [image] {label} [image] {label}\n![x](https://a.b)"
    )
    assert with_short_images(f"<img width=1 src='{URL}' alt='图'> <IMG src={URL}>") == (
        f"[image: 图] {label} [image] {label}"
    )


def test_nothing_is_held_of_long_data() -> None:
    folder = Folder()
    folder.feed("data:image/png;base64,")
    assert "".join(folder.feed(PAYLOAD) for _ in range(100)) == ""
    assert folder.end_line().startswith("…1")


WRAPPED = "\n".join(PAYLOAD[at : at + 76] for at in range(0, len(PAYLOAD), 76))


@pytest.mark.parametrize(
    ("before", "after"),
    [("![pic](", ") b"), ('<img src="', '">'), ("[f](<", ">)"), ("see ", ""), ("see ", "\n\nand more")],
)
@pytest.mark.parametrize("indent", ["", "  "])
def test_base64_over_several_lines_is_one_line(before: str, after: str, indent: str) -> None:
    text = f"{before}data:image/png;base64,{WRAPPED.replace(chr(10), chr(10) + indent)}{after}"
    assert unwrapped(text) == f"{before}{URL}{after}"


@pytest.mark.parametrize(
    "text",
    [
        f"see {URL}\nDone",
        f"see {URL}\n",
        f"![pic]({URL})\n{PAYLOAD}",
        "![pic](data:image/png;base64,AAAA\nBBBB",
        "a, b\n" + "c" * 80 + "\n" + "d" * 80,
    ],
)
def test_text_after_data_stays_on_its_line(text: str) -> None:
    assert unwrapped(text) == text


SNIPPETS = [
    *(f"![pic]({URL})", URL, WRAPPED, "![a](https://b.c)", "![", "!", "data:", "data:image/png;base64,"),
    *("![x](data:image/png;base64,", ")", "word ", "\n", "e.g. d", "dat", ", ", "[", "]", "(", "AAAA"),
]


@given(st.lists(st.sampled_from(SNIPPETS), max_size=8), st.lists(st.integers(0, 3_000), max_size=12))
def test_where_text_was_cut_does_not_matter(pieces: list[str], cuts: list[int]) -> None:
    text = "".join(pieces)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    cut_up = [text[start:end] for start, end in pairwise(places)]
    unwrapper, images = Unwrapper(), ShortImages()
    assert "".join(map(unwrapper.feed, cut_up)) + unwrapper.flush() == unwrapped(text)
    assert "".join(map(images.feed, cut_up)) + images.flush() == with_short_images(text)
