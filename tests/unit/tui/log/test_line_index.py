"""Heights and their running sums, whatever is done to them in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.tui.log.line_index import LineIndex

Step = tuple[str, int, list[int]]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["insert", "remove", "set", "look"]),
            st.integers(0, 20),
            st.lists(st.integers(1, 9), max_size=4),
        ),
        max_size=30,
    )
)
def test_it_agrees_with_a_plain_list(steps: list[Step]) -> None:
    index, plain = LineIndex(), list[int]()
    for what, at, heights in steps:
        at = min(at, len(plain))
        match what:
            case "insert":
                index.insert(at, heights)
                plain[at:at] = heights
            case "remove":
                index.remove(at, at + len(heights))
                del plain[at : at + len(heights)]
            case "set" if at < len(plain) and heights:
                index.set_height(at, heights[0])
                plain[at] = heights[0]
            case _:
                assert index.total == sum(plain)
    assert len(index) == len(plain)
    assert index.total == sum(plain)
    assert [index.start(number) for number in range(len(plain) + 1)] == [
        sum(plain[:number]) for number in range(len(plain) + 1)
    ]
    lines = [(number, place) for number, height in enumerate(plain) for place in range(height)]
    assert [index.find(line) for line in range(index.total)] == lines


def test_a_line_outside_is_an_error() -> None:
    index = LineIndex()
    index.insert(0, [2])
    for line in (-1, 2):
        with pytest.raises(IndexError):
            index.find(line)
