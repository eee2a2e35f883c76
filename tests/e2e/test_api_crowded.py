"""The API while more is asked of it than the database answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil
import pytest

from infra.local.home import Home
from infra.local.stack import Stack
from tests.e2e.quire_client import QuireClient

#: More than there are threads for requests (40) and connections (4).
ASKING = 60


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuireClient]:
    """A stack of its own, whose database may fall silent."""
    with Stack(Home(tmp_path_factory.mktemp("own"))) as stack, QuireClient(stack) as quire:
        yield quire


@contextmanager
def silent(quire: QuireClient, part: str) -> Iterator[None]:
    """Stop a part's processes without ending them: its connections stay, and nothing answers."""
    root = psutil.Process(quire.stack.processes[part])
    tree = [root, *root.children(recursive=True)]
    for process in tree:
        process.suspend()
    try:
        yield
    finally:
        for process in tree:
            process.resume()


def test_the_process_is_healthy_while_every_thread_waits_for_a_silent_database(
    own: QuireClient,
) -> None:
    answer = own.http.post("/v1/documents", json={"filename": "late.pdf", "size": 1000})
    job = f"/v1/jobs/{answer.json()['job_id']}"
    address, headers = own.stack.endpoints["api"], dict(own.http.headers)
    assert own.http.get("/readyz").json()["parts"]["database"]["ready"]

    async def program() -> None:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            base_url=address, headers=headers, limits=limits, timeout=60
        ) as client:
            with silent(own, "postgres"):
                asked = [asyncio.create_task(client.get(job)) for _ in range(ASKING)]
                for _ in range(20):
                    answer = await client.get("/healthz", timeout=30)
                    assert answer.status_code == 200
                assert not any(task.done() for task in asked)
                answer = await client.get("/readyz", timeout=30)
                while answer.json()["parts"]["database"]["ready"]:
                    answer = await client.get("/readyz", timeout=30)
                assert answer.status_code == 503
            answers = await asyncio.gather(*asked)
        # Some may have waited longer than one may.
        assert {answer.status_code for answer in answers} <= {200, 503}

    asyncio.run(program())
