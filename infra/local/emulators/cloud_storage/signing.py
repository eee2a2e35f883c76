"""V4 signed URLs: the emulator's service account, and the check of what it signed.

The algorithm is https://cloud.google.com/storage/docs/authentication/canonical-requests.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, unquote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from starlette.requests import Request

from infra.local.emulators.cloud_storage.errors import ServiceError
from infra.local.emulators.file_store.routing import raw_path

_ALGORITHM: Final = "GOOG4-RSA-SHA256"
_LONGEST_SECONDS: Final = 7 * 24 * 3600
#: How far a signer's clock may be ahead.
_SKEW_SECONDS: Final = 15 * 60
_PROJECT: Final = "quire-local"


def service_account_info(folder: Path) -> dict[str, str]:
    """Return the emulator's service account key, made once and kept in the store's folder.

    It has the form of a downloaded key file, for
    `google.oauth2.service_account.Credentials.from_service_account_info`.
    """
    path = folder / "service-account.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _write_new_account(path)
    account: dict[str, str] = json.loads(path.read_text())
    return account


def _write_new_account(path: Path) -> None:
    email = f"storage@{_PROJECT}.iam.gserviceaccount.com"
    key = generate_private_key(public_exponent=65537, key_size=2048)
    account = {
        "type": "service_account",
        "project_id": _PROJECT,
        "private_key_id": secrets.token_hex(20),
        "private_key": key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        ).decode(),
        "client_email": email,
        "client_id": "0",
        "token_uri": "https://oauth2.googleapis.com/token",
    }
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(account, file)
    try:
        # Of two processes that get here at once, the second one uses the first one's.
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def signing_keys(folder: Path) -> dict[str, str]:
    """Return whose signatures count: the account's address and its public key in PEM."""
    account = service_account_info(folder)
    private = load_pem_private_key(account["private_key"].encode(), password=None)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return {account["client_email"]: public.decode()}


@cache
def _public_key(pem: str) -> RSAPublicKey:
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise TypeError(f"{_ALGORITHM} needs an RSA key")
    return key


def _refused(status: int, code: str, message: str, details: str = "") -> ServiceError:
    return ServiceError(status, "forbidden", message, code=code, details=details)


def _malformed(details: str) -> ServiceError:
    return _refused(
        400,
        "AuthorizationQueryParametersError",
        "Error parsing the X-Goog query parameters.",
        details,
    )


def _canonical_request(request: Request, query: list[tuple[str, str]], signed: list[str]) -> str:
    headers = []
    for name in signed:
        values = request.headers.getlist(name)
        if not values:
            raise _refused(
                400,
                "MalformedSecurityHeader",
                "Your request has a malformed header.",
                f"Header {name} was included in signedheaders, but not in the request.",
            )
        headers.append(f"{name}:{' '.join(','.join(values).split())}\n")
    parameters = "&".join(
        sorted(
            f"{quote(name, safe='~')}={quote(value, safe='~')}"
            for name, value in query
            if name != "X-Goog-Signature"
        )
    )
    return "\n".join(
        [
            request.method,
            quote(unquote(raw_path(request.scope)), safe="/~"),
            parameters,
            "".join(headers),
            ";".join(signed),
            request.headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD"),
        ]
    )


def _check_time(stamp: str, expires: str) -> None:
    try:
        begins = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        seconds = int(expires)
    except ValueError as error:
        raise _malformed("X-Goog-Date or X-Goog-Expires is not of its form.") from error
    if not 0 < seconds <= _LONGEST_SECONDS:
        raise _malformed(f"X-Goog-Expires must be from 1 to {_LONGEST_SECONDS} seconds.")
    if begins > time.time() + _SKEW_SECONDS:
        raise _refused(403, "RequestTimeTooSkewed", "The URL's time is in the future.")
    if begins + seconds < time.time():
        ended = datetime.fromtimestamp(begins + seconds, UTC)
        raise _refused(
            400,
            "ExpiredToken",
            "Invalid argument.",
            f"The provided token has expired. Request signature expired at: {ended.isoformat()}",
        )


def verify(request: Request, keys: Mapping[str, str]) -> None:
    """Raise unless the request is the one that was signed, in time, by one of the keys.

    SignatureDoesNotMatch (403) names the string that should have been signed, as the service
    does; ExpiredToken is a 400 there.
    """
    query = parse_qsl(request.url.query, keep_blank_values=True)
    given: dict[str, Any] = dict(query)
    try:
        algorithm, credential = given["X-Goog-Algorithm"], given["X-Goog-Credential"]
        stamp, expires = given["X-Goog-Date"], given["X-Goog-Expires"]
        signed, signature = given["X-Goog-SignedHeaders"].split(";"), given["X-Goog-Signature"]
    except KeyError as error:
        raise _malformed(f"Query parameter {error.args[0]} is missing.") from error
    email, _, scope = credential.partition("/")
    if algorithm != _ALGORITHM or "host" not in signed or not scope.startswith(f"{stamp[:8]}/"):
        raise _malformed("The algorithm, the credential's date or the signed headers do not fit.")
    if email not in keys:
        raise _refused(403, "AccessDenied", "Access denied.", f"{email} has no key here.")
    canonical = _canonical_request(request, query, signed)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    to_sign = f"{_ALGORITHM}\n{stamp}\n{scope}\n{digest}"
    try:
        _public_key(keys[email]).verify(
            bytes.fromhex(signature), to_sign.encode(), PKCS1v15(), hashes.SHA256()
        )
    except (InvalidSignature, ValueError) as error:
        raise _refused(
            403,
            "SignatureDoesNotMatch",
            "Access denied.",
            f"The request signature we calculated does not match. String to sign: {to_sign}",
        ) from error
    _check_time(stamp, expires)
