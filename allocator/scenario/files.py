"""Scenarios in and out: one JSON document of their names and changes, beside their base."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import reduce
from operator import or_
from pathlib import Path
from types import GenericAlias
from typing import Any

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.domain.problem import Problem
from allocator.frames.files import write_file
from allocator.frames.named_documents import opened, read_document
from allocator.frames.nested import Decoder, bad, dump, encode
from allocator.frames.sheets import broken, close
from allocator.scenario.changes import CHANGES, Change
from allocator.scenario.scenario import Scenario

FORMAT = "allocator-scenarios"

#: What there is to say of a scenario.
KEYS = ("name", "changes")


def encoded(changes: Iterable[Change]) -> list[Any]:
    """Return changes as JSON has them."""
    return [encode(change, _any_change()) for change in changes]


def _any_change() -> Any:
    """Return the type of a change of any kind."""
    kinds: tuple[Any, ...] = CHANGES
    return reduce(or_, kinds)


def scenarios_to_json(scenarios: Iterable[Scenario]) -> str:
    """Return scenarios as a JSON document: names and changes, without their base."""
    told = [{"name": one.name, "changes": encoded(one.changes)} for one in scenarios]
    return dump({"format": FORMAT, "version": 1, "scenarios": told})


def scenarios_from_json(document: str | Mapping[str, Any], base: Problem) -> tuple[Scenario, ...]:
    """Read scenarios from a JSON document.

    Parameters
    ----------
    document
        Its text, or what ``json.loads`` made of it.
    base
        The problem to which the changes are made.

    Raises
    ------
    InvalidProblem
        With every fault of the document; or of all scenarios that cannot be made, of each the
        first change that cannot.
    """
    found = opened(document, FORMAT)
    faults: list[Fault] = []
    decoder = Decoder(faults)
    told = found.get("scenarios")
    if not isinstance(told, list):
        faults.append(broken("scenarios", "A list of scenarios is expected.", FaultCode.MISSING))
        raise InvalidProblem(faults)
    hint = GenericAlias(tuple, (_any_change(), ...))
    read: list[tuple[str, tuple[Change, ...]]] = []
    for at, one in enumerate(told):
        path = f"scenarios[{at}]"
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            message = "A scenario is an object with a name and changes."
            faults.append(broken(path, message, FaultCode.WRONG_TYPE))
            continue
        for key in one:
            if key not in KEYS:
                message = f"The key {key!r} is unknown{close(key, KEYS)}"
                faults.append(broken(path, message, FaultCode.UNKNOWN_NAME))
        changes = decoder.value(hint, one.get("changes", []), f"{path}.changes")
        read.append((one["name"], () if bad(changes) else changes))
    if faults:
        raise InvalidProblem(faults)
    made = []
    for name, changes in read:
        try:
            made.append(Scenario(name=name, base=base, changes=changes))
        except InvalidProblem as error:
            faults += error.faults
    if faults:
        raise InvalidProblem(faults)
    return tuple(made)


def read_scenarios(path: Path | str, base: Problem) -> tuple[Scenario, ...]:
    """Read scenarios from a ``.json`` file; raises ``InvalidProblem`` with the file's name."""
    return read_document(path, lambda text: scenarios_from_json(text, base))


def write_scenarios(scenarios: Iterable[Scenario], path: Path | str) -> None:
    """Write scenarios to a ``.json`` file, whole or not at all."""
    write_file(Path(path), scenarios_to_json(scenarios).encode())
