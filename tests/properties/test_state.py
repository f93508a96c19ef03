"""A state that visits came to and went from equals one made of what is left."""

import random

from faces import book_of
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from random_problems import likely, random_problem

from allocator.prepare import masks
from allocator.state.state import State
from allocator.table.options import Options, options


class StateMachine(RuleBasedStateMachine):
    """Places and removes visits of a random problem, overlapping or not, in any order."""

    @initialize(seed=st.integers(0, 10_000))
    def draw(self, seed: int) -> None:
        """Draw a problem, and some places for each of its visits."""
        self.book = book_of(random_problem(seed, most_visits=8, published=0.0))
        rng = random.Random(seed)
        self.pools = {
            visit: rng.sample(places, min(len(places), 8))
            for visit, places in likely(self.book).items()
        }
        self.state = State(self.book.prepared)

    @rule(visit=st.integers(0, 7), place=st.integers(0, 7))
    def place_or_remove(self, visit: int, place: int) -> None:
        """Remove a visit that is placed; place one that is not."""
        visit %= len(self.pools)
        if self.state.placements[visit] is not None:
            was = self.state.placements[visit]
            assert self.state.remove(visit) == was
        elif self.pools[visit]:
            self.state.place(visit, self.pools[visit][place % len(self.pools[visit])])

    @rule(visit=st.integers(0, 7))
    def ask(self, visit: int) -> None:
        """Ask every rule where a visit could go, so that much is remembered."""
        some = self.book.prepared.visits[visit % len(self.pools)]
        if self.state.placements[some.index] is None:
            assert self.found(self.state, some.index) == self.found(self.anew(), some.index)

    @rule(resource=st.integers(0, 7), first=st.integers(0, 40), ticks=st.integers(1, 12))
    def ask_with_lanes(self, resource: int, first: int, ticks: int) -> None:
        """Ask with a lane that was added for a while: room is where a count of ticks finds it."""
        prepared = self.book.prepared
        resource %= len(prepared.resources)
        end = min(first + ticks, prepared.ticks)
        with self.state.having_lanes({resource: [(first, end, 1)]}):
            room = self.state.room(resource, 1, 0, 2) & prepared.all_ticks
        assert room == self.room(resource, first, end)
        plain = self.state.room(resource, 1, 0, 2) & prepared.all_ticks
        assert plain == self.room(resource, 0, 0)

    def room(self, resource: int, first: int, end: int) -> int:
        """Return the ticks from which two have a lane, or lie where one is added and have that."""
        full = self.full(resource, 1, True)
        more = self.full(resource, 1, True, more=1)

        def has(tick: int) -> bool:
            two = [t for t in (tick, tick + 1) if t < self.book.prepared.ticks]
            return not any(full >> t & 1 for t in two) or (
                first <= tick and tick + 1 < end and not any(more >> t & 1 for t in two)
            )

        return masks.from_ticks(t for t in range(self.book.prepared.ticks) if has(t))

    def found(self, state: State, visit: int) -> list[Options]:
        """Return what a visit may do."""
        return list(options(self.book, state, self.book.prepared.visits[visit]))

    def anew(self) -> State:
        """Return a state made of what is placed now."""
        return State(self.book.prepared, self.state.placements)

    @invariant()
    def equals_a_rebuild(self) -> None:
        """Claims, masks, loads, lanes and participants are those of a state made anew."""
        if not hasattr(self, "state"):
            return
        state, fresh, prepared = self.state, self.anew(), self.book.prepared
        assert state.claims == fresh.claims
        assert state.claimed == fresh.claimed
        assert {s: p for s, p in state.participants.items() if p} == fresh.participants
        for kind in prepared.problem.off_peak.kinds:
            assert state.load(kind).tolist() == fresh.load(kind).tolist()
        for number, resource in enumerate(prepared.resources):
            assert state.busy(number) == fresh.busy(number)
            assert state.padded(number) == fresh.padded(number)
            for uses in range(1, resource.lanes + 1):
                for padded in (True, False):
                    told = state.full(number, uses, padded=padded)
                    assert told & prepared.all_ticks == self.full(number, uses, padded)

    def full(self, resource: int, uses: int, padded: bool, more: int = 0) -> int:
        """Return the ticks with fewer than ``uses`` lanes free, counted tick by tick."""
        prepared = self.book.prepared
        taken = [0] * prepared.ticks
        for claim in self.state.claims[resource]:
            first, end = (claim.first, claim.end) if padded else (claim.part_first, claim.part_end)
            for tick in range(max(first, 0), min(end, prepared.ticks)):
                taken[tick] += claim.uses
        lanes = prepared.resources[resource].lanes + more
        return masks.from_ticks(t for t, load in enumerate(taken) if load + uses > lanes)


TestState = StateMachine.TestCase
TestState.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
