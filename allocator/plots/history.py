"""Keeps what a solve tells about itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from allocator.solve.progress import Progress


class History:
    """A listener of a solve that keeps what it hears; pass it as ``on_progress``.

    Parameters
    ----------
    also
        Another listener, who is told as well.
    """

    def __init__(self, also: Callable[[Progress], None] | None = None) -> None:
        self.events: list[Progress] = []
        self._also = also

    def __call__(self, news: Progress) -> None:
        """Keep the news, and pass it on."""
        self.events.append(news)
        if self._also is not None:
            self._also(news)

    def __iter__(self) -> Iterator[Progress]:
        """Yield what was heard, in order."""
        return iter(self.events)

    def __len__(self) -> int:
        """Count what was heard."""
        return len(self.events)
