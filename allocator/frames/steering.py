"""Steering policies in and out: one JSON document."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from allocator.domain.faults import Fault, InvalidProblem
from allocator.domain.steering import SteeringPolicy
from allocator.frames.files import write_file
from allocator.frames.named_documents import opened, read_document
from allocator.frames.nested import Decoder, bad, dump, encode

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
    found = opened(document, FORMAT)
    faults: list[Fault] = []
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
    return read_document(path, steering_from_json)


def write_steering(policy: SteeringPolicy, path: Path | str) -> None:
    """Write a steering policy to a ``.json`` file, whole or not at all."""
    write_file(Path(path), steering_to_json(policy).encode())
