"""The folders of data/, each from one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from allocator.domain.problem import Problem
from allocator.frames import write_problem
from allocator.generate.clinics import clinic
from allocator.generate.handmade import handmade_clinic

#: Each folder of data/, and what makes it.
DATASETS: dict[str, Callable[[], Problem]] = {
    "handmade": handmade_clinic,
    "clinic-demo": partial(clinic, "medium", 85, seed=1),
    "clinic-small-75": partial(clinic, "small", 75, seed=2),
    "clinic-small-85": partial(clinic, "small", 85, seed=3),
    "clinic-small-95": partial(clinic, "small", 95, seed=4),
    "clinic-medium-75": partial(clinic, "medium", 75, seed=5),
    "clinic-medium-95": partial(clinic, "medium", 95, seed=6),
    "clinic-large-75": partial(clinic, "large", 75, seed=7),
    "clinic-large-85": partial(clinic, "large", 85, seed=8),
    "clinic-large-95": partial(clinic, "large", 95, seed=9),
    "clinic-overloaded": partial(clinic, "medium", "overloaded", seed=10),
}


def write_datasets(folder: Path, names: Iterable[str] = ()) -> None:
    """Write these folders of data/ (all of them where none is named) into ``folder``."""
    for name in tuple(names) or tuple(DATASETS):
        write_problem(DATASETS[name](), folder / name)
