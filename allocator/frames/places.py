"""Places: where in the input an object stands, so that the domain's faults name file and row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem

#: Kinds that share their ids with another kind.
_SIBLINGS = {"request": "session", "relation": "precedence"}
#: A word of a fault of the horizon, and the key that it is about.
_KEYS = (
    ("now,", "now"),
    ("zone", "zone"),
    ("days", "days"),
    ("grain", "grain_minutes"),
    ("ticks", "grain_minutes"),
    ("starts on", "first"),
    ("freeze_before", "freeze_before"),
    ("counts load", "off_peak_bucket_minutes"),
    ("has a step", "off_peak_steps"),
)


class Places:
    """Files and rows by kind and id.

    ``top`` is where the problem itself is described, ``keys`` where each of its keys stands.
    """

    def __init__(self) -> None:
        self.top = ""
        self.keys: dict[str, str] = {}
        self._rows: dict[tuple[str, str], list[tuple[str, Any]]] = {}

    def add(self, kind: str, id: str, where: str, cells: Any = ()) -> None:
        """Remember where an object stands, and what stands there."""
        self._rows.setdefault((kind, id), []).append((where, cells))

    def of(self, fault: Fault) -> str:
        """Say where the object of a fault stands."""
        rows = list(self._rows.get((fault.kind, fault.id), ()))
        sibling = _SIBLINGS.get(fault.kind)
        if sibling is not None and (not rows or fault.code is FaultCode.DUPLICATE):
            rows += self._rows.get((sibling, fault.id), [])
        if not rows:
            return self._key(fault)
        if fault.code is FaultCode.DUPLICATE:
            return _joined([where for where, _ in rows])
        # Some kinds have no id of their own: the row that says most of the message is meant.
        return max(rows, key=lambda row: sum(str(c) in fault.message for c in row[1] if c != ""))[0]

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
        Whether the horizon could be read.
    """
    problem = None
    if whole:
        try:
            problem = Problem(**fields)
        except InvalidProblem as error:
            silent = set()
            if lost:
                silent |= {FaultCode.UNKNOWN_NAME, FaultCode.MISSING, FaultCode.NOBODY}
            if spoilt:
                silent.add(FaultCode.NOBODY)
            faults += [
                replace(fault, where=places.of(fault))
                for fault in error.faults
                if fault.code not in silent and (fault.kind, fault.id) not in spoilt
            ]
    if faults:
        raise InvalidProblem(faults)
    assert problem is not None
    return problem
