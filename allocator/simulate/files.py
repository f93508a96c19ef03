"""Uncertainty in and out: one JSON document, named like its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.frames.files import write_file
from allocator.frames.named_documents import opened, read_document
from allocator.frames.nested import Decoder, bad, dump, encode
from allocator.simulate.distributions import (
    Exactly,
    Exponential,
    Lognormal,
    Normal,
    Observed,
)
from allocator.simulate.uncertainty import Uncertainty

FORMAT = "allocator-uncertainty"
#: The distributions that a file can name; fields that hold them, and how.
DISTRIBUTION: Any = Exactly | Normal | Lognormal | Exponential | Observed
HOLD: dict[str, Any] = {
    "length": DISTRIBUTION,
    "lengths": tuple[tuple[str, DISTRIBUTION], ...],
    "lateness": DISTRIBUTION,
}


def uncertainty_to_json(uncertainty: Uncertainty) -> str:
    """Return an uncertainty as a JSON document.

    Raises
    ------
    InvalidProblem
        Where a distribution is one of your own, which no file can name.
    """
    some = [
        ("length", uncertainty.length),
        ("lateness", uncertainty.lateness),
        *((f"length of {service}", length) for service, length in uncertainty.lengths),
    ]
    faults = [
        Fault(
            FaultCode.WRONG_TYPE,
            "uncertainty",
            "",
            f"Uncertainty: the {what} is a {type(one).__name__}, which no file can name; use"
            " Observed for values of your own.",
        )
        for what, one in some
        if not isinstance(one, DISTRIBUTION)
    ]
    if faults:
        raise InvalidProblem(faults)
    told = {
        field.name: encode(getattr(uncertainty, field.name))
        for field in fields(Uncertainty)
        if field.name not in HOLD
    }
    told |= {
        "length": encode(uncertainty.length, DISTRIBUTION),
        "lengths": [[name, encode(one, DISTRIBUTION)] for name, one in uncertainty.lengths],
        "lateness": encode(uncertainty.lateness, DISTRIBUTION),
    }
    return dump({"format": FORMAT, "version": 1, **told})


def uncertainty_from_json(document: str | Mapping[str, Any]) -> Uncertainty:
    """Read an uncertainty from a JSON document.

    Parameters
    ----------
    document
        Its text, or what ``json.loads`` made of it. A key that is not there has its default:
        nothing comes otherwise than planned.

    Raises
    ------
    InvalidProblem
        With every fault.
    """
    found = opened(document, FORMAT)
    faults: list[Fault] = []
    decoder = Decoder(faults)
    plain = {key: value for key, value in found.items() if key not in HOLD}
    told = decoder.fields(Uncertainty, plain, "", ("format", "version"))
    for name, hint in HOLD.items():
        if name in found:
            value = decoder.value(hint, found[name], name)
            if not bad(value):
                told[name] = value
    if not faults:
        try:
            return Uncertainty(**told)
        except InvalidProblem as error:
            faults += error.faults
    raise InvalidProblem(faults)


def read_uncertainty(path: Path | str) -> Uncertainty:
    """Read an uncertainty from a ``.json`` file; every fault is told with the file's name."""
    return read_document(path, uncertainty_from_json)


def write_uncertainty(uncertainty: Uncertainty, path: Path | str) -> None:
    """Write an uncertainty to a ``.json`` file, whole or not at all."""
    write_file(Path(path), uncertainty_to_json(uncertainty).encode())
