"""What is said in a model of two classes that are both free."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from allocator.bench.itc2019.tables import Flags, Vector
from allocator.prepare import masks
from allocator.prepare.masks import Mask
from allocator.state.verbs import Literal, Verbs


def ticks(model: Verbs, visit: int) -> Vector:
    """Return the starts that a free visit still has."""
    return model.memo(("itc2019 ticks", visit), lambda: masks.ticks_of(model.candidates(visit)))


def conflicts(model: Verbs, one: int, other: int, bad: Flags) -> Iterator[tuple[Mask, Mask]]:
    """Yield sets of starts of two visits of which each pair is bad; together these are all."""
    here, there = ticks(model, one), ticks(model, other)
    some = bad[here[:, None], there]
    if not some.any():
        return
    alike: dict[bytes, list[int]] = {}
    for row, packed in enumerate(np.packbits(some, axis=1)):
        alike.setdefault(packed.tobytes(), []).append(row)
    for rows in alike.values():
        columns = np.flatnonzero(some[rows[0]])
        if len(columns):
            yield masks.from_ticks(here[rows]), masks.from_ticks(there[columns])


def forbid(model: Verbs, one: int, other: int, bad: Flags, where: Sequence[Literal] = ()) -> None:
    """Let two visits not start at a bad pair of ticks, where some literals hold."""
    for here, there in conflicts(model, one, other, bad):
        model.forbid([*where, model.at(one, here), model.at(other, there)])


def imply(
    model: Verbs,
    one: int,
    other: int,
    bad: Flags,
    consequence: Literal,
    where: Sequence[Literal] = (),
) -> None:
    """Let something hold where two visits start at a bad pair of ticks, and some literals hold."""
    for here, there in conflicts(model, one, other, bad):
        model.imply([*where, model.at(one, here), model.at(other, there)], consequence)
