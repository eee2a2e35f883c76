"""Streams of events through the real door, under readers, servers and a Redis that drop out."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis import Redis

from infra.broker.live import CHANNEL
from infra.local.home import ROOT, Home
from infra.local.stack import Stack, StackOptions
from tests.e2e.quire_client import QuireClient, wait_for
from tests.pdfs.documents import write_mixed


@pytest.fixture(scope="module")
def leaflet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty pages: as chunks of one, they make two hundred events."""
    path = tmp_path_factory.mktemp("leaflet") / "leaflet.pdf"
    write_mixed(path, pages=60, scanned_every=1000)
    return path


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuireClient]:
    """A stack of its own, whose parts may be killed."""
    options = StackOptions(
        workers=2,
        maintain_every=1,
        extra_env={"LEASES__CHUNK_SECONDS": "3", "MAINTAIN__RESEND_AFTER_SECONDS": "3"},
    )
    home = Home(tmp_path_factory.mktemp("breakable"))
    with Stack(home, options=options) as stack, QuireClient(stack) as quire:
        yield quire


@dataclass
class Reader:
    """Keeps its place by the ids of whole messages, as a browser does."""

    quire: QuireClient
    job_id: str
    seen: list[int] = field(default_factory=list)
    jobs: list[dict[str, Any]] = field(default_factory=list)
    last_kind: str = ""

    def has_ended(self) -> bool:
        """Whether the server has said that nothing more will come."""
        return self.last_kind == "end"

    def read(self, most_bytes: int | None = None) -> None:
        """Follow the stream to its end, or drop it after so many bytes, wherever that is."""
        with opened(self.quire, self.job_id, self.seen[-1] if self.seen else 0) as stream:
            left = sys.maxsize if most_bytes is None else most_bytes
            rest = b""
            for content in stream.iter_raw():
                rest += content[:left]
                *messages, rest = rest.split(b"\n\n")
                for message in messages:
                    self._take(message)
                left -= len(content)
                if left <= 0:
                    return
            assert rest == b"", "the stream broke off within a message"

    def _take(self, message: bytes) -> None:
        lines = message.decode().splitlines()
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":"))
        if "data" in fields:
            self.jobs.append(json.loads(fields["data"])["job"])
        if "id" in fields:
            self.seen.append(int(fields["id"]))
        self.last_kind = fields.get("event", self.last_kind)


@contextmanager
def opened(quire: QuireClient, job_id: str, after: int = 0) -> Iterator[httpx.Response]:
    headers = {"Last-Event-ID": str(after)} if after else {}
    with quire.http.stream("GET", f"/v1/jobs/{job_id}/events", headers=headers) as stream:
        assert stream.status_code == 200, stream.read()
        yield stream


def numbers_of(quire: QuireClient, job_id: str) -> list[int]:
    rows = quire.rows("SELECT id FROM job_events WHERE job_id = %s ORDER BY id", job_id)
    return [row["id"] for row in rows]


def awaited(quire: QuireClient) -> str:
    """Return a job that waits for an upload which never comes."""
    answer = quire.http.post("/v1/documents", json={"filename": "late.pdf", "size": 1000})
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_reader_that_drops_fifty_times_sees_every_event_once_and_in_order(
    quire: QuireClient, leaflet: Path, seed: int
) -> None:
    chance = random.Random(seed)
    # The last chunk is kept waiting, so that the job is not over before all the drops.
    with quire.document_ai(let_through=59):
        job_id = quire.submit(leaflet, chunk_pages=1)
        reader = Reader(quire, job_id)
        for _ in range(50):
            # From within the first hint up to some events.
            reader.read(most_bytes=chance.choice([5, 300, 1500, chance.randint(1, 12_000)]))
        assert not reader.has_ended()
        quire.let_through(None)
        reader.read()
    assert reader.has_ended()
    assert reader.seen == numbers_of(quire, job_id)
    assert len(reader.seen) > 120
    assert reader.jobs[-1]["status"] == "completed"


def test_a_stream_is_neither_stored_nor_buffered_nor_compressed(quire: QuireClient) -> None:
    with opened(quire, awaited(quire)) as stream:
        headers = stream.headers
        assert headers["content-type"].split(";")[0] == "text/event-stream"
        assert headers["cache-control"] == "no-store"
        assert headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in headers
        assert next(stream.iter_lines()).startswith("retry: ")


def test_who_may_not_see_the_job_gets_no_stream(stack: Stack, quire: QuireClient) -> None:
    path = f"/v1/jobs/{awaited(quire)}/events"
    with QuireClient(stack, owner="mallory") as mallory:
        answer = mallory.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "JOB_NOT_FOUND")
    assert httpx.get(f"{stack.endpoints['api']}{path}").status_code == 401


def test_a_hundred_readers_share_one_subscription(quire: QuireClient) -> None:
    job_id = awaited(quire)
    limits = httpx.Limits(max_connections=None)
    with (
        Redis.from_url(quire.stack.endpoints["redis"]) as redis,
        httpx.Client(
            base_url=quire.http.base_url, headers=quire.http.headers, limits=limits, timeout=60
        ) as client,
        ExitStack() as streams,
    ):
        for _ in range(100):
            request = client.build_request("GET", f"/v1/jobs/{job_id}/events")
            stream = client.send(request, stream=True)
            streams.callback(stream.close)
            assert next(stream.iter_lines()).startswith("retry: ")
        wait_for(lambda: redis.pubsub_numsub(CHANNEL)[0][1] == 1, "the subscription")
        assert quire.http.get("/healthz").status_code == 200


def test_a_redis_that_is_killed_in_the_middle_costs_no_event_and_doubles_none(
    breakable: QuireClient, leaflet: Path
) -> None:
    with (
        breakable.document_ai(latency_per_call_seconds=0.1),
        ThreadPoolExecutor() as threads,
    ):
        job_id = breakable.submit(leaflet, chunk_pages=1)
        readers = [Reader(breakable, job_id) for _ in range(3)]
        reading = [threads.submit(reader.read) for reader in readers]
        for completed in (5, 25):
            wait_until_completed(breakable, job_id, completed)
            kill_valkey(breakable)
        for each in reading:
            # Without having had to come back.
            each.result(timeout=120)
    expected = numbers_of(breakable, job_id)
    for reader in readers:
        assert reader.has_ended()
        assert reader.seen == expected


def wait_until_completed(quire: QuireClient, job_id: str, chunks: int) -> None:
    wait_for(lambda: quire.job(job_id)["completed_chunks"] >= chunks, "some chunks")


def kill_valkey(quire: QuireClient) -> None:
    before = quire.stack.processes["valkey"]
    os.killpg(os.getpgid(before), signal.SIGKILL)
    wait_for(lambda: quire.stack.processes.get("valkey") not in {None, before}, "the restart")


def test_a_server_that_is_stopped_ends_its_streams_at_once_and_readers_go_on_at_the_next(
    breakable: QuireClient, leaflet: Path
) -> None:
    with breakable.document_ai(let_through=20), ThreadPoolExecutor(20) as threads:
        job_id = breakable.submit(leaflet, chunk_pages=1)
        readers = [Reader(breakable, job_id) for _ in range(20)]
        reading = [threads.submit(reader.read) for reader in readers]
        wait_for(lambda: all(reader.seen for reader in readers), "every stream to begin")
        before = breakable.stack.processes["functions"]
        os.kill(before, signal.SIGTERM)
        for each in reading:
            # Raises where the connection was cut, as it is after two seconds of waiting for an
            # answer's end, instead of the answer ended.
            each.result(timeout=60)
        assert not any(reader.has_ended() for reader in readers)

        wait_for(
            lambda: (
                breakable.stack.processes.get("functions") not in {None, before}
                and answers(breakable.stack.endpoints["api"])
            ),
            "the next server",
        )
        breakable.let_through(None)
        for each in [threads.submit(reader.read) for reader in readers]:
            each.result(timeout=120)
    expected = numbers_of(breakable, job_id)
    for reader in readers:
        assert reader.has_ended()
        assert reader.seen == expected


def test_a_request_that_waits_for_its_result_is_answered_when_the_server_is_stopped(
    breakable: QuireClient, leaflet: Path
) -> None:
    with breakable.document_ai(let_through=0), ThreadPoolExecutor() as threads:
        before = jobs_of(breakable)
        answer = threads.submit(
            breakable.http.post,
            "/v1/documents",
            files={"file": ("waited.pdf", leaflet.read_bytes(), "application/pdf")},
            headers={"Prefer": "wait=60"},
        )
        wait_for(lambda: jobs_of(breakable) > before, "the document to be taken")
        os.kill(breakable.stack.processes["functions"], signal.SIGTERM)
        taken = answer.result(timeout=60)
    assert taken.status_code == 202
    assert breakable.wait(taken.json()["job_id"])["status"] == "completed"


def jobs_of(quire: QuireClient) -> int:
    count: int = quire.rows("SELECT count(*) FROM jobs WHERE status = 'processing'")[0]["count"]
    return count


def answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def test_the_platforms_own_server_ends_streams_as_soon_as_it_is_told_to_stop(
    quire: QuireClient, unused_port: int
) -> None:
    """functions-framework with gunicorn, which would wait for half a minute."""
    address = f"http://127.0.0.1:{unused_port}"
    source = ROOT / "functions" / "main.py"
    program = Path(sys.executable).with_name("functions-framework")
    job_id = awaited(quire)
    server = subprocess.Popen(
        [
            program,
            "--target=api",
            f"--source={source}",
            "--host=127.0.0.1",
            f"--port={unused_port}",
        ],
        env=quire.stack.layout.full_environment,
    )
    try:
        wait_for(lambda: answers(address), "functions-framework", patience=60)
        with httpx.stream(
            "GET",
            f"{address}/v1/jobs/{job_id}/events",
            headers={"Authorization": quire.http.headers["Authorization"]},
            timeout=60,
        ) as stream:
            content = stream.iter_text()
            told = next(content)
            while "event: job_created" not in told:
                told += next(content)
            server.terminate()
            begun = time.monotonic()
            assert "".join(content) == ""
        server.wait(60)
        assert time.monotonic() - begun < 25
    finally:
        server.kill()
        server.wait()
