"""All sets, where their instances lie, and which are meant by a name."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import allocator
from allocator.bench.case import Case, InstanceSet
from allocator.bench.cbctt import CourseTimetabling
from allocator.bench.clinic import Clinics
from allocator.bench.csplib046 import AgentMeetings
from allocator.bench.itc2019 import Classes
from allocator.bench.meetings import Meetings

#: A new set is one package beside this file, and one line here.
SETS: tuple[InstanceSet, ...] = (
    Meetings(),
    CourseTimetabling(),
    Classes(),
    AgentMeetings(),
    Clinics(),
)

#: The environment's name for the folder that has one folder for each set.
VARIABLE = "ALLOCATOR_BENCHMARKS"


class Unknown(LookupError):
    """There is no such set or instance; the message names those there are."""


@dataclass(frozen=True, slots=True)
class Source:
    """An instance that can be had.

    Attributes
    ----------
    of
        Its set.
    name
        Its name.
    path
        The file that has it; None where the set makes it.
    """

    of: InstanceSet
    name: str
    path: Path | None = None

    def case(self) -> Case:
        """Read the instance, or make it."""
        if self.path is None:
            return self.of.make(self.name)
        return self.of.read(self.path, self.name)


def data_folder() -> Path:
    """Return the folder that has one folder of instances for each set; it may be absent."""
    given = os.environ.get(VARIABLE)
    if given:
        return Path(given)
    return Path(allocator.__file__).parents[2] / "shared" / "data"


def set_named(name: str) -> InstanceSet:
    """Return a set by its name.

    Raises
    ------
    Unknown
        When there is none.
    """
    for one in SETS:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in SETS)
    raise Unknown(f"There is no set {name}; there are {known}.")


def sources(of: InstanceSet, folder: Path) -> list[Source]:
    """Return the instances of a set: those in its folder, then those that it makes.

    Parameters
    ----------
    of
        The set.
    folder
        The set's own folder.
    """
    read = of.instances(folder) if folder.is_dir() else ()
    return [*(Source(of, name, path) for name, path in read), *(Source(of, n) for n in of.made())]


def select(of: InstanceSet, folder: Path, asked: Sequence[str]) -> list[Source]:
    """Return the instances that are asked for, each once; all of them where nothing is.

    Parameters
    ----------
    of
        The set.
    folder
        The set's own folder.
    asked
        Names, unique beginnings of names, or paths of files in the set's form.

    Raises
    ------
    Unknown
        When there is no such instance, or several are meant.
    """
    there = sources(of, folder)
    if not asked:
        if not there:
            raise Unknown(f"There is no instance of {of.name}. {where(of, folder)}")
        return there
    found = [source for name in asked for source in _meant(of, folder, there, name)]
    return list(dict.fromkeys(found))


def _meant(of: InstanceSet, folder: Path, there: list[Source], asked: str) -> list[Source]:
    exact = [source for source in there if source.name == asked]
    if exact:
        return exact[:1]
    path = Path(asked)
    if path.exists():
        return [Source(of, name, path) for name in of.names_in(path)]
    some = [source for source in there if source.name.startswith(asked)]
    if len(some) == 1:
        return some
    if some:
        names = ", ".join(source.name for source in some)
        raise Unknown(f"{asked} is the beginning of several instances of {of.name}: {names}.")
    message = f"There is no instance {asked} of {of.name}, and no file of that name."
    if there:
        message += f" There are {', '.join(source.name for source in there)}."
    if not folder.is_dir():
        message += f" {where(of, folder)}"
    raise Unknown(message)


def where(of: InstanceSet, folder: Path) -> str:
    """Say where the files of a set are looked for, and how to get them."""
    state = "Its files are in" if folder.is_dir() else "Its files are looked for in the folder"
    missing = "" if folder.is_dir() else ", which is not there"
    return f"{state} {folder}{missing}. {of.files}".strip()
