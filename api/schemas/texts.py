"""Texts that can be kept: PostgreSQL holds no null character, and UTF-8 no half of a pair."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field

from api.store.ids import LONGEST_NAME

_BAD = re.compile("[\0\ud800-\udfff]")
#: What a body has to hold for a text in it to be bad.
_ESCAPE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
#: First and last year of an instant: beyond, offsets leave the calendar.
YEARS = (1971, 2199)


def kept(text: str) -> str:
    """Return a text that can be kept.

    Raises
    ------
    ValueError
        Naming the character that cannot, and where it stands.
    """
    found = _BAD.search(text)
    if found is not None:
        raise ValueError(
            f"character {found.start() + 1} is U+{ord(found[0]):04X}, which cannot be kept"
        )
    return text


def demand_kept(value: Any) -> Any:
    """Return what was parsed from JSON; raise ``ValueError`` where a text in it cannot be kept."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            kept(found)
        elif isinstance(found, list):
            waiting.extend(found)
        elif isinstance(found, dict):
            waiting.extend(found)
            waiting.extend(found.values())
    return value


def suspect(body: bytes) -> bool:
    """Say whether a body may hold a text that cannot be kept: quick, and never wrongly no."""
    return _ESCAPE.search(body) is not None


def within(instant: datetime) -> datetime:
    """Return an instant of the years that are served."""
    first, last = YEARS
    if not first <= instant.year <= last:
        raise ValueError(f"an instant lies between {first} and {last}")
    return instant


def whole(instant: datetime) -> datetime:
    """Return an instant that falls on a whole minute."""
    if instant.second or instant.microsecond:
        raise ValueError("an instant falls on a whole minute")
    return instant


Text = Annotated[str, AfterValidator(kept)]
Name = Annotated[Text, Field(min_length=1, max_length=LONGEST_NAME)]
AnyInstant = Annotated[AwareDatetime, AfterValidator(within)]
Instant = Annotated[AnyInstant, AfterValidator(whole)]
