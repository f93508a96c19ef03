"""What is published is kept where nothing speaks against it, and placed anew elsewhere if not."""

import pytest
from tiny import at, need, patient, practitioner, problem, request, room, service

from allocator.domain.schedule import Assignment
from allocator.solve.params import Params
from allocator.solve.solve import solve

BOTH = (("practitioner", ("ann",)), ("room", ("r1",)))


def published(*resources: tuple[str, tuple[str, ...]]) -> Assignment:
    return Assignment(visit="A", start=at(0, 9), end=at(0, 10), resources=resources)


@pytest.mark.parametrize(
    "was",
    [
        (("practitioner", ("ann",)),),
        (("practitioner", ("ann",)), ("room", ("r1", "r2"))),
        (("practitioner", ("ann",)), ("room", ("r1",)), ("attendee:ann", ("ann",))),
    ],
    ids=["no room", "two rooms", "Ann serves herself"],
)
def test_a_team_that_is_none_is_not_kept(was: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
    """A visit published without a room, in two rooms, or with Ann in two roles, is mended."""
    some = problem(
        request("A", "ann" if len(was) == 3 else "x"),
        resources=(practitioner("ann"), practitioner("bob"), room("r1"), room("r2"), patient("x")),
        services=(service(needs=(need(), need("room"))),),
        published=(published(*was),),
    )
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    team = dict(result.schedule["A"].resources)
    assert len(team["practitioner"]) == len(team["room"]) == 1
    assert team["practitioner"] != team.get("attendee:ann")


def test_a_visit_stays_where_it_is_published() -> None:
    """09:00 with Ann in r1 breaks nothing, so a change would only cost."""
    some = problem(
        request("A"),
        resources=(practitioner("ann"), practitioner("bob"), room("r1"), room("r2")),
        services=(service(needs=(need(), need("room"))),),
        published=(published(*BOTH),),
    )
    result = solve(some, Params(workers=1))
    assert result.schedule is not None
    assert result.schedule["A"] == published(*BOTH)
