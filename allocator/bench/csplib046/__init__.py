"""Meetings of agents who travel between them: CSPLib prob046."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allocator.bench.case import Case, InstanceSet
from allocator.bench.csplib046.instance import instance_texts, read_instance
from allocator.bench.csplib046.problem import problem_of
from allocator.bench.csplib046.score import score
from allocator.domain.faults import Fault, FaultCode, InvalidProblem

#: The file that holds all instances, and how many these are.
FILE, PUBLISHED = "instances.md", 25
#: The numbers of those that have no solution, as published.
INFEASIBLE = frozenset((*range(6, 19), 25))


class AgentMeetings(InstanceSet):
    """Meetings, each at a place of its own, of agents who attend several."""

    name = "csplib046"
    sentence = (
        "Meetings at places of their own, of agents who travel between them: CSPLib prob046; 14 of"
        " the 25 cannot all be held (CC BY 4.0, https://www.csplib.org/Problems/prob046)."
    )
    files = "Take Problems/prob046/data/instances.md from https://github.com/csplib/csplib."

    def instances(self, folder: Path) -> Sequence[tuple[str, Path]]:
        """Return the instances of the folder's file, by number."""
        path = folder / FILE
        return [(name, path) for name in self.names_in(path)] if path.exists() else []

    def names_in(self, path: Path) -> Sequence[str]:
        """Return the numbers of the instances that a file holds."""
        return list(instance_texts(path))

    def read(self, path: Path, name: str) -> Case:
        """Read an instance by its number from a file of several."""
        found = instance_texts(path)
        if name not in found:
            message = f"{path.name} has no instance {name} of csplib046."
            raise InvalidProblem([Fault(FaultCode.MISSING, "instance", name, message)])
        instance = read_instance(path, name, found[name])
        # Whoever brings a file of his own has other instances of these numbers.
        published = path.name == FILE and len(found) == PUBLISHED
        solvable = published and instance.number not in INFEASIBLE
        known = {"CSPLib": (0,) if solvable else "INFEASIBLE"} if published else {}
        return Case(
            name=name,
            problem=problem_of(instance),
            score=lambda schedule: score(instance, schedule, solvable=solvable),
            known=known,
        )
