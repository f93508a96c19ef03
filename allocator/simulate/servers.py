"""Servers that are taken and come free, in all runs at once; queues of people who just come."""

from __future__ import annotations

import numpy as np

from allocator.simulate.distributions import Draws


class Servers:
    """The lanes of a resource: a row for each that is not in use, with when it came free.

    Lanes are anonymous: in each run, whatever is asked for is given those free the longest.

    Parameters
    ----------
    lanes
        How many there are.
    runs
        How many runs go on at once.
    """

    __slots__ = ("rows",)

    def __init__(self, lanes: int, runs: int) -> None:
        self.rows = [np.full(runs, -np.inf) for _ in range(lanes)]

    def take(self, lanes: int) -> list[Draws]:
        """Take lanes away, and return when each came free; the last is when all of them are."""
        if len(self.rows) > 1:
            self.rows = list(np.sort(np.stack(self.rows), axis=0))
        taken, self.rows = self.rows[:lanes], self.rows[lanes:]
        return taken

    def free(self, row: Draws) -> None:
        """Give a lane back, with when it comes free."""
        self.rows.append(row)


def queue(arrivals: Draws, minutes: Draws, *, servers: int = 1) -> Draws:
    """Return how long each waits who comes without an appointment: first come, first served.

    With one server this is the recursion of Lindley ("The theory of queues with a single server",
    1952): who comes waits until the one before has left. With several it is that of Kiefer and
    Wolfowitz (1955).

    Parameters
    ----------
    arrivals
        When each comes, in minutes; a row for each run, ascending along it. One row alone is one
        run.
    minutes
        How long each takes, of the same shape.
    servers
        How many serve.

    Returns
    -------
    numpy.ndarray
        Minutes, of the same shape.
    """
    if arrivals.shape != minutes.shape:
        raise ValueError(
            f"Arrivals have the shape {arrivals.shape}, minutes {minutes.shape}; each who comes"
            " has both."
        )
    coming, lasting = np.atleast_2d(arrivals), np.atleast_2d(minutes)
    pool = Servers(servers, len(coming))
    waited = np.empty(coming.shape)
    for who in range(coming.shape[1]):
        [free] = pool.take(1)
        start = np.maximum(coming[:, who], free)
        waited[:, who] = start - coming[:, who]
        pool.free(start + lasting[:, who])
    return waited.reshape(arrivals.shape)
