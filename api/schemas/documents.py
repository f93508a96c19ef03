"""Bodies in the library's JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from api.problems import Invalid
from api.schemas.texts import demand_kept, suspect


def parsed(body: bytes) -> Any:
    """Parse what was sent as JSON."""
    try:
        found = json.loads(body, parse_constant=_no_number)
        return demand_kept(found) if suspect(body) else found
    except (ValueError, RecursionError) as error:
        raise Invalid(f"The body is not JSON: {error}.") from error


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def one(body: bytes) -> Mapping[str, Any]:
    """Return the object that was sent."""
    found = parsed(body)
    if not isinstance(found, dict):
        raise Invalid("An object is expected.")
    return found


def some(body: bytes) -> list[Mapping[str, Any]]:
    """Return the objects that were sent: one, or a list of them."""
    found = parsed(body)
    given = found if isinstance(found, list) else [found]
    if not given or not all(isinstance(item, dict) for item in given):
        raise Invalid("An object, or a list of objects, is expected.")
    return given
