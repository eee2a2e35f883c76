"""From which address a request came."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address


def client_address(forwarded_for: str | None, peer: str | None, trusted_proxies: int) -> str:
    """Return the client's address, an IPv6 one as its /64 network, which one client has whole.

    Each proxy adds the address that called it at the end of X-Forwarded-For; what stands before
    the entries of our own proxies was written by the client, who may write anything.
    """
    entries = [entry.strip() for entry in (forwarded_for or "").split(",")]
    stated = entries[-trusted_proxies] if 0 < trusted_proxies <= len(entries) else ""
    for text in (stated, peer or ""):
        try:
            address = ip_address(text)
        except ValueError:
            continue
        if not isinstance(address, IPv6Address):
            return str(address)
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(IPv6Network((int(address), 64), strict=False))
    return "unknown"
