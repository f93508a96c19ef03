"""What seals secrets: keys as they are named, changed, and missing."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from api.problems import StoreUnavailable
from api.sealing import Seal, keys_of, new_key


def test_what_is_sealed_is_opened_by_its_key_alone() -> None:
    """Sealed twice it looks different; whoever has another key is told so."""
    seal = Seal([new_key()])
    sealed = seal.close("whsec_\u00e4")
    assert seal.open(sealed) == "whsec_\u00e4"
    assert seal.close("whsec_\u00e4") != sealed
    with pytest.raises(StoreUnavailable, match="a key that ALLOCATOR_SEALING_KEYS does not name"):
        Seal([new_key()]).open(sealed)


def test_a_key_is_changed_by_putting_another_before_it() -> None:
    """The first seals, all of them open."""
    old, new = new_key(), new_key()
    sealed = Seal([old]).close("secret")
    both = Seal([new, old])
    assert both.open(sealed) == "secret"
    assert Seal([new]).open(both.close("secret")) == "secret"


def test_without_a_key_nothing_is_sealed_or_opened() -> None:
    """It says which setting is missing."""
    for use in (Seal([]).close, Seal([]).open):
        with pytest.raises(StoreUnavailable, match="ALLOCATOR_SEALING_KEYS is not set"):
            use("text")


def test_secrets_are_derived_for_one_purpose_from_each_key() -> None:
    """The same each time, others for another purpose or key; as HKDF expands a key (RFC 5869)."""
    old, new = new_key(), new_key()
    first, second = Seal([new, old]).derived("tokens")
    assert Seal([old]).derived("tokens") == [second]
    assert len({first, second, *Seal([new, old]).derived("token"), *map(_bytes, (old, new))}) == 6
    assert first == HKDFExpand(SHA256(), 32, b"tokens").derive(_bytes(new))
    with pytest.raises(StoreUnavailable, match="ALLOCATOR_SEALING_KEYS is not set"):
        Seal([]).derived("tokens")


def _bytes(key: str) -> bytes:
    return base64.urlsafe_b64decode(key)


def test_keys_are_read_in_either_alphabet() -> None:
    """As ``openssl rand -base64 32`` writes them, or for addresses; with spaces or without."""
    key = b"\xfb\xff" * 16
    plain, other = base64.b64encode(key).decode(), base64.urlsafe_b64encode(key).decode()
    assert plain != other
    assert keys_of(f" {plain} ,{other},") == [other, other]
    assert keys_of("") == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("secret!", "key 1 is not in base64"),
        ("c2hvcnQ=", "key 1 has 5 bytes; 32 are needed"),
        (f"{'A' * 43}=,c2hvcnQ=", "key 2 has 5 bytes; 32 are needed"),
        ("\u00e4", "key 1 is not in base64"),
    ],
)
def test_what_is_no_key_is_told_by_its_number(text: str, told: str) -> None:
    """And not by what it says."""
    with pytest.raises(ValueError, match=f"^{told}$"):
        keys_of(text)
