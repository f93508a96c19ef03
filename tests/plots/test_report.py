"""The report: holds everything, refers to no outside address, and cannot be broken by a name."""

from dataclasses import replace
from pathlib import Path

import pytest
from cli.running import HANDMADE
from pictures import placed
from plots.pages import Page, addresses
from plots.weeks import bookings, clinic
from tiny import practitioner, problem, request, span

from allocator.domain.problem import Problem
from allocator.explain import Explainer
from allocator.frames import read_problem
from allocator.plots import History, report, write_report
from allocator.solve import Params, Result, solve

SOLVED = Params(workers=1, time_limit_seconds=20)


@pytest.fixture(scope="module")
def handmade() -> tuple[Problem, Result, History]:
    """The clinic that can be checked by eye: R6 is left out, all else is placed."""
    some, history = read_problem(HANDMADE), History()
    return some, solve(some, SOLVED, on_progress=history), history


def drawn(page: Page, *having: str) -> list[dict[str, object]]:
    """Return the rows with these columns of all weeks that a page draws."""
    weeks = [spec for id, spec in page.charts.items() if id.startswith("week")]
    rows = [row for spec in weeks for some in spec["datasets"].values() for row in some]
    return [row for row in rows if set(having) <= set(row)]


def test_it_holds_what_was_served_the_weeks_the_load_reasons_goals_and_the_course(
    handmade: tuple[Problem, Result, History],
):
    """Five of six requests and six of seven visits, as data/handmade/README.md works out."""
    some, result, history = handmade
    page = Page(report(some, result, history=history))
    assert result.schedule is not None
    assert "requests served 5 of 6" in page.words
    assert "visits placed 6 of 7" in page.words
    assert result.status.value in page.words
    assert "9 of 9 proved" in page.words
    assert list(page.charts) == ["week-1", "load", "reasons", "course"]
    told = {(row["visit"], row["row"]) for row in drawn(page, "visit", "time")}
    serving = {r.id: r.label for r in some.resources if r.kind != "patient"}
    assert told == {(v, serving[r]) for v, r in bookings(result.schedule) if r in serving}
    for goal in result.goals:
        if not goal.goal.startswith("served:"):
            assert goal.goal in page.words
    assert f"{result.levels[-1].cost:,}" in page.words


def test_it_refers_to_no_outside_address(handmade: tuple[Problem, Result, History]):
    """No picture, style, script, font or data is loaded, and no link leads out of the page."""
    some, result, history = handmade
    text = report(some, result, history=history)
    assert addresses(text) == []
    assert Page(text).tags["script"] >= 2


def test_requests_left_out_have_their_core_and_what_would_help():
    """Both want Ann at nine; one of them has her."""
    some = problem(
        request("A", windows=(span(0, 9, 10),)),
        request("B", windows=(span(0, 9, 10),)),
        days=2,
    )
    result = solve(some, SOLVED)
    assert result.schedule is not None
    [left] = {one.request for one in result.schedule.unplaced}
    why = Explainer(some, result.schedule).why_not(left, brief=True)
    page = Page(report(some, result, explain_seconds=600))
    reasons = why.sentence.partition(" stays: ")[2]
    assert reasons[1:] in page.words
    assert why.relaxations[0].sentence in page.words
    assert "How the starts ran out" in page.words


def test_only_the_most_urgent_are_explained_and_the_rest_have_their_funnel():
    """Five want the same hour: of the four left out, two are explained where two are asked for."""
    some = problem(*(request(f"R{n}", windows=(span(0, 9, 10),), priority=n) for n in range(1, 6)))
    result = solve(some, SOLVED)
    heard: list[tuple[int, ...]] = []

    def hear(*news: int) -> None:
        heard.append(news)

    page = Page(report(some, result, explain=2, explain_seconds=600, on_progress=hear))
    assert heard == [(1, 2), (2, 2)]
    assert page.words.count("It has to lie in its window") == 2
    assert page.words.count("took the last 1 of") == 2
    assert "2 more, with the rule that took the last start" in page.words
    none = Page(report(some, result, explain=0))
    assert none.words.count("took the last 1 of") == 4
    assert "to lie in its window" not in none.words


def test_after_its_time_no_further_request_is_explained():
    """Without any time it is the first alone."""
    some = problem(*(request(f"R{n}", windows=(span(0, 9, 10),)) for n in range(1, 6)))
    page = Page(report(some, solve(some, SOLVED), explain_seconds=0))
    assert page.words.count("It has to lie in its window") == 1
    assert "3 more, with the rule that took the last start" in page.words


def test_a_schedule_from_anywhere_is_checked_and_nothing_is_claimed_of_bounds():
    """Two visits at once of one practitioner break one rule; who is left out has a reason."""
    some = problem(request("A"), request("B"), request("C", windows=(span(0, 9, 10),)))
    page = Page(report(some, placed(some, "A 9:00, B 9:00")))
    assert "The schedule breaks 1 rule, 1 time in all." in page.words
    assert "capacity: " in page.words
    assert "2 of 3" in page.words
    assert "capacity took the last 1 of" in page.words
    assert "gap" not in page.words.lower()
    assert "proved" not in page.words
    valid = Page(report(some, placed(some, "A 8:00, B 9:00")))
    assert "The schedule breaks no rule." in valid.words


def test_times_are_those_of_the_location():
    """A visit at nine in Berlin is at nine on the page, whatever zone the machine is in."""
    some = problem(request("A"))
    [row] = drawn(Page(report(some, placed(some, "A 9:00"))), "visit", "time")
    assert row["time"] == "Mon 2 Mar 2026, 09:00–10:00"


def test_weeks_with_new_visits_are_drawn_up_to_a_number():
    """Three of them; the page says what it leaves out."""
    some = problem(request("A"), request("B"), request("C"), days=21)
    schedule = placed(some, "A mon2 9:00, B mon9 9:00, C mon16 9:00")
    assert len(drawn(Page(report(some, schedule)), "visit", "time")) == 3
    page = Page(report(some, schedule, weeks=2))
    assert len(drawn(page, "visit", "time")) == 2
    assert "1 further week with new visits not drawn." in page.words


@pytest.mark.parametrize("resources", [0, 5, 200])
def test_any_number_of_resources_has_its_page(resources: int):
    """Every booking is on it."""
    some, schedule = clinic(resources, days=2, each=2)
    page = Page(report(some, schedule))
    assert len(drawn(page, "visit", "time")) == len(bookings(schedule))


def test_names_cannot_break_the_page():
    """Of problem, resource and request, in words and in charts: they are shown as they are."""
    evil = "</script><script>alert(1)</script><em>&amp;\u2028"
    some = problem(
        request("A", label=evil),
        request("<em>B</em>", label=evil, windows=(span(0, 9, 10),)),
        resources=(practitioner("ann", name=evil),),
        name=evil,
    )
    page = Page(report(some, placed(some, "A 9:00")))
    harmless = replace(some, name="", resources=(practitioner("ann"),))
    assert page.tags["script"] == Page(report(harmless, placed(some, "A 9:00"))).tags["script"]
    assert "em" not in page.tags
    assert page.words.count("</script><script>alert(1)</script><em>&amp;") >= 2
    assert "<em>B</em>" in page.words
    [row] = drawn(page, "visit", "time")
    assert row["row"] == evil


def test_no_schedule_has_a_page_with_the_demands():
    """Two must be served in one hour."""
    some = problem(*(request(name, windows=(span(0, 9, 10),), must=True) for name in "AB"))
    result = solve(some, SOLVED)
    assert result.schedule is None
    page = Page(report(some, result))
    assert result.status.value in page.words
    assert "Request A must be served." in page.words
    assert page.charts == {}


def test_it_is_written_whole_in_a_folder_that_is_made(
    tmp_path: Path, handmade: tuple[Problem, Result, History]
):
    """And nothing is left beside it."""
    some, result, _ = handmade
    file = write_report(some, result, tmp_path / "new" / "report.html", explain=0)
    assert file == tmp_path / "new" / "report.html"
    assert file.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert list(file.parent.iterdir()) == [file]
