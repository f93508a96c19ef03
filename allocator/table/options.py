"""Where one visit could go: starts and resources that every rule still allows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allocator.prepare.masks import Mask
from allocator.prepare.visit import Variant, Visit
from allocator.state.state import State
from allocator.table.rulebook import Rulebook


@dataclass(frozen=True, slots=True)
class Options:
    """What one variant of a visit may still do, all else fixed.

    Attributes
    ----------
    visit, variant
        Of what.
    starts
        Starts at which every need can be met, each by itself.
    by_need
        For each need, the starts by resource; subsets of ``starts``.
    """

    visit: Visit
    variant: Variant
    starts: Mask
    by_need: tuple[dict[int, Mask], ...]

    def at(self, starts: Mask) -> Options:
        """Return what is left at some of the starts."""
        return Options(
            self.visit,
            self.variant,
            starts,
            tuple({r: m & starts for r, m in some.items() if m & starts} for some in self.by_need),
        )


def at_least(sets: list[Mask], quantity: int) -> Mask:
    """Return the ticks that lie in at least so many of the sets."""
    if quantity == 1:
        some = 0
        for mask in sets:
            some |= mask
        return some
    have = [0] * (quantity + 1)
    have[0] = -1
    for mask in sets:
        for k in range(quantity, 0, -1):
            have[k] |= have[k - 1] & mask
    return have[quantity]


def options(book: Rulebook, state: State, visit: Visit) -> Iterator[Options]:
    """Yield what each variant of a visit may still do; variants without a start are left out."""
    for variant in visit.variants:
        found = variant_options(book, state, visit, variant)
        if found is not None:
            yield found


def variant_options(book: Rulebook, state: State, visit: Visit, variant: Variant) -> Options | None:
    """Return what one variant of a visit may still do, or None when that is nothing."""
    starts = book.static_mask(state, visit, variant)
    rules, rules_with = book.moving(visit)
    for rule in rules:
        if not starts:
            return None
        starts &= rule.starts(state, visit, variant)
    kinds = book.kinds(visit, variant)
    by_need: list[dict[int, Mask]] = [{} for _ in visit.needs]
    # Those with the fewest choices first: what they rule out need not be asked of the others.
    for number in sorted(range(len(visit.needs)), key=lambda n: len(variant.choices[n])):
        need, masks, kind = visit.needs[number], by_need[number], kinds[number]
        for resource in variant.choices[number]:
            mask = state.known(resource).get(kind.both)
            if mask is None:
                mask = book.mask_with(state, visit, variant, number, resource)
            mask &= starts
            for rule in rules_with:
                if not mask:
                    break
                mask &= rule.starts_with(state, visit, variant, number, resource)
            if mask:
                masks[resource] = mask
        if not need.optional:
            starts &= at_least(list(masks.values()), need.quantity)
            if not starts:
                return None
    if not starts:
        return None
    return Options(
        visit,
        variant,
        starts,
        tuple({r: m & starts for r, m in masks.items() if m & starts} for masks in by_need),
    )
