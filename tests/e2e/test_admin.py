"""What operators see and give, on a stack with real workers."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from os import kill
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from infra.local.home import Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.api_requests import refused
from tests.e2e.openapi_walk import document_of
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_mixed


@pytest.fixture
def admin(stack: Stack) -> Iterator[httpx.Client]:
    """An operator of the shared stack."""
    with operator(stack) as http:
        yield http


def operator(stack: Stack) -> httpx.Client:
    claims = {
        "sub": "olivia",
        "aud": "authenticated",
        "exp": time.time() + 3600,
        "app_metadata": {"role": "admin"},
    }
    token = jwt.encode(claims, stack.environment["SUPABASE__JWT_SECRET"], algorithm="HS256")
    return httpx.Client(
        base_url=stack.endpoints["api"], headers={"Authorization": f"Bearer {token}"}, timeout=60
    )


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("admin") / "book.pdf"
    write_mixed(path, pages=8, scanned_every=1000)
    return path


def get(http: httpx.Client, path: str, **query: object) -> dict[str, Any]:
    answer = http.get(path, params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


ADMIN_ROUTES = ["jobs", "workers", "queues", "credits?owner=alice", f"jobs/{uuid4()}/history"]


def test_an_operator_asks_about_a_job_as_its_owner_does(quire: QuireClient) -> None:
    routes = document_of(quire.http)["paths"]
    for part in ("", "/history", "/chunks", "/logs"):
        own, any_job = (f"{root}/jobs/{{job_id}}{part}" for root in ("/v1", "/v1/admin"))
        assert routes[any_job]["get"]["parameters"] == routes[own]["get"]["parameters"], part


def test_an_operator_reads_the_errors_alone(admin: httpx.Client, quire: QuireClient) -> None:
    answer = quire.http.post("/v1/documents", json={"filename": "a.pdf", "size": 9})
    job_id = answer.json()["job_id"]
    for level in ("INFO", "ERROR"):
        quire.rows(
            "INSERT INTO job_logs (job_id, at, level, logger, message, fields, written_by)"
            " VALUES (%s, now(), %s, 'functions', %s, '{}', pg_current_xact_id())",
            job_id,
            level,
            level.lower(),
        )
    lines = get(admin, f"/v1/admin/jobs/{job_id}/logs", level="ERROR")["lines"]
    assert [line["message"] for line in lines] == ["error"]


@pytest.mark.parametrize("route", ADMIN_ROUTES)
def test_only_operators_are_let_in(quire: QuireClient, route: str) -> None:
    refused(quire.http.get(f"/v1/admin/{route}"), 403, "FORBIDDEN")
    anonymous = httpx.get(f"{quire.stack.endpoints['api']}/v1/admin/{route}")
    refused(anonymous, 401, "UNAUTHORIZED")


def test_an_operator_sees_every_tenants_jobs_and_finds_them_by_owner_and_state(
    admin: httpx.Client, stack: Stack, book: Path
) -> None:
    owners = [f"tenant-{uuid4()}" for _ in range(2)]
    jobs = {}
    for owner in owners:
        with QuireClient(stack, owner) as quire:
            jobs[owner] = quire.submit(book, priority="low")
            assert quire.wait(jobs[owner])["status"] == "completed"
    found = get(admin, "/v1/admin/jobs", limit=100)["jobs"]
    assert {(job["owner"], job["job_id"]) for job in found} >= set(jobs.items())
    for owner, job_id in jobs.items():
        [only] = get(admin, "/v1/admin/jobs", owner=owner)["jobs"]
        assert only["job_id"] == job_id
        assert only == get(admin, f"/v1/admin/jobs/{job_id}")
        history = get(admin, f"/v1/admin/jobs/{job_id}/history")["events"]
        assert (history[0]["kind"], history[-1]["kind"]) == ("job_created", "job_completed")
        assert get(admin, f"/v1/admin/jobs/{job_id}/chunks")["chunks"][0]["page_start"] == 1
        assert "lines" in get(admin, f"/v1/admin/jobs/{job_id}/logs")
        for query, count in (
            ({"priority": "low"}, 1),
            ({"priority": "high"}, 0),
            ({"status": "completed", "stage": "merging"}, 1),
            ({"status": "failed"}, 0),
            ({"created_after": "2100-01-01T00:00:00Z"}, 0),
            ({"stuck": 0}, 0),
        ):
            assert len(get(admin, "/v1/admin/jobs", owner=owner, **query)["jobs"]) == count, query


def test_the_list_is_paged_without_a_gap_or_a_repetition(
    admin: httpx.Client, quire: QuireClient
) -> None:
    owner = f"tenant-{uuid4()}"
    for number in range(5):
        quire.rows(
            "WITH d AS (INSERT INTO documents (id, owner, filename, bucket, object)"
            " VALUES (gen_random_uuid(), %s, %s, 'b', gen_random_uuid()) RETURNING id)"
            " INSERT INTO jobs (id, document_id, owner) SELECT gen_random_uuid(), id, %s FROM d"
            " RETURNING id",
            owner,
            f"{number}.pdf",
            owner,
        )
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = get(admin, "/v1/admin/jobs", owner=owner, limit=2, **cursor)
        seen += [job["filename"] for job in page["jobs"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == [f"{number}.pdf" for number in (4, 3, 2, 1, 0)]


def test_a_job_without_progress_is_found_as_stuck(admin: httpx.Client, quire: QuireClient) -> None:
    owner = f"tenant-{uuid4()}"
    quire.rows(
        "WITH d AS (INSERT INTO documents (id, owner, filename, bucket, object)"
        " VALUES (gen_random_uuid(), %s, 'a.pdf', 'b', gen_random_uuid()) RETURNING id)"
        " INSERT INTO jobs (id, document_id, owner, status, stage, heartbeat_at, lease_expires_at)"
        " SELECT gen_random_uuid(), id, %s, 'processing', 'ocr', now() - interval '100 seconds',"
        " NULL FROM d",
        owner,
        owner,
    )
    assert len(get(admin, "/v1/admin/jobs", owner=owner, stuck=90)["jobs"]) == 1
    assert get(admin, "/v1/admin/jobs", owner=owner, stuck=200)["jobs"] == []


def test_a_job_that_is_not_there_is_not_found(admin: httpx.Client) -> None:
    for part in ("", "/history", "/chunks", "/logs"):
        refused(admin.get(f"/v1/admin/jobs/{uuid4()}{part}"), 404, "JOB_NOT_FOUND")


def test_workers_tell_which_pages_they_read_and_since_when(
    admin: httpx.Client, quire: QuireClient, book: Path
) -> None:
    with quire.document_ai(let_through=0):
        job_id = quire.submit(book, chunk_pages=2)

        def reading() -> dict[str, Any] | None:
            found = get(admin, "/v1/admin/workers")
            [worker] = found["workers"]
            mine = [task for task in worker["active"] if task["job_id"] == job_id]
            return {**worker, "mine": mine} if mine else None

        worker = wait_for(reading, "a worker to read")
        task = worker["mine"][0]
        assert worker["concurrency"] == 2
        assert worker["max_memory_bytes"] > 10_000_000
        assert task["pid"] in worker["processes"]
        assert task["page_end"] == task["page_start"] + 1
        assert task["since"].endswith("+00:00")
        queues = get(admin, "/v1/admin/queues")
        normal = queues["queues"][1]
        assert normal["priority"] == "normal"
        assert normal["processing"] >= 1
        assert queues["unacknowledged"] >= 1
        quire.let_through(None)
        quire.wait(job_id)
    before = worker["processed"]
    found = get(admin, "/v1/admin/workers")
    assert found["message"] == "1 worker answers."
    assert found["workers"][0]["processed"] > before


@pytest.fixture
def without_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack whose only worker does not move."""
    home = Home(tmp_path_factory.mktemp("admin-stack"))
    with Stack(home, options=StackOptions(workers=1, maintain_every=3600)) as stack:
        kill(stack.processes["worker"], signal.SIGSTOP)
        try:
            yield stack
        finally:
            kill(stack.processes["worker"], signal.SIGCONT)


def test_messages_are_counted_by_priority_and_a_broker_that_is_away_is_told(
    without_workers: Stack, book: Path
) -> None:
    stack = without_workers
    with operator(stack) as admin, QuireClient(stack) as quire:
        found = get(admin, "/v1/admin/workers")
        assert found["workers"] == []
        assert found["message"].startswith("No worker answers")
        for priority, chunk_pages in (("high", 4), ("normal", 2), ("low", 1)):
            quire.submit(book, priority=priority, chunk_pages=chunk_pages)

        def counted() -> dict[str, Any] | None:
            queues = get(admin, "/v1/admin/queues")
            return queues if queues["messages"] + queues["unacknowledged"] == 14 else None

        queues = wait_for(counted, "fourteen chunks to be sent")
        # One may be with the worker that does not move.
        sent = {queue["priority"]: queue["messages"] for queue in queues["queues"]}
        assert sum(sent.values()) == queues["messages"] >= 12
        assert (sent["normal"], sent["low"]) == (4, 8) or queues["unacknowledged"]
        assert {queue["priority"]: queue["pending"] for queue in queues["queues"]} == {
            "high": 2,
            "normal": 4,
            "low": 8,
        }
        assert all(queue["oldest_seconds"] >= 0 for queue in queues["queues"])

        kill(stack.processes["valkey"], signal.SIGSTOP)
        try:
            refused(admin.get("/v1/admin/workers"), 503, "BROKER_UNAVAILABLE")
            queues = get(admin, "/v1/admin/queues")
        finally:
            kill(stack.processes["valkey"], signal.SIGCONT)
        assert queues["message"] == "The broker does not answer."
        assert queues["messages"] is queues["queues"][0]["messages"] is None
        assert queues["queues"][2]["pending"] == 8


def test_a_grant_that_is_sent_ten_times_is_given_once_and_seen_by_its_owner(
    admin: httpx.Client, stack: Stack
) -> None:
    owner = f"tenant-{uuid4()}"
    grant = {"owner": owner, "pages": 500, "note": "Invoice 7"}
    headers = {"Idempotency-Key": str(uuid4())}

    def give(_: int) -> httpx.Response:
        return admin.post("/v1/admin/credits", json=grant, headers=headers)

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(give, range(10)))
    assert {answer.status_code for answer in answers} == {200}
    assert sorted(answer.json()["replayed"] for answer in answers) == [False] + [True] * 9
    assert answers[0].json()["available"] == 500
    another = admin.post("/v1/admin/credits", json={**grant, "pages": 5}, headers=headers)
    refused(another, 422, "IDEMPOTENCY_KEY_REUSED")
    for _ in range(2):
        assert admin.post("/v1/admin/credits", json=grant).status_code == 200
    with QuireClient(stack, owner) as quire:
        mine = get(quire.http, "/v1/credits", limit=2)
    assert (mine["enabled"], mine["available"], mine["reserved"]) == (False, 1500, 0)
    assert [entry["note"] for entry in mine["entries"]] == ["Invoice 7", "Invoice 7"]
    rest = get(admin, "/v1/admin/credits", owner=owner, cursor=mine["next_cursor"])
    assert [entry["available_change"] for entry in rest["entries"]] == [500]
    assert rest["next_cursor"] is None
    assert get(admin, "/v1/admin/credits", owner="nobody")["available"] == 0


@pytest.mark.parametrize(
    "body",
    [
        {"owner": "", "pages": 1},
        {"owner": "a\x00", "pages": 1},
        {"owner": "a", "pages": 0},
        {"owner": "a", "pages": 10**30},
        {"owner": "a", "pages": 1.5},
        {"owner": "a", "pages": 1, "note": "\x00"},
        {"owner": "a", "pages": 1, "more": 1},
        {"pages": 1},
        [],
    ],
)
def test_an_odd_grant_is_refused(admin: httpx.Client, body: object) -> None:
    refused(admin.post("/v1/admin/credits", json=body), 422, "INVALID_REQUEST")


def test_who_is_limited_to_matters_sees_no_other_matters_jobs_in_the_ledger(
    quire: QuireClient, stack: Stack
) -> None:
    owner = f"tenant-{uuid4()}"
    for matter in ("m1", "m2"):
        quire.rows(
            "WITH d AS (INSERT INTO documents (id, owner, matter, filename, bucket, object)"
            " VALUES (gen_random_uuid(), %(o)s, %(m)s, 'a.pdf', 'b', gen_random_uuid())"
            " RETURNING id), j AS (INSERT INTO jobs (id, document_id, owner, matter)"
            " SELECT gen_random_uuid(), id, %(o)s, %(m)s FROM d RETURNING id)"
            " INSERT INTO credit_ledger"
            " (owner, kind, available_change, reserved_change, job_id, round, note)"
            " SELECT %(o)s, 'reserved', -1, 1, id, 0, %(m)s FROM j".replace(
                "%(o)s", f"'{owner}'"
            ).replace("%(m)s", f"'{matter}'")
        )
    claims = {
        "sub": owner,
        "aud": "authenticated",
        "exp": time.time() + 60,
        "app_metadata": {"matters": ["m1"]},
    }
    token = jwt.encode(claims, stack.environment["SUPABASE__JWT_SECRET"], algorithm="HS256")
    quire.rows("INSERT INTO credit_accounts (owner, available, reserved) VALUES (%s, 7, 2)", owner)
    answer = httpx.get(
        f"{stack.endpoints['api']}/v1/credits", headers={"Authorization": f"Bearer {token}"}
    )
    assert [entry["note"] for entry in answer.json()["entries"]] == ["m1"]
    # What the whole account has would tell what other matters cost.
    assert (answer.json()["available"], answer.json()["reserved"]) == (None, None)
    with QuireClient(stack, owner) as everything:
        assert get(everything.http, "/v1/credits")["available"] == 7
