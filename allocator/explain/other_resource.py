"""With somebody else: who is asked for by name, place or pin, or as the same carer, gives way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from allocator.domain.request import Alike, FlexibleSeries, Relation
from allocator.explain.facts import Fact
from allocator.explain.lists import listed
from allocator.explain.others import newcomers, with_others
from allocator.explain.relaxation import Finder, Kind, Relaxation
from allocator.explain.trial import Trial
from allocator.explain.wider import PinnedInTime, with_visits
from allocator.report.words import count
from allocator.solve.feasible import Answer
from allocator.state.verbs import Expression, Verbs


class OtherResource(Finder):
    """Lets others hold the visits of a request than those asked for."""

    def find(self) -> Iterator[Relaxation]:
        """Let others hold the visits than those asked for by name or place, or one carer more."""
        before = {number: self.prepared.visits[number] for number in self.trial.must}
        changed = {
            number: wide
            for number, visit in before.items()
            if (wide := with_others(self.prepared, visit)) is not None
        }
        if changed:
            new = {n: set(newcomers(before[n], wide)) for n, wide in changed.items()}
            trial = self.tried(with_visits(self.prepared, changed))
            yield from self._with_others(trial, new, before)
        pinned = Fact("pins", self.request)
        if pinned in self.core.facts:
            held = self.prepared.published
            new = {
                number: {
                    (n, r)
                    for n, need in enumerate(visit.needs)
                    for r in need.resources
                    if not need.attendee and held[number].team[n] and r not in held[number].team[n]
                }
                for number, visit in before.items()
                if number in held and number in self.prepared.pins
            }
            for found in self._with_others(
                self.trial.instead(PinnedInTime(self.request)), new, before
            ):
                self.told.add(pinned)
                yield found
        for fact in self.core.facts:
            role = self._same_role(fact)
            if role:
                yield from self._more_carers(fact, role)

    def _with_others(
        self,
        trial: Trial,
        new: Mapping[int, set[tuple[int, int]]],
        before: Mapping[int, object],
    ) -> Iterator[Relaxation]:
        def others(model: Verbs) -> Expression:
            return sum(model.takes(v, n, r) for v, some in new.items() for n, r in sorted(some))

        if trial.answer() is not Answer.YES:
            return
        answer, places = trial.solve(least=others)
        found = {v: p for v, p in places.items() if p is not None}
        taken = {
            v: [(n, r) for n, members in enumerate(p.team) for r in members if (n, r) in new[v]]
            for v, p in found.items()
            if v in new
        }
        needs = {(v, n) for v, some in taken.items() for n, _ in some}
        if answer is not Answer.YES or not needs:
            return
        prepared = self.prepared
        asked = sorted(
            {
                r
                for v, n in needs
                for r in prepared.visits[v].needs[n].resources
                if (n, r) not in new[v]
            }
        )
        come = sorted({r for some in taken.values() for _, r in some})
        told = f"with {self._people(come)}"
        if asked:
            told += f" instead of {self._people(asked)}"
        yield self.relaxation(
            Kind.OTHER_RESOURCE,
            self.request,
            sum(bool(some) for some in taken.values()),
            f"{told}: {{places}}",
            found,
        )

    def _same_role(self, fact: Fact) -> str:
        """Return the role of which a fact keeps people few or the same, if that is all it does."""
        series = self._series()
        if fact.of_resource or fact.object != self.request:
            return ""
        if fact.rule == "most_carers" and series is not None:
            return series.carer_role
        some = self._relations() if fact.rule == "relations" else []
        if all(r.same and r.alike is Alike.RESOURCE for r in some):
            return some[0].role if len({relation.role for relation in some}) == 1 else ""
        return ""

    def _relations(self) -> list[Relation]:
        """Return the relations of any of the visits."""
        return [
            relation
            for relation in self.prepared.problem.relations
            if any(
                number in self.trial.must
                for name in relation.visits
                for number in self.prepared.named_visits(name)
            )
        ]

    def _more_carers(self, fact: Fact, role: str) -> Iterator[Relaxation]:
        """Let a series have more carers, or related visits different ones."""
        facts = [other for other in self.trial.facts if other != fact]
        if self.trial.answer(facts) is not Answer.YES:
            return

        def carers(model: Verbs) -> Expression:
            by_carer: dict[int, list[object]] = {}
            for number in self.trial.must:
                for n, need in enumerate(self.prepared.visits[number].needs):
                    for r in model.choices(number, n) if need.role == role else ():
                        by_carer.setdefault(r, []).append(model.takes(number, n, r))
            return sum(model.any_of(takes) for takes in by_carer.values())

        answer, places = self.trial.solve(facts, least=carers)
        found = {v: p for v, p in places.items() if p is not None}
        people = sorted(
            {
                r
                for v, p in found.items()
                for need, members in zip(self.prepared.visits[v].needs, p.team, strict=True)
                for r in members
                if need.role == role
            }
        )
        if answer is not Answer.YES or not people:
            return
        self.told.add(fact)
        series = self._series()
        most = series.most_carers if series is not None and fact.rule == "most_carers" else None
        few = f"the same {role}{self._as_others()}" if most is None else count(most, role)
        yield self.relaxation(
            Kind.OTHER_RESOURCE,
            self.request,
            max(1, len(people) - (most or 1)),
            f"with {self._people(people)} instead of {few}: {{places}}",
            found,
        )

    def _as_others(self) -> str:
        own = {self.request, *(self.prepared.visits[number].id for number in self.trial.must)}
        names = [name for r in self._relations() for name in r.visits if name not in own]
        return f" as {listed(names)}" if names else ""

    def _people(self, resources: Iterable[int]) -> str:
        """Name people, with their ids where those say more."""
        told = []
        for number in resources:
            thing = self.prepared.resources[number]
            plain = not thing.name or "(" in thing.name
            told.append(thing.label if plain else f"{thing.name} ({thing.id})")
        return listed(told)

    def _series(self) -> FlexibleSeries | None:
        series = self.prepared.requests[self.prepared.request_index[self.request]].request.series
        return series if isinstance(series, FlexibleSeries) else None
