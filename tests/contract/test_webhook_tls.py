"""Posting over TLS: the server proves to be the one named, wherever the name leads."""

from __future__ import annotations

import ssl
from pathlib import Path

from tests.certificates import server_context
from tests.contract.webhook_sender_fixtures import Names, code, post, sender
from tests.receiver import WebhookReceiver


def trusting(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificate)


def test_a_certificate_is_checked_for_the_name_and_not_for_the_address(tmp_path: Path) -> None:
    tls, certificate = server_context(tmp_path, "hooks.example.com")
    seen: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: seen.append(name)
    names = Names(hooks_example_com=["127.0.0.1"], other_example_com=["127.0.0.1"])
    with WebhookReceiver().serving(tls) as receiver:
        to = sender(names, context=trusting(certificate))
        right = post(to, receiver.url(host="hooks.example.com", scheme="https"))
        assert right.is_accepted
        assert seen == ["hooks.example.com"]
        assert receiver.next().headers["host"].startswith("hooks.example.com:")
        for wrong in ("other.example.com", "127.0.0.1"):
            answer = post(to, receiver.url(host=wrong, scheme="https"))
            assert code(answer) == "CERTIFICATE_INVALID"
        assert not receiver.has_more


def test_a_certificate_of_nobody_known_is_refused(tmp_path: Path) -> None:
    tls, _ = server_context(tmp_path, "hooks.example.com")
    names = Names(hooks_example_com=["127.0.0.1"])
    with WebhookReceiver().serving(tls) as receiver:
        answer = post(sender(names), receiver.url(host="hooks.example.com", scheme="https"))
        assert code(answer) == "CERTIFICATE_INVALID"
        assert not receiver.has_more


def test_a_server_without_tls_behind_an_https_address_is_told_so() -> None:
    with WebhookReceiver().serving() as receiver:
        answer = post(sender(), receiver.url(scheme="https"))
        assert code(answer) == "TLS_FAILED"
