"""Whose address a request counts for, whatever a client writes into its headers."""

from __future__ import annotations

import pytest

from infra.auth.client_address import client_address


@pytest.mark.parametrize(
    ("forwarded_for", "proxies", "address"),
    [
        # Cloud Run adds the address that called it; what stood before is the client's to invent.
        ("203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1, 203.0.113.7", 1, "203.0.113.7"),
        ("10.0.0.1,198.51.100.2,203.0.113.7", 1, "203.0.113.7"),
        # With a load balancer before it there are two entries to be believed.
        ("10.0.0.1, 203.0.113.7, 198.51.100.2", 2, "203.0.113.7"),
        ("203.0.113.7", 2, "127.0.0.9"),
        # Without a proxy the header means nothing.
        ("203.0.113.7", 0, "127.0.0.9"),
        ("", 1, "127.0.0.9"),
        (None, 1, "127.0.0.9"),
        ("unknown", 1, "127.0.0.9"),
        ("203.0.113.7,", 1, "127.0.0.9"),
        ("203.0.113.7:1234", 1, "127.0.0.9"),
        ("203.0.113.7\0", 1, "127.0.0.9"),
        # One client has a whole /64, and may write an IPv4 address as an IPv6 one.
        ("2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", 1, "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", 1, "203.0.113.7"),
    ],
)
def test_only_our_own_proxies_are_believed(
    forwarded_for: str | None, proxies: int, address: str
) -> None:
    assert client_address(forwarded_for, "127.0.0.9", proxies) == address


@pytest.mark.parametrize("peer", [None, "", "testclient", "/run/socket"])
def test_a_peer_without_an_address_has_one_name_for_all(peer: str | None) -> None:
    assert client_address(None, peer, 1) == "unknown"
