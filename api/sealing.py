"""Secrets that have to be told again, at rest: sealed by keys that are not in the database.

What is sealed is Fernet's (AES-128 in CBC mode, signed by HMAC-SHA256), from the package
``cryptography``. What need not be kept at all is derived from the same keys.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from api.problems import StoreUnavailable

#: Bytes of a key.
SIZE = 32


def new_key() -> str:
    """Return a key that nobody has."""
    return base64.urlsafe_b64encode(secrets.token_bytes(SIZE)).decode()


def keys_of(text: str) -> list[str]:
    """Return the keys that a setting names, in a form that is always the same.

    Raises
    ------
    ValueError
        Where one of them is no key.
    """
    found = []
    for number, part in enumerate(filter(None, (part.strip() for part in text.split(","))), 1):
        try:
            key = base64.b64decode(part.translate(_PLAIN), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError(f"key {number} is not in base64") from error
        if len(key) != SIZE:
            raise ValueError(f"key {number} has {len(key)} bytes; {SIZE} are needed")
        found.append(base64.urlsafe_b64encode(key).decode())
    return found


#: The two characters that the alphabet for addresses has of its own, as the usual one writes them.
_PLAIN = str.maketrans("-_", "+/")


class Seal:
    """Seals texts by the first of some keys, and opens what any of them has sealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = tuple(keys)
        self._fernet = MultiFernet([Fernet(key) for key in keys]) if keys else None

    def close(self, text: str) -> str:
        """Seal a text.

        Raises
        ------
        StoreUnavailable
            Where there is no key.
        """
        return self._known().encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return a text that was sealed.

        Raises
        ------
        StoreUnavailable
            Where there is no key, or none by which it was sealed.
        """
        try:
            return self._known().decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise StoreUnavailable(
                "A secret was sealed by a key that ALLOCATOR_SEALING_KEYS does not name."
            ) from error

    def derived(self, purpose: str) -> list[bytes]:
        """Return a secret for one purpose from each key, that of the first key first.

        They tell nothing of the keys, nor of the secrets for other purposes (RFC 5869, one block).

        Raises
        ------
        StoreUnavailable
            Where there is no key.
        """
        self._known()
        info = purpose.encode() + b"\x01"
        return [hmac.digest(base64.urlsafe_b64decode(key), info, "sha256") for key in self._keys]

    def _known(self) -> MultiFernet:
        if self._fernet is None:
            raise StoreUnavailable(
                "ALLOCATOR_SEALING_KEYS is not set: no secret can be kept, or told again."
            )
        return self._fernet
