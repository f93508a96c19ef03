"""Progress on stderr, for what takes longer than a moment."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from allocator.cli.common import to_stderr

if TYPE_CHECKING:
    from allocator.domain.problem import Problem
    from allocator.solve.progress import Progress as News

#: Seconds before anything is shown, and between lines where stderr is no terminal.
DELAY = 1.0
FIRST_LINE, NEXT_LINE = 2.0, 10.0

PHASES = {
    "construct": "first schedule",
    "demands": "hard demands",
    "plan": "plan",
    "prove": "one model",
    "repair": "left-out requests",
    "improve": "improving",
}


class Patience:
    """Says what is going on once it takes longer: a bar on a terminal, else a line at times.

    Parameters
    ----------
    doing
        What is begun, such as ``"reading data/clinic"``.
    console
        Where to say so; stderr by default.
    """

    def __init__(self, doing: str, console: Console | None = None) -> None:
        self._console = console or to_stderr()
        self._began = time.monotonic()
        self._over = threading.Event()
        self._doing, self._news = doing, ""
        self._levels: dict[str, tuple[int, bool]] = {}
        self._progress = Progress(
            TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True)),
            BarColumn(bar_width=12),
            TimeElapsedColumn(),
            TextColumn(
                "{task.fields[news]}",
                markup=False,
                table_column=Column(no_wrap=True, overflow="ellipsis", ratio=1),
            ),
            console=self._console,
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task(doing, total=None, news="")
        self._thread = threading.Thread(target=self._watch, name="patience", daemon=True)

    def __enter__(self) -> Patience:
        """Start to wait."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._over.set()
        self._thread.join()

    def now(self, doing: str) -> None:
        """Say what is being done from now on."""
        self._show(doing, "")

    def solving(self, problem: Problem, limit: float | None) -> None:
        """Say that a problem is being solved, in so many seconds at most."""
        for number, level in enumerate(problem.objective):
            serves = all(goal.startswith("served:") for goal, _ in level.goals)
            self._levels[level.name] = (number, serves)
        self._progress.reset(self._task, total=limit, description="preparing", news="")
        self._show("preparing", "")

    def told(self, news: News) -> None:
        """Show how a solve stands: it is the listener of one."""
        words = [f"{news.visits_placed:,} of {news.visits:,} visits"]
        known = news.level in self._levels
        number, serves = self._levels.get(news.level, (0, True))
        if news.costs and not serves:
            cost, bound = news.costs[number], news.bounds[number] if news.bounds else None
            words.append(f"cost {cost:,}")
            if bound is not None:
                gap = (cost - bound) / max(1, abs(cost))
                words.append(f"at least {bound:,} (gap {100 * gap:.1f} %)")
        doing = news.level if known else PHASES.get(news.phase, news.phase)
        self._show(doing, ", ".join(words), news.seconds)

    def _show(self, doing: str, news: str, seconds: float | None = None) -> None:
        self._doing, self._news = doing, news
        self._progress.update(self._task, description=doing, news=news)
        if seconds is not None:
            total = self._progress.tasks[0].total
            self._progress.update(self._task, completed=min(seconds, total or seconds))

    def _watch(self) -> None:
        """Show nothing at first, then the bar or lines, until it is over."""
        if self._console.is_terminal:
            if not self._over.wait(DELAY):
                with self._progress:
                    self._over.wait()
            return
        wait = FIRST_LINE
        while not self._over.wait(wait):
            wait = NEXT_LINE
            news = f": {self._news}" if self._news else ""
            line = f"{time.monotonic() - self._began:.0f} s, {self._doing}{news}"
            self._console.print(Text(line), soft_wrap=True)
