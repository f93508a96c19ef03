"""Bearer tokens of an issuer: which are believed, and the keys that they are signed with."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

import jwt
import structlog

from api.problems import IssuerUnavailable, Unauthenticated

LOG = structlog.get_logger("allocator.tokens")
#: Seconds for which keys are taken as current, between two looks for one that is unknown, and
#: for an answer; and the bytes that an answer may have.
CURRENT, AGAIN, WAIT, MOST = 300.0, 10.0, 5.0, 1_000_000
#: Seconds by which the issuer's clock and this machine's may differ.
LEEWAY = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRules:
    """Which bearer tokens are believed.

    Attributes
    ----------
    issuer, audience
        What they have to say; tokens are refused altogether where the issuer is empty.
    algorithms
        How they may be signed.
    jwks_url
        Where the issuer's keys are.
    """

    issuer: str = ""
    audience: str = ""
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    jwks_url: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token names: the issuer, and its own name for somebody."""

    issuer: str
    name: str


class Tokens:
    """Reads tokens.

    Keys once read serve on while the issuer cannot be reached; nobody who sends made-up tokens
    makes this service ask the issuer more often than every few seconds.

    Parameters
    ----------
    rules
        Which tokens are believed.
    clock
        Seconds that only grow.
    """

    def __init__(self, rules: TokenRules, clock: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules
        self._clock = clock
        self._keys: dict[str, jwt.PyJWK] = {}
        self._looked: float | None = None
        self._lock = Lock()

    @property
    def known(self) -> bool:
        """Whether any tokens are believed."""
        return bool(self._rules.issuer and self._rules.audience and self._rules.jwks_url)

    def subject(self, token: str) -> Subject:
        """Return whom a token names.

        Raises
        ------
        Unauthenticated
            Where it is not to be believed.
        IssuerUnavailable
            Where the issuer's keys are needed and cannot be had.
        """
        try:
            header = jwt.get_unverified_header(token)
            kid, algorithm = header.get("kid"), header.get("alg")
            if algorithm not in self._rules.algorithms:
                allowed = ", ".join(self._rules.algorithms)
                raise Unauthenticated(
                    f"The token is signed by {algorithm!r}; allowed are: {allowed}."
                )
            if not isinstance(kid, str):
                raise Unauthenticated("The token does not say by which key it is signed (kid).")
            key = self._key(kid)
            if key.algorithm_name != algorithm:
                raise Unauthenticated(
                    f"The token is signed by {algorithm}; its key is for {key.algorithm_name}."
                )
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[algorithm],
                audience=self._rules.audience,
                issuer=self._rules.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"The token is not valid: {error}.") from error
        name: str = claims["sub"]
        if not name or not name.isprintable():
            raise Unauthenticated("The token names nobody (sub).")
        return Subject(self._rules.issuer, name)

    def _key(self, kid: str) -> jwt.PyJWK:
        """Return a key of the issuer's by its name; whoever has one waits for no newer ones."""
        found = self._keys.get(kid)
        stale = CURRENT if found else AGAIN
        if self._age() > stale and self._lock.acquire(blocking=found is None):
            try:
                if self._age() > stale:
                    self._look()
            finally:
                self._lock.release()
            found = self._keys.get(kid)
        if found is None and not self._keys:
            raise IssuerUnavailable(f"The keys of {self._rules.issuer} cannot be read just now.")
        if found is None:
            raise Unauthenticated(f"{self._rules.issuer} has no key {kid!r}.")
        return found

    def _age(self) -> float:
        return float("inf") if self._looked is None else self._clock() - self._looked

    def _look(self) -> None:
        """Read the issuer's keys; where that fails, those read before stay."""
        try:
            with urllib.request.urlopen(self._rules.jwks_url, timeout=WAIT) as answer:
                document = json.loads(answer.read(MOST))
            keys = jwt.PyJWKSet.from_dict(document).keys
            self._keys = {key.key_id: key for key in keys if key.key_id is not None}
        except (OSError, ValueError, AttributeError, jwt.PyJWTError) as error:
            LOG.warning(
                "unreachable", action="tokens.unreachable", known=len(self._keys), exc_info=error
            )
            if isinstance(error, urllib.error.HTTPError):
                error.close()
        self._looked = self._clock()
