"""The load as a table that fits the terminal: hours are joined where it is narrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from allocator.report.load import KindLoad
from allocator.report.style import QUIET, SHADES, plain_table, titled

#: How many hours may share a column, and the width of a column with the space after it.
JOINED = (1, 2, 3, 4, 6)
CELL = 4
#: What stands where nothing is open.
CLOSED = "·"


@dataclass(frozen=True, slots=True)
class LoadTable:
    """Load by kind and hour.

    Attributes
    ----------
    loads
        Of each kind.
    when
        The days looked at, in words.
    """

    loads: Sequence[KindLoad]
    when: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, with as many hours to a column as the width asks for."""
        yield self._table(next(self._fitting(options.max_width), JOINED[-1]))

    def _fitting(self, width: int) -> Iterator[int]:
        kind = max(len(load.kind) for load in self.loads)
        for joined in JOINED:
            if kind + 1 + CELL * (len(self._hours(joined)) + 1) <= width:
                yield joined

    def _hours(self, joined: int) -> list[int]:
        """Return the first hours of the columns in which anything is open."""
        return [
            hour
            for hour in range(0, 24, joined)
            if any(load.share(hour, hour + joined) is not None for load in self.loads)
        ]

    def _table(self, joined: int) -> RenderableType:
        by = "hour" if joined == 1 else f"{joined} hours from"
        table = plain_table()
        table.padding = 0
        table.add_column("kind", no_wrap=True)
        hours = self._hours(joined)
        for hour in hours:
            table.add_column(f"{hour:02d}", justify="right", width=CELL - 1, no_wrap=True)
        table.add_column("all", justify="right", width=CELL - 1, style="bold", no_wrap=True)
        closed = ""
        for load in self.loads:
            shares = [load.share(hour, hour + joined) for hour in hours]
            if None in shares:
                closed = f"; {CLOSED} is closed"
            cells = [_cell(share) for share in shares]
            table.add_row(load.kind, *cells, f"{100 * (load.share() or 0):.0f}")
        title = f"Load by kind and {by}, % of the open time {self.when}{closed}"
        return titled(title, table)


def _cell(share: float | None) -> Text:
    if share is None:
        return Text(CLOSED, style=QUIET)
    shade = SHADES[min(len(SHADES) - 1, max(0, int(share * len(SHADES))))]
    return Text(f"{100 * share:.0f}", style=shade)
