"""Value classes: equal if their fields are equal. Fast to make, because hardly anything is compiled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from operator import attrgetter
from typing import TypeVar, dataclass_transform

_T = TypeVar("_T")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def valueclass(cls: type[_T]) -> type[_T]:
    """Return the class as a dataclass with slots whose instances are values.

    Use it like a frozen dataclass with slots; `replace`, `fields` and `asdict` accept its instances.

    The standard library's dataclasses compile six methods for each such class, which took a fifth of the
    start of `coze-tui ask`. Here only `__init__` is compiled, for the first instance, and only the
    type checker prevents changes of a value. Fields cannot be `kw_only` or `init=False`.
    """
    return _made(cls, _hash)


@dataclass_transform(field_specifiers=(field,))
def recordclass(cls: type[_T]) -> type[_T]:
    """Return the class as `valueclass` does, but its fields may change, so its instances are not hashable."""
    return _made(cls, None)


def _made(cls: type[_T], hash_method: Callable[[object], int] | None) -> type[_T]:
    """Return a copy of the class with slots and the methods of a value, unless the class has its own."""
    names = tuple(cls.__annotations__)
    own = {name: value for name, value in cls.__dict__.items() if name not in ("__dict__", "__weakref__")}

    def attribute_of_dataclass(name: str) -> _Late:
        def compute(made: type[object]) -> object:
            copied = type(made.__name__, made.__bases__, {**own})  # `dataclass` changes it
            return vars(dataclass(init=False, repr=False, eq=False)(copied))[name]

        return _Late(compute)

    namespace = {
        "__init__": _first_init,
        "__eq__": _equal,
        "__hash__": hash_method,
        "__repr__": _repr,
        "__dataclass_fields__": attribute_of_dataclass("__dataclass_fields__"),
        "__dataclass_params__": attribute_of_dataclass("__dataclass_params__"),
        "__compared__": _Late(_compared_of),
        **{name: value for name, value in own.items() if name not in names},
        "__slots__": names,
        "__match_args__": (*getattr(cls, "__match_args__", ()), *names),
    }
    made: type[_T] = type(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    return made


class _Late:
    """An attribute of a class that is computed when it is first read, which few classes are in a short run.

    Several threads may compute it at once, with equal results.
    """

    def __init__(self, compute: Callable[[type], object]) -> None:
        self._compute = compute

    def __set_name__(self, cls: type, name: str) -> None:
        self._name = name

    def __get__(self, _value: object, cls: type) -> object:
        found = self._compute(cls)
        setattr(cls, self._name, found)
        return found


def _compared_of(cls: type) -> Callable[[object], object]:
    names = [item.name for item in fields(cls) if item.compare]
    return attrgetter(*names or ("__class__",))


def _first_init(value: object, *arguments: object, **named: object) -> None:
    """Compile `__init__` for the class of this value, which is its first one, and call it."""
    cls = value.__class__
    init = _init_of(cls)
    cls.__init__ = init  # type: ignore[method-assign]
    init(value, *arguments, **named)


def _init_of(cls: type[object]) -> Callable[..., None]:
    names: dict[str, object] = {"MISSING": MISSING}
    parameters = ["self"]
    lines = []
    for item in fields(cls):  # type: ignore[arg-type]
        name, default = item.name, f"_{item.name}"
        if item.default_factory is not MISSING:
            names[default] = item.default_factory
            parameters.append(f"{name}=MISSING")
            lines.append(f" self.{name} = {default}() if {name} is MISSING else {name}\n")
            continue
        names[default] = item.default
        parameters.append(name if item.default is MISSING else f"{name}={default}")
        lines.append(f" self.{name} = {name}\n")
    code = f"def __init__({', '.join(parameters)}):\n{''.join(lines) or ' pass'}"
    exec(code, names)  # as in the standard library; the names are those of our own fields
    init: Callable[..., None] = names["__init__"]  # type: ignore[assignment]
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    return init


def _equal(one: object, other: object) -> object:
    if one.__class__ is not other.__class__:
        return NotImplemented
    compared = one.__compared__  # type: ignore[attr-defined]
    return compared(one) == compared(other)


def _hash(one: object) -> int:
    return hash(one.__compared__(one))  # type: ignore[attr-defined]


def _repr(one: object) -> str:
    values = (f"{item.name}={getattr(one, item.name)!r}" for item in fields(one) if item.repr)  # type: ignore[arg-type]
    return f"{one.__class__.__qualname__}({', '.join(values)})"
