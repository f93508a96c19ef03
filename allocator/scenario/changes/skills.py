"""Skills learnt and lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.problem import Problem
from allocator.domain.resource import Resource, Skill
from allocator.scenario.changes.change import chosen, whose, with_resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Skills:
    """Resources that learn or lose skills, for the whole horizon.

    Attributes
    ----------
    resources, kind
        Ids, or all of a kind.
    learn, lose
        Names of skills.
    """

    resources: tuple[str, ...] = ()
    kind: str = ""
    learn: tuple[str, ...] = ()
    lose: tuple[str, ...] = ()

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these skills."""

        def taught(resource: Resource) -> Resource:
            kept = tuple(
                skill for skill in resource.skills if skill.name not in (*self.learn, *self.lose)
            )
            return replace(resource, skills=(*kept, *(Skill(name=name) for name in self.learn)))

        return with_resources(problem, chosen(problem, self.resources, self.kind), taught)

    def text(self) -> str:
        """Say who can do what."""
        said = [f"learns {', '.join(self.learn)}"] if self.learn else []
        said += [f"loses {', '.join(self.lose)}"] if self.lose else []
        return f"{whose(self.resources, self.kind)} {' and '.join(said) or 'learns nothing'}"
