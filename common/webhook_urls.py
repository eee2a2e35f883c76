"""Which addresses a webhook may be sent to, as far as their spelling says.

What a name stands for is found out, and checked again, when the webhook is sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from common.addresses import is_public
from common.errors import InvalidRequest

MAX_URL_LENGTH: Final = 2000

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
#: Letters, digits and hyphens; the underscore is no host's, but some receivers' all the same.
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_MAX_NAME_LENGTH: Final = 253
#: A name whose last label is a number is read as an IPv4 address, also as 0x7f.1 or 2130706433.
_NUMBER: Final = re.compile(r"(0x[0-9a-f]*|[0-9]+)\Z")
#: Names that no public server has (RFC 6761, RFC 6762, RFC 8375; `internal` by ICANN).
_OWN_DOMAINS: Final = ("localhost", "local", "localdomain", "internal", "home.arpa")


@dataclass(frozen=True, slots=True)
class TargetPolicy:
    """What this deployment allows."""

    allow_http: bool = False
    #: Also servers that are not on the Internet: for a stack on one machine.
    allow_private: bool = False
    #: Any port where empty.
    ports: frozenset[int] = frozenset({80, 443, 8080, 8443})

    def permits(self, address: IPv4Address | IPv6Address) -> bool:
        """Whether a connection to this address may be made."""
        return self.allow_private or is_public(address)


@dataclass(frozen=True, slots=True)
class Target:
    """A checked URL in its parts; nobody needs to parse it again, and perhaps otherwise."""

    scheme: str
    #: In lower case, without brackets and without a dot at its end.
    host: str
    port: int
    #: Path and query.
    path: str

    @property
    def authority(self) -> str:
        """What the Host header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(url: str, policy: TargetPolicy) -> Target:
    """Return the parts of a URL that a webhook may be sent to.

    Raises InvalidRequest (422, WEBHOOK_URL_REFUSED) with a sentence that says what is wrong.
    """
    if len(url) > MAX_URL_LENGTH:
        raise _refused(f"may have {MAX_URL_LENGTH} characters")
    if not all("!" <= character <= "~" for character in url) or "\\" in url:
        raise _refused("has characters that must be percent-encoded (a name: punycode)")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise _refused("can't be read as a URL") from error
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORTS:
        raise _refused("must begin with https://")
    if scheme == "http" and not policy.allow_http:
        raise _refused("must begin with https://; plain http is not allowed here")
    if "@" in parts.netloc:
        raise _refused("must not hold a user name or password")
    if port is None:
        port = _DEFAULT_PORTS[scheme]
    if port == 0 or (policy.ports and port not in policy.ports):
        allowed = ", ".join(str(each) for each in sorted(policy.ports)) or "1 to 65535"
        raise _refused(f"has a port that is not allowed here; the ports are {allowed}")
    host = host.removesuffix(".")
    _check_host(host, bracketed="[" in parts.netloc, policy=policy)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme, host, port, path)


def _check_host(host: str, *, bracketed: bool, policy: TargetPolicy) -> None:
    if bracketed or _NUMBER.match(host.rpartition(".")[2]):
        try:
            address = ip_address(host)
        except ValueError as error:
            raise _refused("has an IP address that is not spelled in full") from error
        if not policy.permits(address):
            raise _refused("has an address that is not on the public Internet")
        return
    if len(host) > _MAX_NAME_LENGTH or not all(_LABEL.match(label) for label in host.split(".")):
        raise _refused("has no valid host name")
    own = "." not in host or any(f".{host}".endswith(f".{domain}") for domain in _OWN_DOMAINS)
    if own and not policy.allow_private:
        raise _refused("has a host name that is not on the public Internet")


def _refused(reason: str) -> InvalidRequest:
    return InvalidRequest(f"`webhook_url` {reason}.", code="WEBHOOK_URL_REFUSED", status=422)
