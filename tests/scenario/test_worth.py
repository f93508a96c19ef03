"""What more time is worth: on a clinic where it can be counted."""

from __future__ import annotations

from dataclasses import replace

from scenario.test_study import STEADY, Here
from tiny import at, need, patient, practitioner, problem, request, room, service

from allocator import Problem, Selector, Skill, Span
from allocator.scenario import Scenario, Shown, worth


def clinic() -> Problem:
    """Return a day on which six want Ann's four hours, and one of Ben's four is taken."""
    skilled = (Skill(name="hands"),)
    hands = (Selector(kind="practitioner", skills=frozenset({"hands"})),)
    return problem(
        *(request(f"R{n}", f"P{n}", "hands", weight=n) for n in range(1, 7)),
        request("talk", "P1", "talk"),
        resources=(
            practitioner("ann", skills=skilled),
            practitioner("ben"),
            room("gym", lanes=2),
            *(patient(f"P{n}") for n in range(1, 7)),
        ),
        services=(
            service("hands", needs=(need(alternatives=hands), need("room"))),
            service("talk", needs=(need(alternatives=(Selector(names=frozenset({"ben"})),)),)),
        ),
    )


def test_an_hour_of_what_is_short_is_worth_a_visit() -> None:
    """The four weightiest of Ann's six are served: 3 to 6. An hour more serves 2, for her alone.

    The room is open until 12 as well: without it in the same sort, her hour would be worth nothing.
    """
    scenario = Scenario(name="as it is", base=clinic())
    of = {"ann and gym": ("ann", "gym"), "ann": ("ann",), "ben": ("ben",)}
    found = worth(scenario, of=of, params=STEADY, executor=Here())
    assert [(one.of, one.gain, one.shown) for one in found.all] == [
        ("ann and gym", 2.0, Shown.YES),
        ("ann", 0.0, Shown.SAME),
        ("ben", 0.0, Shown.SAME),
    ]
    both, ann, ben = found.all
    assert (both.hours, ann.hours, ben.hours) == (3.0, 1.0, 1.0)  # two lanes and Ann
    assert both.gain_per_hour == 2 / 3
    assert (both.used, ann.used, ben.used) == (8 / 12, 1.0, 0.25)
    assert found.bottleneck == "ann and gym"
    assert list(found.frame()["of"]) == ["ann and gym", "ann", "ben"]


def test_what_is_gained_counts_over_all_classes() -> None:
    """Two hours more: an urgent one who can come from 12 on alone, and the next of the others."""
    evening = (Span(start=at(0, 12), end=at(0, 14)),)
    urgent = replace(request("U", "P6", "hands", priority=1), windows=evening)
    scenario = Scenario(
        name="as it is", base=replace(clinic(), requests=(*clinic().requests[:6], urgent))
    )
    of = {"ann and gym": ("ann", "gym")}
    found = worth(scenario, of=of, minutes=120, params=STEADY, executor=Here())
    assert [one.gain for one in found.all] == [1.0 + 2.0]


def test_sorts_are_those_alike_by_default() -> None:
    """By kind and skills; patients, who only attend, are none, nor is Ben, whom nobody asks for."""
    easy = replace(clinic(), requests=clinic().requests[:1])
    scenario = Scenario(name="as it is", base=easy)
    found = worth(scenario, params=STEADY, executor=Here())
    assert {one.of for one in found.all} == {"practitioner (hands)", "room"}
    assert found.bottleneck is None


def test_of_what_has_no_schedule_nothing_is_known() -> None:
    """Two must be with Ann at 8: an hour more in the evening is not said to make no difference."""
    early = (Span(start=at(0, 8), end=at(0, 9)),)
    asked = tuple(replace(r, must=True, windows=early) for r in clinic().requests[:2])
    scenario = Scenario(name="as it is", base=replace(clinic(), requests=asked))
    found = worth(scenario, of={"ann": ("ann",)}, params=STEADY, executor=Here())
    assert [(one.gain, one.shown) for one in found.all] == [(0, Shown.UNKNOWN)]
