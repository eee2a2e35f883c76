"""Logging in at the API by an issuer that publishes its keys, as a Supabase project does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import jwt
import pytest

from functions.api.app import create_app
from functions.bootstrap import Application
from infra.local.stack import Stack
from tests.contract.issuer_fixtures import Issuer
from tests.contract.storage_fixtures import listening_socket, serving, url_of
from tests.e2e.api_requests import refused
from tests.environment import settings_for


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer = Issuer()
    issuer.add("first", "ES256")
    with issuer.serving():
        yield issuer


@contextmanager
def calling(
    servers: Stack, database_url: str, issuer: Issuer, secret: str
) -> Iterator[httpx.Client]:
    settings = settings_for(
        servers,
        DATABASE__URL=database_url,
        SUPABASE__ISSUER=issuer.name,
        SUPABASE__JWKS_URL=issuer.keys_url,
        SUPABASE__JWT_SECRET=secret,
    )
    application = Application(settings)
    bound = listening_socket()
    with (
        application._pool,
        serving(create_app(application), bound),
        httpx.Client(base_url=url_of(bound), timeout=30) as http,
    ):
        yield http


def by(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_project_that_signs_by_its_own_keys_needs_no_secret(
    servers: Stack, database_url: str, issuer: Issuer
) -> None:
    with calling(servers, database_url, issuer, "") as http:
        assert http.get("/v1/jobs", headers=by(issuer.token("first"))).status_code == 200
        issuer.rotate("first", "second", "RS256")
        # The second may be asked for only after the pause that keeps made-up ids from the issuer.
        assert http.get("/v1/jobs", headers=by(issuer.token("first"))).status_code == 200
        claims = {"sub": "alice", "aud": "authenticated", "exp": time.time() + 60}
        for secret in ("", servers.environment["SUPABASE__JWT_SECRET"]):
            forged = jwt.encode(claims, secret or "x" * 32, algorithm="HS256")
            refused(http.get("/v1/jobs", headers=by(forged)), 401, "UNAUTHORIZED")


def test_while_a_project_changes_over_both_ways_count(
    servers: Stack, database_url: str, issuer: Issuer
) -> None:
    secret = servers.environment["SUPABASE__JWT_SECRET"]
    with calling(servers, database_url, issuer, secret) as http:
        claims = {"sub": "alice", "aud": "authenticated", "exp": time.time() + 60}
        old = jwt.encode({**claims, "iss": issuer.name}, secret, algorithm="HS256")
        for token in (old, issuer.token("first")):
            assert http.get("/v1/jobs", headers=by(token)).status_code == 200


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        ({"role": "admin"}, 201),
        ({"role": "user"}, 403),
        (None, 403),
        ({"role": "admin", "matters": "m1"}, 401),
        ("admin", 401),
        (["admin"], 401),
    ],
)
def test_what_an_operator_has_granted_is_in_the_token(
    servers: Stack, database_url: str, issuer: Issuer, granted: Any, status: int
) -> None:
    with calling(servers, database_url, issuer, "") as http:
        token = issuer.token("first", app_metadata=granted, user_metadata={"role": "admin"})
        wanted = {"name": "a", "scopes": ["admin"], "expires_in_days": 1}
        answer = http.post("/v1/api-keys", json=wanted, headers=by(token))
        assert answer.status_code == status, answer.text


def test_an_issuer_that_is_away_is_trouble_of_ours_and_says_when_to_come_again(
    servers: Stack, database_url: str, issuer: Issuer
) -> None:
    issuer.instead = (503, b"")
    with calling(servers, database_url, issuer, "") as http:
        answer = http.get("/v1/jobs", headers=by(issuer.token("first")))
        refused(answer, 503, "KEYS_UNAVAILABLE")
        assert int(answer.headers["retry-after"]) > 0
