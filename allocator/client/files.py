"""Everything of a kind as a file holds it, in and out."""

from __future__ import annotations

from allocator.client.sending import Sender

CSV = "text/csv"


def bring_in(sender: Sender, plural: str, content: bytes, media: str) -> int:
    """Send all of a kind, whole or not at all; return how many there were."""
    found: int = sender.bring_in(f"/v1/{plural}/import", content, media)["imported"]
    return found


def export(sender: Sender, plural: str, media: str) -> bytes:
    """Return all of a kind."""
    return sender.take_out(f"/v1/{plural}/export", media)
