"""Outcomes on disk: a study that is run again, or was interrupted, takes up what is there."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from allocator.domain.faults import Fault
from allocator.domain.problem import Problem
from allocator.frames.files import write_file
from allocator.frames.nested import Decoder, bad, encode, parse
from allocator.frames.problems import problem_to_json
from allocator.scenario.files import encoded
from allocator.scenario.outcome import Solved
from allocator.scenario.scenario import Scenario
from allocator.solve.params import Params

FORMAT = "allocator-outcome"
#: Packages of which another version may come to another schedule.
VERSIONS = ("allocator", "ortools")


@dataclass(slots=True)
class Kept:
    """A folder with a file for each outcome, named by all that it depends on.

    Attributes
    ----------
    folder
        Where the files are; None keeps nothing.
    """

    folder: Path | None
    _bases: dict[int, tuple[Problem, str]] = field(default_factory=dict)

    def key(self, scenario: Scenario, params: Params, start: str = "") -> str:
        """Return the name of an outcome: a digest of base, changes, settings and versions.

        Parameters
        ----------
        scenario, params
            Of the outcome; what the scenario is called does not count.
        start
            Key of the outcome whose schedule it starts from.
        """
        told = [
            [version(name) for name in VERSIONS],
            self._base(scenario.base),
            encoded(scenario.changes),
            encode(params),
            start,
        ]
        return _digest(json.dumps(told))

    def _base(self, problem: Problem) -> str:
        """Return the digest of a problem, worked out once for all its scenarios."""
        known = self._bases.get(id(problem))
        if known is None:  # the problem is kept, so that no other can have its id
            known = self._bases[id(problem)] = (problem, _digest(problem_to_json(problem)))
        return known[1]

    def read(self, key: str) -> Solved | None:
        """Return what is kept under a key; None where nothing is, or nothing that can be read."""
        if self.folder is None:
            return None
        try:
            text = self._path(key).read_text(encoding="utf-8")
        except (FileNotFoundError, UnicodeDecodeError):
            return None
        faults: list[Fault] = []
        found = parse(text, FORMAT, faults)
        if found is None:
            return None
        made: Any = Decoder(faults).object(Solved, found, "", ("format", "version"))
        return None if faults or bad(made) else made

    def write(self, key: str, solved: Solved) -> None:
        """Keep an outcome, whole or not at all."""
        if self.folder is not None:
            document: dict[str, Any] = {"format": FORMAT, "version": 1, **encode(solved)}
            write_file(self._path(key), json.dumps(document).encode())

    def _path(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / f"{key}.json"


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
