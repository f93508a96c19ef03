"""Studies from files: one JSON document that names a problem, scenarios, seeds and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from allocator.domain.faults import Fault, FaultCode, InvalidProblem
from allocator.frames.named_documents import opened, read_document
from allocator.frames.nested import Decoder, bad
from allocator.frames.problems import read_problem
from allocator.frames.sheets import broken
from allocator.scenario import files
from allocator.scenario.scenario import Scenario
from allocator.scenario.study import ONE_CORE, Study
from allocator.solve.params import Params

FORMAT = "allocator-study"
BESIDES = ("format", "version", "scenarios", "options")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """The plain keys of a study's document.

    Attributes
    ----------
    problem
        A folder of CSV files or a JSON document, as seen from the study's folder.
    base
        What the problem as it is is called; it stands first.
    seeds, warm
        As in ``Study``.
    """

    problem: str
    base: str = "as it is"
    seeds: tuple[int, ...] = (0,)
    warm: bool = False


def read_study(path: Path | str, *, folder: Path | str | None = None) -> Study:
    """Read a study from a ``.json`` file.

    Parameters
    ----------
    path
        The file. It has ``problem``, ``scenarios`` (the name of a file that ``write_scenarios``
        wrote, or a list as in such a file), and may have ``seeds``, ``options`` (settings by name;
        what is not said of one is as in a study by default), ``warm`` and ``base``, what the
        problem as it is is called. Names of files are seen from its folder.
    folder
        Where outcomes are kept; None keeps nothing.

    Returns
    -------
    Study
        Of the problem as it is, first, and of the scenarios.

    Raises
    ------
    InvalidProblem
        With every fault of the file, of the problem, or of the first scenario that cannot be
        made.
    """
    path = Path(path)
    plain, scenarios, options = read_document(path, _understood)
    problem = read_problem(path.parent / plain.problem)
    if isinstance(scenarios, str):
        found = files.read_scenarios(path.parent / scenarios, problem)
    else:
        document = {"format": files.FORMAT, "version": 1, "scenarios": scenarios}
        found = read_document(path, lambda _: files.scenarios_from_json(document, problem))
    if not found or found[0].changes:
        found = (Scenario(name=plain.base, base=problem), *found)
    return Study(
        scenarios=found, seeds=plain.seeds, options=options, warm=plain.warm, folder=folder
    )


def _understood(text: str) -> tuple[_Named, str | list[Any], dict[str, Params]]:
    """Return the plain keys of a document, its scenarios as they stand there, and its settings."""
    found = opened(text, FORMAT)
    faults: list[Fault] = []
    decoder = Decoder(faults)
    plain = decoder.object(_Named, found, "", BESIDES)
    scenarios = found.get("scenarios")
    if not isinstance(scenarios, str | list):
        said = "The name of a file with scenarios is expected, or a list of scenarios."
        faults.append(broken("scenarios", said, FaultCode.MISSING))
    options = _options(decoder, found.get("options", {"": {}}))
    if faults or bad(plain):
        raise InvalidProblem(faults)
    assert isinstance(scenarios, str | list)
    return plain, scenarios, options


def _options(decoder: Decoder, given: Any) -> dict[str, Params]:
    """Return settings by name; what is not said of one is as in a study by default."""
    if not isinstance(given, Mapping):
        said = "An object is expected, with settings by their names."
        decoder.faults.append(broken("options", said, FaultCode.WRONG_TYPE))
        return {}
    found = {}
    for name, some in given.items():
        at = f"options.{name}" if name else "options"
        if not isinstance(some, dict):
            decoder.faults.append(broken(at, "An object is expected.", FaultCode.WRONG_TYPE))
            continue
        fields = decoder.fields(Params, some, at, ())
        if not bad(fields):
            found[name] = replace(ONE_CORE, **fields)
    return found
