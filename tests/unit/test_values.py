"""Value classes behave like frozen dataclasses."""

from __future__ import annotations

import copy
import pickle
from dataclasses import asdict, field, fields, replace

import pytest

from coze_tui.values import recordclass, valueclass


@valueclass
class Point:
    """Two numbers and a note that does not count."""

    x: int
    y: int = 0
    note: str = field(default="", compare=False)


@valueclass
class Other:
    """The same fields."""

    x: int
    y: int = 0
    note: str = field(default="", compare=False)


@valueclass
class Single:
    """One field."""

    text: str


@valueclass
class Nothing:
    """No field."""


@valueclass
class Loud:
    """A text of its own."""

    secret: str = field(repr=False)
    name: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Loud) and other.name.casefold() == self.name.casefold()

    def __hash__(self) -> int:
        return hash(self.name.casefold())


def test_values_are_equal_if_their_class_and_fields_are() -> None:
    assert Point(1, 2) == Point(1, 2, "note") != Point(1, 3)
    others: list[object] = [Other(1, 2), (1, 2), Nothing()]
    assert Point(1, 2) not in others
    assert Single("a") == Single("a") != Single("b")
    assert Nothing() == Nothing()
    assert {Point(1, 2), Point(1, 2, "note"), Point(2, 1)} == {Point(1, 2), Point(2, 1)}
    assert len({Nothing(), Nothing(), Single("a"), Single("a")}) == 2


def test_a_value_that_holds_a_list_has_no_hash() -> None:
    with pytest.raises(TypeError, match="unhashable"):
        hash(Single(["a"]))  # type: ignore[arg-type]


def test_a_class_may_define_how_its_values_compare() -> None:
    assert Loud("1", "A") == Loud("2", "a")
    assert len({Loud("1", "A"), Loud("2", "a")}) == 1


def test_a_value_shows_its_fields() -> None:
    assert repr(Point(1, note="n")) == "Point(x=1, y=0, note='n')"
    assert repr(Nothing()) == "Nothing()"
    assert repr(Loud("s", "n")) == "Loud(name='n')"


def test_dataclasses_work_with_values() -> None:
    assert replace(Point(1, 2), y=3) == Point(1, 3)
    assert asdict(Point(1, 2)) == {"x": 1, "y": 2, "note": ""}
    assert [item.name for item in fields(Point)] == ["x", "y", "note"]


def test_values_are_copied_and_pickled() -> None:
    point = Point(1, 2, "n")
    assert copy.copy(point) == copy.deepcopy(point) == pickle.loads(pickle.dumps(point)) == point


def test_a_value_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Point(1).z = 3  # type: ignore[attr-defined]


def test_the_type_check_refuses_to_change_a_value() -> None:
    # mypy reports an unused "type: ignore" if it stops refusing
    Point(1).x = 3  # type: ignore[misc]


def test_a_value_is_matched_by_position_and_by_name() -> None:
    match Point(1, 2):
        case Point(1, y=second):
            assert second == 2
        case _:
            pytest.fail("not matched")


@valueclass
class Listed:
    """A field that is made for each value."""

    name: str
    items: list[str] = field(default_factory=list)


def test_a_default_may_be_made_for_each_value() -> None:
    one, other = Listed("a"), Listed("a")
    one.items.append("x")
    assert (one.items, other.items, Listed("a", ["y"]).items) == (["x"], [], ["y"])


def test_wrong_arguments_are_refused_by_the_first_value_and_the_next() -> None:
    @valueclass
    class Fresh:
        name: str

    for _ in range(2):
        with pytest.raises(
            TypeError, match=r"Fresh.__init__\(\) missing 1 required positional argument: 'name'"
        ):
            Fresh()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="unexpected keyword argument 'other'"):
            Fresh("a", other="b")  # type: ignore[call-arg]
    assert Fresh("a") == Fresh(name="a")


def test_two_threads_that_read_the_fields_first_find_the_same() -> None:
    @valueclass
    class Fresh:
        name: str
        items: list[str] = field(default_factory=list)

    computed = vars(Fresh)["__dataclass_fields__"]
    for found in (computed.__get__(None, Fresh), computed.__get__(None, Fresh)):
        assert [*found] == ["name", "items"]
        assert found["items"].default_factory is list


def test_a_record_changes_and_so_has_no_hash() -> None:
    @recordclass
    class Fresh:
        name: str
        items: list[str] = field(default_factory=list)

    record = Fresh("a")
    record.name = "b"
    assert record == Fresh("b") != Fresh("a")
    with pytest.raises(TypeError, match="unhashable"):
        hash(record)


def test_a_value_class_extends_another() -> None:
    @valueclass
    class Place(Point):
        names: tuple[str, ...] = ()

    place = Place(1, 2, names=("A",))
    assert [item.name for item in fields(Place)] == ["x", "y", "note", "names"]
    assert place == Place(1, 2, "note", ("A",)) != Place(1, 2)
    assert place != Point(1, 2)
    match place:
        case Place(1, 2, "", names):
            assert names == ("A",)
        case _:
            pytest.fail("not matched")
