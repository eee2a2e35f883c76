"""The broker over TLS: a real handshake in front of a real Valkey, which has no TLS itself."""

from __future__ import annotations

import asyncio
import ipaddress
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis import Redis
from redis.exceptions import ConnectionError  # noqa: A004

from common.errors import TransientError
from common.models import ChunkId, ChunkRef, DocumentId
from infra.auth.rate_limits import Allowance, RateLimits
from infra.broker.celery_app import make_celery
from infra.broker.dispatch import CeleryDispatch
from infra.local.stack import Stack
from tests.environment import settings_for


def self_signed(folder: Path, *, host: str = "127.0.0.1") -> Path:
    """Write a key and a certificate for `host` that only itself vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test's Valkey")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{host}.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Terminator(socketserver.ThreadingTCPServer):
    """Takes the TLS off its connections and passes their bytes to a Redis on this machine."""

    def __init__(self, certificate: Path, redis_port: int) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate)
        self.redis_port = redis_port
        self.ending = threading.Event()


class Connection(socketserver.BaseRequestHandler):
    server: Terminator

    def handle(self) -> None:
        with (
            # Whoever refuses the certificate, or hangs up, has heard enough.
            suppress(ssl.SSLError, ConnectionError),
            self.server.context.wrap_socket(self.request, server_side=True) as tls,
            socket.create_connection(("127.0.0.1", self.server.redis_port)) as plain,
        ):
            other: dict[socket.socket, socket.socket] = {tls: plain, plain: tls}
            while not self.server.ending.is_set():
                ready = [tls] if tls.pending() else select.select([tls, plain], [], [], 0.1)[0]
                for source in ready:
                    piece = source.recv(1 << 16)
                    if not piece:
                        return
                    other[source].sendall(piece)


@contextmanager
def terminated(certificate: Path, redis_port: int) -> Iterator[int]:
    """Serve TLS on the port that is yielded."""
    with Terminator(certificate, redis_port) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.ending.set()
            server.shutdown()
            thread.join(30)
            assert not thread.is_alive()


@contextmanager
def dispatch_over_tls(
    servers: Stack, certificate: Path, *, query: str = ""
) -> Iterator[CeleryDispatch]:
    plain = urlsplit(servers.endpoints["redis"])
    assert plain.port is not None
    with terminated(certificate, plain.port) as port:
        url = f"rediss://:{plain.password}@127.0.0.1:{port}{plain.path}{query}"
        with make_celery(settings_for(servers, REDIS_URL=url)) as app:
            yield CeleryDispatch(app)


def send_one(dispatch: CeleryDispatch) -> None:
    dispatch.send_chunks([ChunkRef(ChunkId(uuid4()), DocumentId(uuid4()), 0)])


def causes(error: BaseException | None) -> list[str]:
    found = []
    while error is not None:
        found.append(str(error))
        error = error.__cause__ or error.__context__
    return found


def test_a_broker_with_a_certificate_that_nobody_vouches_for_is_refused(
    servers: Stack, tmp_path: Path
) -> None:
    with (
        dispatch_over_tls(servers, self_signed(tmp_path)) as dispatch,
        pytest.raises(TransientError) as refused,
    ):
        send_one(dispatch)
    assert "self-signed certificate" in " ".join(causes(refused.value))


def test_a_broker_whose_certificate_the_url_vouches_for_is_taken(
    servers: Stack, tmp_path: Path
) -> None:
    certificate = self_signed(tmp_path)
    query = f"?ssl_ca_certs={quote(str(certificate), safe='')}"
    with dispatch_over_tls(servers, certificate, query=query) as dispatch:
        before = dispatch.waiting()
        send_one(dispatch)
        assert dispatch.waiting() == before + 1


def test_another_authority_or_another_host_than_the_urls_is_refused(
    servers: Stack, tmp_path: Path
) -> None:
    other = self_signed(tmp_path, host="127.0.0.2")
    query = f"?ssl_ca_certs={quote(str(other), safe='')}"
    for certificate, reason in (
        (self_signed(tmp_path), "self-signed certificate"),
        (other, "IP address mismatch"),
    ):
        with (
            dispatch_over_tls(servers, certificate, query=query) as dispatch,
            pytest.raises(TransientError) as refused,
        ):
            send_one(dispatch)
        assert reason in " ".join(causes(refused.value))


def within(certificate: Path) -> str:
    """Return the query by which a URL brings the authority itself, as Terraform writes it."""
    authority = certificate.read_text().partition("-----BEGIN CERTIFICATE")
    return "?ssl_cert_reqs=required&ssl_check_hostname=false&ssl_ca_data=" + quote_plus(
        "".join(authority[1:])
    )


def test_a_url_that_brings_its_authority_serves_every_client(
    servers: Stack, tmp_path: Path
) -> None:
    # A managed Redis' certificate does not name its address as Python wants it.
    certificate = self_signed(tmp_path, host="127.0.0.2")
    with dispatch_over_tls(servers, certificate, query=within(certificate)) as dispatch:
        before = dispatch.waiting()
        send_one(dispatch)
        assert dispatch.waiting() == before + 1

    plain = urlsplit(servers.endpoints["redis"])
    assert plain.port is not None
    with terminated(certificate, plain.port) as port:
        url = f"rediss://:{plain.password}@127.0.0.1:{port}/0{within(certificate)}"
        with Redis.from_url(url) as redis:
            assert redis.ping()
        assert asyncio.run(counted(url)) is not None


async def counted(url: str) -> Allowance | None:
    limits = RateLimits(url)
    try:
        return await limits.count("caller", uuid4().hex, 10)
    finally:
        await limits.close()


def test_another_authority_than_the_url_brings_is_refused_by_every_client(
    servers: Stack, tmp_path: Path
) -> None:
    other = within(self_signed(tmp_path, host="127.0.0.2"))
    certificate = self_signed(tmp_path)
    with (
        dispatch_over_tls(servers, certificate, query=other) as dispatch,
        pytest.raises(TransientError) as refused,
    ):
        send_one(dispatch)
    assert "self-signed certificate" in " ".join(causes(refused.value))

    plain = urlsplit(servers.endpoints["redis"])
    assert plain.port is not None
    with terminated(certificate, plain.port) as port:
        url = f"rediss://:{plain.password}@127.0.0.1:{port}/0{other}"
        with Redis.from_url(url) as redis, pytest.raises(ConnectionError):
            redis.ping()
        # Where Redis is not to be trusted nothing is counted.
        assert asyncio.run(counted(url)) is None


def test_a_plain_broker_is_asked_for_no_certificate(servers: Stack) -> None:
    with make_celery(settings_for(servers)) as app, app.connection_for_write() as connection:
        assert not connection.ssl
