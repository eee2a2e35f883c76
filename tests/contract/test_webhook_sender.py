"""Posting to servers that owners name: real ones, on this machine, under names made up here."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from infra.webhooks.network import Address
from tests.contract.webhook_sender_fixtures import INTERNET, HereIsPublic, Names, code, post, sender
from tests.receiver import WebhookReceiver


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver().serving() as receiver:
        yield receiver


def test_it_is_posted_to_the_named_server_with_its_headers_and_its_path(
    receiver: WebhookReceiver,
) -> None:
    names = Names(hooks_example_com=["127.0.0.1"])
    answer = post(sender(names), receiver.url("/a?b=c", host="hooks.example.com"))
    assert (answer.status_code, answer.is_accepted, answer.trouble) == (204, True, None)
    posted = receiver.next()
    assert (posted.path, posted.body) == ("/a?b=c", b'{"said":"\xc3\xa4"}')
    assert posted.headers["host"] == f"hooks.example.com:{receiver.port}"
    assert posted.headers["webhook-id"] == "1"
    assert posted.headers["content-type"] == "application/json"
    assert names.asked == ["hooks.example.com"]


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["64:ff9b::7f00:1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["fd00:ec2::254"],
        ["100.64.0.1"],
        ["0.0.0.0"],
        # One public address does not make up for another that isn't.
        ["93.184.216.34", "127.0.0.1"],
        ["127.0.0.1", "93.184.216.34"],
    ],
)
def test_a_name_with_any_address_that_is_not_public_is_never_connected_to(
    receiver: WebhookReceiver, addresses: list[str]
) -> None:
    names = Names(rebound_example_com=addresses)
    answer = post(sender(names, INTERNET), receiver.url(host="rebound.example.com"))
    assert answer.trouble
    assert answer.trouble.final
    assert (answer.status_code, answer.trouble.code) == (None, "WEBHOOK_URL_REFUSED")
    assert not receiver.has_more


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:7f00:1]"]
)
def test_an_own_address_in_the_url_itself_is_refused_when_it_is_sent_too(
    receiver: WebhookReceiver, host: str
) -> None:
    answer = post(sender(policy=INTERNET), receiver.url(host=host))
    assert code(answer) == "WEBHOOK_URL_REFUSED"
    assert not receiver.has_more


def test_a_name_that_changes_between_two_looks_is_looked_up_only_once(
    receiver: WebhookReceiver,
) -> None:
    class Rebinding(Names):
        def __call__(self, host: str, port: int) -> list[Address]:
            found = super().__call__(host, port)
            self.table[host] = ["10.0.0.1"]
            return found

    names = Rebinding(rebinding_example_com=["127.0.0.1"])
    assert post(sender(names), receiver.url(host="rebinding.example.com")).is_accepted
    assert names.asked == ["rebinding.example.com"]
    answer = post(sender(names), receiver.url(host="rebinding.example.com"))
    assert code(answer) == "WEBHOOK_URL_REFUSED"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(receiver: WebhookReceiver, status: int) -> None:
    receiver.answer(status, Location=receiver.url("/secret"))
    answer = post(sender(), receiver.url())
    assert (answer.status_code, code(answer)) == (status, "REDIRECTED")
    assert not answer.is_accepted
    assert receiver.next().path == "/hook"
    assert not receiver.has_more


def test_a_proxy_in_the_environment_is_not_asked(
    receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    with WebhookReceiver().serving() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url("/"))
        assert post(sender(), receiver.url()).is_accepted
        assert receiver.next().path == "/hook"
        assert not proxy.has_more


def test_a_server_that_says_gone_wants_no_more_of_it(receiver: WebhookReceiver) -> None:
    receiver.answer(410)
    answer = post(sender(), receiver.url())
    assert answer.trouble
    assert answer.trouble.final
    assert (answer.status_code, answer.trouble.code) == (410, "RECEIVER_GONE")


def test_a_servers_own_wish_to_wait_is_heard(receiver: WebhookReceiver) -> None:
    receiver.answer(503, Retry_After="120")
    receiver.answer(503, Retry_After="Sun, 22 Nov 2026 09:30:00 GMT")
    assert post(sender(), receiver.url()).retry_after == 120
    assert post(sender(), receiver.url()).retry_after is None


def test_a_server_that_never_answers_costs_the_time_out_and_no_more(
    receiver: WebhookReceiver,
) -> None:
    enough = threading.Event()
    receiver.answers.append(lambda _: enough.wait(30))
    answer = post(sender(timeout=0.3), receiver.url())
    enough.set()
    assert code(answer) == "TIMEOUT"
    assert 0.3 <= answer.seconds < 20


def test_a_server_that_answers_byte_by_byte_costs_the_time_out_and_no_more(
    receiver: WebhookReceiver,
) -> None:
    def drip(door: BaseHTTPRequestHandler) -> None:
        door.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(2000):
            door.wfile.write(b"a")
            threading.Event().wait(0.02)

    receiver.answers.append(drip)
    answer = post(sender(timeout=0.5), receiver.url())
    assert (answer.status_code, code(answer)) == (None, "TIMEOUT")
    assert answer.seconds < 20


def test_a_huge_answer_is_not_read(receiver: WebhookReceiver) -> None:
    sent = []

    def flood(door: BaseHTTPRequestHandler) -> None:
        door.send_response(200)
        door.end_headers()
        for _ in range(1000):
            door.wfile.write(b"a" * 1_000_000)
            sent.append(1)

    receiver.answers.append(flood)
    assert post(sender(), receiver.url()).is_accepted
    assert len(sent) < 100


def test_endless_headers_are_cut_off(receiver: WebhookReceiver) -> None:
    def flood(door: BaseHTTPRequestHandler) -> None:
        door.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(1_000_000):
            door.wfile.write(b"X-%d: %s\r\n" % (number, b"a" * 1000))

    receiver.answers.append(flood)
    answer = post(sender(), receiver.url())
    assert (answer.status_code, code(answer)) == (None, "ANSWER_UNREADABLE")


def test_what_is_not_http_is_no_answer(receiver: WebhookReceiver) -> None:
    receiver.answers.append(lambda door: door.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n"))
    assert code(post(sender(), receiver.url())) == "ANSWER_UNREADABLE"
    receiver.answers.append(lambda door: door.wfile.close())
    assert code(post(sender(), receiver.url())) == "ANSWER_UNREADABLE"


def test_nobody_at_the_port_and_no_such_name_are_told_apart(unused_port: int) -> None:
    assert code(post(sender(), f"http://127.0.0.1:{unused_port}/")) == "CONNECTION_FAILED"
    missing = post(sender(), "http://nothing-by-this-name.invalid/")
    assert code(missing) == "NAME_NOT_FOUND"
    assert not (missing.trouble and missing.trouble.final)


def test_a_name_that_nobody_answers_for_costs_the_time_out_and_no_more() -> None:
    enough = threading.Event()

    class Stuck(Names):
        def __call__(self, host: str, port: int) -> list[Address]:
            enough.wait(30)
            return []

    began = time.monotonic()
    answer = post(sender(Stuck(), timeout=0.3), "http://slow.example.com/")
    assert time.monotonic() - began < 20
    enough.set()
    assert code(answer) == "TIMEOUT"


def test_the_next_address_is_tried_where_one_does_not_answer(
    receiver: WebhookReceiver, unused_port: int
) -> None:
    class Lenient(HereIsPublic):
        def permits(self, address: Address) -> bool:
            return address.is_loopback

    names = Names(two_example_com=["127.0.0.2", "127.0.0.1"])
    policy = Lenient(allow_http=True, ports=frozenset())
    assert post(sender(names, policy), receiver.url(host="two.example.com")).is_accepted
