"""A relaxation: what gives way, at what price; and how one is tried."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from allocator.domain.schedule import Assignment
from allocator.explain.core import Core
from allocator.explain.facts import Fact
from allocator.explain.trial import Trial
from allocator.prepare.assignments import place_of
from allocator.prepare.prepared import Prepared
from allocator.prepare.visit import Placement
from allocator.solve.feasible import Answer
from allocator.table.rulebook import Rulebook

Places = Mapping[int, Placement]


class Kind(Enum):
    """What gives way, with what a step of it is taken to be worth, in minutes of inconvenience."""

    SHORTER = 1  #: Each minute that the visit is shorter.
    LONGER_HOURS = 2  #: Each minute that someone is open longer.
    OTHER_RESOURCE = 45  #: Each visit that somebody else holds than was asked for.
    WIDER_WINDOW = 60  #: Each day by which the request's windows are wider.
    MOVED = 90  #: A placed request that lies elsewhere, and each day that it moves.
    FEWER_VISITS = 240  #: Each visit of the request that is left out.
    WITHOUT = 480  #: A rule that gives way for one object.


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Something that would place a request if it gave way, all else as it is.

    Attributes
    ----------
    kind
        What gives way.
    object
        Id of what gives way: the request, a resource, or a request that moves.
    amount
        How much: minutes, days or visits; 1 where there is no more and less to it.
    price
        For the order: amount times what a step of the kind is taken to be worth.
    sentence
        All of it in plain words.
    places
        Where the visits then lie, of the request and of what moves.
    """

    kind: Kind
    object: str
    amount: int
    price: int
    sentence: str
    places: tuple[Assignment, ...]


class Finder:
    """Tries relaxations of a request, all else as it is."""

    def __init__(self, book: Rulebook, request: str, trial: Trial, core: Core) -> None:
        self.book = book
        self.prepared = book.prepared
        self.request = request
        self.trial = trial
        self.core = core
        self.told: set[Fact] = set()  #: Of which a relaxation speaks already.

    def tried(self, prepared: Prepared, also: tuple[int, ...] = ()) -> Trial:
        """Return a trial of the visits, and of others, with a changed problem."""
        book = self.book.changed(prepared, self.book.rules, self.book.weighed)
        return Trial(book, self.trial.state, (*self.trial.must, *also))

    def placed(self, trial: Trial) -> Places:
        """Return where the visits may lie, solved; empty where nothing was found."""
        if trial.answer() is not Answer.YES:
            return {}
        answer, places = trial.solve()
        if answer is not Answer.YES:
            return {}
        return {v: p for v, p in places.items() if p is not None}

    def relaxation(
        self,
        kind: Kind,
        object: str,
        amount: int,
        sentence: str,
        places: Places,
        moved: int = -1,
    ) -> Relaxation:
        """Return a relaxation; ``{places}`` in its sentence becomes when the visits lie."""
        own = [
            self.prepared.local(p.start, self.prepared.visits[v].clock)
            for v, p in sorted(places.items(), key=lambda place: place[1].start)
            if v != moved and v in self.trial.must
        ]
        told = own[0] if len(own) == 1 else f"{own[0]} to {own[-1]}"
        sentence = sentence.replace("{places}", told)
        return Relaxation(
            kind,
            object,
            amount,
            amount * kind.value,
            sentence[0].upper() + sentence[1:] + ".",
            tuple(place_of(self.prepared, v, p) for v, p in sorted(places.items())),
        )
