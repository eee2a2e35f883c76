"""Webhook deliveries: what an end of a job or batch wrote, until the owner's server has it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final, LiteralString
from uuid import UUID

from common.access import Caller
from common.models import JobId
from common.webhooks import Answer, Attempt, Delivery, DeliveryStatus, DeliveryWork
from infra.database.ownership import OWNED, whose
from infra.database.pool import Pool

#: How much sooner than due a message may come: it is timed by another clock than the row.
_EARLY: Final = timedelta(seconds=1)


#: Deliveries about the caller's own jobs and batches.
_OWN: Final[LiteralString] = f"""
    (EXISTS (SELECT FROM jobs WHERE jobs.id = webhook_deliveries.job_id AND {OWNED})
     OR EXISTS (SELECT FROM batches WHERE batches.id = webhook_deliveries.batch_id AND {OWNED}))
"""  # noqa: S608 - put together of constants


class PostgresWebhooks:
    """The deliveries. Every method is one transaction."""

    # What nobody has been asked to send yet; whoever ends a job asks right after. It may have ended
    # a batch by that.
    ANNOUNCE: Final[LiteralString] = """
        UPDATE webhook_deliveries SET dispatches = dispatches + 1, dispatched_at = now()
         WHERE id IN (SELECT id FROM webhook_deliveries WHERE job_id = %(job_id)s
                       UNION ALL
                      SELECT id FROM batch_jobs JOIN webhook_deliveries USING (batch_id)
                       WHERE batch_jobs.job_id = %(job_id)s)
           AND status = 'pending' AND dispatches = 0
        RETURNING id, dispatches
    """

    ANNOUNCE_BATCH: Final[LiteralString] = """
        UPDATE webhook_deliveries SET dispatches = dispatches + 1, dispatched_at = now()
         WHERE batch_id = %(batch_id)s AND status = 'pending' AND dispatches = 0
        RETURNING id, dispatches
    """

    # Due, in nobody's hands, and the message that should have brought somebody is late.
    STOPPED: Final[LiteralString] = """
        WITH stopped AS (
            SELECT id FROM webhook_deliveries
             WHERE status = 'pending' AND next_attempt_at <= now()
               AND (lease_expires_at IS NULL OR lease_expires_at < now())
               AND (dispatches = 0
                    OR greatest(dispatched_at, next_attempt_at) < now() - %(resend_after)s)
             ORDER BY next_attempt_at LIMIT 1000 FOR UPDATE SKIP LOCKED
        )
        UPDATE webhook_deliveries SET dispatches = dispatches + 1, dispatched_at = now()
         WHERE id IN (SELECT id FROM stopped)
        RETURNING id, dispatches
    """

    CLAIM: Final[LiteralString] = """
        UPDATE webhook_deliveries
           SET attempt = attempt + 1, tries = tries + 1, lease_expires_at = now() + %(lease)s
         WHERE id = %(id)s AND status = 'pending' AND next_attempt_at <= now() + %(early)s
           AND (lease_expires_at IS NULL OR lease_expires_at < now())
        RETURNING id, job_id, batch_id, owner, event, url, payload, tries, attempt,
                  extract(epoch FROM clock_timestamp() - greatest(dispatched_at, next_attempt_at)
                         )::float8 AS waited
    """

    # A sender whose lease ran out finds the delivery at another attempt: its try is not noted.
    RECORD: Final[LiteralString] = """
        WITH delivery AS (
            UPDATE webhook_deliveries
               SET status = %(status)s, lease_expires_at = NULL,
                   next_attempt_at = now() + %(wait)s,
                   dispatches = dispatches + (%(status)s = 'pending')::int,
                   dispatched_at = CASE WHEN %(status)s = 'pending' THEN now()
                                        ELSE dispatched_at END
             WHERE id = %(id)s AND attempt = %(attempt)s AND status = 'pending'
            RETURNING id, attempt, dispatches
        ), noted AS (
            INSERT INTO webhook_attempts (delivery_id, attempt, at, seconds, status_code,
                                          error_code, error_message)
            SELECT id, attempt, clock_timestamp() - make_interval(secs => %(seconds)s),
                   %(seconds)s, %(status_code)s, %(code)s, %(message)s
              FROM delivery
        )
        SELECT dispatches FROM delivery
    """

    # One that is just being sent is left alone.
    REOPEN: Final[LiteralString] = f"""
        UPDATE webhook_deliveries
           SET status = 'pending', tries = 0, next_attempt_at = now(),
               lease_expires_at = NULL, dispatches = dispatches + 1, dispatched_at = now()
         WHERE id = %(id)s AND {_OWN}
           AND (lease_expires_at IS NULL OR lease_expires_at < now())
        RETURNING dispatches
    """  # noqa: S608 - put together of constants

    SHOWN: Final[LiteralString] = f"SELECT * FROM webhook_deliveries WHERE {_OWN}"  # noqa: S608 - constants

    NEWEST: Final[LiteralString] = " ORDER BY created_at DESC, id LIMIT 100"

    # Of a delivery that was started again and again, the newest tries.
    ATTEMPTS: Final[LiteralString] = """
        SELECT delivery_id, at, seconds, status_code, error_code, error_message
          FROM webhook_attempts
          JOIN webhook_deliveries ON webhook_deliveries.id = delivery_id
         WHERE delivery_id = ANY(%(ids)s)
           AND webhook_attempts.attempt > webhook_deliveries.attempt - 100
         ORDER BY delivery_id, webhook_attempts.attempt
    """

    def __init__(self, pool: Pool, *, lease: timedelta, resend_after: timedelta) -> None:
        self._pool = pool
        self._lease = lease
        self._resend_after = resend_after

    def announce(self, job_id: JobId) -> list[tuple[UUID, int]]:
        """Return the deliveries that are to be sent now, each with its message's number.

        Those about the job, and about the batches that it belongs to.
        """
        return self._to_send(self.ANNOUNCE, {"job_id": job_id})

    def announce_batch(self, batch_id: UUID) -> list[tuple[UUID, int]]:
        """Return the batch's own deliveries that are to be sent now, likewise."""
        return self._to_send(self.ANNOUNCE_BATCH, {"batch_id": batch_id})

    def stopped(self) -> list[tuple[UUID, int]]:
        """Return deliveries whose message was lost or whose sender fell silent."""
        return self._to_send(self.STOPPED, {"resend_after": self._resend_after})

    def claim(self, delivery_id: UUID) -> DeliveryWork | None:
        """Take the right to send it; None where it is done, being sent or not due."""
        values = {"id": delivery_id, "lease": self._lease, "early": _EARLY}
        with self._pool.connection() as connection:
            row = connection.execute(self.CLAIM, values).fetchone()
        if row is None:
            return None
        return DeliveryWork(**{**row, "job_id": row["job_id"] and JobId(row["job_id"])})

    def record(
        self,
        work: DeliveryWork,
        answer: Answer,
        status: DeliveryStatus,
        *,
        wait: timedelta | None = None,
    ) -> int | None:
        """Note a try and what follows from it: `wait` until the next one where it is pending.

        Returns the number of the message that is to bring the next sender; None where another
        sender has the delivery by now.
        """
        trouble = answer.trouble
        values = {
            "id": work.id,
            "attempt": work.attempt,
            "status": status.value,
            "wait": wait,
            "seconds": answer.seconds,
            "status_code": answer.status_code,
            "code": trouble and trouble.code,
            "message": trouble and trouble.message,
        }
        with self._pool.connection() as connection:
            row = connection.execute(self.RECORD, values).fetchone()
        return row["dispatches"] if row else None

    def reopen(self, delivery_id: UUID, caller: Caller) -> int | None:
        """Have a delivery sent again from the start; return its message's number.

        None where it is not the caller's, or is being sent.
        """
        values = {"id": delivery_id, **whose(caller)}
        with self._pool.connection() as connection:
            row = connection.execute(self.REOPEN, values).fetchone()
        return row["dispatches"] if row else None

    def find(self, delivery_id: UUID, caller: Caller) -> Delivery | None:
        """Return the delivery, or None where there is none for this caller."""
        query = self.SHOWN + " AND id = %(id)s"
        return next(iter(self._shown(query, {"id": delivery_id, **whose(caller)})), None)

    def of_job(self, job_id: UUID, caller: Caller) -> list[Delivery]:
        """Return the job's deliveries, the oldest first: at most the hundred newest."""
        query = self.SHOWN + " AND job_id = %(job_id)s" + self.NEWEST
        return self._shown(query, {"job_id": job_id, **whose(caller)})[::-1]

    def of_batch(self, batch_id: UUID, caller: Caller) -> list[Delivery]:
        """Return the deliveries about the batch itself, likewise."""
        query = self.SHOWN + " AND batch_id = %(batch_id)s" + self.NEWEST
        return self._shown(query, {"batch_id": batch_id, **whose(caller)})[::-1]

    def _shown(self, query: LiteralString, values: dict[str, object]) -> list[Delivery]:
        with self._pool.connection() as connection:
            rows = connection.execute(query, values).fetchall()
            ids = [row["id"] for row in rows]
            tries = connection.execute(self.ATTEMPTS, {"ids": ids}).fetchall() if ids else []
        attempts: dict[UUID, list[Attempt]] = {each: [] for each in ids}
        for row in tries:
            attempts[row.pop("delivery_id")].append(Attempt(**row))
        return [_delivery(row, attempts[row["id"]]) for row in rows]

    def _to_send(self, query: LiteralString, values: dict[str, object]) -> list[tuple[UUID, int]]:
        with self._pool.connection() as connection:
            rows = connection.execute(query, values).fetchall()
        return [(row["id"], row["dispatches"]) for row in rows]


def _delivery(row: dict[str, Any], attempts: Sequence[Attempt]) -> Delivery:
    return Delivery(
        id=row["id"],
        job_id=row["job_id"] and JobId(row["job_id"]),
        batch_id=row["batch_id"],
        event=row["event"],
        url=row["url"],
        status=DeliveryStatus(row["status"]),
        created_at=row["created_at"],
        next_attempt_at=row["next_attempt_at"],
        attempts=tuple(attempts),
    )
