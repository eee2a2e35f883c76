"""Who resumes or recovers a large batch does not wait until all of its messages are out."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from common.access import Caller
from common.batches import BatchAction
from common.errors import TransientError
from common.models import JobId, LargeDocument, ObjectRef
from common.recovery import Recovered
from functions.pipeline.control_batch import control_batch
from functions.pipeline.recover_batch import recover_batch
from infra.database.batch_controls import PostgresBatchControls
from infra.database.batch_views import PostgresBatches
from tests.contract.test_pipeline_failures import Outbox
from tests.world import World

ALICE = Caller("alice")


class Unreachable(Outbox):
    """Nobody takes anything."""

    asked = 0

    def send_ingest(self, source: ObjectRef, dispatch: int, job_id: JobId) -> None:
        self.asked += 1
        raise TransientError("Cloud Tasks does not answer.", code="TASKS_UNAVAILABLE")

    def send_merge(self, job_id: JobId, dispatch: int) -> None:
        self.asked += 1
        raise TransientError("Cloud Tasks does not answer.", code="TASKS_UNAVAILABLE")


@pytest.fixture
def paused(world: World) -> UUID:
    """A batch that was paused while 130 of its documents were being split."""
    batch_id, jobs = world.add_batch(130)
    for job_id in jobs:
        world.begin(job_id)
    assert PostgresBatchControls(world.pool).pause(batch_id, ALICE)
    return batch_id


def resume(world: World, batch_id: UUID, outbox: Outbox) -> None:
    control_batch(
        BatchAction.RESUME,
        batch_id,
        ALICE,
        batches=PostgresBatches(world.pool),
        controls=PostgresBatchControls(world.pool),
        dispatch=lambda: outbox,
        tasks=lambda: outbox,
        give_turns=outbox.give_turns,
        announce=lambda: None,
        tell=lambda: None,
    )


def left_to_maintain(world: World) -> int:
    """Return how many messages maintain sends, once those of the resume have had their time."""
    with world.pool.connection() as connection:
        ago = timedelta(hours=1)
        connection.execute("UPDATE jobs SET dispatched_at = dispatched_at - %s", (ago,))
    return len(world.upkeep.stopped_jobs())


def test_a_resume_sends_a_hundred_messages_and_leaves_the_rest_to_maintain(
    world: World, paused: UUID
) -> None:
    outbox = Outbox()
    resume(world, paused, outbox)
    assert len(outbox.ingests) == 100
    # Nobody has claimed any of them here.
    assert left_to_maintain(world) == 130


def test_a_resume_asks_who_does_not_answer_once(world: World, paused: UUID) -> None:
    outbox = Unreachable()
    resume(world, paused, outbox)
    assert outbox.asked == 1


@pytest.mark.parametrize(("kind", "sent"), [(Outbox, 100), (Unreachable, 0)])
def test_a_recovery_sends_a_hundred_messages_of_both_kinds_together(
    kind: type[Outbox], sent: int
) -> None:
    outbox = kind()
    jobs = [JobId(UUID(int=number)) for number in range(80)]
    made = Recovered(
        UUID(int=1000),
        splits=tuple(LargeDocument(ObjectRef("b", f"{job}", 1), job, 1) for job in jobs),
        merges=tuple((job, 1) for job in jobs),
    )
    recover_batch(
        UUID(int=1001),
        record=lambda: made,
        give_turns=outbox.give_turns,
        tasks=lambda: outbox,
        tell=outbox.publish,
    )
    assert len(outbox.ingests) + len(outbox.merges) == sent
    assert getattr(outbox, "asked", 1) == 1
