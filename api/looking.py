"""Paths that are asked far more often than all others: what is free."""

from __future__ import annotations

from typing import get_type_hints

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from api.call import call
from api.sign_in import Answering, KnownRoute

#: Headers that say more than who asks.
MORE = ("idempotency-key", "if-match", "allocator-membership")


class LookingRoute(KnownRoute):
    """A path of which each answer is quick: what goes round it has to be so as well.

    What has changed of what is booked is asked in the trip that finds out who asks. A body is read
    at once; one that is not as it should be goes the framework's way, which says what is wrong.
    """

    looks = True

    def answering(self) -> Answering:
        """Return what answers those who are known."""
        slowly = super().answering()
        expected: type[BaseModel] | None = get_type_hints(self.endpoint).get("body")
        if expected is None:
            return slowly

        async def answer(request: Request) -> Response:
            if any(name in request.headers for name in MORE):
                return await slowly(request)
            try:
                body = expected.model_validate_json(await request.body())
            except (ValidationError, ClientDisconnect):
                return await slowly(request)
            known = await call(request)
            found: Response = await run_in_threadpool(self.endpoint, call=known, body=body)
            return found

        return answer
