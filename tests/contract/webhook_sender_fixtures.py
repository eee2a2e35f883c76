"""A sender of webhooks with names that are made up, and 127.0.0.1 for the Internet."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from ipaddress import ip_address

from common.webhook_urls import TargetPolicy
from common.webhooks import Answer
from infra.webhooks.network import Address, system_addresses
from infra.webhooks.sender import WebhookSender

#: As on the Internet, but for the ports, which a test can't choose.
INTERNET = TargetPolicy(allow_http=True, ports=frozenset())


class HereIsPublic(TargetPolicy):
    """Takes 127.0.0.1 for a public address, and nothing else here."""

    __slots__ = ()

    def permits(self, address: Address) -> bool:
        return address == ip_address("127.0.0.1") or super().permits(address)


OPEN = HereIsPublic(allow_http=True, ports=frozenset())


class Names:
    """A resolver with a table of its own, which notes what it was asked."""

    def __init__(self, **table: Sequence[str]) -> None:
        self.table = {name.replace("_", "."): found for name, found in table.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[Address]:
        self.asked.append(host)
        if host not in self.table:
            return system_addresses(host, port)
        return [ip_address(each) for each in self.table[host]]


def sender(
    names: Names | None = None,
    policy: TargetPolicy = OPEN,
    timeout: float = 5,
    context: ssl.SSLContext | None = None,
) -> WebhookSender:
    return WebhookSender(
        policy, timeout_seconds=timeout, resolve=names or Names(), ssl_context=context
    )


def post(to: WebhookSender, url: str) -> Answer:
    return to.post(url, b'{"said":"\xc3\xa4"}', {"webhook-id": "1"})


def code(answer: Answer) -> str | None:
    return answer.trouble.code if answer.trouble else None
