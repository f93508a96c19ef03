"""Places: where in the input an object stands, so that the domain's faults name file and row."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.names import KnownGoal, KnownRule, name_faults
from allocator.domain.problem import Problem
from allocator.domain.validate import of_the_horizon
from allocator.frames.cell_times import read_instant
from allocator.frames.notation import CellError
from allocator.frames.sheets import Sheet
from allocator.prepare.openings import holiday_faults

#: Kinds that share their ids with another kind.
_SIBLINGS = {"request": "session", "relation": "precedence"}
#: A word of a fault of the horizon, and the key that it is about.
_WORD = re.compile(r"[\w:+.-]*\w")
_KEYS = (
    ("now,", "now"),
    ("zone", "zone"),
    ("days", "days"),
    ("grain", "grain_minutes"),
    ("ticks", "grain_minutes"),
    ("starts on", "first"),
    ("freeze_before", "freeze_before"),
    ("most_changes", "most_changes"),
    ("counts load", "off_peak_bucket_minutes"),
    ("has a step", "off_peak_steps"),
    ("without the rule", "without_rules"),
)

#: The rules and goals that there are.
Known = tuple[Collection[KnownRule], Collection[KnownGoal]]


class Objects:
    """The objects of one list of a document, in place of a sheet."""

    def __init__(self, name: str, items: list[Any]) -> None:
        self.source = name
        self.rows = [[item] for item in items]

    def where(self, index: int) -> str:
        """Say where an object stands."""
        return f"{self.source}[{index}]"


class Place:
    """A row, and what stands in it."""

    __slots__ = ("_index", "_sheet")

    def __init__(self, sheet: Sheet | Objects, index: int) -> None:
        self._sheet = sheet
        self._index = index

    @property
    def where(self) -> str:
        """File and row."""
        return self._sheet.where(self._index)

    def said(self, message: str) -> tuple[int, bool, bool]:
        """Count the letters of its cells that a message says, however it writes an instant.

        Say also whether they come in the same order, and whether the message says what its
        table is of: "a contract" is in contracts.csv, though a skill may have the same dates.
        """
        words = {word: at for at, word in reversed(list(enumerate(_words(message))))}
        found: dict[str, int] = {}
        for cell in self._sheet.rows[self._index]:
            found |= {word: words[word] for word in _words(cell) if word in words}
        order = list(found.values())
        table = self._sheet.source.removesuffix(".csv").removesuffix("s")
        return sum(map(len, found)), order == sorted(order), table in words


def _words(cell: Any) -> Iterator[str]:
    """Yield the words of a cell or a message; the same instant is the same word."""
    try:
        yield read_instant(cell).isoformat()
    except CellError:
        words = _WORD.findall(str(cell))
        yield from words if words == [cell] else (w for word in words for w in _words(word))


class Places:
    """Where the objects stand, by kind and id.

    ``top`` is where the problem itself is described, ``keys`` where each of its keys stands.
    """

    def __init__(self) -> None:
        self.top = ""
        self.keys: dict[str, str] = {}
        self._own: dict[tuple[str, str], list[Place]] = {}
        self._parts: dict[tuple[str, str], list[Place]] = {}

    def add(self, kind: str, id: str, place: Place, own: bool = True) -> None:
        """Remember a row of an object: its own, or one of a table that belongs to it."""
        (self._own if own else self._parts).setdefault((kind, id), []).append(place)

    def orphans(self) -> Iterator[tuple[str, str, str]]:
        """Yield kind, id and place of rows that belong to an object that has no row."""
        for (kind, id), places in self._parts.items():
            if (kind, id) not in self._own:
                for place in places:
                    yield kind, id, place.where

    def ids(self, kind: str) -> list[str]:
        """Return the ids of a kind that have rows."""
        return sorted(id for one, id in self._own if one == kind)

    def of(self, fault: Fault) -> str:
        """Say where the object of a fault stands: the row that says most of the message."""
        key = (fault.kind, fault.id)
        rows = list(self._own.get(key, ()))
        sibling = _SIBLINGS.get(fault.kind)
        if sibling is not None and (not rows or fault.code is FaultCode.DUPLICATE):
            rows += self._own.get((sibling, fault.id), [])
        if not rows:
            return self._key(fault)
        if fault.code is FaultCode.DUPLICATE and "is defined" in fault.message:
            return _joined([place.where for place in rows])
        rows += self._parts.get(key, ())
        # What there is instead is no part of what was written.
        message = fault.message.partition("; there are")[0]
        return max(rows, key=lambda place: place.said(message)).where

    def _key(self, fault: Fault) -> str:
        if fault.kind in ("horizon", "problem", "off_peak"):
            for word, key in _KEYS:
                if word in fault.message and key in self.keys:
                    return self.keys[key]
            return self.top
        return ""


def _joined(places: list[str]) -> str:
    """Join ``a row 1`` and ``a row 2`` to ``a rows 1 and 2``."""
    sources = [place.rpartition(" row ") for place in places]
    if len(places) > 1 and len({source for source, _, _ in sources}) == 1 and sources[0][1]:
        numbers = [number for _, _, number in sources]
        return f"{sources[0][0]} rows {', '.join(numbers[:-1])} and {numbers[-1]}"
    return ", ".join(places)


def settle(
    fields: dict[str, Any],
    faults: list[Fault],
    places: Places,
    spoilt: set[tuple[str, str]],
    lost: bool,
    whole: bool,
    known: Known,
) -> Problem:
    """Make the problem, or raise all faults: those of the input and those of the domain.

    Where the input has faults, only such of the domain's are told as do not follow from them.

    Parameters
    ----------
    fields
        Fields of the problem; what could not be read has stand-ins.
    faults
        Faults of the input.
    places
        Where objects stand.
    spoilt
        Kind and id of the objects with faults in the input.
    lost
        Whether some objects could not be made at all.
    whole
        Whether the horizon is the one that was meant, and no stand-in.
    known
        The rules and goals that there are.
    """
    problem = None
    found = [f for calendar in fields.get("calendars", ()) for f in holiday_faults(calendar)]
    found += name_faults(
        fields.get("levels", ()),
        fields.get("without_rules", ()),
        fields.get("requests", ()),
        *known,
    )
    try:
        problem = Problem(**fields)
    except InvalidProblem as error:
        found = [*error.faults, *found]
    if found:
        silent = {FaultCode.NOBODY} if spoilt else set()
        if lost:
            silent |= {FaultCode.UNKNOWN_NAME, FaultCode.MISSING, FaultCode.NOBODY}
        faults += [
            replace(fault, where=places.of(fault))
            for fault in found
            if fault.code not in silent
            and (fault.kind, fault.id) not in spoilt
            and (whole or not of_the_horizon(fault))
        ]
    if faults:
        raise InvalidProblem(dict.fromkeys(faults))
    assert problem is not None
    return problem
