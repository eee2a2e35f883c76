"""Batches on real Postgres: what their jobs come to, counted at the moment somebody looks."""

from __future__ import annotations

import pytest

from common.access import Caller
from common.lifecycle import BatchStatus, JobStatus
from infra.database.batch_views import PostgresBatches
from infra.database.pool import Pool
from tests.world import World

ALICE, BOB = Caller("alice"), Caller("bob")


@pytest.fixture
def batches(pool: Pool) -> PostgresBatches:
    return PostgresBatches(pool)


def test_a_new_batch_has_all_its_documents_waiting(world: World, batches: PostgresBatches) -> None:
    batch_id, _ = world.add_batch(3)
    batch = batches.find(batch_id, ALICE)
    assert batch is not None
    assert (batch.status, batch.total) == (BatchStatus.PENDING, 3)
    assert batch.jobs == dict.fromkeys(JobStatus, 0) | {JobStatus.PENDING: 3}
    assert batches.find(batch_id, BOB) is None
