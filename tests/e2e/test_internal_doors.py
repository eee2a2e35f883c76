"""Only their own callers get into the functions that Google's services call."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from infra.local.layout import CALLERS
from tests.e2e.api_requests import refused
from tests.e2e.quire_client import QuireClient
from tests.e2e.services import address_of, as_caller, issuer_of

DOORS = ("ingest", "maintain", "merge", "webhook")
EVENT = {
    "ce-id": "1",
    "ce-source": "//storage.googleapis.com/projects/_/buckets/quire-uploads",
    "ce-specversion": "1.0",
    "ce-type": "google.cloud.storage.object.v1.finalized",
}
FORGED = "inbox/mallory/forged.pdf"
#: What a door would have touched; other tests' jobs may still be on their way.
TOUCHED = {
    "documents": "object = forged OR id = (SELECT document_id FROM jobs WHERE id = job)",
    "jobs": "id = job OR document_id IN (SELECT id FROM documents WHERE object = forged)",
    "job_events": "job_id = job",
}


@pytest.fixture
def stopped_job(quire: QuireClient) -> Iterator[str]:
    """A job that any of the doors would do something about."""
    answer = quire.http.post(
        "/v1/documents", json={"filename": "awaited.pdf", "size": 100, "options": {}}
    )
    job_id: str = answer.json()["job_id"]
    yield job_id
    quire.rows(
        "DELETE FROM documents WHERE id = (SELECT document_id FROM jobs WHERE id = %s)", job_id
    )


def calls(job_id: str) -> dict[str, dict[str, Any]]:
    """Return what each door's caller would send."""
    landed = {"bucket": "quire-uploads", "name": FORGED, "generation": "1"}
    return {
        "ingest": {"headers": EVENT, "json": landed},
        "maintain": {},
        "merge": {"json": {"job_id": job_id}},
        "webhook": {"json": {"delivery_id": str(uuid4())}},
    }


def call(
    quire: QuireClient, door: str, job_id: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    request = calls(job_id)[door]
    both = {**request.pop("headers", {}), **(headers or {})}
    return httpx.post(address_of(quire.stack, door), headers=both, timeout=30, **request)


def contents(quire: QuireClient, job_id: str) -> dict[str, list[dict[str, Any]]]:
    return {
        table: quire.rows(
            f"SELECT {table}.* FROM {table}, (SELECT %s::uuid AS job, %s AS forged) AS given"
            f" WHERE {touched} ORDER BY 1, 2",
            job_id,
            FORGED,
        )
        for table, touched in TOUCHED.items()
    }


@pytest.mark.parametrize("door", DOORS)
def test_nobody_gets_in_without_a_token_and_nothing_changes(
    quire: QuireClient, stopped_job: str, door: str
) -> None:
    before = contents(quire, stopped_job)
    answer = call(quire, door, stopped_job)
    refused(answer, 401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == "Bearer"
    for method in ("GET", "PUT", "DELETE"):
        refused(httpx.request(method, address_of(quire.stack, door)), 401, "UNAUTHORIZED")
    assert contents(quire, stopped_job) == before


@pytest.mark.parametrize("door", DOORS)
def test_a_token_that_proves_nothing_to_this_door_is_refused(
    quire: QuireClient, stopped_job: str, door: str
) -> None:
    stack, issuer = quire.stack, issuer_of(quire.stack)
    account, address = CALLERS[door][0], address_of(stack, door)
    sound = issuer.token(email=account, audience=address)
    head, claims, _ = sound.split(".")
    key_id = jwt.get_unverified_header(sound)["kid"]
    own_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    forged_claims = {
        "iss": stack.endpoints["control"],
        "aud": address,
        "sub": "1",
        "email": account,
        "email_verified": True,
        "exp": time.time() + 600,
    }
    before = contents(quire, stopped_job)
    for token in (
        "x",
        sound[:-4] + "AAAA",
        f"{head}.{claims}.",
        # What only Cloud Run may write, and only where it stands before the function.
        f"{head}.{claims}.SIGNATURE_REMOVED_BY_GOOGLE",
        issuer.token(email=account, audience=address, lifetime=timedelta(seconds=-60)),
        issuer.token(email=account, audience=stack.endpoints["api"]),
        issuer.token(email=account, audience=address_of(stack, DOORS[DOORS.index(door) - 1])),
        jwt.encode(forged_claims, own_key, algorithm="RS256", headers={"kid": key_id}),
        jwt.encode(forged_claims, own_key, algorithm="RS256", headers={"kid": "made-up"}),
        jwt.encode(forged_claims, own_key, algorithm="RS256"),
        jwt.encode(forged_claims, "", algorithm="none"),
        # A token of an owner's is no service's.
        quire.http.headers["Authorization"].removeprefix("Bearer "),
    ):
        headers = {"Authorization": f"Bearer {token}"}
        refused(call(quire, door, stopped_job, headers), 401, "UNAUTHORIZED")
    assert contents(quire, stopped_job) == before


@pytest.mark.parametrize("door", DOORS)
def test_another_services_account_is_known_and_not_admitted(
    quire: QuireClient, stopped_job: str, door: str
) -> None:
    others = {account for accounts in CALLERS.values() for account in accounts}
    before = contents(quire, stopped_job)
    for account in [*(others - set(CALLERS[door])), "mallory@example.com"]:
        token = issuer_of(quire.stack).token(email=account, audience=address_of(quire.stack, door))
        headers = {"Authorization": f"Bearer {token}"}
        refused(call(quire, door, stopped_job, headers), 403, "FORBIDDEN")
    assert contents(quire, stopped_job) == before


@pytest.mark.parametrize("door", DOORS)
def test_its_own_caller_gets_in(quire: QuireClient, stopped_job: str, door: str) -> None:
    answer = call(quire, door, stopped_job, as_caller(quire.stack, door))
    # The forged upload is not in the bucket, which is the use case's to find out.
    assert answer.status_code == 200, answer.text


def test_what_is_no_event_is_a_problem_to_ingest(quire: QuireClient) -> None:
    headers = as_caller(quire.stack, "ingest")
    answer = httpx.post(address_of(quire.stack, "ingest"), headers=headers, json={"name": "x"})
    refused(answer, 400, "INVALID_REQUEST")
    odd = {**headers, "Content-Type": "application/cloudevents+json"}
    answer = httpx.post(address_of(quire.stack, "ingest"), headers=odd, content=b"{" * 10)
    refused(answer, 400, "INVALID_REQUEST")


def test_the_local_settings_name_callers_for_every_door(quire: QuireClient) -> None:
    environment = quire.stack.environment
    for door in DOORS:
        assert json.loads(environment[f"INTERNAL__{door.upper()}__CALLERS"]) == CALLERS[door]
