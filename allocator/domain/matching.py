"""Which resources meet a selector."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from allocator.domain.resource import Resource
from allocator.domain.service import Selector

if TYPE_CHECKING:
    from allocator.domain.problem import Problem


def matching(problem: Problem, selector: Selector) -> Iterator[Resource]:
    """Yield the resources that meet a selector, taking any date for its skills."""
    if selector.names:
        some: Iterable[Resource] = (
            problem.resource(name)
            for name in sorted(selector.names)
            if problem.knows("resource", name)
        )
    else:
        some = problem.resources
    for resource in some:
        if _meets(resource, selector):
            yield resource


def meets(resource: Resource, selector: Selector) -> bool:
    """Say whether a resource meets a selector, taking any date for its skills."""
    named = not selector.names or resource.id in selector.names
    return named and _meets(resource, selector)


def _meets(resource: Resource, selector: Selector) -> bool:
    return (
        (not selector.kind or resource.kind == selector.kind)
        and (selector.location is None or resource.location == selector.location)
        and selector.skills <= {skill.name for skill in resource.skills}
    )
