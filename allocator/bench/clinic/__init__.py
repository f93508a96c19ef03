"""Clinics: made by the generator of this project, and any problem of your own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allocator.bench.case import Case, InstanceSet
from allocator.bench.clinic.score import score
from allocator.domain.problem import Problem
from allocator.frames import read_problem
from allocator.generate import clinic

#: Weeks of a clinic that can serve nearly everyone, by how many visits are asked for.
CALM = {66: 2, 100: 3, 150: 4, 600: 8}
#: Visits asked for of a clinic whose staff have time for fewer.
OVERLOADED = (1000, 5000, 20000)
#: What a folder or file must have to be a problem.
FOLDER_MARK, FORM = "problem.csv", ".json"


class Clinics(InstanceSet):
    """Clinics with series, chains, group sessions and conferences; or any other problem."""

    name = "clinic"
    sentence = (
        "Clinics made from published figures, with nothing booked beforehand, some of which cannot"
        " serve everyone; or any problem, as a folder of CSV files or a JSON document."
    )

    def instances(self, folder: Path) -> Sequence[tuple[str, Path]]:
        """Return the problems that a folder holds, by name."""
        return [
            (name, path)
            for path in sorted(folder.iterdir())
            if (path / FOLDER_MARK).exists() or path.suffix == FORM
            for name in self.names_in(path)
        ]

    def names_in(self, path: Path) -> Sequence[str]:
        """Return the one name of a problem: its folder's, or its file's."""
        path = path.resolve()
        return (path.name if path.is_dir() else path.stem,)

    def read(self, path: Path, name: str) -> Case:
        """Read any problem."""
        return _case(read_problem(path), name)

    def made(self) -> Sequence[str]:
        """Return the names of the clinics, the smaller first."""
        return (*(f"visits-{n}" for n in CALM), *(f"overloaded-{n}" for n in OVERLOADED))

    def make(self, name: str) -> Case:
        """Make a clinic for about so many visits, at the load that its name says."""
        kind, _, visits = name.partition("-")
        if kind == "overloaded":
            return _case(clinic(visits=int(visits), load=kind, booked=False, seed=1), name)
        weeks = CALM[int(visits)]
        return _case(clinic(visits=int(visits), weeks=weeks, booked=False, seed=1), name)


def _case(problem: Problem, name: str) -> Case:
    return Case(name=name, problem=problem, score=lambda schedule: score(problem, schedule))
