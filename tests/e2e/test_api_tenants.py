"""Nobody sees or changes what isn't theirs: every route of the document, tried by all others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from infra.local.stack import Stack
from tests.e2e.openapi_walk import Operation, document_of, operations
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text

#: Routes that anybody may call, and that say nothing about anybody.
PUBLIC = {"GET /healthz", "GET /readyz"}
#: Routes without an id. What they list or make is the caller's own.
ONES_OWN = {
    "POST /v1/documents",
    "POST /v1/uploads",
    "GET /v1/jobs",
    "POST /v1/batches",
    "GET /v1/batches",
    "GET /v1/api-keys",
    "POST /v1/api-keys",
    "GET /v1/credits",
    "GET /v1/metrics",
    "GET /v1/search",
    "GET /v1/webhooks/secret",
}
#: What stands in a path beside an id.
NUMBERS = {"number": "1"}

#: Everything that belongs to an owner.
ROWS = """
    SELECT 'documents' AS name, to_jsonb(documents) AS row FROM documents WHERE owner = %(owner)s
    UNION ALL SELECT 'jobs', to_jsonb(jobs) FROM jobs WHERE owner = %(owner)s
    UNION ALL SELECT 'chunks', to_jsonb(chunks) FROM chunks
       WHERE job_id IN (SELECT id FROM jobs WHERE owner = %(owner)s)
    UNION ALL SELECT 'events', to_jsonb(job_events) FROM job_events
       WHERE job_id IN (SELECT id FROM jobs WHERE owner = %(owner)s)
    UNION ALL SELECT 'batches', to_jsonb(batches) FROM batches WHERE owner = %(owner)s
    UNION ALL SELECT 'lines', to_jsonb(batch_jobs) FROM batch_jobs
       WHERE batch_id IN (SELECT id FROM batches WHERE owner = %(owner)s)
    UNION ALL SELECT 'trails', to_jsonb(batch_events) FROM batch_events
       WHERE batch_id IN (SELECT id FROM batches WHERE owner = %(owner)s)
    UNION ALL SELECT 'keys', to_jsonb(api_keys) FROM api_keys WHERE owner = %(owner)s
    UNION ALL SELECT 'deliveries', to_jsonb(webhook_deliveries) FROM webhook_deliveries
       WHERE owner = %(owner)s
    UNION ALL SELECT 'requests', to_jsonb(idempotency_keys) FROM idempotency_keys
       WHERE owner = %(owner)s
    UNION ALL SELECT 'accounts', to_jsonb(credit_accounts) FROM credit_accounts
       WHERE owner = %(owner)s
    UNION ALL SELECT 'ledger', to_jsonb(credit_ledger) FROM credit_ledger WHERE owner = %(owner)s
    ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Owned:
    """What an owner has, and the words that would give it away."""

    owner: str
    ids: dict[str, str]
    secrets: list[str]

    def rows(self, quire: QuireClient) -> list[dict[str, Any]]:
        return quire.rows(ROWS.replace("%(owner)s", "%s"), *[self.owner] * ROWS.count("%(owner)s"))


@pytest.fixture(scope="module")
def owned(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Owned:
    """A document of matter m1 with its ended job and batch, their webhooks, and an API key."""
    path = tmp_path_factory.mktemp("owned") / "confidential.pdf"
    write_born_digital(path, [page_text(1)])
    owner = f"owner-{uuid4()}"
    with QuireClient(stack, owner) as quire:
        hook = "http://127.0.0.1:9/hook"
        job = quire.wait(quire.submit(path, matter="m1", webhook_url=hook))
        batch = batch_of(quire, job["document_id"], hook)
        key = quire.http.post(
            "/v1/api-keys", json={"name": "nightly run", "scopes": ["jobs:read"]}
        ).json()
        deliveries = "SELECT id FROM webhook_deliveries WHERE job_id = %s"
        [delivery] = quire.rows(deliveries, job["job_id"])
        # It is tried again and again; then its row would change by itself.
        quire.rows(
            "UPDATE webhook_deliveries SET status = 'failed', next_attempt_at = NULL,"
            " lease_expires_at = NULL, attempt = attempt + 1 WHERE owner = %s",
            owner,
        )
        quire.rows(
            "INSERT INTO credit_ledger"
            " (owner, kind, available_change, reserved_change, job_id, round)"
            " VALUES (%s, 'settled', 0, 0, %s, 0)",
            owner,
            job["job_id"],
        )
        prepared(quire, job["job_id"], job["document_id"])
        secret = quire.http.get("/v1/webhooks/secret").json()["secret"]
    ids = {
        "job_id": job["job_id"],
        "document_id": job["document_id"],
        "batch_id": batch,
        "key_id": str(key["id"]),
        "delivery_id": str(delivery["id"]),
    }
    return Owned(
        owner, ids, [*ids.values(), "confidential", "nightly run", "archive of m1", secret]
    )


def prepared(quire: QuireClient, job_id: str, document_id: str) -> None:
    """Give the document what the stages after OCR make."""
    quire.rows(
        "INSERT INTO sentences (job_id, document_id, position, text, language, page_start, start,"
        ' page_end, "end", paragraph, boxes)'
        " VALUES (%s, %s, 0, 'This is confidential.', 'en', 1, 0, 1, 21, 0, '[[1, 0, 0, 1, 1]]')",
        *(job_id, document_id),
    )
    quire.rows(
        "INSERT INTO passages (job_id, document_id, position, text, language, configuration,"
        " tokens, page_start, page_end, first_sentence, last_sentence, boxes)"
        " VALUES (%s, %s, 0, 'This is confidential.', 'en', 'english', 7, 1, 1, 0, 0,"
        " '[[1, 0, 0, 1, 1]]')",
        *(job_id, document_id),
    )
    quire.rows(
        'INSERT INTO entities (job_id, document_id, passage, place, kind, text, start, "end", page,'
        " confidence) VALUES (%s, %s, 0, 0, 'person', 'confidential', 8, 20, 1, 1)",
        *(job_id, document_id),
    )
    quire.rows(
        "INSERT INTO job_stages (job_id, stage, place, version, status, finished_at)"
        " SELECT %s, stage, place, '1', 'completed', now()"
        "   FROM unnest('{sentences,passages,entities}'::text[])"
        "        WITH ORDINALITY AS stages (stage, place)",
        job_id,
    )
    quire.rows(
        "INSERT INTO tree_nodes (job_id, document_id, position, depth, title, page_start, page_end,"
        " first_passage, last_passage, summary)"
        " VALUES (%s, %s, 0, 0, 'confidential', 1, 1, 0, 0, 'This is confidential.')",
        *(job_id, document_id),
    )
    quire.rows("UPDATE documents SET search_job = %s WHERE id = %s", *(job_id, document_id))


def batch_of(quire: QuireClient, document_id: str, hook: str) -> str:
    """Have the document read once more, by a batch, and return that when it has ended."""
    answer = quire.http.post(
        "/v1/batches",
        json={
            "name": "archive of m1",
            "matter": "m1",
            "webhook_url": hook,
            "documents": [{"document_id": document_id}],
        },
    )
    assert answer.status_code == 202, answer.text
    batch_id: str = answer.json()["batch_id"]
    look = "SELECT id FROM batches WHERE id = %s AND finished_at IS NOT NULL"
    wait_for(lambda: quire.rows(look, batch_id), "the batch to end", 40)
    return batch_id


@pytest.fixture
def routes(quire: QuireClient) -> list[Operation]:
    found = list(operations(document_of(quire.http)))
    assert len(found) > 20
    return found


@pytest.fixture
def untouched(quire: QuireClient, owned: Owned) -> Iterator[None]:
    """Nothing of the owner's may be other than it was."""
    before = owned.rows(quire)
    names = {row["name"] for row in before}
    assert names >= {"documents", "jobs", "chunks", "events", "keys", "batches", "lines", "trails"}
    yield
    assert owned.rows(quire) == before


def test_every_route_is_either_about_an_id_that_is_known_here_or_about_ones_own(
    routes: list[Operation], owned: Owned
) -> None:
    for route in routes:
        unknown = set(route.places) - set(owned.ids) - set(NUMBERS)
        assert not unknown, f"{route} has {unknown}: say in this test whose that is"
        if not route.places and not route.is_for_operators:
            assert str(route) in PUBLIC | ONES_OWN, f"{route}: say in this test whose that is"


def test_the_owner_themselves_gets_to_all_of_it(
    stack: Stack, routes: list[Operation], owned: Owned
) -> None:
    with QuireClient(stack, owned.owner) as owner:
        owner.http.follow_redirects = False
        for route in routes:
            if route.is_safe and not route.is_for_operators:
                answer = asked(owner, route, owned)
                assert answer.status_code in {200, 302}, f"{route}: {answer.text}"


@pytest.mark.usefixtures("untouched")
def test_nobody_without_a_token_gets_anywhere(
    stack: Stack, routes: list[Operation], owned: Owned
) -> None:
    with QuireClient(stack) as nobody:
        del nobody.http.headers["Authorization"]
        for route in routes:
            answer = asked(nobody, route, owned)
            expected = {200, 503} if str(route) in PUBLIC else {401}
            assert answer.status_code in expected, f"{route}: {answer.text}"
            assert_tells_nothing(answer, route, owned)


@pytest.mark.usefixtures("untouched")
def test_another_tenant_finds_none_of_it(
    stack: Stack, routes: list[Operation], owned: Owned
) -> None:
    with QuireClient(stack, f"other-{uuid4()}") as other:
        assert_finds_nothing(other, routes, owned)


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("matters", [["m2"], ["m2", "m3"], []])
def test_a_caller_of_the_same_owner_but_of_other_matters_finds_none_of_it(
    stack: Stack, routes: list[Operation], owned: Owned, matters: list[str]
) -> None:
    with QuireClient(stack, owned.owner) as clerk:
        token(clerk, owned.owner, matters=matters)
        assert_finds_nothing(clerk, routes, owned, documents={403, 422}, secret={403})


def assert_finds_nothing(
    caller: QuireClient,
    routes: list[Operation],
    owned: Owned,
    documents: set[int] = {201, 202},  # noqa: B006 - never changed
    secret: set[int] = {200},  # noqa: B006 - never changed
) -> None:
    """Try every route with the owner's ids, and for what has none, look for them."""
    for route in routes:
        answer = asked(caller, route, owned)
        if route.is_for_operators:
            expected = {403}
        elif str(route) in {"POST /v1/documents", "POST /v1/uploads"}:
            expected = documents
        elif str(route) == "POST /v1/batches":
            # Its example names what this caller does not have.
            expected = {403, 422}
        elif route.places:
            expected = {404}
        elif str(route) == "GET /v1/webhooks/secret":
            # It signs what is told about every matter.
            expected = secret
        else:
            expected = {200, 201, 403}
        assert answer.status_code in expected, f"{route}: {answer.text}"
        assert_tells_nothing(answer, route, owned)
        if answer.status_code == 404:
            assert answer.json() == made_up(caller, route, owned).json(), route


def made_up(caller: QuireClient, route: Operation, owned: Owned) -> httpx.Response:
    """Ask for what nobody has: it must answer just the same."""
    ids = {name: str(uuid4()) for name in owned.ids}
    return caller.http.request(**route.request(NUMBERS | ids))


def assert_tells_nothing(answer: httpx.Response, route: Operation, owned: Owned) -> None:
    for secret in owned.secrets:
        assert secret not in answer.text, f"{route}: {answer.text}"


def asked(caller: QuireClient, route: Operation, owned: Owned) -> httpx.Response:
    return caller.http.request(**route.request(NUMBERS | owned.ids))


def token(caller: QuireClient, owner: str, *, matters: list[str]) -> None:
    claims = {
        "sub": owner,
        "aud": "authenticated",
        "exp": time.time() + 3600,
        "app_metadata": {"matters": matters},
    }
    secret = caller.stack.environment["SUPABASE__JWT_SECRET"]
    signed = jwt.encode(claims, secret, algorithm="HS256")
    caller.http.headers["Authorization"] = f"Bearer {signed}"
