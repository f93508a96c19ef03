"""Settings of the service, from the environment: every name begins with ``ALLOCATOR_``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from api.auth.tokens import TokenRules
from api.sealing import Seal, keys_of


class Settings(BaseSettings):
    """How the service runs.

    Attributes
    ----------
    database_url
        Where the role of the API logs in.
    worker_database_url, relay_database_url
        The same for the worker, and for the sweeper and relay.
    admin_database_url
        Where migrations log in: the owner of the tables.
    pool_size
        Connections of one API process, at most.
    statement_seconds
        Seconds that one statement of the API may take in the database.
    issuer, audience, algorithms, jwks_url
        Which bearer tokens are believed; none where there is no issuer.
    search_per_minute, hold_per_minute, book_per_minute
        Requests of one key, at most: reading, holding, and everything else that changes.
    address_per_minute
        Requests of one network address, at most; for publishable keys a tenth.
    failed_per_minute
        Failed sign-ins from one network address, at most, at each process of the API.
    most_bytes
        Size of what may be sent at once; imports may be larger.
    import_bytes
        Size of an import.
    secure_cookies
        Whether cookies go over HTTPS alone.
    sealing_keys
        Keys that seal the secrets which have to be told again, with commas between: the first
        seals, all of them open. Each has 32 bytes, in base64.
    metrics_token
        A bearer token that opens ``/metrics`` from elsewhere; none where empty.
    traces
        Where traces go: the address at which an OTLP collector takes them; empty is nowhere.
    webhook_private
        Whether webhooks may lead into the own network.
    stream_seconds
        How long events are streamed before whoever listens has to come again.
    log_level
        What is logged: ``debug``, ``info``, ``warning`` or ``error``, each with all after it.
    """

    model_config = SettingsConfigDict(
        env_prefix="ALLOCATOR_", extra="ignore", hide_input_in_errors=True
    )

    database_url: str = ""
    worker_database_url: str = ""
    relay_database_url: str = ""
    admin_database_url: str = ""
    pool_size: int = 20
    statement_seconds: float = 20
    issuer: str = ""
    audience: str = ""
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    jwks_url: str = ""
    search_per_minute: int = 12_000
    hold_per_minute: int = 6_000
    book_per_minute: int = 6_000
    address_per_minute: int = 60_000
    failed_per_minute: int = 60
    most_bytes: int = 1_000_000
    import_bytes: int = 50_000_000
    secure_cookies: bool = True
    sealing_keys: str = Field(default="", repr=False)
    metrics_token: str = ""
    traces: str = ""
    webhook_private: bool = False
    stream_seconds: float = 60.0
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    @field_validator("sealing_keys")
    @classmethod
    def _keys(cls, text: str) -> str:
        return ",".join(keys_of(text))

    @property
    def seal(self) -> Seal:
        """What seals secrets."""
        return Seal(keys_of(self.sealing_keys))

    @property
    def tokens(self) -> TokenRules:
        """Which bearer tokens are believed."""
        return TokenRules(
            issuer=self.issuer,
            audience=self.audience,
            algorithms=self.algorithms,
            jwks_url=self.jwks_url,
        )
