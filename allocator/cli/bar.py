"""The progress bar of a solve, on stderr."""

from __future__ import annotations

from types import TracebackType

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from allocator.cli.common import errors
from allocator.solve.params import Params
from allocator.solve.progress import Listener
from allocator.solve.progress import Progress as News

PHASES = {
    "construct": "first schedule",
    "demands": "hard demands",
    "prove": "one model",
    "repair": "left-out requests",
}


class ProgressBar:
    """Shows elapsed time against the limit, the incumbent, the bound and the gap.

    Parameters
    ----------
    params
        Settings of the solve.
    """

    def __init__(self, params: Params) -> None:
        self._limit = params.time_limit_seconds if params.deterministic_limit is None else None
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[news]}"),
            console=errors,
            transient=True,
        )
        self._task = self._progress.add_task("starting", total=self._limit, news="")

    def __enter__(self) -> Listener:
        """Start the bar, and return who is to be told."""
        self._progress.start()
        return self._told

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        self._progress.stop()

    def _told(self, news: News) -> None:
        words = [f"{news.visits_placed:,} of {news.visits:,} visits"]
        if news.costs:
            cost = news.costs[-1]
            bound = news.bounds[-1] if news.bounds else None
            words.append(f"cost {cost:,}")
            if bound is not None:
                gap = (cost - bound) / max(1, abs(cost))
                words.append(f"bound {bound:,}, gap {100 * gap:.1f} %")
        description = PHASES.get(news.phase, news.phase)
        if news.level and news.level != news.phase:
            description += f", {news.level}"
        self._progress.update(
            self._task,
            description=description,
            completed=min(news.seconds, self._limit or news.seconds),
            news=", ".join(words),
        )
