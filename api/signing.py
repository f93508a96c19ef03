"""Signatures: of what is sent to webhooks (standardwebhooks.com), and of tokens of our own."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from typing import Any

PREFIX = "whsec_"
#: What tokens of suggestions begin with, and the bytes of their signature.
TOKEN, SIGNATURE = "st_", 32


def new_secret() -> str:
    """Return a secret that nobody has."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def signed(known: Sequence[str], name: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows who sent a message, and when.

    Parameters
    ----------
    known
        The secrets of which a receiver may know any; each signs.
    name
        The message's; the same however often it is sent.
    timestamp
        Seconds since 1970 at which it is sent.
    """
    content = f"{name}.{timestamp}.".encode() + body
    return {
        "webhook-id": name,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{_signature(secret, content)}" for secret in known),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def sealed(secret: bytes, document: Any) -> str:
    """Return a document as a token that nobody else can make; whoever has it can read it."""
    body = json.dumps(document, separators=(",", ":")).encode()
    signature = hmac.new(secret, body, hashlib.sha256).digest()
    return TOKEN + base64.urlsafe_b64encode(signature + body).decode().rstrip("=")


def unsealed(known: Sequence[bytes], token: str) -> Any | None:
    """Return the document of a token; None where it was made with none of some secrets."""
    text = token.removeprefix(TOKEN)
    try:
        found = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    signature, body = found[:SIGNATURE], found[SIGNATURE:]
    made = (hmac.digest(secret, body, "sha256") for secret in known)
    if not any(hmac.compare_digest(signature, one) for one in made):
        return None
    return json.loads(body)
