"""The database's clock, for what all processes have to agree on."""

from __future__ import annotations

import time

from sqlalchemy import text

from api.store.database import Database

#: Seconds between two looks at it; between them time goes by as this machine counts it.
EVERY = 60.0


class StoreClock:
    """Seconds since 1970 as the database has them, whatever the clock of this machine says.

    Parameters
    ----------
    database
        Whose clock it is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked: float | None = None
        self._ahead = 0.0

    def __call__(self) -> float:
        """Return the time."""
        now = time.monotonic()
        if self._looked is None or now >= self._looked + EVERY:
            ((found,),) = self._database.ask(_NOW, {})
            self._looked, self._ahead = now, float(found) - now
        return now + self._ahead


_NOW = text("SELECT extract(epoch FROM clock_timestamp())")
