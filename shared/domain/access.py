"""What an API key may do, and when, and from where."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address

Network = IPv4Network | IPv6Network


class KeyScope(StrEnum):
    """A part of the API. Each route names the scopes of which any one opens it."""

    READ = "read"
    WRITE = "write"
    CAMPAIGNS = "campaigns"
    CONTACTS = "contacts"
    CALLS = "calls"
    WEBHOOKS = "webhooks"
    ADMIN = "admin"


def in_order(scopes: Collection[KeyScope]) -> list[KeyScope]:
    """The scopes as they are listed everywhere."""
    return [scope for scope in KeyScope if scope in scopes]


class Denial(StrEnum):
    """Why a request is not admitted."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ADDRESS = "address"
    SCOPE = "scope"


def denial(
    *,
    expires_at: datetime | None,
    revoked_at: datetime | None,
    networks: Collection[Network],
    address: str | None,
    now: datetime,
) -> Denial | None:
    """None: the key is valid now and from this address. A key without networks is for any."""
    if revoked_at is not None:
        return Denial.REVOKED
    if expires_at is not None and expires_at <= now:
        return Denial.EXPIRED
    if networks and not _is_in(networks, address):
        return Denial.ADDRESS
    return None


def _is_in(networks: Collection[Network], address: str | None) -> bool:
    try:
        known = ip_address(address or "")
    except ValueError:
        return False
    # A socket for both families shows an IPv4 address as an IPv6 one.
    known = getattr(known, "ipv4_mapped", None) or known
    return any(known in network for network in networks)
