"""How often one caller may ask: counted in a real Redis, and passed where that is away."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import httpx
import jwt
import pytest
from httpx_sse import connect_sse

from functions.api.app import create_app
from functions.bootstrap import Application
from infra.auth.api_keys import ApiKey
from infra.auth.rate_limits import RateLimits
from infra.database.pool import Pool
from infra.local.home import ROOT
from infra.local.stack import Stack
from tests.contract.storage_fixtures import listening_socket, serving, url_of
from tests.e2e.api_requests import refused
from tests.environment import settings_for
from tests.world import World


@contextmanager
def calling(servers: Stack, database_url: str, **changes: str) -> Iterator[httpx.Client]:
    """Serve the API with settings of one's own choice."""
    application = Application(settings_for(servers, DATABASE__URL=database_url, **changes))
    bound = listening_socket()
    with (
        application._pool,
        serving(create_app(application), bound),
        httpx.Client(base_url=url_of(bound), timeout=30) as http,
    ):
        yield http


def somebody(servers: Stack, owner: str | None = None) -> dict[str, str]:
    """Return the header of somebody whom nobody has counted yet."""
    claims = {
        "sub": owner or f"owner-{uuid4()}",
        "aud": "authenticated",
        "exp": time.time() + 600,
    }
    secret = servers.environment["SUPABASE__JWT_SECRET"]
    return {"Authorization": f"Bearer {jwt.encode(claims, secret, algorithm='HS256')}"}


def is_limited(answer: httpx.Response, limit: int) -> None:
    """Check a refusal and what its headers say."""
    detail = refused(answer, 429, "RATE_LIMITED")
    seconds = int(answer.headers["retry-after"])
    assert 1 <= seconds <= 60
    assert detail == (
        f"That was more than {limit} requests in a minute. Try again in {seconds} seconds."
    )
    assert answer.headers["ratelimit-policy"] == f'"minute";q={limit};w=60'
    assert answer.headers["ratelimit"] == f'"minute";r=0;t={seconds}'


def test_one_caller_is_held_back_and_no_other(servers: Stack, database_url: str) -> None:
    with calling(servers, database_url, API__REQUESTS_PER_MINUTE="5") as http:
        alice, bob = somebody(servers), somebody(servers)
        for left in (4, 3, 2, 1, 0):
            answer = http.get("/v1/jobs", headers=alice)
            assert answer.status_code == 200, answer.text
            found = re.fullmatch(r'"minute";r=(\d+);t=\d+', answer.headers["ratelimit"])
            assert found is not None
            assert int(found[1]) == left
            assert "retry-after" not in answer.headers
        for _ in range(3):
            is_limited(http.get("/v1/jobs", headers=alice), 5)
        assert http.get("/v1/jobs", headers=bob).status_code == 200
        # What asks for no login is not a caller's.
        assert http.get("/healthz").status_code == 200


def test_a_refusal_of_another_kind_counts_and_tells_the_limit_too(
    servers: Stack, database_url: str
) -> None:
    with calling(servers, database_url, API__REQUESTS_PER_MINUTE="3") as http:
        alice = somebody(servers)
        answer = http.get(f"/v1/jobs/{uuid4()}", headers=alice)
        refused(answer, 404, "JOB_NOT_FOUND")
        assert answer.headers["ratelimit"].startswith('"minute";r=2;')
        refused(http.get("/v1/jobs/x", headers=alice), 422, "INVALID_REQUEST")


def test_a_limit_is_of_all_processes_together_and_of_all_an_owners_keys(
    servers: Stack, database_url: str
) -> None:
    changes = {"API__REQUESTS_PER_MINUTE": "4"}
    with (
        calling(servers, database_url, **changes) as first,
        calling(servers, database_url, **changes) as second,
    ):
        alice = somebody(servers)
        wanted = {"name": "a", "scopes": ["jobs:read"]}
        keys = [first.post("/v1/api-keys", headers=alice, json=wanted).json() for _ in range(2)]
        by_key = [{"X-API-Key": key["key"]} for key in keys]
        assert second.get("/v1/jobs", headers=by_key[0]).status_code == 200
        assert first.get("/v1/jobs", headers=by_key[1]).status_code == 200
        for headers in (alice, *by_key):
            is_limited(second.get("/v1/jobs", headers=headers), 4)


def test_a_stream_counts_once_however_long_it_is(
    servers: Stack, database_url: str, pool: Pool
) -> None:
    with calling(servers, database_url, API__REQUESTS_PER_MINUTE="3") as http:
        alice = somebody(servers, "alice")
        world = World(pool)
        job_id, _ = world.add_job(1, owner="alice")
        with connect_sse(http, "GET", f"/v1/jobs/{job_id}/events", headers=alice) as source:
            assert source.response.headers["ratelimit"].startswith('"minute";r=2;')
            events = source.iter_sse()
            next(events)
            with pool.connection() as connection:
                connection.execute("DELETE FROM documents")
            assert all(event.event != "end" for event in events)
        answer = http.get("/v1/jobs", headers=alice)
        assert answer.headers["ratelimit"].startswith('"minute";r=1;')


def test_failed_logins_are_held_back_by_address_and_good_ones_are_not(
    servers: Stack, database_url: str
) -> None:
    changes = {"API__FAILED_LOGINS_PER_MINUTE": "3", "API__TRUSTED_PROXIES": "1"}
    with calling(servers, database_url, **changes) as http:
        number = uuid4().int
        here = {"X-Forwarded-For": f"10.1.2.3, 203.0.{number % 250}.{number // 250 % 250}"}
        there = {"X-Forwarded-For": f"10.1.2.3, 198.51.{number % 250}.{number // 250 % 250}"}
        alice = somebody(servers)
        wanted = {"name": "a", "scopes": ["jobs:read"]}
        key = http.post("/v1/api-keys", headers=alice, json=wanted).json()["key"]
        wrong = [{}, {"Authorization": "Bearer x.y.z"}, {"X-API-Key": ApiKey.generate().text}]
        for headers in wrong:
            refused(http.get("/v1/jobs", headers=here | headers), 401, "UNAUTHORIZED")
        for headers in wrong:
            is_limited(http.get("/v1/jobs", headers=here | headers), 3)
        # What the client itself writes before the proxy's entry makes no other client of it.
        forged = {"X-Forwarded-For": f"10.9.9.9, {here['X-Forwarded-For']}"}
        is_limited(http.get("/v1/jobs", headers=forged), 3)
        refused(http.get("/v1/jobs", headers=there), 401, "UNAUTHORIZED")
        assert http.get("/v1/jobs", headers=here | alice).status_code == 200
        # A key costs a query, and is not even looked for; elsewhere it counts.
        is_limited(http.get("/v1/jobs", headers=here | {"X-API-Key": key}), 3)
        assert http.get("/v1/jobs", headers=there | {"X-API-Key": key}).status_code == 200


def test_without_a_limit_nothing_is_counted(servers: Stack, database_url: str) -> None:
    changes = {"API__REQUESTS_PER_MINUTE": "0", "API__FAILED_LOGINS_PER_MINUTE": "0"}
    with calling(servers, database_url, **changes) as http:
        alice = somebody(servers)
        for _ in range(10):
            answer = http.get("/v1/jobs", headers=alice)
            assert answer.status_code == 200
            assert "ratelimit" not in answer.headers
            refused(http.get("/v1/jobs"), 401, "UNAUTHORIZED")


def test_requests_pass_while_redis_is_away_and_it_is_logged_once(
    servers: Stack, database_url: str, unused_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    changes = {
        "REDIS_URL": f"redis://127.0.0.1:{unused_port}/0",
        "API__REQUESTS_PER_MINUTE": "2",
        "API__FAILED_LOGINS_PER_MINUTE": "2",
    }
    with calling(servers, database_url, **changes) as http:
        alice = somebody(servers)
        for _ in range(5):
            assert http.get("/v1/jobs", headers=alice).status_code == 200
            refused(http.get("/v1/jobs"), 401, "UNAUTHORIZED")
    said = [record for record in caplog.records if "not limited" in record.message]
    assert len(said) == 1


# ── the counting itself ──────────────────────────────────────────────────────────────────────


def test_a_redis_that_does_not_answer_is_waited_for_once() -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        at = 1000.0
        limits = RateLimits(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0", now=lambda: at)

        async def scenario() -> None:
            nonlocal at
            try:
                began = time.monotonic()
                for _ in range(100):
                    assert await limits.count("caller", "alice", 10) is None
                assert time.monotonic() - began < 25
                at += 5.1
                began = time.monotonic()
                assert await limits.count("caller", "alice", 10) is None
                assert time.monotonic() - began > 0.4
            finally:
                await limits.close()

        asyncio.run(scenario())


def test_counting_goes_on_when_redis_is_back(servers: Stack, unused_port: int) -> None:
    at = 1000.0
    limits = RateLimits(f"redis://127.0.0.1:{unused_port}/0", now=lambda: at)
    who = str(uuid4())

    async def scenario() -> None:
        nonlocal at
        assert await limits.count("caller", who, 1) is None
        await limits.close()
        limits._url = servers.endpoints["redis"]
        assert await limits.count("caller", who, 1) is None
        at += 5.1
        try:
            first = await limits.count("caller", who, 1)
            second = await limits.count("caller", who, 1)
        finally:
            await limits.close()
        assert first is not None
        assert second is not None
        assert (first.allowed, second.allowed) == (True, False)

    asyncio.run(scenario())


#: A thread imports redis and stops in the middle; another counts. That one waits for the first,
#: so it has not ended half a second later, and ends once the import goes on.
COUNTED_DURING_AN_IMPORT = """
import asyncio, sys, threading
from importlib.machinery import PathFinder

arrived, on = threading.Event(), threading.Event()

class Stopping:
    def find_spec(self, name, path=None, target=None):
        if name != "redis.sentinel":
            return None
        spec = PathFinder.find_spec(name, path)
        run = spec.loader.exec_module

        def stop(module):
            arrived.set()
            on.wait()
            run(module)

        spec.loader.exec_module = stop
        return spec

sys.meta_path.insert(0, Stopping())

import limits.aio.storage
from infra.auth.rate_limits import RateLimits

async def count():
    limits = RateLimits(sys.argv[1])
    try:
        print((await limits.count("caller", "import", 1000)).allowed)
    finally:
        await limits.close()

importing = threading.Thread(target=__import__, args=("redis",))
importing.start()
arrived.wait()
counting = threading.Thread(target=lambda: asyncio.run(count()))
counting.start()
counting.join(0.5)
print(counting.is_alive())
on.set()
importing.join()
counting.join()
"""


def test_a_count_waits_for_redis_that_another_thread_has_begun_to_import(servers: Stack) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COUNTED_DURING_AN_IMPORT, servers.endpoints["redis"]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.stdout, ended.stderr) == ("True\nTrue\n", "")


def test_many_at_once_are_let_in_up_to_the_limit_and_not_one_more(servers: Stack) -> None:
    limits = RateLimits(servers.endpoints["redis"])
    who = f"{uuid4()} / é\n{{}}"

    async def scenario() -> None:
        try:
            counted = await asyncio.gather(*(limits.count("caller", who, 20) for _ in range(60)))
            looked = await limits.look("caller", who, 20)
        finally:
            await limits.close()
        assert sum(each is not None and each.allowed for each in counted) == 20
        assert looked is not None
        assert not looked.allowed

    asyncio.run(scenario())
