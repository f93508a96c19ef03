"""Where webhooks may lead: to public addresses alone, whatever a name says meanwhile."""

from __future__ import annotations

import errno
import re
import socket
from ipaddress import IPv6Network, ip_address
from typing import Any

from yarl import URL

from api.problems import Invalid

#: IPv6 addresses that are anybody's; others stand for the own machine, its network, or IPv4.
GLOBAL = IPv6Network("2000::/3")
#: A last part that is a number makes a host an address, in however odd a way it is written.
_NUMERIC = re.compile(r"(?:.*\.)?(?:\d+|0[xX][\da-fA-F]*)\.?")
#: How a machine is named: by a name, in ASCII as it is looked up, or by an address.
_HOST = re.compile(r"[\w.-]+|[\da-fA-F]*:[\da-fA-F:.]*(?:%\w+)?", re.ASCII)


def is_public(address: str) -> bool:
    """Say whether an address is one of the public network."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if found.version == 6 and (found not in GLOBAL or found.sixtofour or found.teredo):
        return False
    return found.is_global and not found.is_multicast


def demand_target(url: str, *, private: bool) -> None:
    """Refuse an address that no webhook can lead to.

    A name is looked up when something is sent, and each time: what it says now proves nothing.

    Parameters
    ----------
    private
        Whether it may lead into the own network.

    Raises
    ------
    Invalid
    """
    try:
        found = URL(url)
        scheme, host, port = found.scheme, found.raw_host, found.explicit_port
    except ValueError as error:
        raise Invalid(f"The address {url!r} cannot be read: {error}.") from error
    if scheme not in ("http", "https") or not host or not _HOST.fullmatch(host) or port == 0:
        raise Invalid(f"The address {url!r} does not lead to a machine by https or http.")
    if found.raw_user is not None or found.raw_password is not None or found.raw_fragment:
        raise Invalid(f"The address {url!r} has a user, a password or a fragment; none is sent.")
    name = host.lower().rstrip(".")
    if private:
        return
    local = name == "localhost" or name.endswith(".localhost")
    literal = ":" in host or _NUMERIC.fullmatch(host) is not None
    if local or (literal and not is_public(host)):
        raise Invalid(
            f"The address {url!r} leads to {host}, which is no public address; a service with"
            " ALLOCATOR_WEBHOOK_PRIVATE=true, as for development, takes it."
        )


def public_socket(info: tuple[Any, ...]) -> socket.socket:
    """Return a socket for an address that was looked up.

    It is asked right before each connection, for the very address that is connected to: neither a
    name that changes its mind nor a way of writing addresses that only the system knows helps.

    Raises
    ------
    PermissionError
        Where the address is not public. It is not told: whoever may make webhooks would learn what
        names of the own network stand for.
    """
    family, kind, protocol, _, where = info
    if not is_public(str(where[0])):
        raise PermissionError(errno.EACCES, "what it leads to is no public address")
    return socket.socket(family, kind, protocol)
