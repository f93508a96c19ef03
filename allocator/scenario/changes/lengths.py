"""How long visits last, and the buffers about them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allocator.domain.faults import FaultCode
from allocator.domain.problem import Problem
from allocator.domain.service import Service
from allocator.scenario.changes.change import demand_known, refuse, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """Services that last longer or shorter, or have other buffers.

    Attributes
    ----------
    services
        Ids; empty is all.
    minutes
        How long a visit lasts by default; None leaves it as it is, also for first visits and for
        those whose length depends on who serves.
    role
        The need whose buffers change; ``""`` is every one.
    before_minutes, after_minutes
        Buffers; None leaves them as they are.
    """

    services: tuple[str, ...] = ()
    minutes: int | None = None
    role: str = ""
    before_minutes: int | None = None
    after_minutes: int | None = None

    def apply(self, problem: Problem) -> Problem:
        """Return the problem with these lengths."""
        demand_known(problem, "service", self.services)
        some = [s for s in problem.services if not self.services or s.id in self.services]
        roles = sorted({need.role for service in some for need in service.needs})
        if self.role and self.role not in roles:
            raise unknown("role", self.role, roles)
        if self.minutes is not None and not self.services:
            raise refuse(
                FaultCode.MISSING,
                "change",
                "lengths",
                f"All {len(some)} services would last {self.minutes} minutes; name those that do.",
            )
        ids = {service.id for service in some}
        return replace(
            problem,
            services=tuple(self._timed(s) if s.id in ids else s for s in problem.services),
        )

    def _timed(self, service: Service) -> Service:
        before, after = self.before_minutes, self.after_minutes
        needs = tuple(
            replace(
                need,
                before_minutes=need.before_minutes if before is None else before,
                after_minutes=need.after_minutes if after is None else after,
            )
            if not self.role or need.role == self.role
            else need
            for need in service.needs
        )
        minutes = service.minutes if self.minutes is None else self.minutes
        return replace(service, minutes=minutes, needs=needs)

    def text(self) -> str:
        """Say how long what lasts."""
        said = [] if self.minutes is None else [f"{self.minutes} minutes"]
        whose = f" for {self.role}" if self.role else ""
        if self.before_minutes is not None:
            said.append(f"a buffer of {self.before_minutes} minutes before{whose}")
        if self.after_minutes is not None:
            said.append(f"a buffer of {self.after_minutes} minutes after{whose}")
        of = ", ".join(self.services) or "every service"
        return f"{of} with {' and '.join(said) or 'lengths as now'}"
