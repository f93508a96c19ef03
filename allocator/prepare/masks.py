"""Sets of ticks as Python integers: bit t is set when tick t belongs to the set.

Ticks often come out of arrays. Shifting by a numpy integer would wrap at 64 bits, so every
function here turns its numbers into Python's first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import numpy as np
import numpy.typing as npt

Mask = int


def span(first: int, end: int) -> Mask:
    """Return the ticks from ``first`` up to, not including, ``end``; negative ones fall away."""
    first, end = max(int(first), 0), int(end)
    return ((1 << (end - first)) - 1) << first if end > first else 0


def shift(mask: Mask, ticks: int) -> Mask:
    """Move every tick later (or, where negative, earlier)."""
    ticks = int(ticks)
    return mask << ticks if ticks >= 0 else mask >> -ticks


def runs_of(mask: Mask, length: int) -> Mask:
    """Return the ticks from which ``length`` ticks in a row belong to the set."""
    have, length = 1, int(length)
    while have < length and mask:
        step = min(have, length - have)
        mask &= mask >> step
        have += step
    return mask


def covering(mask: Mask, length: int) -> Mask:
    """Return the ticks from which a stretch of ``length`` would touch the set."""
    have, length = 1, int(length)
    while have < length and mask:
        step = min(have, length - have)
        mask |= mask >> step
        have += step
    return mask


def covered(starts: Mask, length: int) -> Mask:
    """Return every tick that a stretch of ``length`` from one of these starts would take."""
    have, length = 1, int(length)
    while have < length and starts:
        step = min(have, length - have)
        starts |= starts << step
        have += step
    return starts


def fillable(room: int, lengths: Iterable[int]) -> int:
    """Return how much of a stretch can be filled by others of these lengths, laid end to end."""
    sums, within = 1, (1 << (room + 1)) - 1
    for length in lengths:
        before = 0
        while before != sums:
            before = sums
            sums |= (sums << length) & within
    return highest(sums)


def clear_of(taken: Mask, first: int, end: int) -> Mask:
    """Return the starts from which the stretch ``first`` to ``end`` ticks later touches no tick.

    Ticks outside the horizon are never taken; the set has no last tick.
    """
    return ~covering(shift(taken, -int(first)), int(end) - int(first))


def spans(mask: Mask) -> Iterator[tuple[int, int]]:
    """Yield the maximal half-open stretches of the set, in order."""
    at = 0
    while mask:
        gap = (mask & -mask).bit_length() - 1
        mask >>= gap
        at += gap
        length = (~mask & (mask + 1)).bit_length() - 1
        yield at, at + length
        mask >>= length
        at += length


def lowest(mask: Mask) -> int:
    """Return the first tick of a set that is not empty."""
    return (mask & -mask).bit_length() - 1


def highest(mask: Mask) -> int:
    """Return the last tick of a set that is not empty."""
    return mask.bit_length() - 1


def ticks_of(mask: Mask) -> npt.NDArray[np.int64]:
    """Return the ticks of a set, ascending."""
    if not mask:
        return np.empty(0, dtype=np.int64)
    low = lowest(mask)
    mask >>= low
    raw = np.frombuffer(mask.to_bytes((mask.bit_length() + 7) // 8, "little"), dtype=np.uint8)
    return np.flatnonzero(np.unpackbits(raw, bitorder="little")).astype(np.int64) + low


def flags(mask: Mask, length: int) -> npt.NDArray[np.bool_]:
    """Return the set as ``length`` truth values; ticks beyond them fall away."""
    length = int(length)
    mask &= (1 << length) - 1
    raw = np.frombuffer(mask.to_bytes((length + 7) // 8, "little"), dtype=np.uint8)
    return np.unpackbits(raw, bitorder="little", count=length).astype(bool)


def holds(sets: Collection[Mask], ticks: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Say of each of some sets, row by row, which of some ticks, none below 0, belong to it."""
    if not len(ticks) or not sets:
        return np.zeros((len(sets), len(ticks)), dtype=bool)
    low = int(ticks.min()) & ~7
    length = int(ticks.max()) + 1 - low
    within, size = (1 << length) - 1, (length + 7) >> 3
    raw = b"".join([(mask >> low & within).to_bytes(size, "little") for mask in sets])
    bits = np.frombuffer(raw, dtype=np.uint8).reshape(len(sets), size)[:, (ticks - low) >> 3]
    return (bits >> (ticks & 7).astype(np.uint8) & 1).astype(bool)


def from_flags(values: npt.NDArray[np.bool_]) -> Mask:
    """Return the set of the places that are true."""
    return int.from_bytes(np.packbits(values, bitorder="little").tobytes(), "little")


def from_ticks(ticks: Iterable[int]) -> Mask:
    """Return the set of these ticks."""
    mask = 0
    for tick in ticks:
        mask |= 1 << int(tick)
    return mask


def of_ticks(ticks: npt.NDArray[np.int64]) -> Mask:
    """Return the set of many ticks, none below 0."""
    if not len(ticks):
        return 0
    low = int(ticks.min())
    flags = np.zeros(int(ticks.max()) - low + 1, dtype=bool)
    flags[ticks - low] = True
    return from_flags(flags) << low


def of_spans(firsts: npt.ArrayLike, ends: npt.ArrayLike, length: int) -> Mask:
    """Return the ticks below ``length`` that lie in any of many half-open stretches."""
    first = np.clip(np.asarray(firsts, dtype=np.int64), 0, length)
    end = np.clip(np.asarray(ends, dtype=np.int64), 0, length)
    some = first < end
    if not some.any():
        return 0
    begin, last = first[some].min(), end[some].max()
    change = np.zeros(int(last - begin) + 1, dtype=np.int32)
    np.add.at(change, first[some] - begin, 1)
    np.add.at(change, end[some] - begin, -1)
    return from_flags(np.cumsum(change[:-1]) > 0) << int(begin)


def classes(mask: Mask, sets: Iterable[Mask]) -> list[Mask]:
    """Return the parts of a set whose ticks belong to the same ones of some other sets."""
    if not mask:
        return []
    low, length = lowest(mask), mask.bit_length()
    size = (length - low + 7) // 8
    within = (1 << (length - low)) - 1
    raw = b"".join([(some >> low & within).to_bytes(size, "little") for some in (mask, *sets)])
    rows = np.frombuffer(raw, dtype=np.uint8).reshape(-1, size)
    inside = np.unpackbits(rows, axis=1, bitorder="little")
    ticks = np.flatnonzero(inside[0])
    parts: dict[bytes, list[int]] = {}
    for tick, label in zip(ticks.tolist(), np.packbits(inside[:, ticks], axis=0).T, strict=True):
        parts.setdefault(label.tobytes(), []).append(tick + low)
    return [from_ticks(part) for part in parts.values()]


def alike(
    ticks: npt.NDArray[np.int64], amounts: npt.NDArray[np.int64]
) -> dict[tuple[int, ...], Mask]:
    """Return the ticks, together those whose columns of amounts are the same, by their amounts."""
    found: dict[tuple[int, ...], list[int]] = {}
    for tick, column in zip(ticks.tolist(), amounts.T.tolist(), strict=True):
        found.setdefault(tuple(column), []).append(tick)
    return {column: from_ticks(some) for column, some in found.items()}
