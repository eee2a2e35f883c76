"""Which addresses a webhook may be sent to, by their spelling."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from common.addresses import is_public
from common.errors import InvalidRequest
from common.webhook_urls import Target, TargetPolicy, check_url

INTERNET = TargetPolicy()


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://example.com", Target("https", "example.com", 443, "/")),
        ("HTTPS://Example.COM./a?b=c#d", Target("https", "example.com", 443, "/a?b=c")),
        ("https://example.com:8443/", Target("https", "example.com", 8443, "/")),
        ("https://8.8.8.8/hook", Target("https", "8.8.8.8", 443, "/hook")),
        ("https://[2001:4860:4860::8888]/", Target("https", "2001:4860:4860::8888", 443, "/")),
        (
            "https://xn--brcke-lva.example.org/",
            Target("https", "xn--brcke-lva.example.org", 443, "/"),
        ),
        ("https://123.example.com/", Target("https", "123.example.com", 443, "/")),
    ],
)
def test_a_public_address_is_taken_in_its_parts(url: str, target: Target) -> None:
    assert check_url(url, INTERNET) == target


@pytest.mark.parametrize(
    ("target", "authority"),
    [
        (Target("https", "example.com", 443, "/"), "example.com"),
        (Target("https", "example.com", 80, "/"), "example.com:80"),
        (Target("http", "2001:db8::1", 8080, "/"), "[2001:db8::1]:8080"),
    ],
)
def test_the_host_header_names_the_port_only_where_it_is_not_the_usual_one(
    target: Target, authority: str
) -> None:
    assert target.authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://@example.com/",
        "https://example.com:22/",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:x/",
        "https://exa mple.com/",
        "https://example.com/\r\nHost: other",
        "https://example.com\t/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com%2f@127.0.0.1/",
        "https://127.0.0.1%2eexample.com/",
        "https://-example.com/",
        "https://exam..ple.com/",
        "https://" + "a" * 64 + ".com/",
        "https://" + "a." * 127 + "com/",
        "https://example.com/" + "a" * 2000,
        "https://bücke.example.org/",
        "https://" + "127.0.0.1".translate({ord(d): ord(d) + 0xFEE0 for d in "0127"}) + "/",
        "https://example.com/\ud800",
        "https://example.com/\0",
        "https://[::1/",
        "https://[example.com]/",
        "https://[v1.fe80]/",
        # Names that are nobody's on the Internet.
        "https://localhost/",
        "https://localhost./",
        "https://api.localhost/",
        "https://metadata/",
        "https://metadata.google.internal/",
        "https://printer.local/",
        "https://nas.home.arpa/",
        # Loopback and other own addresses, in every spelling that a system reads.
        "https://127.0.0.1/",
        "https://127.0.0.1./",
        "https://127.1/",
        "https://0/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://127.0.0.01/",
        "https://127.0.0.0x1/",
        "https://1.2.3/",
        "https://1.2.3.4.5/",
        "https://999.1.1.1/",
        "https://0.0.0.0/",
        "https://10.0.0.1/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/computeMetadata/v1/",
        "https://100.64.0.1/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[::7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::1]/",
        "https://[2002:7f00:1::]/",
        "https://[fe80::1%25eth0]/",
        "https://[2001:4860:4860::8888%25eth0]/",
        "https://[fc00::1]/",
        "https://[ff02::1]/",
    ],
)
def test_anything_else_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_url(url, INTERNET)
    assert (refused.value.status, refused.value.code) == (422, "WEBHOOK_URL_REFUSED")
    assert refused.value.message.startswith("`webhook_url` ")


def test_a_stack_on_one_machine_takes_its_own_addresses_in_plain_http_on_any_port() -> None:
    policy = TargetPolicy(allow_http=True, allow_private=True, ports=frozenset())
    assert check_url("http://127.0.0.1:41234/", policy).port == 41234
    assert check_url("http://localhost:41234/", policy).host == "localhost"
    with pytest.raises(InvalidRequest):
        check_url("http://me@127.0.0.1:41234/", policy)


def test_a_long_odd_name_is_refused_at_once() -> None:
    with pytest.raises(InvalidRequest):
        check_url("https://" + "a-" * 900 + "!/", INTERNET)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.127.255.255", "127.0.0.1"),
        *("127.255.255.255", "169.254.169.254", "172.31.255.255", "192.0.0.1", "192.0.2.1"),
        *("192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::808:808"),
        *("64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:808:808::1", "3fff::1"),
        *("5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
        "2606:4700:4700::1111%1",
    ],
)
def test_an_address_that_is_not_the_internets_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700:4700::1111"]
)
def test_the_internets_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))
