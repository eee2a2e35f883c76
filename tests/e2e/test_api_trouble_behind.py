"""What the API says when something behind it is away or broken. It runs here, to be broken."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx
import jwt
import psycopg
import pytest
from httpx_sse import connect_sse
from psycopg import sql

from common.models import DocumentId, JobId, JobOptions, ObjectRef
from functions.api.app import create_app
from functions.bootstrap import Application
from infra.local.stack import Stack
from tests.contract.storage_fixtures import listening_socket, serving, url_of
from tests.e2e.api_requests import MULTIPART, TINY_PDF, opened_form, refused, told
from tests.e2e.quire_client import wait_for
from tests.environment import settings_for


@contextmanager
def calling(servers: Stack, database_url: str) -> Iterator[tuple[httpx.Client, Application]]:
    """Serve the API over a database of one's own choice, and call it."""
    application = Application(settings_for(servers, DATABASE__URL=database_url))
    # A caller waits as long as the pool has hope; a test need not.
    application._pool.timeout = 0.5
    secret = servers.environment["SUPABASE__JWT_SECRET"]
    claims = {"sub": "alice", "aud": "authenticated", "exp": time.time() + 3600}
    headers = {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}
    bound = listening_socket()
    with (
        application._pool,
        serving(create_app(application), bound),
        httpx.Client(base_url=url_of(bound), headers=headers, timeout=30) as http,
    ):
        yield http, application


@contextmanager
def away(database_url: str) -> Iterator[None]:
    """Have Postgres end the database's connections and refuse new ones."""
    name = sql.Identifier(urlsplit(database_url).path.lstrip("/"))
    admin = urlunsplit(urlsplit(database_url)._replace(path="/template1"))
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(allow.format(name, sql.SQL("false")))
        try:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                (name.as_string(connection).strip('"'),),
            )
            yield
        finally:
            connection.execute(allow.format(name, sql.SQL("true")))


def wait_until_ready(http: httpx.Client) -> None:
    """Return once the pool has connected again, which it tries less and less often."""
    job = f"/v1/jobs/{uuid4()}"
    wait_for(lambda: http.get(job).status_code == 404, "the database to answer", patience=60)


def waiting_job(application: Application) -> JobId:
    """Write a job whose upload never comes."""
    job_id, document_id = JobId(uuid4()), DocumentId(uuid4())
    application.jobs.create(
        job_id=job_id,
        document_id=document_id,
        owner="alice",
        filename="a.pdf",
        source=ObjectRef("uploads", f"{document_id}.pdf"),
        size=9,
        options=JobOptions(),
        password=None,
    )
    return job_id


def test_a_database_that_is_away_is_said_so_at_every_address(
    servers: Stack, unused_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = f"postgresql://quire:hidden@127.0.0.1:{unused_port}/quire"
    with calling(servers, nowhere) as (http, _):
        assert http.get("/healthz").status_code == 200
        job = f"/v1/jobs/{uuid4()}"
        for answer in (
            http.get(job),
            http.get(f"{job}/result"),
            http.get(f"{job}/events"),
            http.post("/v1/documents", json={"filename": "a.pdf", "size": 9}),
            http.post("/v1/documents", files={"file": ("a.pdf", TINY_PDF)}),
        ):
            detail = refused(answer, 503, "DATABASE_UNAVAILABLE")
            assert detail.startswith("The database does not answer")
            assert int(answer.headers["retry-after"]) > 0
            assert "hidden" not in answer.text
    warnings = [record for record in caplog.records if record.name == "functions.api.problems"]
    assert len(warnings) == 5
    assert all(record.exc_info for record in warnings)


def test_a_database_that_went_away_and_came_back_is_used_again(
    servers: Stack, database_url: str
) -> None:
    with calling(servers, database_url) as (http, application):
        job_id = waiting_job(application)
        with away(database_url):
            refused(http.get(f"/v1/jobs/{job_id}"), 503, "DATABASE_UNAVAILABLE")
        wait_until_ready(http)
        assert http.get(f"/v1/jobs/{job_id}").json()["status"] == "pending"


def test_an_event_stream_is_silent_while_the_database_is_away_and_goes_on_behind_it(
    servers: Stack, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with calling(servers, database_url) as (http, application):
        job = f"/v1/jobs/{waiting_job(application)}"
        with connect_sse(http, "GET", f"{job}/events") as source:
            events = told(source)
            assert next(events).event == "job_created"
            with away(database_url):
                refused(http.get(job), 503, "DATABASE_UNAVAILABLE")
            with psycopg.connect(database_url) as connection:
                connection.execute("UPDATE jobs SET status = 'cancelled', finished_at = now()")
            assert [event.event for event in events] == ["end"]
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_an_error_that_nobody_knows_is_a_problem_without_its_text_and_a_log_with_it(
    servers: Stack, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TABLE jobs CASCADE")
    with calling(servers, database_url) as (http, _):
        answer = http.get(f"/v1/jobs/{uuid4()}")
    refused(answer, 500, "INTERNAL_ERROR")
    assert "relation" not in answer.text
    [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert record.name == "functions.api.problems"
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], psycopg.errors.UndefinedTable)


def test_a_stream_that_breaks_for_an_unknown_reason_does_not_say_that_the_job_has_ended(
    servers: Stack, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with calling(servers, database_url) as (http, application):
        url = f"/v1/jobs/{waiting_job(application)}/events"
        with connect_sse(http, "GET", url) as source:
            events = told(source)
            assert next(events).event == "job_created"
            with psycopg.connect(database_url) as connection:
                connection.execute("DROP TABLE jobs CASCADE")
            assert list(events) == []
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert {record.name for record in errors} == {"functions.api.broadcast"}


def test_a_caller_who_leaves_while_sending_is_no_error_of_ours(
    servers: Stack, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with calling(servers, database_url) as (http, _):

        def leaving() -> Iterator[bytes]:
            yield opened_form()[0]
            raise InterruptedError

        with pytest.raises(InterruptedError):
            http.post("/v1/documents", content=leaving(), headers={"Content-Type": MULTIPART})
    # The server has ended by now, so whatever it had to say has been said.
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
