"""Signatures of what is sent to webhooks, by Standard Webhooks (standardwebhooks.com)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"


def new_secret() -> str:
    """Return a secret that nobody has."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(secret: str, name: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows who sent a message, and when.

    Parameters
    ----------
    name
        The message's; the same however often it is sent.
    timestamp
        Seconds since 1970 at which it is sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    content = f"{name}.{timestamp}.".encode() + body
    found = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": name,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{found}",
    }
