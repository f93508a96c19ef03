"""Instances of CSPLib prob046, as their file has them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from allocator.bench.refusal import no_instance

#: The number of an instance, and all up to the next one.
PART = re.compile(r"Instance #(\d+)\**(.*?)(?=\*\*Instance #|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance.

    Attributes
    ----------
    number
        Its number.
    slots
        Starts there are.
    agents
        For each agent the meetings that he attends.
    distances
        Slots that lie at least between two meetings of one agent.
    """

    number: int
    slots: int
    agents: tuple[tuple[int, ...], ...]
    distances: tuple[tuple[int, ...], ...]


def instance_texts(path: Path) -> dict[str, str]:
    """Return what a file in the form of CSPLib's says of each instance, by number.

    Raises
    ------
    InvalidProblem
        When the file has another form.
    """
    try:
        found = dict(PART.findall(path.read_text(encoding="utf-8")))
        if not found:
            raise ValueError("no line of the form 'Instance #1'")
    except ValueError as error:
        raise no_instance(path, "csplib046", error) from error
    return found


def read_instance(path: Path, number: str, text: str) -> Instance:
    """Read an instance from what its file says of it.

    Raises
    ------
    InvalidProblem
        When that has another form.
    """
    try:
        return _parsed(number, text)
    except ValueError as error:
        raise no_instance(path, "csplib046", error) from error


def _parsed(number: str, text: str) -> Instance:
    slots = re.search(r"DomainSize\s*=\s*(\d+)", text)
    if slots is None:
        raise ValueError(f"instance {number} has no DomainSize")
    agents = re.findall(r"Agents? \(\d+\):([\d ]*)", text)
    rows = re.findall(r"^\s*\d+\s*:([\d ]+)$", text.split("Distance")[-1], re.MULTILINE)
    instance = Instance(
        int(number),
        int(slots[1]),
        tuple(tuple(map(int, some.split())) for some in agents),
        tuple(tuple(map(int, row.split())) for row in rows),
    )
    many = len(rows)
    if not many or any(len(row) != many for row in instance.distances):
        raise ValueError(f"the distances of instance {number} are no square")
    if any(meeting >= many for some in instance.agents for meeting in some):
        raise ValueError(f"an agent of instance {number} attends a meeting of no distances")
    return instance
