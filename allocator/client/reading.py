"""Answers as dataclasses, by their type hints: what this version does not know is passed over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin

from allocator.frames.columns import hints

T = TypeVar("T")


def read(cls: type[T], document: Mapping[str, Any], **other: Any) -> T:
    """Make an object of a document of the service's.

    Parameters
    ----------
    cls
        A dataclass; fields that have a default may be missing in the document.
    document, other
        Its fields as JSON, and further ones as they are to be.
    """
    kind: Any = cls
    kinds = hints(kind)
    given = {
        field.name: _value(kinds[field.name], document[field.name])
        for field in fields(kind)
        if field.name in document and field.name not in other
    }
    found: T = kind(**given, **other)
    return found


def _value(hint: Any, given: Any) -> Any:
    if given is None:
        return None
    origin, args = get_origin(hint), get_args(hint)
    if origin is UnionType:
        return _value(next(one for one in args if one is not NoneType), given)
    if origin is tuple and args[-1] is Ellipsis:
        return tuple(_value(args[0], one) for one in given)
    if hint in (date, datetime):
        return hint.fromisoformat(given)
    if isinstance(hint, type) and is_dataclass(hint):
        return read(hint, given)
    return given
