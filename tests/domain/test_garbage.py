"""When Python looks for cycles: not in what is made to stay."""

from __future__ import annotations

import gc
import weakref

import pytest
from tiny import at, patient, problem, request

from allocator.domain import garbage
from allocator.domain.garbage import kept
from allocator.domain.schedule import Assignment
from allocator.suggest import Index


class Node:
    """Something that is part of a cycle of its own."""

    def __init__(self) -> None:
        self.own = self


def test_what_is_made_to_stay_is_not_looked_through() -> None:
    """Cycles that nobody needs are found first; of one made meanwhile no search hears."""
    gone = [weakref.ref(Node())]
    try:
        with kept():
            made = Node()
            gone.append(weakref.ref(Node()))
        assert [one() for one in gone] == [None, None]
        assert not any(thing is made for thing in gc.get_objects())
        assert gc.isenabled()
    finally:
        gc.unfreeze()


def test_now_and_then_all_that_is_kept_is_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cycle that somebody needed when something was kept stays, and not for ever."""
    needed = Node()
    gone = weakref.ref(needed)
    try:
        for times, there in ((10**9, True), (1, False)):
            monkeypatch.setattr(garbage, "AGAIN", times)
            with kept():
                pass
            needed = Node()
            gc.collect()
            assert (gone() is not None) == there
    finally:
        gc.unfreeze()


def test_an_index_goes_without_a_search() -> None:
    """Asked, booked, told of somebody, and dropped: nothing of it waits for a search for cycles."""
    gc.disable()
    try:
        index = Index(problem())
        index.know(patient("pat"))
        there = Assignment(
            visit="a", start=at(0, 9), end=at(0, 10), resources=(("practitioner", ("ann",)),)
        )
        index.book(request("a"), [there])
        found = index.suggest(request("new", "pat"))
        assert len(found.options) == 3
        parts = [weakref.ref(part) for part in (index, index.prepared, index.state)]
        del index, found
        assert [part() for part in parts] == [None, None, None]
    finally:
        gc.enable()
