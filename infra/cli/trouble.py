"""What a failed request was about: a name, a certificate, nobody there, or not Quire at all."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

import httpx

from infra.cli.exits import CommandError, Exit, Unreachable

NOT_QUIRE: Final = "NOT_QUIRE"
_LOCKED: Final = (
    "Give its password with --password, which asks or takes QUIRE_PASSWORD, or --password-stdin."
)
#: What to do about a refusal, by its code.
ADVICE: Final = {"PASSWORD_REQUIRED": _LOCKED, "PASSWORD_WRONG": _LOCKED}
_IS_IT_QUIRE: Final = "Is it the address of a Quire? `quire doctor` looks at what answers there."


class Away(Exception):
    """The API does not answer just now; asking again may help."""


class ApiError(CommandError):
    """The API refused, and said why (RFC 9457)."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        advice: str = "",
        problem: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message, Exit.FAILED, code=code, advice=advice)
        self.status = status
        #: The whole of what it said.
        self.problem = problem or {}

    @property
    def concerns_all(self) -> bool:
        """Whether it would be the same for every other job or document."""
        return self.status == httpx.codes.UNAUTHORIZED or self.code == NOT_QUIRE


def connection_error(error: httpx.RequestError, address: str) -> Exception:
    """Return what a request's end says: Away, or Unreachable where asking again can't help."""
    host = urlsplit(address).hostname
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(
                f"The certificate of {host} is not to be trusted: {cause.verify_message}.",
                code="TLS_FAILED",
                advice="Nothing was sent. Where it is your own authority that signed it, name its "
                "certificates: SSL_CERT_FILE=/path/to/ca.pem quire …",
            )
        if isinstance(cause, ssl.SSLError) and isinstance(error, httpx.ConnectError):
            return Unreachable(
                f"No encrypted connection to {host} comes about ({cause.reason or cause}).",
                code="TLS_FAILED",
                advice="Nothing was sent. Does it speak https at this port?",
            )
        if isinstance(cause, socket.gaierror):
            return Unreachable(
                f"There is no address for the name {host} ({cause.strerror}).",
                code="UNKNOWN_HOST",
                advice="Is it spelled right, and is this machine online?",
            )
    return Away(str(error) or type(error).__name__)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def not_quire(response: httpx.Response, address: str) -> ApiError:
    """Return what to say of an answer that no Quire gives."""
    if response.history:
        return ApiError(
            response.status_code,
            f"The results' storage answered HTTP {response.status_code}.",
            code="RESULT_REFUSED",
            advice="A result's link ends after some minutes: ask for it again.",
        )
    kind = response.headers.get("Content-Type", "").partition(";")[0] or "no content type"
    said = f"HTTP {response.status_code}, {kind}"
    to = response.headers.get("Location")
    if response.is_redirect and to:
        said += f", to {urlsplit(to).netloc or to}"
    advice = _IS_IT_QUIRE
    if response.status_code in {401, 403, 407} or response.is_redirect:
        advice = "Something in front of Quire asks for a login of its own. " + _IS_IT_QUIRE
    return ApiError(
        response.status_code,
        f"{address} does not answer as Quire does ({said}).",
        code=NOT_QUIRE,
        advice=advice,
    )
