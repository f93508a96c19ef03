"""What a tenant values: its own weights of the goals of comfort."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allocator.domain.faults import Fault
from allocator.domain.objective import COMFORT, Level, served_first
from allocator.frames.nested import Decoder
from api.problems import Invalid
from api.store.world import World

Weights = tuple[tuple[str, int], ...]
MOST_WEIGHT = 1_000_000
CHANGES = "fewest_changes"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    weights: Weights = ()


def read(faults: list[Fault], given: Any) -> Weights:
    """Return weights as a policy holds them; what cannot be read becomes faults."""
    return Decoder(faults).object(_Policy, {"weights": given}, "policy").weights


def demand_possible(weights: Weights) -> None:
    """Refuse weights of what is no goal of comfort, or that cannot be.

    Raises
    ------
    Invalid
        Naming the goal.
    """
    for name, weight in weights:
        if name not in dict(COMFORT):
            known = ", ".join(sorted(dict(COMFORT)))
            raise Invalid(f"There is no goal of comfort {name!r}; there are: {known}.")
        if not 0 <= weight <= MOST_WEIGHT:
            raise Invalid(f"{name} has the weight {weight}; 0 to {MOST_WEIGHT} are possible.")
    if len(dict(weights)) < len(weights):
        raise Invalid(f"weights has {len(weights)} pairs of {len(dict(weights))} goals.")


def objective(
    world: World,
    priorities: Iterable[int],
    asked: Sequence[tuple[str, int]] = (),
    *,
    few_changes: bool = False,
) -> tuple[Level, ...]:
    """Return the levels of a tenant's problems; empty is the default.

    Parameters
    ----------
    world
        With the weights of the tenant's policy.
    priorities
        Classes of requests that there may be.
    asked
        Pairs of a goal and its weight that count before the tenant's.
    few_changes
        Whether nothing moves for comfort: changes come first then.
    """
    own = dict(read([], world.policy.get("weights", [])))
    if not own and not asked and not few_changes:
        return ()
    weights: Mapping[str, int] = {**dict(COMFORT), **own, **dict(asked)}
    levels = [*served_first(priorities)]
    if few_changes:
        levels.append(Level(name="changes", goals=((CHANGES, weights[CHANGES]),)))
        weights = {name: weight for name, weight in weights.items() if name != CHANGES}
    return (*levels, Level(name="comfort", goals=tuple(weights.items())))
