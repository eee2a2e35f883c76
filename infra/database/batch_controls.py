"""What an owner does to a batch: pause, resume, cancel, another priority. Each is one transaction
and, whatever the batch's size, the same few statements.

Locks are taken in the order in which everybody takes them: chunks, jobs, batches, each by their
ids. All that can still move is locked before anything is changed, so that no claim and no end comes
in between; a job that is claimed behind a pause is paused by the trigger that tells its batch.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final, LiteralString, TypeVar
from uuid import UUID

from psycopg import Connection
from psycopg.rows import DictRow

from common.access import Caller
from common.batches import Resumed
from common.controls import PAUSABLE
from common.lifecycle import AFTER_OCR, Stage
from common.models import JobId, ObjectRef, Priority
from common.stages import StageRef
from infra.database.deadlocks import tried_again
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool
from infra.database.steering import cancelling, pausing, prioritizing, resuming

#: Whoever writes several jobs at once may meet another who does. Postgres lets one of them go on.
_TRIES: Final = 5

Answer = TypeVar("Answer")

#: Jobs that the batch has its turns for. One that another batch recovers is that one's to steer.
_DRIVEN: Final[LiteralString] = "jobs.batch_id = %(batch_id)s"
#: All that it has: a batch that is cancelled has nothing left to end.
_MEMBERS: Final[LiteralString] = (
    "jobs.id IN (SELECT job_id FROM batch_jobs WHERE batch_jobs.batch_id = %(batch_id)s)"
)


def _noted(change: LiteralString) -> LiteralString:
    """Return the statement that changes a batch and writes why into its trail."""
    return f"""
        WITH changed AS ({change} RETURNING id, last_event)
        INSERT INTO batch_events (batch_id, id, kind, details)
        SELECT id, last_event, %(kind)s, jsonb_strip_nulls(
                   jsonb_build_object('priority', %(priority)s::text))
          FROM changed
    """  # noqa: S608 - put together of constants


class PostgresBatchControls:
    """Batches as their owners steer them."""

    FIND: Final[LiteralString] = f"""
        SELECT FROM batches WHERE id = %(batch_id)s AND {OWNED}
    """

    LOCK_CHUNKS: Final[LiteralString] = f"""
        SELECT count(*) FROM (
            SELECT FROM chunks
             WHERE job_id IN (SELECT jobs.id FROM jobs WHERE {_DRIVEN} AND finished_at IS NULL)
               AND chunks.status IN ('pending', 'processing')
             ORDER BY chunks.id FOR UPDATE) AS locked
    """  # noqa: S608 - put together of constants

    LOCK_DRIVEN: Final[LiteralString] = f"""
        SELECT count(*) FROM (
            SELECT FROM jobs WHERE {_DRIVEN} AND finished_at IS NULL
             ORDER BY id FOR NO KEY UPDATE) AS locked
    """  # noqa: S608 - put together of constants

    LOCK_MEMBERS: Final[LiteralString] = f"""
        SELECT count(*) FROM (
            SELECT FROM jobs WHERE {_MEMBERS} AND finished_at IS NULL
             ORDER BY id FOR NO KEY UPDATE) AS locked
    """  # noqa: S608 - put together of constants

    # The jobs' end counts in all their batches.
    LOCK_BATCHES: Final[LiteralString] = f"""
        SELECT FROM batches
         WHERE id = %(batch_id)s
            OR id IN (SELECT others.batch_id
                        FROM jobs JOIN batch_jobs AS others ON others.job_id = jobs.id
                       WHERE {_MEMBERS} AND finished_at IS NULL)
         ORDER BY id FOR NO KEY UPDATE
    """  # noqa: S608 - put together of constants

    PAUSE: Final[LiteralString] = _noted("""
        UPDATE batches SET status = 'paused', last_event = last_event + 1
         WHERE id = %(batch_id)s AND status IN ('pending', 'processing')
           AND finished_at IS NULL
    """)
    RESUME: Final[LiteralString] = _noted("""
        UPDATE batches
           SET status = CASE WHEN started_at IS NULL THEN 'pending' ELSE 'processing' END,
               resumed_at = now(), last_event = last_event + 1
         WHERE id = %(batch_id)s AND status = 'paused' AND finished_at IS NULL
    """)
    # Its end is written by whatever ends its last job, which is the next statement.
    CANCEL: Final[LiteralString] = _noted("""
        UPDATE batches SET status = 'cancelled', last_event = last_event + 1
         WHERE id = %(batch_id)s AND status <> 'cancelled' AND finished_at IS NULL
    """)
    PRIORITIZE: Final[LiteralString] = _noted("""
        UPDATE batches SET priority = %(priority)s, last_event = last_event + 1
         WHERE id = %(batch_id)s AND priority <> %(priority)s AND finished_at IS NULL
    """)

    PAUSE_JOBS: Final[LiteralString] = pausing(_DRIVEN)
    RESUME_JOBS: Final[LiteralString] = resuming(_DRIVEN)
    CANCEL_JOBS: Final[LiteralString] = cancelling(_MEMBERS)
    PRIORITIZE_JOBS: Final[LiteralString] = prioritizing(_DRIVEN)

    # Whose message came while the batch stood still has none any more: it waits for its turn again.
    # They are no more than a window; a message that still lies in the broker finds the job begun.
    FREE_JOBS: Final[LiteralString] = f"""
        UPDATE jobs SET dispatched_at = NULL, sent_as = NULL
         WHERE {_DRIVEN} AND status = 'pending' AND stage = 'received'
           AND dispatched_at IS NOT NULL
    """  # noqa: S608 - put together of constants

    # Of chunks, a worker that drops a message says so (see chunks.DROPPED); what is older is lost.
    FREE_CHUNKS: Final[LiteralString] = """
        WITH free AS (
            SELECT id FROM chunks
             WHERE job_id = ANY(%(job_ids)s) AND source_object IS NOT NULL
               AND status = 'pending' AND dispatched_at < now() - %(resend_after)s
             ORDER BY id FOR UPDATE SKIP LOCKED
        )
        UPDATE chunks SET dispatches = 0, dispatched_at = NULL
         WHERE id IN (SELECT id FROM free)
    """

    def __init__(self, pool: Pool, *, resend_after: timedelta = timedelta(minutes=1)) -> None:
        self._pool = pool
        self._resend_after = resend_after

    def pause(self, batch_id: UUID, caller: Caller) -> bool:
        """Let none of its jobs begin, and no more chunks start; False where nothing changes."""

        def pause(connection: Connection[DictRow], values: dict[str, Any]) -> bool:
            connection.execute(self.LOCK_DRIVEN, values)
            if not connection.execute(self.PAUSE, values | {"kind": "batch_paused"}).rowcount:
                return False
            stages = [stage.value for stage in PAUSABLE]
            connection.execute(self.PAUSE_JOBS, values | {"stages": stages})
            return True

        return self._done(batch_id, caller, pause) or False

    def resume(self, batch_id: UUID, caller: Caller) -> Resumed | None:
        """Let a paused batch go on, and return what to send; None where it isn't paused."""

        def resume(connection: Connection[DictRow], values: dict[str, Any]) -> Resumed | None:
            connection.execute(self.LOCK_DRIVEN, values)
            if not connection.execute(self.RESUME, values | {"kind": "batch_resumed"}).rowcount:
                return None
            jobs = connection.execute(self.RESUME_JOBS, values).fetchall()
            values["resend_after"] = self._resend_after
            connection.execute(self.FREE_JOBS, values)
            connection.execute(self.FREE_CHUNKS, values | {"job_ids": [job["id"] for job in jobs]})
            return Resumed(
                splits=tuple(
                    (
                        JobId(job["id"]),
                        ObjectRef(job["bucket"], job["object"], job["generation"]),
                        job["dispatches"],
                    )
                    for job in jobs
                    if job["stage"] == "splitting"
                ),
                merges=tuple(
                    (JobId(job["id"]), job["dispatches"])
                    for job in jobs
                    if job["stage"] == "merging"
                ),
                stages=tuple(
                    StageRef(JobId(job["id"]), Stage(job["stage"]), Priority(job["priority"]))
                    for job in jobs
                    if job["stage"] in AFTER_OCR
                ),
            )

        return self._done(batch_id, caller, resume)

    def cancel(self, batch_id: UUID, caller: Caller) -> list[JobId] | None:
        """End whatever of it has not ended, and return that; None where it has ended already."""

        def cancel(connection: Connection[DictRow], values: dict[str, Any]) -> list[JobId] | None:
            connection.execute(self.LOCK_MEMBERS, values)
            connection.execute(self.LOCK_BATCHES, values)
            if not connection.execute(self.CANCEL, values | {"kind": "batch_cancelling"}).rowcount:
                return None
            return [JobId(row["job_id"]) for row in connection.execute(self.CANCEL_JOBS, values)]

        return self._done(batch_id, caller, cancel)

    def prioritize(self, batch_id: UUID, caller: Caller, priority: Priority) -> bool:
        """Give what has not ended another priority; False where nothing changes."""

        def prioritize(connection: Connection[DictRow], values: dict[str, Any]) -> bool:
            values["priority"] = priority.value
            connection.execute(self.LOCK_CHUNKS, values)
            connection.execute(self.LOCK_DRIVEN, values)
            kind = {"kind": "priority_changed"}
            if not connection.execute(self.PRIORITIZE, values | kind).rowcount:
                return False
            connection.execute(self.PRIORITIZE_JOBS, values)
            return True

        return self._done(batch_id, caller, prioritize) or False

    def _done(
        self,
        batch_id: UUID,
        caller: Caller,
        change: Callable[[Connection[DictRow], dict[str, Any]], Answer],
    ) -> Answer | None:
        def found_and_changed() -> Answer | None:
            values: dict[str, Any] = {"batch_id": batch_id, "priority": None, **whose(caller)}
            with self._pool.connection() as connection:
                if connection.execute(self.FIND, values).fetchone() is None:
                    return None
                return change(connection, values)

        return tried_again(found_and_changed, tries=_TRIES)
