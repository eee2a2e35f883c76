"""Figures by time over HTTP, and the same of everybody for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from prometheus_client.parser import text_string_to_metric_families

from infra.local.stack import Stack
from tests.e2e.quire_client import QuireClient
from tests.pdfs.documents import write_born_digital
from tests.pdfs.text import page_text


@pytest.fixture
def operator(stack: Stack) -> Iterator[httpx.Client]:
    """Somebody who may look at every tenant's work."""
    claims = {
        "sub": "operator",
        "aud": "authenticated",
        "exp": time.time() + 3600,
        "app_metadata": {"role": "admin"},
    }
    token = jwt.encode(claims, stack.environment["SUPABASE__JWT_SECRET"], algorithm="HS256")
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=stack.endpoints["api"], headers=headers) as client:
        yield client


def samples(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, ",".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_a_job_is_in_its_owner_s_figures_and_in_everybody_s(
    stack: Stack, operator: httpx.Client, tmp_path: Path
) -> None:
    path = tmp_path / "three.pdf"
    write_born_digital(path, [page_text(number) for number in range(3)])
    before = samples(operator.get("/metrics").text)
    with QuireClient(stack, f"owner-{uuid4()}") as quire:
        job = quire.wait(quire.submit(path))
        answer = quire.http.get("/v1/metrics")
    assert job["status"] == "completed"
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    assert (found["bucket"], found["bucket_seconds"]) == ("1m", 60)
    assert 60 <= len(found["buckets"]) <= 61
    total = found["total"]
    assert (total["jobs_created"], total["jobs_completed"], total["pages_read"]) == (1, 1, 3)
    assert total["chunk_seconds"]["p50"] > 0
    assert total["merge_seconds"]["p95"] > 0
    assert sum(bucket["pages_read"] for bucket in found["buckets"]) == 3

    answer = operator.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    after = samples(answer.text)

    def grown(name: str, label: str = "") -> float:
        return after[name, label] - before.get((name, label), 0)

    assert grown("quire_pages_total", "read") >= 3
    assert grown("quire_jobs_total", "completed") >= 1
    assert grown("quire_merge_seconds_count") >= 1
    assert after["quire_jobs_stranded", ""] >= 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"bucket": "2m"}, "INVALID_REQUEST"),
        ({"from": "yesterday"}, "INVALID_REQUEST"),
        ({"from": "2026-11-22T10:00:00Z", "to": "2026-11-22T10:00:00Z"}, "INVALID_PERIOD"),
        ({"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}, "TOO_MANY_BUCKETS"),
    ],
)
def test_what_can_t_be_answered_is_refused_with_a_reason(
    quire: QuireClient, query: dict[str, str], code: str
) -> None:
    answer = quire.http.get("/v1/metrics", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_everybody_s_figures_are_for_operators(quire: QuireClient) -> None:
    assert quire.http.get("/metrics").status_code == 403
    assert httpx.get(f"{quire.stack.endpoints['api']}/metrics").status_code == 401
    assert httpx.get(f"{quire.stack.endpoints['api']}/v1/metrics").status_code == 401
