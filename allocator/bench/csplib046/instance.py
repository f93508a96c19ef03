"""Instances of CSPLib prob046, as their file has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from allocator.bench.refusal import no_instance


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


def read_instances(path: Path) -> list[Instance]:
    """Read the instances of a file in the form of CSPLib's.

    Raises
    ------
    InvalidProblem
        When the file has another form.
    """
    try:
        found = list(_parsed(path.read_text(encoding="utf-8")))
        if not found:
            raise ValueError("no line of the form 'Instance #1'")
    except ValueError as error:
        raise no_instance(path, "csplib046", error) from error
    return found


def _parsed(text: str) -> Iterator[Instance]:
    for number, part in re.findall(
        r"Instance #(\d+)\**(.*?)(?=\*\*Instance #|\Z)", text, re.DOTALL
    ):
        slots = re.search(r"DomainSize\s*=\s*(\d+)", part)
        if slots is None:
            raise ValueError(f"instance {number} has no DomainSize")
        agents = re.findall(r"Agents? \(\d+\):([\d ]*)", part)
        rows = re.findall(r"^\s*\d+\s*:([\d ]+)$", part.split("Distance")[-1], re.MULTILINE)
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
        yield instance
