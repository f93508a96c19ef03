"""The table of ``allocator bench``: a row for each run, as soon as it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from rich.console import Console
from rich.text import Text

from allocator.report.style import BAD, QUIET
from allocator.report.words import count

if TYPE_CHECKING:
    from allocator.bench.case import Case
    from allocator.bench.run import Run

#: Sentences that are told of what one run breaks; --json tells them all.
TOLD = 5
NONE = "–"
#: Behind the name of a level that the set's scorer does not count.
MARK = "*"
GAP = "  "

T = TypeVar("T")


class BenchTable:
    """The runs of one instance, a row for each.

    Where that does not fit the console, two columns make one: a bound stands below its cost, the
    status below the time until the first schedule, and the number of broken rules below that in
    all. Levels that do not fit even so go to further lines.

    Parameters
    ----------
    console
        Where to print.
    case
        The instance.
    title
        What to call it.
    """

    def __init__(self, console: Console, case: Case, title: str) -> None:
        self._console = console
        self._title = title
        self._case = case
        self._label = max(len(label) for label in ("median", *case.known))
        self._levels: list[str] = []
        self._widths: list[int] = []
        self._lines: list[slice] = []

    def add(self, run: Run) -> None:
        """Print the row of a run, below the heading where it is the first."""
        levels = list(run.levels)
        cells = [
            str(run.seed),
            *_levels(run.levels, run.bounds),
            *_seconds(run.first_schedule_seconds, run.seconds),
            run.status.name,
            f"{len(run.broken):,}",
        ]
        if levels != self._levels:
            self._levels = levels
            self._heading(run, cells)
        self._print(cells, bad=bool(run.broken or run.disputed))
        broken = [f"broken: {sentence}" for sentence in run.broken[:TOLD]]
        if len(run.broken) > TOLD:
            broken.append(f"broken: {len(run.broken) - TOLD:,} more")
        for sentence in (*broken, *(f"disputed: {sentence}" for sentence in run.disputed)):
            self._console.print(Text(f"  {sentence}", style=BAD), soft_wrap=True)

    def end(self, runs: Sequence[Run]) -> None:
        """Print median and worst over the seeds, and what others published."""
        from statistics import median

        ranked = sorted(runs, key=lambda run: run.rank)
        if len(runs) > 1:
            for label, of, seconds in (
                ("median", ranked[len(ranked) // 2], median),
                ("worst", ranked[-1], max),
            ):
                firsts = [run.first_schedule_seconds for run in runs]
                known = [first for first in firsts if first is not None]
                first = seconds(known) if len(known) == len(firsts) else None
                times = _seconds(first, seconds([run.seconds for run in runs]))
                self._print([label, *_levels(of.levels, of.bounds), *times], style="bold")
        for label, figures in self._case.known.items():
            if isinstance(figures, str):
                self._print([label, *[""] * (2 * len(self._levels) + 2), figures], style=QUIET)
            else:
                pairs = [cell for figure in figures for cell in (f"{figure:,}", "")]
                self._print([label, *pairs], style=QUIET)
        if any(run.unscored for run in runs):
            note = f"{MARK} the library's own count: the set's scorer does not count it"
            self._console.print(Text(note, style=QUIET), soft_wrap=True)

    def _heading(self, run: Run, cells: list[str]) -> None:
        problem = self._case.problem
        self._console.print()
        self._console.print(
            Text.assemble(
                (self._title, "bold"),
                f": {count(len(problem.requests), 'request')},"
                f" {count(sum(r.visit_count for r in problem.requests), 'visit')},"
                f" {count(len(problem.resources), 'resource')}",
            ),
            soft_wrap=True,
        )
        head = ["seed"]
        for name in self._levels:
            head += [f"{name}{MARK}" if name in run.unscored else name, "bound"]
        head += ["first, s", "seconds", "status", "broken"]
        published = [known for known in self._case.known.values() if not isinstance(known, str)]
        least = max((len(f"{figure:,}") for known in published for figure in known), default=0)
        self._widths = [max(len(a), len(b)) for a, b in zip(head, cells, strict=True)]
        self._widths[0] = max(self._widths[0], self._label)
        for place in range(1, 2 * len(self._levels), 2):
            self._widths[place] = max(self._widths[place], least)
            self._widths[place + 1] = max(self._widths[place + 1], len(cells[place]))
        self._fold()
        self._print(head, style="bold")

    def _fold(self) -> None:
        """Make two columns one where the console is too narrow, and share them out to lines."""
        whole = sum(width + len(GAP) for width in self._widths) - len(GAP)
        self._lines = []
        if whole <= self._console.width:
            return
        label, *widths = self._widths
        widths = _in_pairs(widths)
        pairs = [max(pair) for pair in zip(widths[::2], widths[1::2], strict=True)]
        self._widths = [label, *pairs]
        first, left = 0, self._console.width - label
        for place, width in enumerate(pairs):
            left -= width + len(GAP)
            if left < 0 and place > first:
                self._lines.append(slice(first, place))
                first, left = place, self._console.width - label - width - len(GAP)
        self._lines.append(slice(first, len(pairs)))

    def _print(self, cells: Sequence[str], *, style: str = "", bad: bool = False) -> None:
        """Print cells to the right of their columns."""
        for line in self._laid_out(cells):
            self._console.print(
                Text(line.rstrip(), style=f"bold {BAD}" if bad else style), soft_wrap=True
            )

    def _laid_out(self, cells: Sequence[str]) -> Iterator[str]:
        """Yield the lines of a row; of a folded one those with anything in them."""
        if not self._lines:
            yield self._line(cells, self._widths)
            return
        label, *rest = cells
        rest = _in_pairs([*rest, *[""] * (2 * (len(self._widths) - 1) - len(rest))])
        for part in self._lines:
            for some in (rest[0::2][part], rest[1::2][part]):
                if any(some):
                    yield self._line([label, *some], [self._widths[0], *self._widths[1:][part]])
                    label = ""

    def _line(self, cells: Sequence[str], widths: Sequence[int]) -> str:
        return GAP.join(f"{c:>{w}}" for c, w in zip(cells, widths, strict=False))


def _in_pairs(cells: list[T]) -> list[T]:
    """Return the cells of a row as they are folded: by twos, the second below the first."""
    first, seconds, status, broken = cells[-4:]
    return [*cells[:-4], first, status, seconds, broken]


def _levels(costs: Mapping[str, int], bounds: Mapping[str, int | None]) -> list[str]:
    """Return cost and bound of each level."""
    found = []
    for name, cost in costs.items():
        bound = bounds.get(name)
        found += [f"{cost:,}", NONE if bound is None else f"{bound:,}"]
    return found


def _seconds(first: float | None, seconds: float) -> list[str]:
    return [NONE if first is None else f"{first:.2f}", f"{seconds:.1f}"]
