"""Steering policies in and out: one JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from allocator.domain.faults import Fault, InvalidProblem
from allocator.domain.steering import SteeringPolicy
from allocator.frames.files import write_file
from allocator.frames.nested import Decoder, bad, checked, dump, encode, parse
from allocator.frames.sheets import decode, read_bytes

FORMAT = "allocator-steering"


def steering_to_json(policy: SteeringPolicy) -> str:
    """Return a steering policy as a JSON document, named like its fields."""
    return dump({"format": FORMAT, "version": 1, **encode(policy)})


def steering_from_json(document: str | Mapping[str, Any]) -> SteeringPolicy:
    """Read a steering policy from a JSON document.

    Parameters
    ----------
    document
        Its text, or what ``json.loads`` made of it. A key that is not there has its default.

    Raises
    ------
    InvalidProblem
        With every fault.
    """
    faults: list[Fault] = []
    if isinstance(document, str):
        found = parse(document, FORMAT, faults)
    else:
        found = checked(dict(document), FORMAT, faults)
    if found is None:
        raise InvalidProblem(faults)
    fields = Decoder(faults).fields(SteeringPolicy, found, "", ("format", "version"))
    policy = None
    if not bad(fields):
        try:
            policy = SteeringPolicy(**fields)
        except InvalidProblem as error:
            faults += error.faults
    if faults:
        raise InvalidProblem(faults)
    assert isinstance(policy, SteeringPolicy)
    return policy


def read_steering(path: Path | str) -> SteeringPolicy:
    """Read a steering policy from a ``.json`` file.

    Raises
    ------
    InvalidProblem
        With every fault, and the file's name.
    """
    path = Path(path)
    faults: list[Fault] = []
    data = read_bytes(path, faults)
    text = None if data is None else decode(data, path.name, faults)
    if text is None:
        raise InvalidProblem(faults)
    try:
        return steering_from_json(text)
    except InvalidProblem as error:
        raise InvalidProblem(
            replace(fault, where=f"{path.name} {fault.where}".strip()) for fault in error.faults
        ) from None


def write_steering(policy: SteeringPolicy, path: Path | str) -> None:
    """Write a steering policy to a ``.json`` file, whole or not at all."""
    write_file(Path(path), steering_to_json(policy).encode())
