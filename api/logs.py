"""Log lines: JSON on stderr, one a line, with a stable ``action`` and no personal data."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from typing import Any

import structlog

LEVELS = ("debug", "info", "warning", "error")
#: Loggers that write whole addresses, queries included; ours writes the route.
QUIET = ("uvicorn.access", "httpx", "httpx2", "httpcore", "urllib3")


def configure(level: str = "warning") -> None:
    """Set up logging for this process; what libraries log comes out in the same form."""
    least = getattr(logging, level.upper())
    shared: list[structlog.typing.Processor] = [
        told_plainly,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(least),
        processors=[
            *shared,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, _library],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.basicConfig(level=least, handlers=[handler], force=True)
    for quiet in QUIET:
        logging.getLogger(quiet).setLevel(logging.CRITICAL + 1)


def told_plainly(
    logger: Any, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Tell of an error its types and places alone.

    What it says, what was in the variables, and the parameters of a statement may be somebody's
    name.
    """
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exc_info()
    if isinstance(error, tuple):
        error = error[1]
    if isinstance(error, BaseException):
        event["errors"] = [_places(one) for one in _causes(error)]
    return event


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what caused it, the first cause last."""
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)


def _places(error: BaseException) -> dict[str, Any]:
    told = {
        "type": f"{type(error).__module__}.{type(error).__qualname__}",
        "at": [
            f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_name}"
            for frame, line in traceback.walk_tb(error.__traceback__)
        ],
    }
    state = getattr(error, "sqlstate", None)
    return told if state is None else {**told, "sqlstate": state}


def _library(
    logger: logging.Logger, method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Give a library's line an action, and the name of whoever wrote it."""
    record: logging.LogRecord = event["_record"]
    return {**event, "action": "library", "library": record.name}
