"""The HTML report: one file with everything a colleague asks about a schedule."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from allocator.domain.problem import Problem
from allocator.domain.schedule import Schedule
from allocator.plots import page, style
from allocator.plots.bars import BOOKED, Bar
from allocator.plots.days import Window, in_words, window
from allocator.plots.extra import altair as alt
from allocator.plots.extra import jinja2, vl_convert
from allocator.plots.judged import judged
from allocator.plots.left_out import EXPLAINED, SECONDS, Left, explained, left_out
from allocator.plots.load import load_map
from allocator.plots.progress import progress
from allocator.plots.save import version, write
from allocator.plots.timetable import shown
from allocator.plots.unplaced import reasons
from allocator.plots.week import bars_of, first_day, timetable
from allocator.prepare.prepared import Prepared
from allocator.report.load import busy_days, days_in_words
from allocator.report.words import count

if TYPE_CHECKING:
    from allocator.solve.progress import Progress
    from allocator.solve.result import Result

#: Weeks that are drawn; the first of them is open.
WEEKS = 12


class Drawn(NamedTuple):
    """A chart of the page."""

    id: str
    title: str
    about: str
    spec: str


def report(
    problem: Problem,
    given: Result | Schedule,
    *,
    history: Iterable[Progress] = (),
    weeks: int = WEEKS,
    explain: int = EXPLAINED,
    explain_seconds: float = SECONDS,
    on_progress: Callable[[int, int], None] | None = None,
) -> str:
    """Return a schedule as one HTML page that loads nothing from elsewhere.

    It has what was served by priority with bound and gap, the weeks by resource, the load, every
    request that was left out with its reason and funnel, the goals with their cost, and warnings.

    Parameters
    ----------
    problem, given
        The problem, and the result of a solve; or a schedule from anywhere, which is then checked
        and scored.
    history
        What a listener heard of the solve (``History``); with it the page shows its course.
    weeks
        How many weeks to draw at most, from the first that has a new visit.
    explain
        Of how many requests that are left out, the most urgent first, to say the fewest facts
        that leave no way, and what would place them (see ``allocator.explain``). The others have
        their funnel alone. A schedule that breaks rules is not explained.
    explain_seconds
        After which no further request is explained.
    on_progress
        Hears how many requests are explained, and of how many.

    Returns
    -------
    str
        The page.
    """
    prepared = Prepared(problem)
    solved = not isinstance(given, Schedule)
    result = judged(problem, given) if isinstance(given, Schedule) else given
    schedule = result.schedule
    charts: dict[str, list[Drawn]] = {"weeks": [], "load": [], "reasons": [], "course": []}
    about_weeks = ""
    left: list[Left] = []
    if schedule is not None:
        charts["weeks"], about_weeks = _weeks(prepared, schedule, weeks)
        charts["load"] = _load(prepared, schedule)
        if schedule.unplaced:
            charts["reasons"] = [drawn("reasons", "Reasons", "", reasons(schedule.unplaced))]
        valid = all(violation.inherited for violation in result.violations)
        known = explained(problem, schedule, explain, explain_seconds, on_progress) if valid else {}
        left = left_out(problem, schedule, known)
    heard = [news for news in history if news.costs]
    if heard:
        course = progress(heard, problem=problem)
        charts["course"] = [drawn("course", "Course of the solve", "", course)]
    warnings, notes = page.remarks(prepared, result)
    return template("report.html").render(
        name=style.heading(problem.name or "schedule"),
        asked=page.asked(prepared),
        status=page.said(result, solved=solved),
        proved=solved and result.status.name == "OPTIMAL",
        solved=solved,
        found=schedule is not None,
        demands=page.no_schedule(prepared) if schedule is None else [],
        facts=page.facts(prepared, result, schedule) if schedule else [],
        classes=page.classes(prepared, result, schedule) if schedule else [],
        goals=page.goals(result, solved=solved),
        left_out=left,
        warnings=warnings,
        notes=notes,
        about_weeks=about_weeks,
        charts=charts,
        runtime=runtime() if any(charts.values()) else "",
    )


def write_report(
    problem: Problem,
    given: Result | Schedule,
    path: Path | str,
    *,
    history: Iterable[Progress] = (),
    weeks: int = WEEKS,
    explain: int = EXPLAINED,
    explain_seconds: float = SECONDS,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Write the report of a result, or of a schedule, as a file, whole or not at all.

    Parameters
    ----------
    problem, given, history, weeks, explain, explain_seconds, on_progress
        As in ``report``.
    path
        An ``.html`` file. Its folder is made where it does not exist.

    Returns
    -------
    Path
        The file.
    """
    file = Path(path)
    text = report(
        problem,
        given,
        history=history,
        weeks=weeks,
        explain=explain,
        explain_seconds=explain_seconds,
        on_progress=on_progress,
    )
    write(text.encode("utf-8"), file)
    return file


def _weeks(prepared: Prepared, schedule: Schedule, most: int) -> tuple[list[Drawn], str]:
    """Draw the weeks that hold new visits, and say which are not drawn."""
    numbers = shown(prepared, None, None)
    bars = bars_of(prepared, schedule, numbers)
    found = weeks_of(bars) or [window("week", first_day(prepared, bars))]
    made = []
    for number, week in enumerate(found[:most]):
        mine = [bar for bar in bars if week.touches(bar.claimed_from, bar.claimed_to)]
        new = len({bar.visit for bar in mine if bar.state != BOOKED})
        booked = len({bar.visit for bar in mine}) - new
        about = count(new, "new visit") + (f", {booked:,} booked before" if booked else "")
        words = in_words(week, "week")
        chart = timetable(prepared, mine, numbers, week, "week")
        made.append(drawn(f"week-{number + 1}", words, about, chart))
    rest = len(found) - len(made)
    about = f"{count(rest, 'further week')} with new visits not drawn." if rest else ""
    return made, about


def weeks_of(bars: Sequence[Bar]) -> list[Window]:
    """Return the weeks in which something is new; where nothing is, those that hold anything."""
    new = [bar for bar in bars if bar.state != BOOKED]
    mondays: set[date] = set()
    for bar in new or bars:
        day = bar.start.date()
        mondays.add(day - timedelta(days=day.weekday()))
    return [window("week", monday) for monday in sorted(mondays)]


def _load(prepared: Prepared, schedule: Schedule) -> list[Drawn]:
    """Draw the load of the days that the summary looks at."""
    days = busy_days(prepared, schedule)
    chart = load_map(prepared, schedule, 0, days)
    return [drawn("load", "Load", days_in_words(prepared, days), chart)]


def drawn(id: str, title: str, about: str, chart: alt.TopLevelMixin) -> Drawn:
    """Return a chart as a page holds it."""
    spec = json.dumps(
        page.plain(chart.to_dict(validate=False)), ensure_ascii=False, separators=(",", ":")
    )
    return Drawn(id, title, about, inside_script(spec))


def inside_script(text: str) -> str:
    """Return JSON that cannot end the script element that holds it, whatever it contains."""
    for sign, code in (("<", r"\u003c"), (">", r"\u003e"), ("\u2028", r"\u2028")):
        text = text.replace(sign, code)
    return text


@lru_cache(maxsize=1)
def runtime() -> str:
    """Return the program that draws charts in a browser, ready to stand in a script element."""
    bundle: Callable[..., str] = vl_convert.javascript_bundle
    return bundle(vl_version=version()).replace("</script", r"<\/script")


def template(name: str) -> jinja2.Template:
    """Return a template, whose values are escaped unless it says otherwise."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("allocator.plots"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template(name)
