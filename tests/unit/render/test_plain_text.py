"""Markdown as plain text: no marks, nothing lost, written once however it arrives."""

from __future__ import annotations

import pytest

from coze_tui.render.plain import PlainText, plain_text

EVERYTHING = """# Title

One **bold**. Two *and `code`*! 三\\_四。 ~~gone~~
[text](https://example.com/%E6%98%A5) <https://example.com/a> a note[^1].

1. first
   - [x] done
2. second

> quoted **text**
> more

> [!NOTE]
> Take care.

```python
a = "**"  # [x](y)
```

| Name | Price |
|:-----|------:|
| `a`<br>b | **5** |
| c | |

$$
x_1 * y_1
$$

[^1]: The note.
"""
SHOWN = """Title

One bold. Two and code! 三_四。 ~~gone~~
text (https://example.com/春) https://example.com/a a note[1].

1. first
   - [x] done
2. second

> quoted text
> more

> Note
> Take care.

Code (python):
a = "**"  # [x](y)

Name: a
  b
Price: 5

Name: c
Price:

$$
x_1 * y_1
$$

[1] The note."""


def test_everything_is_text() -> None:
    assert plain_text(EVERYTHING) == SHOWN


@pytest.mark.parametrize("size", [1, 2, 3, 7, 40])
def test_the_text_does_not_depend_on_how_it_was_cut(size: int) -> None:
    text = PlainText()
    pieces = [text.feed(EVERYTHING[at : at + size]) for at in range(0, len(EVERYTHING), size)]
    assert ("".join(pieces) + text.finish()).rstrip("\n") == SHOWN


@pytest.mark.parametrize(
    ("source", "final"),
    [
        ("One. Two", "One."),
        ("一。\n二", "一。\n"),
        ("- a. b", "- a."),
        ("**a. b", ""),
        ("a | b. c", ""),
        ("a | b\n", ""),
        ("| a |\n|---|\n| 1 |\n| 2", "a: 1\n"),
        ("```py\nx = 1\ny", "Code (py):\nx = 1\n"),
        ("[a]: b. c", ""),
    ],
)
def test_what_no_later_text_can_change_is_written_at_once(source: str, final: str) -> None:
    assert PlainText().feed(source) == final


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("| a | b |\n|---|---|", "a:\nb:"),
        ("text\na | b\n--|--\n1 | 2 | 3", "text\n\na: 1\nb: 2 | 3"),
        ("[a]: https://example.com\n\n[x][a]", "[a]: https://example.com\n\nx (https://example.com)"),
        ("[a]: https://example.com\n===", "[a]: https://example.com\n==="),
        ("-\n  a\n-", "- a\n-"),
        ("    code\n\n    more\n\nend", "code\n\nmore\n\nend"),
        ("Head\n===\ntext", "Head\ntext"),
        ("<me@example.com> <https://example.com>", "me@example.com https://example.com"),
        ("a  \nb\\\nc<br>d", "a\nb\nc\nd"),
        ("![cat](data:image/png;base64," + "A" * 400 + ")", "[image: cat] (image/png, 300 B)"),
        ("![cat](data:image/png;base64," + "A" * 76 + "\n" + "A" * 4 + ")", "[image: cat] (image/png, 60 B)"),
        ("regex [^abc] and [^1]", "regex [^abc] and [1]"),
        ("a\\\nb\\\n\n- c\\\n\nd\\\n===\ne\\", "a\nb\\\n\n- c\\\n\nd\\\ne\\"),
    ],
)
def test_each_block_keeps_its_text(source: str, text: str) -> None:
    assert plain_text(source) == text


def test_a_long_line_with_open_marks_is_not_parsed_over_and_over() -> None:
    source = "[" + '{"a": 1, "b": "**c"}, ' * 3_000
    text = PlainText()
    shown = "".join(text.feed(source[at : at + 20]) for at in range(0, len(source), 20)) + text.finish()
    assert shown.count("{") == 3_000
    assert text.parsed_chars < 10 * len(source)
