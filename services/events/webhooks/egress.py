"""Restricts webhooks to public addresses; each address is checked on its socket."""

import socket
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import aiohttp

AddressInfo = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]
]

# `is_global` of older Python versions accepts these.
REFUSED_V4 = (
    IPv4Network("192.0.0.0/24"),  # protocol assignments
    IPv4Network("192.88.99.0/24"),  # relays of 6to4
)
# The range that is allocated for unicast; site-local and v4-compatible addresses lie outside.
ALLOCATED_V6 = IPv6Network("2000::/3")
REFUSED_V6 = (
    IPv6Network("2001::/23"),  # protocol assignments, Teredo among them
    IPv6Network("2002::/16"),  # 6to4, which hides a v4 address
    IPv6Network("3fff::/20"),  # documentation
)
NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefusedError(OSError):
    """The name resolves to an address that is not public. The text does not name the address."""

    def __init__(self) -> None:
        super().__init__("address not allowed")


def is_public(address: str) -> bool:
    """Whether the address is public: it means the same machine everywhere on the internet."""
    parsed = ip_address(address)
    if isinstance(parsed, IPv4Address):
        return _is_public_v4(parsed)
    inner = _embedded(parsed)
    if inner is not None:
        return _is_public_v4(inner)
    return (
        parsed in ALLOCATED_V6
        and parsed.is_global
        and not any(parsed in network for network in REFUSED_V6)
    )


def _is_public_v4(address: IPv4Address) -> bool:
    return (
        address.is_global
        and not address.is_multicast
        and not any(address in network for network in REFUSED_V4)
    )


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that the network would connect to, if the IPv6 address contains one."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in NAT64:
        return IPv4Address(address.packed[-4:])
    return None


def guarded_socket(info: AddressInfo) -> socket.socket:
    """A socket for one resolved address; the connection is made to this address and no other."""
    family, kind, protocol, _, address = info
    if not is_public(str(address[0])):
        raise AddressRefusedError
    return socket.socket(family, kind, protocol)


def webhook_session(*, allow_private: bool, seconds: float = 15) -> aiohttp.ClientSession:
    """A session without cookies and proxies, which reaches no private address."""
    connector = aiohttp.TCPConnector(
        limit=0,  # the sender limits its posts itself
        socket_factory=None if allow_private else guarded_socket,
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
        # Answers are thrown away, so nothing in them may be inflated.
        auto_decompress=False,
        trust_env=False,
        headers={"user-agent": "Outdial"},
    )
