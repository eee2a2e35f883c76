"""Which network addresses anybody on the Internet has; no look-ups are made here."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

#: Global by the registry, and yet not somebody's server on the Internet.
_SPECIAL_V4: Final = (
    IPv4Network("192.88.99.0/24"),  # relays of 6to4 (RFC 7526)
    IPv4Network("168.63.129.16/32"),  # Azure's own services, within every machine there
)
#: All that is given out for the Internet (RFC 4291). NAT64, translated and mapped forms of IPv4
#: addresses, multicast, and what belongs to a link or a site lie outside.
_UNICAST_V6: Final = IPv6Network("2000::/3")
_SPECIAL_V6: Final = (
    IPv6Network("2001::/23"),  # Teredo and other protocols (RFC 2928)
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("2002::/16"),  # 6to4: an IPv4 address within
    IPv6Network("3fff::/20"),  # documentation (RFC 9637)
)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether a packet to this address can only go to the Internet at large.

    Not so: private, shared (CGNAT), loopback, link-local, unique-local, multicast, unspecified,
    reserved and documentation addresses, any IPv6 form that carries an IPv4 address, and any with
    a scope.
    """
    if isinstance(address, IPv4Address):
        return (
            address.is_global
            and not address.is_multicast
            and not address.is_reserved
            and not any(address in network for network in _SPECIAL_V4)
        )
    return (
        address in _UNICAST_V6
        and address.is_global
        and address.scope_id is None
        and not any(address in network for network in _SPECIAL_V6)
    )
