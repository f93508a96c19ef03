"""One instance of a benchmark, as a problem, with a scorer that knows nothing of the model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.goals import GOALS
from allocator.goals.goal import Goal
from allocator.rules import RULES
from allocator.rules.rule import Rule

#: What a request of weight 1 counts that is not served. The library counts in such parts, so that
#: a series can be served in part; scorers count so too, to be compared with it.
PARTS = 2520


@dataclass(frozen=True, slots=True)
class Scored:
    """What a schedule comes to, by the set's own scorer.

    Attributes
    ----------
    levels
        Cost by the name of the level, the first counts first; smaller is better. A level that the
        scorer cannot count is absent.
    broken
        What hard rules it breaks, each as a sentence; a schedule of which a visit is missing
        breaks one for each.
    """

    levels: Mapping[str, int]
    broken: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One instance.

    Attributes
    ----------
    name
        Of the instance.
    problem
        The instance, in the terms of every other problem.
    score
        The set's scorer; None where no schedule was found.
    rules, goals
        What is known: the library's, and those that the set brings.
    known
        Figures that others published, by their name: level by level, as ``score`` has them, or a
        word such as ``"infeasible"``.
    """

    name: str
    problem: Problem
    score: Callable[[Schedule | None], Scored]
    rules: Sequence[Rule] = RULES
    goals: Sequence[Goal] = GOALS
    known: Mapping[str, Sequence[int] | str] = field(default_factory=dict)


class InstanceSet(ABC):
    """Instances of one form.

    Attributes
    ----------
    name
        As on the command line.
    sentence
        What it is, and whose, with licence and address.
    files
        Which files belong into its folder, and where they are to be had, as a sentence; ``""``
        where the set can do without.
    """

    name: str
    sentence: str
    files: str = ""

    @abstractmethod
    def instances(self, folder: Path) -> Sequence[tuple[str, Path]]:
        """Return the instances that a folder of the set holds: names, and the file of each.

        Parameters
        ----------
        folder
            Where the set's files lie.
        """

    @abstractmethod
    def read(self, path: Path, name: str) -> Case:
        """Read an instance.

        Parameters
        ----------
        path
            A file in the set's form.
        name
            Of the instance, where a file may hold several; else the file's stem.

        Raises
        ------
        InvalidProblem
            When it is none.
        """

    def names_in(self, path: Path) -> Sequence[str]:
        """Return the names of the instances that a file holds: its stem, where it is one alone.

        Parameters
        ----------
        path
            A file in the set's form.
        """
        return (path.stem,)

    def made(self) -> Sequence[str]:
        """Return the names of the instances that are made here rather than read."""
        return ()

    def make(self, name: str) -> Case:
        """Make an instance; each time the same.

        Parameters
        ----------
        name
            One of ``made()``.

        Raises
        ------
        LookupError
            When the set makes none.
        """
        raise LookupError(f"{self.name} makes no instance {name}: name the file that has it.")
