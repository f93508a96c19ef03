"""Says what is going on while somebody waits: in a terminal, and in a notebook."""

from __future__ import annotations

import threading
import time
from contextvars import copy_context
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column

if TYPE_CHECKING:
    from allocator.domain.problem import Problem
    from allocator.solve.progress import Progress as News

#: Seconds before anything is shown, and between two changes of a notebook's line.
DELAY, CHANGE = 1.0, 0.5

PHASES = {
    "construct": "first schedule",
    "demands": "hard demands",
    "price": "what can be served",
    "plan": "plan",
    "serve all": "everybody at once",
    "prove": "one model",
    "repair": "left-out requests",
    "squeeze": "left-out requests",
    "improve": "improving",
}


class Patience:
    """Says what is going on once it takes longer than a moment.

    In a terminal it is a bar that goes away at the end. In a notebook it is one line of output,
    which changes while its cell runs and then says how long it took. Elsewhere, as in a pipe or a
    log, it is nothing.

    Parameters
    ----------
    doing
        What is begun, such as ``"reading data/clinic"``.
    console
        Where to say so; stderr by default.

    Examples
    --------
    Its methods are listeners::

        with Patience("solving") as patience:
            result = solve(problem, on_progress=patience.told)
        explainer = Explainer(problem, result.schedule)
        with Patience("explaining") as patience:
            reasons = list(explainer.why_not_all(on_progress=patience.counted))
    """

    def __init__(self, doing: str, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._began = time.monotonic()
        self._over = threading.Event()
        self._doing, self._news, self._of = doing, "", ""
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
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Patience:
        """Start to wait."""
        watch = self._watch_notebook if self._console.is_jupyter else self._watch_terminal
        # A notebook knows by the context to which cell an output belongs.
        run = copy_context().run
        self._thread = threading.Thread(target=run, args=(watch,), name="patience", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away, or write the line for the last time."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def now(self, doing: str) -> None:
        """Say what is being done from now on."""
        self._show(doing, "")

    def counted(self, done: int, of: int) -> None:
        """Show how many of some things are done: it is the listener of ``why_not_all``."""
        self._progress.update(self._task, completed=done, total=of)
        self._show(self._doing, f"{done:,} of {of:,}")

    def solving(self, problem: Problem, limit: float | None = None, of: str = "") -> None:
        """Say that a problem is being solved, in so many seconds at most.

        With it, the news of a solve tell costs and gaps of comfort too. Where there are several
        solves, ``of`` says before all news which one it is.
        """
        self._of = f"{of}: " if of else ""
        for number, level in enumerate(problem.objective):
            serves = all(goal.startswith("served:") for goal, _ in level.goals)
            self._levels[level.name] = (number, serves)
        self._progress.reset(self._task, total=limit, news="")
        self._show(f"{self._of}preparing", "")

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
        total = self._progress.tasks[0].total
        self._progress.update(self._task, completed=min(news.seconds, total or news.seconds))
        self._show(self._of + doing, ", ".join(words))

    def _show(self, doing: str, news: str) -> None:
        self._doing, self._news = doing, news
        self._progress.update(self._task, description=doing, news=news)

    def _watch_terminal(self) -> None:
        """Show nothing at first, then the bar, until it is over."""
        if self._console.is_terminal and not self._over.wait(DELAY):
            with self._progress:
                self._over.wait()

    def _watch_notebook(self) -> None:
        """Show nothing at first, then one line that changes, until it is over."""
        if self._over.wait(DELAY):
            return
        from IPython.display import display

        line = display(self._line(), raw=True, display_id=True)
        while not self._over.wait(CHANGE):
            line.update(self._line(), raw=True)
        line.update(self._line(), raw=True)

    def _line(self) -> dict[str, str]:
        """Return the line as an output of a notebook."""
        news = f": {self._news}" if self._news else ""
        return {"text/plain": f"{self._doing}{news} ({time.monotonic() - self._began:.0f} s)"}
