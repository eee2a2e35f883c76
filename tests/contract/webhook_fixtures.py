"""Jobs that have just ended, with a webhook to be told."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from common.access import Caller
from common.lifecycle import JobStatus
from common.models import JobId, MergedDocument
from infra.database.pool import Pool
from infra.database.webhooks import PostgresWebhooks
from tests.world import World

ALICE = Caller("alice")
LEASE = timedelta(minutes=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def webhooks(pool: Pool) -> PostgresWebhooks:
    return PostgresWebhooks(pool, lease=LEASE, resend_after=MINUTE)


def job_with_a_webhook(world: World, *, chunks: int = 1) -> JobId:
    """Make a job whose chunks are all read."""
    job_id, chunk_ids = world.add_job(chunks)
    world.one(
        "UPDATE jobs SET webhook_url = 'https://a.example' WHERE id = %s RETURNING id", job_id
    )
    for chunk_id in chunk_ids:
        world.finish_chunk(chunk_id)
    return job_id


def merge(world: World, job_id: JobId, status: JobStatus = JobStatus.COMPLETED) -> None:
    work = world.merges.claim(job_id)
    assert work is not None
    failed = status is JobStatus.FAILED
    world.merges.finish(
        work,
        MergedDocument(
            status=status,
            pages=2,
            failed_pages=0,
            result_path=None if failed else "r",
            text_path=None,
            checksum=None if failed else "c",
            error_code="PAGE_UNREADABLE" if failed else None,
            error_message="No page could be read." if failed else None,
        ),
    )


def ended(world: World, webhooks: PostgresWebhooks) -> UUID:
    """Return the delivery of a job that has just ended."""
    job_id = job_with_a_webhook(world)
    merge(world, job_id)
    [(delivery_id, _)] = webhooks.announce(job_id)
    return delivery_id
