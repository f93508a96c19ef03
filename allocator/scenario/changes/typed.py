"""What a planner wrote, as the fields of a change have it: lists as tuples, no text for a list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from datetime import date, datetime
from numbers import Integral
from typing import Any, get_args, get_origin

from allocator.domain.faults import FaultCode
from allocator.frames.columns import hints
from allocator.scenario.changes.change import Change, refuse

#: How messages call what a field holds.
CALLED = {str: "text", bool: "True or False", int: "a whole number", date: "a date"}


def typed(change: Change) -> Change:
    """Return a change whose fields are what their type hints say.

    Lists and sets are taken as tuples and frozensets, and the whole numbers of others (NumPy's)
    as numbers. Changes that are no dataclasses are left as they are.

    Raises
    ------
    InvalidProblem
        Where a field holds something else: one text in place of several, half a percent, an
        instant in place of a date.
    """
    kind: Any = type(change)
    if not hasattr(kind, "__dataclass_fields__"):
        return change
    named: dict[str, Any] = {f.name: getattr(change, f.name) for f in fields(kind)}
    made: Change = kind(
        **{name: _typed(name, value, hints(kind)[name]) for name, value in named.items()}
    )
    return made


def _typed(name: str, value: Any, hint: Any) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin in (tuple, frozenset):
        if isinstance(value, str) or not isinstance(value, Iterable):
            shown = f"{{{value!r}}}" if origin is frozenset else f"[{value!r}]"
            raise _wrong(name, value, f"several are expected, such as {name}={shown}")
        return origin(_typed(name, item, args[0]) for item in value)
    wanted = next((kind for kind in CALLED if hint is kind or kind in args), None)
    if wanted is None or (value is None and args):
        return value
    if wanted is int and not isinstance(value, bool) and isinstance(value, Integral):
        return int(value)
    if wanted is int or not isinstance(value, wanted) or isinstance(value, datetime):
        raise _wrong(name, value, f"{CALLED[wanted]} is expected")
    return value


def _wrong(name: str, value: object, expected: str) -> Exception:
    return refuse(FaultCode.WRONG_TYPE, "change", name, f"{name} is {value!r}; {expected}.")
