"""A PostgreSQL of one's own, for development and small clinics on one machine."""

from api.embedded.server import VERSIONS, EmbeddedServer

__all__ = ["VERSIONS", "EmbeddedServer"]
